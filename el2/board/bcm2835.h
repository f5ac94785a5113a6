// SPDX-License-Identifier: Apache-2.0
/* The Raspberry Pis' pins and clocks, as far as the serial line needs them. */
#ifndef BOARD_BCM2835_H
#define BOARD_BCM2835_H

#include "board/board.h"

/* Connects board->uart with pins 14 and 15 of the header. False: it was already, or this is no such board. */
bool bcm2835_take_uart_pins(const struct board *board);

/* The rate in Hz of board->uart's input clock, a PL011's set to what is usual; 0: this is no such board. */
u32 bcm2835_uart_clock(const struct board *board);

#endif
