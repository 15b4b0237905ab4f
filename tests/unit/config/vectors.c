// SPDX-License-Identifier: GPL-2.0
/*
 * What wg(8) and wg-quick(8) 1.0.20260223 accept, refuse and make of a file,
 * in all modes: found by running them. A row's text stands behind the section
 * that it names; `want` is what becomes of it, in the words of summary().
 */
#include <arpa/inet.h>

#include "unit/config/profile.h"

#define PEER "[Peer]\nPublicKey = " KEY_B "\n"
#define NO "refused"

struct row {
	const char *label, *text;
	const char *strict, *compatible, *wg_only;
};

/* All that a file says, in one line. */
static void summary(const struct wgc_profile *p, struct wgc_str *s)
{
	static const char *const hook[] = { "preup", "postup", "predown", "postdown" };
	const struct wgc_device *d = &p->device;

	if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY)
		wgc_str_addf(s, "key:%02x ", d->private_key.b[0]);
	if (d->flags & WGC_DEVICE_HAS_LISTEN_PORT)
		wgc_str_addf(s, "port:%u ", d->listen_port);
	if (d->flags & WGC_DEVICE_HAS_FWMARK)
		wgc_str_addf(s, "mark:%u ", d->fwmark);
	for (size_t i = 0; i < p->n_addresses; i++) {
		char t[WGC_PREFIX_TEXT];

		wgc_prefix_print(&p->addresses[i].prefix, t);
		wgc_str_addf(s, "addr:%s ", t);
	}
	for (size_t i = 0; i < p->n_dns_servers; i++)
		wgc_str_addf(s, "dns:%s ", p->dns_servers[i].s);
	for (size_t i = 0; i < p->n_dns_search; i++)
		wgc_str_addf(s, "search:%s ", p->dns_search[i].s);
	if (p->mtu)
		wgc_str_addf(s, "mtu:%u ", p->mtu);
	if (p->table_mode == WGC_TABLE_OFF)
		wgc_str_add(s, "table:off ");
	if (p->table_mode == WGC_TABLE_NUMBER && p->table_name)
		wgc_str_addf(s, "table:'%s' ", p->table_name);
	else if (p->table_mode == WGC_TABLE_NUMBER)
		wgc_str_addf(s, "table:%u ", p->table);
	if (p->save_config)
		wgc_str_add(s, "save ");
	for (size_t h = 0; h < WGC_N_HOOKS; h++)
		for (size_t i = 0; i < p->hooks[h].n; i++)
			wgc_str_addf(s, "%s:<%s> ", hook[h], p->hooks[h].v[i].s);
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];

		wgc_str_addf(s, "peer:%02x", peer->peer.public_key.b[0]);
		if (peer->peer.flags & WGC_PEER_HAS_PRESHARED_KEY)
			wgc_str_addf(s, " psk:%02x", peer->peer.preshared_key.b[0]);
		if (peer->peer.flags & WGC_PEER_HAS_KEEPALIVE)
			wgc_str_addf(s, " keep:%u", peer->peer.keepalive);
		if (!(peer->peer.flags & WGC_PEER_REPLACE_ALLOWED_IPS))
			wgc_str_add(s, " merge");
		for (uint32_t k = 0; k < peer->peer.n_allowed_ips; k++) {
			char t[WGC_PREFIX_TEXT];

			wgc_prefix_print(&peer->peer.allowed_ips[k].prefix, t);
			wgc_str_addf(s, " %s%s", peer->peer.allowed_ips[k].remove ? "-" : "", t);
		}
		for (size_t k = 0; k < peer->n_endpoints; k++) {
			const struct wgc_host_port *e = &peer->endpoints[k];
			char t[WGC_ENDPOINT_TEXT];

			wgc_sockaddr_print(&e->numeric, t);
			if (*t)
				wgc_str_addf(s, " @%s", t);
			else
				wgc_str_addf(s, " @'%s'%s", e->host, e->port);
		}
		wgc_str_addc(s, ' ');
	}
	if (s->len)
		s->s[--s->len] = '\0';
}

static const struct row rows[] = {
	/* -- white space, case, comments -- */
	{ "an empty file is valid", "", "", "", "" },
	{ "blanks inside a key do not count", "[Interface]\nListen Port = 5\n", "port:5", "port:5", "port:5" },
	{ "blanks inside AllowedIPs' name", PEER "Allowed IPs = 10.0.0.0/8\n", "peer:c5 10.0.0.0/8", "peer:c5 10.0.0.0/8",
	  "peer:c5 10.0.0.0/8" },
	{ "blanks inside a section's name", "[ Interface ]\nListenPort = 5\n[ Pe er\t]\nPublicKey = " KEY_B "\n", "port:5 peer:c5",
	  "port:5 peer:c5", "port:5 peer:c5" },
	{ "blanks inside a value", "[Interface]\nListenPort = 5 1 8\nFwMark = 0x 10\n", "port:518 mark:16", "port:518 mark:16",
	  "port:518 mark:16" },
	{ "blanks inside a key's base64", "[Interface]\nPrivateKey = YAnz5TF+lXXJte14 tji3zlMNq+hd2rYUIgJBgB3fBmk=\n", "key:60", "key:60",
	  "key:60" },
	{ "blanks inside an address", PEER "AllowedIPs = 10. 0.0.0 / 8\n", "peer:c5 10.0.0.0/8", "peer:c5 10.0.0.0/8", "peer:c5 10.0.0.0/8" },
	{ "CR at line ends", "[Interface]\r\nListenPort = 5\r\n" "[Peer]\r\nPublicKey = " KEY_B "\r\n", "port:5 peer:c5", "port:5 peer:c5",
	  "port:5 peer:c5" },
	{ "no line end at the end", "[Interface]\nListenPort = 5", "port:5", "port:5", "port:5" },
	{ "vertical tab and form feed are blanks", "[Interface]\n\v\fListenPort\v=\f5\v\n", "port:5", "port:5", "port:5" },
	{ "keys and sections in any case", "[iNTERFACE]\nlistenport = 5\n[PEER]\nPUBLICKEY = " KEY_B "\n", "port:5 peer:c5",
	  "port:5 peer:c5", "port:5 peer:c5" },
	{ "comment lines", "# a\n  # b = c\n[Interface]\n#ListenPort = 5\n", "", "", "" },
	{ "a comment behind a value", "[Interface]\nListenPort = 5 # = 6\n", "port:5", "port:5", "port:5" },
	{ "a comment right behind a value", "[Interface]\nListenPort = 5#6\n", "port:5", "port:5", "port:5" },
	{ "a comment behind a section", "[Interface] # x\nListenPort = 5\n", "port:5", "port:5", "port:5" },
	{ "a comment in front of '='", "[Interface]\nListenPort # = 5\n", NO, NO, NO },
	{ "';' is no comment", "[Interface]\n; x\n", NO, NO, NO },
	{ "';' behind a value is none either", "[Interface]\nListenPort = 5 ; x\n", NO, NO, NO },
	{ "a byte order mark", "\xef\xbb\xbf[Interface]\nListenPort = 5\n", "port:5", NO, NO },
	{ "':' is no '='", "[Interface]\nListenPort: 5\n", NO, NO, NO },
	{ "':' and '='", "[Interface]\nListenPort:= 5\n", NO, NO, NO },

	/* -- structure -- */
	{ "a key before any section", "ListenPort = 5\n[Interface]\n", NO, NO, NO },
	{ "an unknown section", "[Interface]\n[Wireguard]\n", NO, NO, NO },
	{ "a section's bracket missing", "[Interface\nListenPort = 5\n", NO, NO, NO },
	{ "something behind a section", "[Interface] ListenPort = 5\n", NO, NO, NO },
	{ "an unknown key in [Interface]", "[Interface]\nJc = 4\n", NO, NO, NO },
	{ "an unknown key in [Peer]", PEER "Foo = 4\n", NO, NO, NO },
	{ "a peer's key in [Interface]", "[Interface]\nEndpoint = 1.2.3.4:5\n", NO, NO, NO },
	{ "an interface's key in [Peer]", PEER "ListenPort = 4\n", NO, NO, NO },
	{ "a wg-quick key in [Peer]", PEER "Address = 10.0.0.1/24\n", NO, NO, NO },
	{ "a line without '='", "[Interface]\nListenPort\n", NO, NO, NO },
	{ "[Interface] twice, the last value wins", "[Interface]\nListenPort = 5\n[Interface]\nListenPort = 6\n", NO, "port:6", "port:6" },
	{ "[Interface] twice, other keys", "[Interface]\nListenPort = 5\n[Interface]\nFwMark = 6\n", "port:5 mark:6", "port:5 mark:6",
	  "port:5 mark:6" },
	{ "a key twice, the last one wins", "[Interface]\nFwMark = 5\nFwMark = 6\n", NO, "mark:6", "mark:6" },
	{ "[Interface] behind the peers", PEER "[Interface]\nListenPort = 5\n", "port:5 peer:c5", "port:5 peer:c5", "port:5 peer:c5" },
	{ "no PrivateKey", "[Interface]\n" PEER, "peer:c5", "peer:c5", "peer:c5" },
	{ "no PublicKey", "[Interface]\n[Peer]\nAllowedIPs = 10.0.0.0/8\n", NO, NO, NO },
	{ "the same peer twice", PEER PEER, NO, "peer:c5 peer:c5", "peer:c5 peer:c5" },
	{ "PublicKey twice in one peer", PEER "PublicKey = " KEY_C "\n", NO, "peer:4e", "peer:4e" },
	{ "the device's own key as a peer",
	  "[Interface]\nPrivateKey = " KEY_A "\n[Peer]\nPublicKey = Y2FD6uTgrq+/bbBAXCNOtE+PGk8Papoh7qaWBpQUXn0=\n", NO, "key:60 peer:63",
	  "key:60 peer:63" },
	{ "the same AllowedIPs on two peers", PEER "AllowedIPs = 10.0.0.0/8\n[Peer]\nPublicKey = " KEY_C "\nAllowedIPs = 10.0.0.0/8\n", NO,
	  "peer:c5 10.0.0.0/8 peer:4e 10.0.0.0/8", "peer:c5 10.0.0.0/8 peer:4e 10.0.0.0/8" },

	/* -- empty values -- */
	{ "PrivateKey =", "[Interface]\nPrivateKey =\n", NO, NO, NO },
	{ "ListenPort =", "[Interface]\nListenPort = \n", NO, NO, NO },
	{ "FwMark =", "[Interface]\nFwMark = # x\n", NO, NO, NO },
	{ "PublicKey =", "[Peer]\nPublicKey =\n", NO, NO, NO },
	{ "AllowedIPs =", PEER "AllowedIPs =\n", NO, NO, NO },
	{ "PresharedKey =", PEER "PresharedKey =\n", NO, NO, NO },
	{ "Endpoint =", PEER "Endpoint =\n", NO, NO, NO },
	{ "PersistentKeepalive =", PEER "PersistentKeepalive =\n", NO, NO, NO },
	{ "MTU = is automatic", "[Interface]\nMTU = 1400\nMTU =\n", NO, "", NO },
	{ "MTU = alone", "[Interface]\nMTU =\n", "", "", NO },
	{ "Table = is automatic", "[Interface]\nTable =\n", "", "", NO },
	{ "Address = and DNS = add nothing", "[Interface]\nAddress =\nDNS =\n", "", "", NO },
	{ "an empty hook does nothing", "[Interface]\nPostUp =\n", "", "", NO },
	{ "SaveConfig = is an error", "[Interface]\nSaveConfig =\n", NO, NO, NO },

	/* -- keys -- */
	{ "a good key", "[Interface]\nPrivateKey = " KEY_A "\n", "key:60", "key:60", "key:60" },
	{ "a key of 43 characters", "[Interface]\nPrivateKey = YAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBm=\n", NO, NO, NO },
	{ "a key without '='", "[Interface]\nPrivateKey = YAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmkA\n", NO, NO, NO },
	{ "a key with spare bits", "[Interface]\nPrivateKey = YAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=\n", NO, NO, NO },
	{ "a key with a character that is none", "[Interface]\nPrivateKey = YAnz5TF-lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n", NO, NO, NO },
	{ "a zero preshared key", PEER "PresharedKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "peer:c5 psk:00", "peer:c5 psk:00",
	  "peer:c5 psk:00" },

	/* -- ports -- */
	{ "port 0 is random", "[Interface]\nListenPort = 0\n", "port:0", "port:0", "port:0" },
	{ "a service's name", "[Interface]\nListenPort = domain\n", NO, "port:53", "port:53" },
	{ "no service's name", "[Interface]\nListenPort = no-such-service\n", NO, NO, NO },
	{ "port 70000 wraps", "[Interface]\nListenPort = 70000\n", NO, "port:4464", "port:4464" },
	{ "port 65536 wraps", "[Interface]\nListenPort = 65536\n", NO, "port:0", "port:0" },
	{ "port 4294967296 wraps", "[Interface]\nListenPort = 4294967296\n", NO, "port:0", "port:0" },
	{ "port 4294967295 is negative", "[Interface]\nListenPort = 4294967295\n", NO, NO, NO },
	{ "a port beyond any number", "[Interface]\nListenPort = 99999999999999999999\n", NO, NO, NO },
	{ "a hexadecimal port", "[Interface]\nListenPort = 0x50\n", NO, NO, NO },
	{ "a negative port", "[Interface]\nListenPort = -1\n", NO, NO, NO },
	{ "a port with a sign", "[Interface]\nListenPort = +5\n", NO, "port:5", "port:5" },
	{ "a port with zeros in front", "[Interface]\nListenPort = 0010\n", "port:10", "port:10", "port:10" },

	/* -- FwMark, PersistentKeepalive -- */
	{ "FwMark = off", "[Interface]\nFwMark = oFF\n", "mark:0", "mark:0", "mark:0" },
	{ "FwMark decimal", "[Interface]\nFwMark = 51820\n", "mark:51820", "mark:51820", "mark:51820" },
	{ "FwMark 010 is ten", "[Interface]\nFwMark = 010\n", "mark:10", "mark:10", "mark:10" },
	{ "FwMark hexadecimal", "[Interface]\nFwMark = 0xCa6c\n", "mark:51820", "mark:51820", "mark:51820" },
	{ "FwMark 0X", "[Interface]\nFwMark = 0X10\n", NO, NO, NO },
	{ "FwMark 0x alone", "[Interface]\nFwMark = 0x\n", NO, NO, NO },
	{ "FwMark's largest", "[Interface]\nFwMark = 0xffffffff\n", "mark:4294967295", "mark:4294967295", "mark:4294967295" },
	{ "FwMark of 33 bits", "[Interface]\nFwMark = 0x100000000\n", NO, NO, NO },
	{ "FwMark negative", "[Interface]\nFwMark = -1\n", NO, NO, NO },
	{ "PersistentKeepalive = off", PEER "PersistentKeepalive = Off\n", "peer:c5 keep:0", "peer:c5 keep:0", "peer:c5 keep:0" },
	{ "PersistentKeepalive = 65535", PEER "PersistentKeepalive = 65535\n", "peer:c5 keep:65535", "peer:c5 keep:65535",
	  "peer:c5 keep:65535" },
	{ "PersistentKeepalive = 65536", PEER "PersistentKeepalive = 65536\n", NO, NO, NO },
	{ "PersistentKeepalive hexadecimal", PEER "PersistentKeepalive = 0x10\n", NO, NO, NO },

	/* -- AllowedIPs -- */
	{ "no length is a host", PEER "AllowedIPs = 10.0.0.1, fd00::1\n", "peer:c5 10.0.0.1/32 fd00::1/128",
	  "peer:c5 10.0.0.1/32 fd00::1/128", "peer:c5 10.0.0.1/32 fd00::1/128" },
	{ "no netmasks", PEER "AllowedIPs = 10.0.0.0/255.0.0.0\n", NO, NO, NO },
	{ "a length that is too long", PEER "AllowedIPs = 10.0.0.0/33\n", NO, NO, NO },
	{ "a length for IPv6 that is too long", PEER "AllowedIPs = fd00::/129\n", NO, NO, NO },
	{ "an empty length", PEER "AllowedIPs = 10.0.0.0/\n", NO, NO, NO },
	{ "a length with a zero in front", PEER "AllowedIPs = 10.0.0.0/08\n", "peer:c5 10.0.0.0/8", "peer:c5 10.0.0.0/8",
	  "peer:c5 10.0.0.0/8" },
	{ "three numbers are no address", PEER "AllowedIPs = 10.0.0/8\n", NO, NO, NO },
	{ "a comma at the end", PEER "AllowedIPs = 10.0.0.0/8,\n", NO, NO, NO },
	{ "a comma at the start", PEER "AllowedIPs = ,10.0.0.0/8\n", NO, NO, NO },
	{ "blanks do not separate", PEER "AllowedIPs = 10.0.0.0/8 11.0.0.0/8\n", NO, NO, NO },
	{ "host bits", PEER "AllowedIPs = 10.1.2.3/8\n", NO, "peer:c5 10.1.2.3/8", "peer:c5 10.1.2.3/8" },
	{ "lines add up", PEER "AllowedIPs = 10.0.0.0/8\nAllowedIPs = fd00::/64\n", "peer:c5 10.0.0.0/8 fd00::/64",
	  "peer:c5 10.0.0.0/8 fd00::/64", "peer:c5 10.0.0.0/8 fd00::/64" },
	{ "'+' makes it incremental", PEER "AllowedIPs = +10.0.0.0/8\n", NO, "peer:c5 merge 10.0.0.0/8", "peer:c5 merge 10.0.0.0/8" },
	{ "'-' removes", PEER "AllowedIPs = -10.0.0.0/8\n", NO, "peer:c5 merge -10.0.0.0/8", "peer:c5 merge -10.0.0.0/8" },
	{ "without a sign, beside one, is added", PEER "AllowedIPs = 11.0.0.0/8, +10.0.0.0/8\n", NO, "peer:c5 merge 11.0.0.0/8 10.0.0.0/8",
	  "peer:c5 merge 11.0.0.0/8 10.0.0.0/8" },
	{ "a later line without a sign replaces", PEER "AllowedIPs = -10.0.0.0/8\nAllowedIPs = 11.0.0.0/8\n", NO,
	  "peer:c5 -10.0.0.0/8 11.0.0.0/8", "peer:c5 -10.0.0.0/8 11.0.0.0/8" },
	{ "a later line with a sign merges", PEER "AllowedIPs = 11.0.0.0/8\nAllowedIPs = +10.0.0.0/8\n", NO,
	  "peer:c5 merge 11.0.0.0/8 10.0.0.0/8", "peer:c5 merge 11.0.0.0/8 10.0.0.0/8" },
	{ "two signs", PEER "AllowedIPs = +-10.0.0.0/8\n", NO, NO, NO },

	/* -- Endpoint -- */
	{ "an IPv4 endpoint", PEER "Endpoint = 192.0.2.1:51820\n", "peer:c5 @192.0.2.1:51820", "peer:c5 @192.0.2.1:51820",
	  "peer:c5 @192.0.2.1:51820" },
	{ "an IPv6 endpoint", PEER "Endpoint = [2001:db8::1]:51820\n", "peer:c5 @[2001:db8::1]:51820", "peer:c5 @[2001:db8::1]:51820",
	  "peer:c5 @[2001:db8::1]:51820" },
	{ "a name", PEER "Endpoint = vpn.example.org:51820\n", "peer:c5 @'vpn.example.org'51820", "peer:c5 @'vpn.example.org'51820",
	  "peer:c5 @'vpn.example.org'51820" },
	{ "split at the last colon", PEER "Endpoint = fe80::1:51820\n", NO, "peer:c5 @[fe80::1]:51820", "peer:c5 @[fe80::1]:51820" },
	{ "a scope", PEER "Endpoint = [fe80::1%wlan0]:5\n", "peer:c5 @'fe80::1%wlan0'5", "peer:c5 @'fe80::1%wlan0'5",
	  "peer:c5 @'fe80::1%wlan0'5" },
	{ "127.1", PEER "Endpoint = 127.1:5\n", NO, "peer:c5 @127.0.0.1:5", "peer:c5 @127.0.0.1:5" },
	{ "an endpoint's port wraps", PEER "Endpoint = 192.0.2.1:70000\n", NO, "peer:c5 @192.0.2.1:4464", "peer:c5 @192.0.2.1:4464" },
	{ "a service as an endpoint's port", PEER "Endpoint = vpn.example.org:domain\n", NO, "peer:c5 @'vpn.example.org'domain",
	  "peer:c5 @'vpn.example.org'domain" },
	{ "an endpoint without a port", PEER "Endpoint = 192.0.2.1\n", NO, NO, NO },
	{ "an endpoint with an empty port", PEER "Endpoint = 192.0.2.1:\n", NO, NO, NO },
	{ "an endpoint with no host", PEER "Endpoint = :5\n", NO, NO, NO },
	{ "an open bracket", PEER "Endpoint = [2001:db8::1:5\n", NO, NO, NO },
	{ "brackets and no port", PEER "Endpoint = [2001:db8::1]5\n", NO, NO, NO },
	{ "a later endpoint overrides", PEER "Endpoint = 192.0.2.1:5\nEndpoint = 192.0.2.2:6\n", "peer:c5 @192.0.2.1:5 @192.0.2.2:6",
	  "peer:c5 @192.0.2.2:6", "peer:c5 @192.0.2.2:6" },

	/* -- wg-quick's keys -- */
	{ "Address by commas, blanks and lines", "[Interface]\nAddress = 10.0.0.1/24,fd00::1/64 10.0.0.2\nAddress = 10.0.0.3/8\n",
	  "addr:10.0.0.1/24 addr:fd00::1/64 addr:10.0.0.2/32 addr:10.0.0.3/8",
	  "addr:10.0.0.1/24 addr:fd00::1/64 addr:10.0.0.2/32 addr:10.0.0.3/8", NO },
	{ "Address as ip(8) takes it", "[Interface]\nAddress = 10.1/255.255.0.0\n", NO, "addr:10.1.0.0/16", NO },
	{ "DNS: servers and domains", "[Interface]\nDNS = 1.1.1.1, example.org fd00::53\nDNS = ~corp\n",
	  "dns:1.1.1.1 dns:fd00::53 search:example.org search:~corp", "dns:1.1.1.1 dns:fd00::53 search:example.org search:~corp", NO },
	{ "DNS: digits and dots are a server", "[Interface]\nDNS = 1.1.1\n", NO, "dns:1.1.1", NO },
	{ "MTU", "[Interface]\nMTU = 1420\n", "mtu:1420", "mtu:1420", NO },
	{ "MTU = 0", "[Interface]\nMTU = 0\n", NO, NO, NO },
	{ "the last MTU wins", "[Interface]\nMTU = 1420\nMTU = 1400\n", NO, "mtu:1400", NO },
	{ "Table = off", "[Interface]\nTable = off\n", "table:off", "table:off", NO },
	{ "Table = auto", "[Interface]\nTable = auto\n", "", "", NO },
	{ "Table: a number", "[Interface]\nTable = 1234\n", "table:1234", "table:1234", NO },
	{ "Table: a hexadecimal number", "[Interface]\nTable = 0x10\n", "table:16", "table:16", NO },
	{ "Table: a name", "[Interface]\nTable = vpn\n", "table:'vpn'", "table:'vpn'", NO },
	{ "Table = OFF is a name to wg-quick", "[Interface]\nTable = OFF\n", "table:off", "table:'OFF'", NO },
	{ "SaveConfig in any case", "[Interface]\nSaveConfig = TRUE\n", "save", "save", NO },
	{ "SaveConfig = yes", "[Interface]\nSaveConfig = yes\n", NO, NO, NO },
	{ "hooks in order", "[Interface]\nPostUp = a\nPreUp = b\nPostUp = c\nPreDown = d\nPostDown = e\n",
	  "preup:<b> postup:<a> postup:<c> predown:<d> postdown:<e>", "preup:<b> postup:<a> postup:<c> predown:<d> postdown:<e>", NO },
	{ "hooks keep '#'", "[Interface]\nPostUp = iptables -m comment --comment \"#1\" # no comment\n",
	  "postup:<iptables -m comment --comment \"#1\" # no comment>", "postup:<iptables -m comment --comment \"#1\" # no comment>", NO },
	{ "hooks keep '='", "[Interface]\nPostUp = a=b; c\n", "postup:<a=b; c>", "postup:<a=b; c>", NO },
	{ "a commented hook is none", "[Interface]\n# PostUp = x\n", "", "", "" },
	{ "wg-quick does not look into its keys", "[Interface]\nPost Up = x\n", "postup:<x>", NO, NO },
	{ "wg-quick does not know [ Interface ]", "[ Interface ]\nAddress = 10.0.0.1/24\n", "addr:10.0.0.1/24", NO, NO },
	{ "[Interface] with a comment is known", "[Interface]# x\nAddress = 10.0.0.1/24\n", "addr:10.0.0.1/24", "addr:10.0.0.1/24", NO },
	{ "wg-quick's keys in any case", "[INTERFACE]\naddress = 10.0.0.1/24\n", "addr:10.0.0.1/24", "addr:10.0.0.1/24", NO },
};

static void run(const struct row *r, const char *mode_name, enum wgc_mode mode, const char *want)
{
	struct parsed got = parse_ini(r->text, mode);
	struct wgc_str s = { 0 };
	char label[160];

	if (got.p)
		summary(got.p, &s);
	snprintf(label, sizeof(label), "%s (%s)", r->label, mode_name);
	tap_str(got.p ? wgc_str_get(&s) : NO, want, __FILE__, __LINE__, label);
	if (!got.p != !strcmp(want, NO))
		printf("# %s", got.said);
	wgc_str_done(&s);
	parsed_done(&got);
}

static void zero_bytes(void)
{
	static const char text[] = "[Interface]\nListen\0Port = 5\0" "1\n";
	struct parsed got;

	/* bash drops them; wg ends the line there; nobody means them. */
	got = parse_bytes(text, sizeof(text) - 1, WGC_FORMAT_INI, WGC_COMPATIBLE);
	ok(got.p && got.p->device.listen_port == 51);
	parsed_done(&got);
	got = parse_bytes(text, sizeof(text) - 1, WGC_FORMAT_INI, WGC_WG_ONLY);
	ok(!got.p);
	parsed_done(&got);
	got = parse_bytes("[Interface]\nListenPort = 5\0 6\n", 30, WGC_FORMAT_INI, WGC_WG_ONLY);
	ok(got.p && got.p->device.listen_port == 5);
	parsed_done(&got);
	got = parse_bytes(text, sizeof(text) - 1, WGC_FORMAT_INI, WGC_STRICT);
	ok(!got.p);
	ok(strstr(got.said, "2:7:1 error this line has a zero byte in it") != NULL);
	parsed_done(&got);
}

int main(void)
{
	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		run(&rows[i], "strict", WGC_STRICT, rows[i].strict);
		run(&rows[i], "compatible", WGC_COMPATIBLE, rows[i].compatible);
		run(&rows[i], "wg only", WGC_WG_ONLY, rows[i].wg_only);
	}
	zero_bytes();
	return tap_done();
}
