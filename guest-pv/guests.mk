# SPDX-License-Identifier: Apache-2.0
# Guests that are built in another way than most; the Makefile says what each list means.
GUEST_FP    := fp honest
GUEST_FLAT  := flat
GUEST_FIXED := flat
