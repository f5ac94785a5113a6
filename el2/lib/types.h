// SPDX-License-Identifier: Apache-2.0
/*
 * Words of a fixed width, and addresses that cannot be mistaken for one another: a guest's
 * address (ipa_t) and the machine's (pa_t) are structs, so that passing one for the other does
 * not compile.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
	u64 v;
} pa_t; /* an address on the machine's bus */

typedef struct {
	u64 v;
} ipa_t; /* an intermediate physical address: what a guest takes for physical */

#define PA(x) ((pa_t){(x)})
#define IPA(x) ((ipa_t){(x)})

#define BIT(n) ((u64)1 << (n))
#define BITS(hi, lo) ((~(u64)0 >> (63 - (hi))) & (~(u64)0 << (lo)))
#define FIELD(value, hi, lo) (((value) >> (lo)) & (~(u64)0 >> (63 - ((hi) - (lo)))))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a) (((x) + ((a)-1)) & ~((u64)(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((u64)(a)-1))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* What others write or read at the same time, in no order with anything else: whole, and once. What
 * __atomic_load_n makes of it takes an instruction or two more. At most 8 bytes. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

#define KIB ((u64)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define PAGE_SIZE (4 * KIB)
#define CHUNK_SIZE (2 * MIB)

#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COLD __attribute__((cold))
/* Keeps what it needs in registers and on the stack out of its callers. */
#define NOINLINE __attribute__((noinline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
