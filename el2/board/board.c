// SPDX-License-Identifier: Apache-2.0
/* The machine, as its tree says, and the tree itself. Written on the boot CPU at start, then constant. */
#include "board/board.h"

struct board board;
struct fdt board_tree;
