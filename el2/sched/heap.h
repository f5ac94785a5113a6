// SPDX-License-Identifier: Apache-2.0
/*
 * A pairing heap: what has the least key is found at once. The links stand in what is kept, so there
 * is no bound on how much that is and no memory to run out of. push costs O(1), pop and remove O(log n)
 * on average over a run (a single one can cost more; what it did then makes the next ones cheap).
 * Runs at EL2; the caller's lock protects all nodes of a heap.
 *
 * Always: no child's key is below its parent's. Children of a node form a list; `prev` of the first
 * one is the parent, of the others the left neighbour, of the root NULL.
 */
#ifndef SCHED_HEAP_H
#define SCHED_HEAP_H

#include "lib/types.h"

struct heap_node {
	u64 key; /* must not change while in a heap */
	struct heap_node *child, *next, *prev;
};

/* The list of siblings that begins with `first` as one heap; NULL for none. For heap_pop only. */
struct heap_node *heap_join(struct heap_node *first);

/* Takes `node`, which may stand anywhere in the heap, out of it. */
void heap_remove(struct heap_node **root, struct heap_node *node);

/* NULL if the heap under `root` is in order, else what is wrong with it; counts its nodes. Slow:
 * for tests and checked builds. */
const char *heap_check(const struct heap_node *root, u32 *count) MUST_CHECK;

/* Two heaps into one. Of equal keys the one of `a` comes first. */
static inline struct heap_node *heap_merge(struct heap_node *a, struct heap_node *b)
{
	struct heap_node *top = b->key < a->key ? b : a;
	struct heap_node *below = top == a ? b : a;

	below->prev = top;
	below->next = top->child;
	if (below->next)
		below->next->prev = below;
	top->child = below;
	return top;
}

static inline void heap_push(struct heap_node **root, struct heap_node *node)
{
	node->child = NULL;
	node->next = NULL;
	node->prev = NULL;
	*root = *root ? heap_merge(*root, node) : node;
}

/* Takes the root out. The heap must not be empty. */
static inline void heap_pop(struct heap_node **root)
{
	struct heap_node *first = (*root)->child;

	if (first && first->next)
		first = heap_join(first);
	if (first)
		first->prev = NULL;
	*root = first;
}

#endif
