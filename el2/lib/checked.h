// SPDX-License-Identifier: Apache-2.0
/*
 * Whether this is a checked build (`make CHECK=1`): after each trap guest/oracle.c works out anew what
 * EL2 believes, and panics on a difference. A constant, so that `if (CHECKED)` costs other builds nothing.
 */
#ifndef LIB_CHECKED_H
#define LIB_CHECKED_H

#ifdef SKERRY_CHECKED
#define CHECKED 1
#else
#define CHECKED 0
#endif

/* Whether what only checks look at is noted down: there, and on the host, where tests call them. */
#define NOTED (CHECKED || __STDC_HOSTED__)

#endif
