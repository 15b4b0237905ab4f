// SPDX-License-Identifier: GPL-2.0
/* Link names for profile names. */
#include <sodium.h>
#include <string.h>

#include "model/model.h"

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_=+.-", c));
}

bool wgc_ifname_valid(const char *name)
{
	/* The last two are directories of /proc/sys/net/ipv4/conf: the kernel
	 * lets no link have them. */
	static const char *const taken[] = { ".", "..", "all", "default" };
	size_t n = 0;

	while (name_char(name[n]))
		if (++n >= IFNAMSIZ)
			return false;
	if (!n || name[n])
		return false;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(taken); i++)
		if (!strcmp(name, taken[i]))
			return false;
	return true;
}

bool wgc_ifname_for(const char *profile_name, char ret[static IFNAMSIZ])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char hash[crypto_generichash_BYTES_MIN];
	uint64_t bits = 0;
	char *p;

	if (wgc_ifname_valid(profile_name)) {
		memcpy(ret, profile_name, strlen(profile_name) + 1);
		return false;
	}
	/* 12 characters of 5 bits: 60 bits, so that two profiles of one machine
	 * practically never meet. Other programs may store these names: never
	 * change how they come about. */
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)profile_name, strlen(profile_name), NULL, 0);
	for (size_t i = 0; i < 8; i++)
		bits = bits << 8 | hash[i];
	memcpy(ret, "wg-", 3);
	for (p = ret + 3; p < ret + IFNAMSIZ - 1; p++) {
		*p = alphabet[bits >> 59];
		bits <<= 5;
	}
	*p = '\0';
	return true;
}
