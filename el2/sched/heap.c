// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of the pairing heap that are not on every way: putting a popped node's children together
 * again, in the two passes that give the structure its name, and taking a node out of the middle.
 * Runs at EL2 under the caller's lock. No recursion: a guest's timers could make a heap deep.
 */
#include "sched/heap.h"

struct heap_node *heap_join(struct heap_node *first)
{
	struct heap_node *pairs = NULL, *whole = NULL;

	/* Neighbours become pairs, which are strung together by `next`, last pair first. */
	while (first) {
		struct heap_node *left = first, *right = first->next;

		first = right ? right->next : NULL;
		left->next = NULL;
		if (right)
			left = heap_merge(left, right);
		left->next = pairs;
		pairs = left;
	}
	/* From the last pair to the first, all into one. */
	while (pairs) {
		struct heap_node *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		whole = whole ? heap_merge(whole, pair) : pair;
	}
	if (whole)
		whole->prev = NULL;
	return whole;
}

void heap_remove(struct heap_node **root, struct heap_node *node)
{
	struct heap_node *below;

	if (node == *root) {
		heap_pop(root);
		return;
	}
	if (node->prev->child == node)
		node->prev->child = node->next;
	else
		node->prev->next = node->next;
	if (node->next)
		node->next->prev = node->prev;
	below = heap_join(node->child);
	if (below)
		*root = heap_merge(*root, below);
}

/* The node after `node` when each comes before its children, and these before its right neighbours. */
static const struct heap_node *follow(const struct heap_node *node)
{
	if (node->child)
		return node->child;
	while (!node->next) {
		while (node->prev && node->prev->child != node)
			node = node->prev;
		node = node->prev; /* now the parent */
		if (!node)
			return NULL;
	}
	return node->next;
}

const char *heap_check(const struct heap_node *root, u32 *count)
{
	*count = 0;
	if (root && (root->prev || root->next))
		return "heap: root has a neighbour";
	for (const struct heap_node *node = root; node; node = follow(node)) {
		++*count;
		if (node->next && node->next->prev != node)
			return "heap: neighbour's link does not lead back";
		if (node->child && node->child->prev != node)
			return "heap: child's link does not lead back";
		for (const struct heap_node *child = node->child; child; child = child->next)
			if (child->key < node->key)
				return "heap: child before its parent";
	}
	return NULL;
}
