// SPDX-License-Identifier: Apache-2.0
/*
 * What a command answers with: rows of named values. As text they are a table with a heading, for a
 * person; as JSON one object a line, for a script at the other end of the serial line. Both come from
 * the same calls, so neither can lack what the other has.
 */
#ifndef CP_OUT_H
#define CP_OUT_H

#include "lib/types.h"

/* A line or several for whoever gave the command, at most 511 bytes: ends with '\n'. Guests held. */
void tell(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* What is told goes here from now on, cut when it is full; NULL: to the serial line, which is where it goes
 * at first. Returns how many bytes the buffer before this one has got. Guests held. */
size_t out_to(char *buffer, size_t size);

/* A new table; the heading comes before its first row. */
void out_table(bool json);

/* Cells of a row, in the order of the columns. `key` is the column's name, one word; `width` what the
 * values take at most, of which more is not cut. */
void out_text(const char *key, const char *value, unsigned width);
void out_number(const char *key, u64 value, unsigned width);
void out_hex(const char *key,
	     u64 value); /* 16 digits; a string in JSON, whose numbers are too short */
void out_tenths(const char *key, u64 tenths, unsigned width); /* as 12.3 */
void out_flag(const char *key, bool value);
void out_none(const char *key); /* the row has no such value: a dash, and nothing in JSON */

/* The row is complete: it comes out as one line. */
void out_row(void);

#endif
