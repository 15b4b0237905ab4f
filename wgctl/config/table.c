// SPDX-License-Identifier: GPL-2.0
/* The profile keys. Everything about a key that is not code is in its row. */
#include <string.h>

#include "config/internal.h"

static const char *const backends[] = { "auto", "kernel", "userspace", NULL };
static const char *const kill_switches[] = { "off", "on", "lockdown", NULL };
static const char *const dns_modes[] = { "auto", "resolved", "resolvconf", "file", "none", NULL };
static const char *const ipv6_modes[] = { "auto", "require", "block", NULL };
static const char *const no_yes[] = { "no", "yes", NULL };
static const char *const false_true[] = { "false", "true", NULL };

#define RULE(owner_, shape_, json_, fn, ...)                                                                             \
	&(const struct wgc_key_rule)                                                                                     \
	{                                                                                                                \
		.owner = WGC_OWNER_##owner_, .shape = WGC_SHAPE_##shape_, .json = json_, .set = wgc_set_##fn,            \
		.get = wgc_get_##fn, ##__VA_ARGS__                                                                       \
	}
#define STRING WGC_JSON_STRING
#define NUMBER WGC_JSON_NUMBER
#define BOOL WGC_JSON_BOOL
#define LIST WGC_JSON_LIST

/* In the order in which the writers write them. */
static const struct wgc_key_info keys[] = {
	{ "Interface", "Name", "name", "an interface name, at most 15 characters",
	  "The name of the interface. By default it is the profile's, or derived from that where it is no valid name.", false, false,
	  RULE(WGCTL, ONE, STRING, ifname) },
	{ "Interface", "PrivateKey", "private_key", "a base64 key", "The private key of this side.", true, false,
	  RULE(WG, ONE, STRING, private_key) },
	{ "Interface", "PrivateKeyFile", "private_key_file", "an absolute path", "A file that holds the private key, and nothing else.",
	  false, false, RULE(WGCTL, ONE, STRING, private_key_file) },
	{ "Interface", "PrivateKeyCommand", "private_key_command", "a program and its arguments",
	  "A program that prints the private key. It is run without a shell; words with blanks want quotes.", false, false,
	  RULE(WGCTL, ARGV, LIST, private_key_command) },
	{ "Interface", "ListenPort", "listen_port", "0 to 65535", "The UDP port to listen on; 0 lets the kernel choose.",
	  false, false, RULE(WG, ONE, NUMBER, listen_port, .usual = "0") },
	{ "Interface", "FwMark", "fwmark", "off, or a number of 32 bits, in hexadecimal with 0x",
	  "The mark of the encrypted packets; by default none, or one that a full tunnel chooses for itself.", false, false,
	  RULE(WG, ONE, NUMBER | STRING, fwmark) },
	{ "Interface", "Address", "address", "addresses with a prefix length, separated by commas",
	  "The addresses of the interface.", false, true, RULE(QUICK, WORDS, LIST, address, .empty_ok = true) },
	{ "Interface", "DNS", "dns", "addresses of servers, domains to search, and ~domains, separated by commas",
	  "The resolvers to use while the tunnel is up, and for which names. Where systemd-resolved is in use, and ~domains are given, "
	  "the names below these and below the domains to search go to these servers and no others do; ~. is all names. "
	  "Without ~domains a full tunnel gets all names; another one gets those below its domains to search, or all if it has none. "
	  "Elsewhere it is always all names.",
	  false, true,
	  RULE(QUICK, WORDS, LIST, dns, .empty_ok = true) },
	{ "Interface", "MTU", "mtu", "68 to 65535", "The MTU of the interface; by default found from the path to the peers.", false, false,
	  RULE(QUICK, ONE, NUMBER, mtu, .empty_ok = true) },
	{ "Interface", "Table", "table", "auto, off, or a routing table's number or name",
	  "Where the routes go. auto is the main table, and policy routing for a full tunnel.", false, false,
	  RULE(QUICK, ONE, STRING | NUMBER, table, .empty_ok = true, .usual = "auto") },
	{ "Interface", "PreUp", "pre_up", "a command for bash", "Run before the interface is configured; %i is its name.", false, true,
	  RULE(QUICK, HOOK, LIST, pre_up, .empty_ok = true) },
	{ "Interface", "PostUp", "post_up", "a command for bash", "Run when the tunnel is up; %i is the interface's name.", false, true,
	  RULE(QUICK, HOOK, LIST, post_up, .empty_ok = true) },
	{ "Interface", "PreDown", "pre_down", "a command for bash", "Run before the tunnel goes down; %i is the interface's name.", false,
	  true, RULE(QUICK, HOOK, LIST, pre_down, .empty_ok = true) },
	{ "Interface", "PostDown", "post_down", "a command for bash", "Run when the tunnel is down; %i is the interface's name.", false,
	  true, RULE(QUICK, HOOK, LIST, post_down, .empty_ok = true) },
	{ "Interface", "SaveConfig", "save_config", "true or false",
	  "Whether to write the running state back to the profile when the tunnel goes down.", false, false,
	  RULE(QUICK, ONE, BOOL, save_config, .words = false_true, .usual = "false") },
	{ "Interface", "Backend", "backend", "auto, kernel or userspace",
	  "What carries the packets. auto is the kernel where it can, else a userspace implementation.", false, false,
	  RULE(WGCTL, ONE, STRING, backend, .words = backends, .usual = "auto") },
	{ "Interface", "SocketNamespace", "socket_namespace", "a name, a path, pid:N or container:NAME",
	  "The network namespace of the encrypted packets; by default the caller's.", false, false,
	  RULE(WGCTL, ONE, STRING, socket_namespace) },
	{ "Interface", "InterfaceNamespace", "interface_namespace", "a name, a path, pid:N or container:NAME",
	  "The network namespace of the interface; by default the caller's.", false, false,
	  RULE(WGCTL, ONE, STRING, interface_namespace) },
	{ "Interface", "KillSwitch", "kill_switch", "off, on or lockdown",
	  "Whether traffic may leave only through the tunnel: while it is up; with lockdown, also when it is down.",
	  false, false,
	  RULE(WGCTL, ONE, STRING, kill_switch, .words = kill_switches, .usual = "off") },
	{ "Interface", "AllowLAN", "allow_lan", "yes or no", "Whether a kill switch spares the local network.", false,
	  false, RULE(WGCTL, ONE, BOOL, allow_lan, .words = no_yes, .usual = "yes") },
	{ "Interface", "DNSMode", "dns_mode", "auto, resolved, resolvconf, file or none",
	  "Who is told of the resolvers. auto finds out, and a failure is a warning: the tunnel comes up without its DNS. "
	  "With resolved, resolvconf or file a failure undoes up. none leaves DNS alone.",
	  false, false,
	  RULE(WGCTL, ONE, STRING, dns_mode, .words = dns_modes, .usual = "auto") },
	{ "Interface", "IPv6", "ipv6", "auto, require or block",
	  "What to do with IPv6 on a machine that runs without it: auto leaves it out, with a warning; require refuses. block lets none out at all.", false, false,
	  RULE(WGCTL, ONE, STRING, ipv6, .words = ipv6_modes, .usual = "auto") },
	{ "Interface", "ExcludeIPs", "exclude_ips", "prefixes, separated by commas", "What stays out of the tunnel, by routes.", false,
	  true, RULE(WGCTL, WORDS, LIST, exclude_ips) },
	{ "Interface", "RefreshEndpoints", "refresh_endpoints", "off, or seconds",
	  "How often `wgctl watch` looks the names of endpoints up again, also of peers that are well.", false, false,
	  RULE(WGCTL, ONE, STRING | NUMBER, refresh_endpoints, .usual = "off") },

	{ "Peer", "Name", "name", "a text", "What to call the peer. Names in the usual comments are read, too.", false, false,
	  RULE(WGCTL, ONE, STRING, peer_name) },
	{ "Peer", "PublicKey", "public_key", "a base64 key", "The public key of the peer. Every peer has one.", false, false,
	  RULE(WG, ONE, STRING, public_key) },
	{ "Peer", "PresharedKey", "preshared_key", "a base64 key", "A secret that both sides share, besides their keys.", true, false,
	  RULE(WG, ONE, STRING, preshared_key) },
	{ "Peer", "PresharedKeyFile", "preshared_key_file", "an absolute path", "A file that holds the preshared key, and nothing else.",
	  false, false, RULE(WGCTL, ONE, STRING, preshared_key_file) },
	{ "Peer", "AllowedIPs", "allowed_ips", "prefixes, separated by commas",
	  "What is sent to the peer, and what it may send.", false, true, RULE(WG, COMMAS, LIST, allowed_ips) },
	{ "Peer", "Endpoint", "endpoint", "HOST:PORT, with an IPv6 address in brackets",
	  "Where the peer is. More than one: alternatives, the first that can be reached is used.", false, true,
	  RULE(WG, EACH, LIST, endpoint) },
	{ "Peer", "PersistentKeepalive", "persistent_keepalive", "off, or 0 to 65535 seconds",
	  "How often to send something, to keep NAT and firewalls open.", false, false, RULE(WG, ONE, NUMBER | STRING, keepalive, .usual = "off") },
	{ "Peer", "Routes", "routes", "auto, off, or prefixes separated by commas",
	  "The routes for the peer. auto is its AllowedIPs.", false, true,
	  RULE(WGCTL, WORDS, STRING | LIST, routes, .usual = "auto") },
	{ NULL, NULL, NULL, NULL, NULL, false, false, NULL },
};
_Static_assert(WGC_ARRAY_SIZE(keys) <= WGC_MAX_KEYS, "seen[] of struct wgc_parse is too short");

const struct wgc_key_info *wgc_config_keys(size_t *ret_n)
{
	if (ret_n)
		*ret_n = WGC_ARRAY_SIZE(keys) - 1;
	return keys;
}

const char *wgc_section_name(enum wgc_section s)
{
	return s == WGC_SECTION_PEER ? "Peer" : s == WGC_SECTION_INTERFACE ? "Interface" : "";
}

size_t wgc_key_index(const struct wgc_key_info *k)
{
	return (size_t)(k - keys);
}

size_t wgc_key_first(enum wgc_section section)
{
	static size_t peer;

	/* Asked for by each line of 100,000 peers. */
	while (!peer || keys[peer].section[0] != 'P')
		peer++;
	return section == WGC_SECTION_PEER ? peer : 0;
}

static bool usable(const struct wgc_key_info *k, enum wgc_section section, enum wgc_mode mode)
{
	return k->section[0] == wgc_section_name(section)[0] && (mode != WGC_WG_ONLY || k->rule->owner == WGC_OWNER_WG);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* As wg(8) compares: case and all blanks do not count. */
static bool same_key(const char *written, const char *key)
{
	for (;; written++) {
		if (wgc_isspace(*written))
			continue;
		if (lower(*written) != lower(*key))
			return false;
		if (!*key++)
			return true;
	}
}

static bool has_blank(const char *s)
{
	while (*s)
		if (wgc_isspace(*s++))
			return true;
	return false;
}

const struct wgc_key_info *wgc_key_find(enum wgc_section section, const char *name, enum wgc_format format, enum wgc_mode mode)
{
	for (const struct wgc_key_info *k = keys + wgc_key_first(section); k->ini; k++) {
		if (!usable(k, section, mode))
			continue;
		if (format == WGC_FORMAT_JSON ? strcmp(name, k->json) : strcmp(name, k->ini) && !same_key(name, k->ini))
			continue;
		/* wg-quick does not look into its keys, and wg does not know them. */
		if (format == WGC_FORMAT_INI && mode == WGC_COMPATIBLE && k->rule->owner == WGC_OWNER_QUICK && has_blank(name))
			return NULL;
		return k;
	}
	return NULL;
}

const struct wgc_key_info *wgc_key_nearest(enum wgc_section section, const char *name, enum wgc_format format, enum wgc_mode mode)
{
	const char *names[WGC_MAX_KEYS];
	const struct wgc_key_info *of[WGC_MAX_KEYS];
	const char *found;
	size_t n = 0;

	for (const struct wgc_key_info *k = keys; k->ini; k++) {
		if (!usable(k, section, mode))
			continue;
		of[n] = k;
		names[n++] = format == WGC_FORMAT_JSON ? k->json : k->ini;
	}
	names[n] = NULL;
	found = wgc_nearest(name, names);
	for (size_t i = 0; found && i < n; i++)
		if (names[i] == found)
			return of[i];
	return NULL;
}

/* Keys of AmneziaWG, a different protocol whose files look like ours. */
static bool amnezia(const char *name)
{
	static const char *const known[] = { "Jc", "Jmin", "Jmax", "S1", "S2", "S3", "S4", "H1", "H2", "H3", "H4",
					     "I1", "I2",   "I3",   "I4", "I5", "J1", "J2", "J3", "ITime", NULL };

	for (size_t i = 0; known[i]; i++)
		if (same_key(name, known[i]))
			return true;
	return false;
}

bool wgc_key_hint(enum wgc_section section, const char *name, enum wgc_format format, enum wgc_mode mode, char *hint, size_t size)
{
	enum wgc_section other = section == WGC_SECTION_PEER ? WGC_SECTION_INTERFACE : WGC_SECTION_PEER;
	const struct wgc_key_info *k = wgc_key_find(other, name, format, mode);

	if (k) {
		if (format == WGC_FORMAT_JSON)
			snprintf(hint, size, "'%s' belongs to %s", k->json, other == WGC_SECTION_PEER ? "a peer" : "the interface");
		else
			snprintf(hint, size, "'%s' belongs to a [%s] section", k->ini, k->section);
		return true;
	}
	if (mode == WGC_WG_ONLY && wgc_key_find(section, name, format, WGC_COMPATIBLE)) {
		snprintf(hint, size, "this is a key of profiles, for `up`; `wg-quick strip` leaves such keys out");
		return true;
	}
	k = wgc_key_nearest(section, name, format, mode);
	if (k) {
		snprintf(hint, size, "did you mean '%s'?", format == WGC_FORMAT_JSON ? k->json : k->ini);
		return true;
	}
	k = wgc_key_nearest(other, name, format, mode);
	if (k) {
		snprintf(hint, size, "did you mean '%s', which belongs to %s?", format == WGC_FORMAT_JSON ? k->json : k->ini,
			 other == WGC_SECTION_PEER ? "a peer" : "the interface");
		return true;
	}
	if (amnezia(name)) {
		snprintf(hint, size, "this is a key of AmneziaWG, a different protocol");
		return true;
	}
	return false;
}

const char *wgc_config_usual(const struct wgc_key_info *k)
{
	return k->rule->usual;
}

const char *wgc_config_json_type(const struct wgc_key_info *k)
{
	switch (k->rule->json) {
	case NUMBER:
		return "number";
	case BOOL:
		return "boolean";
	case LIST:
		return "list of string";
	case NUMBER | STRING:
		return "number or string";
	case STRING | LIST:
		return "string or list of string";
	default:
		return "string";
	}
}
