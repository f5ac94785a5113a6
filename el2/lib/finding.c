// SPDX-License-Identifier: Apache-2.0
/* See finding.h. */
#include "lib/finding.h"

#include "lib/format.h"

bool found(struct finding *finding, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vformat(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
	return false;
}
