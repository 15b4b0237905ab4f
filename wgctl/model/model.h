/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model: the nouns of WireGuard and of Linux routing as plain data. Presence
 * bits say which fields were given, spans say where. No I/O, no look-ups.
 * Everything variable-sized lives in the arena of the profile or snapshot
 * that it belongs to.
 */
#ifndef WGC_MODEL_H
#define WGC_MODEL_H

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "base/base.h"

/* ---- scalars ------------------------------------------------------------- */

#define WGC_KEY_LEN 32
#define WGC_KEY_BASE64 45 /* 44 characters and NUL */
#define WGC_KEY_HEX 65

struct wgc_key {
	uint8_t b[WGC_KEY_LEN];
};

/** 44 base64 characters with zero spare bits, as wg(8) has it; constant time. 0 or -EINVAL. */
int wgc_key_parse(const char *s, size_t len, struct wgc_key *ret);
/** The same for a key that everybody may know, in a fraction of the time: for lists of 100,000 peers. */
int wgc_key_parse_public(const char *s, size_t len, struct wgc_key *ret);
/** 64 lower- or upper-case hex digits, as the UAPI protocol has it. 0 or -EINVAL. */
int wgc_key_parse_hex(const char *s, size_t len, struct wgc_key *ret);
/** For keys that may be shown. */
void wgc_key_print(const struct wgc_key *k, char out[static WGC_KEY_BASE64]);
/** The one function that formats a secret; the caller wipes @out. */
void wgc_key_print_secret(const struct wgc_key *k, char out[static WGC_KEY_BASE64]);
/** Hex, secret or not; the caller wipes @out if it is. */
void wgc_key_print_hex(const struct wgc_key *k, char out[static WGC_KEY_HEX]);
bool wgc_key_is_zero(const struct wgc_key *k); /* constant time */
bool wgc_key_equal(const struct wgc_key *a, const struct wgc_key *b); /* constant time */
/** X25519 with the base point (RFC 7748). */
void wgc_key_public(const struct wgc_key *secret, struct wgc_key *ret_public);
/** Random private key, clamped; or, for a preshared key, not. 0 or -errno. */
int wgc_key_generate(struct wgc_key *ret, bool clamp);

struct wgc_ip {
	uint8_t family; /* AF_INET, AF_INET6; 0 = none */
	uint8_t b[16];	/* network order; 4 or 16 bytes used, the rest zero */
};

struct wgc_prefix {
	struct wgc_ip ip;
	uint8_t len;
};

#define WGC_IP_TEXT 46	    /* INET6_ADDRSTRLEN */
#define WGC_PREFIX_TEXT 50  /* with "/128" */

/** Numeric address without scope or brackets; strict dotted quad. 0 or -EINVAL. */
int wgc_ip_parse(const char *s, struct wgc_ip *ret);
/** "ADDR" or "ADDR/LEN"; no length means a host. Host bits are kept. 0 or -EINVAL. */
int wgc_prefix_parse(const char *s, struct wgc_prefix *ret);
void wgc_ip_print(const struct wgc_ip *ip, char out[static WGC_IP_TEXT]);
void wgc_prefix_print(const struct wgc_prefix *p, char out[static WGC_PREFIX_TEXT]);
/** 32 or 128. */
uint8_t wgc_ip_bits(const struct wgc_ip *ip);
bool wgc_ip_equal(const struct wgc_ip *a, const struct wgc_ip *b);
bool wgc_prefix_equal(const struct wgc_prefix *a, const struct wgc_prefix *b);
/** Order by family, address, length: for sorting and duplicates. */
int wgc_prefix_cmp(const struct wgc_prefix *a, const struct wgc_prefix *b);
/** True when every address of @b is in @a. */
bool wgc_prefix_covers(const struct wgc_prefix *a, const struct wgc_prefix *b);
/** @p with its host bits cleared. */
struct wgc_prefix wgc_prefix_masked(const struct wgc_prefix *p);

union wgc_sockaddr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
}; /* sa.sa_family 0 = none */

/* "[2001:db8::1%eth0]:51820" fits; so does any resolved endpoint. */
#define WGC_ENDPOINT_TEXT 80
/** As wg(8) prints it: "1.2.3.4:5", "[::1]:5", scope id kept. "" for none. */
void wgc_sockaddr_print(const union wgc_sockaddr *sa, char out[static WGC_ENDPOINT_TEXT]);
socklen_t wgc_sockaddr_len(const union wgc_sockaddr *sa);

/* A string or number that somebody wrote somewhere. */
struct wgc_text {
	const char *s; /* NULL = not given */
	struct wgc_span at;
};
struct wgc_texts {
	struct wgc_text *v;
	size_t n, cap;
};

/* ---- WireGuard devices ---------------------------------------------------- */

struct wgc_allowed_ip {
	struct wgc_prefix prefix;
	struct wgc_span at;
	bool remove; /* written with '-': WGALLOWEDIP_F_REMOVE_ME */
};

enum {
	WGC_PEER_REMOVE = 1 << 0,	       /* SET: WGPEER_F_REMOVE_ME */
	WGC_PEER_REPLACE_ALLOWED_IPS = 1 << 1, /* SET: WGPEER_F_REPLACE_ALLOWEDIPS */
	WGC_PEER_UPDATE_ONLY = 1 << 2,	       /* SET: WGPEER_F_UPDATE_ONLY */
	WGC_PEER_HAS_PRESHARED_KEY = 1 << 3,   /* a zero key clears */
	WGC_PEER_HAS_KEEPALIVE = 1 << 4,
};

/* A peer as the kernel has it, and as it is sent to the kernel. */
struct wgc_peer {
	struct wgc_key public_key;
	struct wgc_key preshared_key;
	union wgc_sockaddr endpoint; /* family 0 = not known / leave alone */
	struct wgc_allowed_ip *allowed_ips;
	uint32_t n_allowed_ips, cap_allowed_ips;
	uint32_t flags;
	uint16_t keepalive; /* seconds, 0 = off */
	struct wgc_span at; /* the peer's section, for errors */
	struct wgc_span endpoint_at;
	/* read only: */
	uint64_t rx_bytes, tx_bytes;
	struct timespec last_handshake; /* since the epoch; 0 = never */
};

enum {
	WGC_DEVICE_HAS_PRIVATE_KEY = 1 << 0, /* SET: a zero key clears; GET: it was readable and not zero */
	WGC_DEVICE_HAS_PUBLIC_KEY = 1 << 1,
	WGC_DEVICE_HAS_LISTEN_PORT = 1 << 2, /* 0 = kernel chooses */
	WGC_DEVICE_HAS_FWMARK = 1 << 3,	     /* 0 = off */
	WGC_DEVICE_REPLACE_PEERS = 1 << 4,
};

struct wgc_device {
	char ifname[IFNAMSIZ];
	uint32_t ifindex;
	uint32_t flags;
	struct wgc_key private_key, public_key;
	uint16_t listen_port;
	uint32_t fwmark;
	struct wgc_peer *peers;
	size_t n_peers, cap_peers;
	struct wgc_span private_key_at, listen_port_at, fwmark_at;
};

/** The peer with @key, or NULL. Linear. */
struct wgc_peer *wgc_device_find_peer(struct wgc_device *d, const struct wgc_key *key);
/** A new zeroed allowed IP at the end of @p's list, which lives in @a; NULL without memory. */
struct wgc_allowed_ip *wgc_peer_add_allowed_ip(struct wgc_arena *a, struct wgc_peer *p);

/* ---- links, addresses, routes, rules --------------------------------------- */

/* Routes that wgctl adds carry this protocol (no entry in iproute2's rt_protos).
 * Rules carry RTPROT_KERNEL instead: systemd-networkd drops every foreign rule
 * but those (systemd issue 19106), and a dropped rule of a full tunnel leaks. */
#define WGC_RTPROT 119

struct wgc_link {
	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	char kind[16]; /* "wireguard", "tun", ...; "" for a physical device */
	char alias[256];
	uint32_t mtu;
	uint32_t flags; /* IFF_* */
};

/* A link as far as it matters for moving it to another network namespace. */
struct wgc_nic {
	struct wgc_link link;
	uint32_t lower;	 /* index of the link that it stands on, 0 = none */
	bool lower_elsewhere; /* ... and that is in another namespace */
	uint32_t master; /* index of the bridge, bond, ... that it is a port of, 0 = none */
	uint32_t group, txqlen;
	int32_t phy;	 /* number of its 802.11 radio, -1 = none */
	bool immutable;	 /* the kernel does not let it leave */
	char parent[64]; /* the device that it is the driver's face of, "" = none: it is virtual */
	uint8_t mac[32];
	uint8_t mac_len;
	char **altnames;
	size_t n_altnames;
};

struct wgc_route {
	struct wgc_prefix dst; /* host bits zero */
	uint32_t table;
	uint32_t oif;	 /* 0 for types without a device */
	uint32_t metric; /* 0 = the family's default */
	uint32_t mtu;	 /* RTAX_MTU, 0 = none */
	uint8_t type;	 /* RTN_UNICAST, RTN_THROW, ... */
	uint8_t protocol;
	uint8_t scope;
	bool gateway; /* read only: it has one */
	struct wgc_ip src; /* read only: the address that packets leave with */
	struct wgc_span at;
};

struct wgc_rule {
	uint8_t family;
	bool invert;
	uint8_t action;	  /* FR_ACT_TO_TBL ... */
	uint8_t protocol; /* FRA_PROTOCOL */
	uint32_t priority; /* 0 = let the kernel choose (in front of the lowest) */
	bool has_priority;
	uint32_t table;
	uint32_t fwmark, fwmask; /* fwmask 0 = no mark selector */
	int32_t suppress_prefixlen; /* -1 = none */
	bool other; /* read only: it has selectors that are not in this struct */
	struct wgc_span at;
};

struct wgc_ifaddr {
	struct wgc_prefix prefix; /* host bits kept */
	uint32_t ifindex;
	uint8_t scope;
	bool kernel_made; /* link-local or announced by a router; kernels before 5.18 do not say */
	struct wgc_span at;
};

/* ---- profiles --------------------------------------------------------------- */

enum wgc_backend { WGC_BACKEND_AUTO, WGC_BACKEND_KERNEL, WGC_BACKEND_USERSPACE };
enum wgc_table_mode { WGC_TABLE_AUTO, WGC_TABLE_OFF, WGC_TABLE_NUMBER };
enum wgc_kill_switch { WGC_KILL_SWITCH_OFF, WGC_KILL_SWITCH_ON, WGC_KILL_SWITCH_LOCKDOWN };
enum wgc_dns_mode { WGC_DNS_AUTO, WGC_DNS_RESOLVED, WGC_DNS_RESOLVCONF, WGC_DNS_FILE, WGC_DNS_NONE };
enum wgc_ipv6_mode { WGC_IPV6_AUTO, WGC_IPV6_REQUIRE, WGC_IPV6_BLOCK };
enum wgc_routes_mode { WGC_ROUTES_AUTO, WGC_ROUTES_OFF, WGC_ROUTES_LIST };
enum wgc_hook { WGC_PRE_UP, WGC_POST_UP, WGC_PRE_DOWN, WGC_POST_DOWN, WGC_N_HOOKS };

/* An endpoint as written: a name or a number, not looked up. */
struct wgc_host_port {
	const char *host; /* without brackets; "addr%scope" kept */
	const char *port; /* as written: a service name in compatible mode */
	uint16_t port_number; /* 0 when `port` is not a number */
	union wgc_sockaddr numeric; /* family 0 when host is a name or has a scope by name */
	struct wgc_span at;
};

struct wgc_profile_peer {
	struct wgc_peer peer; /* endpoint not filled in: see endpoints */
	struct wgc_text name; /* Name=, or a known comment convention */
	struct wgc_text preshared_key_file;
	struct wgc_host_port *endpoints; /* ordered alternatives */
	size_t n_endpoints, cap_endpoints;
	enum wgc_routes_mode routes_mode;
	struct wgc_allowed_ip *routes; /* WGC_ROUTES_LIST */
	size_t n_routes, cap_routes;
};

struct wgc_address { /* Address= */
	struct wgc_prefix prefix;
	struct wgc_span at;
};

struct wgc_profile {
	struct wgc_arena *arena;
	struct wgc_source source; /* path and text, in the arena */
	const char *name;	  /* profile name, "office" for .../office.conf */
	char ifname[IFNAMSIZ];	  /* from Name=, else the name, else derived from it */
	bool ifname_derived;	  /* the name did not fit: it becomes the link's alias */
	struct wgc_device device; /* keys, port, mark; its peers stay in `peers` */
	struct wgc_text private_key_file;
	struct wgc_texts private_key_command; /* argv */
	enum wgc_backend backend;
	struct wgc_span backend_at;
	struct wgc_text socket_namespace, interface_namespace;
	enum wgc_kill_switch kill_switch;
	struct wgc_span kill_switch_at;
	bool allow_lan;
	struct wgc_span allow_lan_at; /* line 0 = not given */
	enum wgc_dns_mode dns_mode;
	struct wgc_span dns_mode_at;
	enum wgc_ipv6_mode ipv6;
	struct wgc_span ipv6_at;
	struct wgc_address *addresses;
	size_t n_addresses, cap_addresses;
	struct wgc_address *exclude_ips;
	size_t n_exclude_ips, cap_exclude_ips;
	struct wgc_text *dns_servers; /* numeric addresses as written */
	size_t n_dns_servers, cap_dns_servers;
	struct wgc_text *dns_search;
	size_t n_dns_search, cap_dns_search;
	uint32_t mtu; /* 0 = automatic */
	struct wgc_span mtu_at;
	enum wgc_table_mode table_mode;
	uint32_t table; /* WGC_TABLE_NUMBER */
	const char *table_name; /* WGC_TABLE_NUMBER written as a name: to be looked up in rt_tables; else NULL */
	struct wgc_span table_at;
	struct wgc_texts hooks[WGC_N_HOOKS];
	bool save_config;
	struct wgc_span save_config_at;
	uint32_t refresh_endpoints; /* seconds, 0 = off */
	struct wgc_span refresh_endpoints_at;
	struct wgc_profile_peer *peers;
	size_t n_peers, cap_peers;
	void *trivia; /* config's own: comments and layout for lossless writing, in the arena */
};

/** Wipe and free a profile, which is itself a block of its arena, with that arena; NULL-safe; returns NULL. */
struct wgc_profile *wgc_profile_free(struct wgc_profile *p);

/**
 * A valid, short, stable link name for a profile name: the name itself where
 * it matches wg-quick's [a-zA-Z0-9_=+.-]{1,15} (and is not ".", "..", "all" or
 * "default", which no link can have), else "wg-" and 12 characters of a hash
 * of it. True when it was derived.
 */
bool wgc_ifname_for(const char *profile_name, char ret[static IFNAMSIZ]);
/** wg-quick's rule for interface names, as above. */
bool wgc_ifname_valid(const char *name);

/* ---- network namespaces --------------------------------------------------------- */

enum wgc_ns_kind {
	WGC_NS_CALLER,	  /* not said: that of whoever calls */
	WGC_NS_NAME,	  /* bound to /run/netns/NAME */
	WGC_NS_PATH,	  /* any file of nsfs */
	WGC_NS_PID,	  /* of a process */
	WGC_NS_CONTAINER, /* of a container's first process */
};

/* How somebody names a namespace: a name, a path with a slash, pid:N, container:NAME. */
struct wgc_ns_ref {
	enum wgc_ns_kind kind;
	const char *text; /* the name, the path or the container's name; borrowed */
	pid_t pid;
};

/**
 * What @text (NULL or "": the caller's) names; looks at nothing but the text,
 * which it goes on to refer to. -EINVAL with @err: WGC_E_CONFIG, without a span.
 */
int wgc_ns_parse(const char *text, struct wgc_ns_ref *ret, struct wgc_err *err);
/** True for what `ip netns add` takes and neither a shell nor a listing minds: letters, digits and _.+@=:- */
bool wgc_ns_name_valid(const char *name);

#endif
