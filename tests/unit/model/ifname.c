// SPDX-License-Identifier: GPL-2.0
#include "model/model.h"
#include "unit/tap.h"

static void becomes(const char *profile, const char *want, bool derived)
{
	char name[IFNAMSIZ];

	memset(name, 'x', sizeof(name));
	ok(wgc_ifname_for(profile, name) == derived);
	is_str(name, want);
	ok(wgc_ifname_valid(name));
}

int main(void)
{
	static const char *const good[] = { "a", "0", "wg0", "office", "fifteen-letters", "a_b=c+d.e-f", "...", "-", "-a", ".a", "_", "All", "al", "defaults" };
	static const char *const bad[] = {
		"", ".", "..", "sixteen-letters!", "sixteen-letters0", "a b", "a/b", "a:b", "a%d", "a@b", "a,b", "wg0\n", "\xc3\xbc", "a\x7f", "a*", "all", "default",
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(good); i++) {
		ok(wgc_ifname_valid(good[i]));
		becomes(good[i], good[i], false);
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++) {
		char name[IFNAMSIZ];

		ok(!wgc_ifname_valid(bad[i]));
		ok(wgc_ifname_for(bad[i], name));
		is_int(strlen(name), 15);
		ok(wgc_ifname_valid(name));
	}

	/* BLAKE2b-128 of the name, first 60 bits in base32, from another
	 * implementation: these never change, machines remember them. */
	becomes("my-very-long-office-tunnel", "wg-gh6vb7sxkmss", true);
	becomes("0123456789abcdef", "wg-waiiiie7qjy7", true);
	becomes("b\xc3\xbcro", "wg-icgmegbl77xa", true);
	becomes("a b", "wg-vtese7gafzpv", true);
	becomes("", "wg-zltgsqoz566u", true);
	becomes("default", "wg-xv5aus2vfvyw", true);
	return tap_done();
}
