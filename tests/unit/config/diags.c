// SPDX-License-Identifier: GPL-2.0
/* What is said, and to the byte where. Nothing that is said holds a secret. */
#include "unit/config/profile.h"

static void is_said(const char *text, const char *want, const char *label)
{
	struct parsed r = parse_ini(text, WGC_STRICT);

	tap_str(r.said, want, __FILE__, __LINE__, label);
	parsed_done(&r);
}

static void one_by_one(void)
{
	is_said("[Interface]\nPrivateKey = " KEY_A "\n\tAdress = 10.0.0.1/24\n",
		"3:2:6 error unknown key 'Adress' in [Interface] | did you mean 'Address'?\n", "an unknown key");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B "\nAllowed-IPs = 10.0.0.0/8\n",
		"5:1:11 error unknown key 'Allowed-IPs' in [Peer] | did you mean 'AllowedIPs'?\n", "an unknown key in a peer");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nEndpoint = a:1\n",
		"3:1:8 error unknown key 'Endpoint' in [Interface] | 'Endpoint' belongs to a [Peer] section\n", "the other section's key");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nEndpont = a:1\n",
		"3:1:7 error unknown key 'Endpont' in [Interface] | did you mean 'Endpoint', which belongs to a peer?\n",
		"nearly the other section's key");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nJmin = 1\n",
		"3:1:4 error unknown key 'Jmin' in [Interface] | this is a key of AmneziaWG, a different protocol\n", "AmneziaWG");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n  [Peers] # x\nPublicKey = 5\n",
		"3:3:7 error unknown section [Peers] | did you mean [Peer]?\n"
		"4:13:1 error PublicKey has 1 characters where a key has 44 | 44 characters of base64, as `wgctl genkey` and `wgctl pubkey` write them\n",
		"an unknown section, whose keys are looked at");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nListenPort = 70000 # x\n",
		"3:14:5 error port 70000 is too large | ports end at 65535\n", "a port");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nListenPort = 5\nFwMark = 1\nListenPort = 6\n",
		"5:1:10 error ListenPort is given twice | keep one of them; first at 3:1\n", "a key twice");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nAddress = 10.0.0.1/24,\tfd00::1/640, 10.0.0.1/24\n",
		"3:24:11 error 'fd00::1/640' is no address with a prefix length | like 192.0.2.2/24 or 2001:db8::2/64\n"
		"3:37:11 error Address has this twice | keep one of them; first at 3:11\n",
		"each element of a list has its place");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B
		"\nAllowedIPs = 10.0.0.0/8, 10.9.9.9/16,fd00::/64 , 10.0.0.0/40\n",
		"5:26:11 error '10.9.9.9/16' has bits behind its prefix length | the network is 10.9.0.0/16; for the host alone write /32\n"
		"5:59:2 error this is no prefix length | a number from 0 to 32\n",
		"AllowedIPs: the element, the length");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = 10.0.0.0/8, , fd00::/8,\n",
		"5:26:1 error AllowedIPs has nothing beside this comma | one comma between any two, none at the end\n"
		"5:36:1 error AllowedIPs has nothing beside this comma | one comma between any two, none at the end\n",
		"commas");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B "\nEndpoint = [2001:db8::1]:99999\nEndpoint = fe80::1:5\n"
		"Endpoint = a..b:5\nEndpoint = 10.0.0.300:5\nEndpoint = [::1]\n",
		"5:26:5 error port 99999 is too large | ports end at 65535\n"
		"6:12:7 error an IPv6 address wants brackets: where it ends and the port begins is not clear | like vpn.example.org:51820, 192.0.2.1:51820 or [2001:db8::1]:51820\n"
		"7:12:4 error 'a..b' is neither an address nor a host's name | like vpn.example.org:51820, 192.0.2.1:51820 or [2001:db8::1]:51820\n"
		"8:12:10 error '10.0.0.300' is neither an address nor a host's name | like vpn.example.org:51820, 192.0.2.1:51820 or [2001:db8::1]:51820\n"
		"9:12:5 error Endpoint has no port | like vpn.example.org:51820, 192.0.2.1:51820 or [2001:db8::1]:51820\n",
		"endpoints");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nKillSwitch = lockdwn\nBackend = fast\n",
		"3:14:7 error 'lockdwn' is no value of KillSwitch | did you mean 'lockdown'?\n"
		"4:11:4 error 'fast' is no value of Backend | it takes auto, kernel or userspace\n",
		"values that are words");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nMTU = 20\nTable = 0\nFwMark = red\nFwMark2 = 1\n",
		"3:7:2 error this MTU is out of range | 68 to 65535; 1420 suits most, and without the line it is found\n"
		"4:9:1 error there is no table 0 | auto, off, or a table's number or name\n"
		"5:10:3 error this is no mark | off, a decimal number, or a hexadecimal one with 0x\n"
		"6:1:7 error unknown key 'FwMark2' in [Interface] | did you mean 'FwMark'?\n",
		"all problems of a file at once");
	is_said("ListenPort = 5\nMTU = 1400\n[Interface]\nPrivateKey = " KEY_A "\n",
		"1:1:10 error this key stands in front of any section | begin with [Interface]\n", "before any section, once");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nAddress: 10.0.0.1/24\n; x\n  junk  # y\n[Peer\n[Peer] x\nPublicKey = " KEY_B "\n",
		"3:1:20 error this is neither a section nor a key with a value | lines are \"Key = value\", or \"[Section]\"\n"
		"4:1:3 error this is neither a section nor a key with a value | comments begin with '#'\n"
		"5:3:4 error this is neither a section nor a key with a value | lines are \"Key = value\", or \"[Section]\"\n"
		"6:1:5 error this section's name has no end | a section is a name in brackets, like [Peer], alone in its line\n"
		"6:1:5 error this peer has no public key | add PublicKey = ..., which the other side prints with `wgctl pubkey`\n"
		"7:8:1 error something stands behind the section's name | begin a new line for it\n",
		"lines that are nothing");
	is_said("[Interface]\nPrivateKey =\n", "1:1:11 warning there is no private key: nobody can be talked to | add PrivateKey, PrivateKeyFile or PrivateKeyCommand\n"
		"2:1:10 error secret PrivateKey has no value | give it one, or leave the line out\n", "no value");
	is_said("[Interface]\n", "1:1:11 warning there is no private key: nobody can be talked to | add PrivateKey, PrivateKeyFile or PrivateKeyCommand\n",
		"no private key is a warning");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n\n[Peer]\nAllowedIPs = 10.0.0.0/8\n",
		"4:1:6 error this peer has no public key | add PublicKey = ..., which the other side prints with `wgctl pubkey`\n",
		"which peer has no key");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\n# Name = alice\nPublicKey = " KEY_B
		"\nAllowedIPs = 10.0.0.0/8, 10.0.0.0/8\n[Peer]\nPublicKey = " KEY_C "\nAllowedIPs = fd00::/8, 10.0.0.0/8\n",
		"6:26:10 warning 10.0.0.0/8 stands in this peer's AllowedIPs twice | leave it out; first at 6:14\n"
		"9:24:10 error 10.0.0.0/8 is given to two peers, 'alice' and the peer of line 7 | only one peer can have it: the last one would, silently; first at 6:14\n",
		"AllowedIPs of two peers");
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B "\n[Peer]\nPublicKey = " KEY_B "\n",
		"5:1:6 error this peer has the public key of one above | put what they have into one section; first at 3:1\n", "a peer twice");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nPrivateKeyFile = /k\n[Peer]\nPublicKey = " KEY_B "\nPresharedKeyFile = k\n",
		"3:18:2 error secret both PrivateKey and PrivateKeyFile are given | keep one of them; first at 2:14\n"
		"6:20:1 error PresharedKeyFile is no absolute path | begin with '/': what it is relative to would depend on who runs wgctl\n",
		"two private keys; a relative path");
	is_said("[Interface]\nPrivateKeyCommand = pass 'x\n",
		"2:21:7 error PrivateKeyCommand has a quote that is not closed | close it, or put a backslash in front of it\n",
		"an open quote");
}

static void namespaces(void)
{
	is_said("[Interface]\nPrivateKey = " KEY_A "\nSocketNamespace = pid:17\nInterfaceNamespace = /run/netns/a\n", "", "namespaces");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nSocketNamespace = pid:x\nInterfaceNamespace = a b\n",
		"3:19:5 error 'pid:x' does not name a process: pid: and its number are expected\n"
		"4:22:3 error 'a b' cannot be the name of a network namespace | letters, digits and _.+@=:- make a name; a path has a slash; "
		"pid:N and container:NAME are the other forms\n",
		"no namespaces");
	is_said("[Interface]\nPrivateKey = " KEY_A
		"\nKillSwitch = off\nDNSMode = file\nIPv6 = require\nRefreshEndpoints = off\nBackend = userspace\nExcludeIPs = 10.0.0.0/8\nName = wg7\n",
		"", "supported");
}

/* The secrets of each text, and what no finding may hold of them. */
static void secrets(void)
{
	static const struct {
		const char *text, *secret;
	} rows[] = {
		{ "[Interface]\nPrivateKey = " KEY_A "x\n", "YAnz5" },
		{ "[Interface]\nPrivateKey = hunter2\n", "hunter2" },
		{ "[Interface]\nPrivteKey = " KEY_A "\n", "YAnz5" },
		{ "[Interface]\nPrivateKey : " KEY_A "\n", "YAnz5" },
		{ "[Interface]\nPrivate Key " KEY_A "\n", "YAnz5" },
		{ "[Interface]\n" KEY_A "\n", "YAnz5" },
		{ "[Interface]\nkPrivateKey" KEY_A "\n", "YAnz5" },
		{ "[Interface]\nListenPort = " KEY_A "\n", "YAnz5" },
		{ "[Interface]\nAddress = " KEY_A "\n", "YAnz5" },
		{ "[Interface]\nTable = 1" KEY_A "\n", "YAnz5" },
		{ "[Interface]\nDNS = " KEY_A "\n", "YAnz5" },
		{ "[Interface]\nName = " KEY_A "\n", "YAnz5" },
		{ "[" KEY_A "]\n", "YAnz5" },
		{ "[Peer]\nPublicKey = " KEY_B "\nPresharedKey = " KEY_A "=\n", "YAnz5" },
		{ "[Peer]\nPublicKey = " KEY_B "\nPresharedKy = swordfish\n", "swordfish" },
		{ "[Peer]\nPublicKey = " KEY_B "\nEndpoint = " KEY_A ":5\n", "YAnz5" },
		{ "[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = " KEY_A "/5\n", "YAnz5" },
		{ "[Peer]\nPublicKey = " KEY_B "\nRoutes = " KEY_A "\n", "YAnz5" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		struct parsed r = parse_ini(rows[i].text, WGC_STRICT);
		bool error = false, all_marked = true;
		const struct wgc_source src = { .text = rows[i].text, .len = strlen(rows[i].text) };

		for (size_t k = 0; k < r.diags.n; k++) {
			const struct wgc_diag *d = &r.diags.v[k];
			const char *line;
			size_t n;

			error |= !d->warning;
			/* Whoever shows the line of a finding asks `secret` first. */
			if (wgc_source_line(&src, d->at.line, &line, &n) && memmem(line, n, rows[i].secret, strlen(rows[i].secret)))
				all_marked &= d->secret;
		}
		tap_ok(error && all_marked, __FILE__, __LINE__, "the line of a secret is marked");
		tap_ok(!strstr(r.said, rows[i].secret), __FILE__, __LINE__, "a secret is not repeated");
		if (!error || !all_marked || strstr(r.said, rows[i].secret))
			printf("# row %zu: %s", i, r.said);
		parsed_done(&r);
	}
	/* And a public key's line is no secret. */
	is_said("[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B "B\n",
		"4:13:45 error PublicKey has 45 characters where a key has 44 | 44 characters of base64, as `wgctl genkey` and `wgctl pubkey` write them\n",
		"a public key may be seen");
}

static void odd_texts(void)
{
	struct wgc_str s = { 0 };
	struct parsed r;

	is_said("\xef\xbb\xbf[Interface]\nPrivateKey = " KEY_A "\n",
		"1:1:3 warning the file begins with a byte order mark, which wg and wg-quick refuse | save the file as UTF-8 without it\n", "BOM");
	is_said("\xef\xbb\xbf Foo = 1\n",
		"1:1:3 warning the file begins with a byte order mark, which wg and wg-quick refuse | save the file as UTF-8 without it\n"
		"1:1:1 warning there is no private key: nobody can be talked to | add PrivateKey, PrivateKeyFile or PrivateKeyCommand\n"
		"1:5:3 error this key stands in front of any section | begin with [Interface]\n",
		"columns count the BOM's bytes");
	is_said("[Interface]\r\nPrivateKey = " KEY_A "\r\nMTU = x\r\n",
		"3:7:1 error this is no MTU | 68 to 65535; 1420 suits most, and without the line it is found\n", "CR is not in the place");
	is_said("[Interface]\nPrivateKey = " KEY_A "\nPostUp = a\xff\n",
		"3:10:2 error PostUp has bytes that are no plain text | write the file as UTF-8\n", "no UTF-8");

	/* Ten thousand on a line; the last is wrong. */
	wgc_str_add(&s, "[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = ");
	for (unsigned i = 0; i < 10000; i++)
		wgc_str_addf(&s, "10.%u.%u.0/24, ", i / 250, i % 250);
	wgc_str_add(&s, "x\n");
	r = parse_ini(wgc_str_get(&s), WGC_STRICT);
	/* A span's column ends at 65534: better none than a wrong one. */
	is_str(r.said, "5:0:0 error 'x' is no address or prefix | like 192.0.2.0/24, 2001:db8::/32, or an address alone\n");
	parsed_done(&r);
	wgc_str_done(&s);

	/* A file of something else. */
	for (unsigned i = 0; i < 5000; i++)
		wgc_str_add(&s, "x\n");
	r = parse_ini(wgc_str_get(&s), WGC_STRICT);
	is_int(r.diags.errors, 5000);
	ok(r.diags.n <= 1001);
	ok(strstr(r.said, "more problems are not shown") != NULL);
	parsed_done(&r);
	wgc_str_done(&s);
}

int main(void)
{
	one_by_one();
	namespaces();
	secrets();
	odd_texts();
	return tap_done();
}
