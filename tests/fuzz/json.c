// SPDX-License-Identifier: GPL-2.0
/* Profiles as JSON: any bytes at all. */
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_text((const char *)data, size, WGC_FORMAT_JSON);
	return 0;
}
