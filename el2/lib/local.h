// SPDX-License-Identifier: Apache-2.0
/*
 * Included first of all into every file of EL2 (Makefile): the image is one piece, so whatever a file
 * declares and another one defines is reached directly, not through a table of addresses.
 */
#pragma GCC visibility push(hidden)
