// SPDX-License-Identifier: GPL-2.0
/* Lint: what is warned of, and that a sound profile is not. */
#include "unit/config/profile.h"

#define I "[Interface]\nPrivateKey = " KEY_A "\nAddress = 10.0.0.2/24, fd00::2/64\nDNS = 10.0.0.1\n"
#define P "[Peer]\nPublicKey = " KEY_B "\nEndpoint = 192.0.2.1:51820\n"

static void warns(const char *text, const char *want)
{
	struct parsed r = parse_ini(text, WGC_STRICT);

	is_str(r.said, "");
	if (r.p) {
		wgc_config_lint(r.p, &r.diags);
		free(r.said);
		say_all(&r);
		if (want)
			tap_ok(strstr(r.said, want) != NULL && r.diags.n == 1, __FILE__, __LINE__, want);
		else
			is_str(r.said, "");
		if (want && r.diags.n != 1)
			printf("# %s", r.said);
		is_int(r.diags.errors, 0);
	}
	parsed_done(&r);
}

int main(void)
{
	warns(I P "AllowedIPs = 0.0.0.0/0, ::/0\n", NULL);
	warns(I P "AllowedIPs = 10.1.0.0/16\n", NULL);
	warns(I P "AllowedIPs = 0.0.0.0/0\n", "8:14:9 warning all of IPv4 goes through the tunnel, but IPv6 goes around it");
	warns(I P "AllowedIPs = ::/0\n", "8:14:4 warning all of IPv6 goes through the tunnel, but IPv4 goes around it");
	warns(I P "AllowedIPs = 0.0.0.0/1, 128.0.0.0/1\n", "8:14:9 warning two halves are no default route");
	warns(I "Table = off\n" P "AllowedIPs = 0.0.0.0/0\n", NULL);
	warns("[Interface]\nPrivateKey = " KEY_A "\nAddress = 10.0.0.2/24\n" P "AllowedIPs = 0.0.0.0/0, ::/0\n",
	      "7:14:9 warning all traffic goes through the tunnel, but names");
	warns(I P, "5:1:6 warning this peer has no AllowedIPs");
	warns(I P "AllowedIPs = 192.0.2.0/24\n", "7:12:15 warning this endpoint lies in the peer's own AllowedIPs");
	warns(I "ExcludeIPs = 192.0.2.1\n" P "AllowedIPs = 192.0.2.0/24\n", NULL);
	warns(I "[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = 10.0.0.1\n", "5:1:6 warning neither side can find the other");
	warns(I "ListenPort = 5\n[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = 10.0.0.1\n", NULL);
	warns("[Interface]\nPrivateKey = " KEY_A "\nAddress = 10.0.0.2/24\nDNS = example.org\n", "4:7:11 warning search domains without a server");
	warns("[Interface]\nPrivateKey = " KEY_A "\n" P "AllowedIPs = 10.0.0.0/24\n", "0:0:0 warning the interface has no address");
	warns(I "MTU = 1279\n", "5:7:4 warning with this MTU the interface cannot have its IPv6 address | 1280 is the least that IPv6 works with; first at 3:24");
	warns(I "SaveConfig = true\n", "5:14:4 warning each `down` writes this file anew");
	warns(I P "Name = a\nAllowedIPs = 10.1.0.0/16\n[Peer]\nPublicKey = " KEY_C "\nName = a\nAllowedIPs = 10.2.0.0/16\nEndpoint = a:1\n",
	      "12:8:1 warning two peers are named 'a' | give each a name of its own; first at 8:8");
	return tap_done();
}
