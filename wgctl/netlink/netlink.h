/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink: the conversation with the kernel, and with userspace
 * implementations that speak the UAPI socket protocol instead.
 * All requests of one `struct wgc_nl` happen in the network namespace in
 * which it was opened.
 */
#ifndef WGC_NETLINK_H
#define WGC_NETLINK_H

#include "model/model.h"

/* ---- transport ------------------------------------------------------------ */

/* How bytes travel; the real one is a pair of netlink sockets, tests put a
 * model of a kernel here. @proto is NETLINK_ROUTE or NETLINK_GENERIC. send
 * takes one buffer of one or more whole messages; recv returns one datagram
 * (length, or -errno; MSG_TRUNC is -EMSGSIZE). portid is put into no header.
 * in_flight: how many requests may be sent before their acks are read, so that
 * the acks fit the receive buffer; 0 = no limit of its own.
 * send_apart (may be NULL) has somebody else do the sending, and the waiting
 * that the kernel makes of it: returns a descriptor that hangs up when that is
 * over, or -errno. */
struct wgc_nl_transport {
	int (*send)(void *ctx, int proto, const void *buf, size_t len);
	int (*send_apart)(void *ctx, int proto, const void *buf, size_t len);
	ssize_t (*recv)(void *ctx, int proto, void *buf, size_t cap);
	void (*close)(void *ctx);
	void *ctx;
	unsigned in_flight;
};

struct wgc_nl;
/** Open a conversation; @t NULL is the real kernel. The transport is taken over, and closed if this fails. */
int wgc_nl_open(const struct wgc_nl_transport *t, struct wgc_nl **ret, struct wgc_err *err);
/** NULL-safe; returns NULL. */
struct wgc_nl *wgc_nl_close(struct wgc_nl *nl);
/** Number of changing (not GET) requests sent so far: "unchanged profile, zero SETs". */
uint64_t wgc_nl_changes(const struct wgc_nl *nl);

/* ---- links ---------------------------------------------------------------- */

/** -ENODEV (WGC_E_NOT_UP) when there is none. */
int wgc_nl_link_get(struct wgc_nl *nl, const char *ifname, struct wgc_link *ret, struct wgc_err *err);
int wgc_nl_link_list(struct wgc_nl *nl, struct wgc_arena *a, struct wgc_link **ret, size_t *ret_n, struct wgc_err *err);
/** Create exclusively; @alias may be NULL. -EEXIST, -EOPNOTSUPP when the kind is unknown. */
int wgc_nl_link_create(struct wgc_nl *nl, const char *ifname, const char *kind, const char *alias, uint32_t *ret_ifindex,
		       struct wgc_err *err);
/** The same from @birth's namespace, where its socket stays, into the namespace of descriptor @home_netns, of which @home speaks. */
int wgc_nl_link_create_in(struct wgc_nl *birth, struct wgc_nl *home, int home_netns, const char *ifname, const char *kind,
			  const char *alias, uint32_t *ret_ifindex, struct wgc_err *err);
/** Move a link into the namespace of descriptor @netns, where it is called @ifname: -EEXIST when another one is, and nothing is moved. */
int wgc_nl_link_move(struct wgc_nl *nl, uint32_t ifindex, int netns, const char *ifname, struct wgc_err *err);
/**
 * Delete a link. Returns when it is gone for everybody, its name and port free;
 * what the kernel still has to put away is waited for by a child that is left
 * behind: 20 ms for an empty link, minutes for one with thousands of peers.
 * -ENODEV when there is none.
 */
int wgc_nl_link_delete(struct wgc_nl *nl, uint32_t ifindex, struct wgc_err *err);
/** Set MTU (0 = leave), alias (NULL = leave) and state in one request. */
int wgc_nl_link_set(struct wgc_nl *nl, uint32_t ifindex, uint32_t mtu, const char *alias, bool up, struct wgc_err *err);
/** Put a link into a group of links. */
int wgc_nl_link_group(struct wgc_nl *nl, uint32_t ifindex, uint32_t group, struct wgc_err *err);

/* ---- links that go to another namespace ------------------------------------- */

/** All links, with what moving them takes; in @a. */
int wgc_nl_nic_list(struct wgc_nl *nl, struct wgc_arena *a, struct wgc_nic **ret, size_t *ret_n, struct wgc_err *err);
/** Rename; set down first by who calls where the kernel wants that. */
int wgc_nl_link_rename(struct wgc_nl *nl, uint32_t ifindex, const char *name, struct wgc_err *err);
/** Add a further name. -EEXIST when it is taken. */
int wgc_nl_link_altname(struct wgc_nl *nl, uint32_t ifindex, const char *name, struct wgc_err *err);
/** Make it a port of @master, 0: of none. */
int wgc_nl_link_master(struct wgc_nl *nl, uint32_t ifindex, uint32_t master, struct wgc_err *err);
/** Set the alias, "" takes it away; nothing else changes. */
int wgc_nl_link_alias(struct wgc_nl *nl, uint32_t ifindex, const char *alias, struct wgc_err *err);
/** Move a radio, and with it all its links, into the namespace of @netns_fd. -EOPNOTSUPP when its driver cannot. */
int wgc_nl_wiphy_move(struct wgc_nl *nl, uint32_t phy, int netns_fd, struct wgc_err *err);

/*
 * What the kernel tells of a link, word for word, to be told to it again, here
 * or in another namespace: addresses, routes, rules with everything about them
 * that we have no field for. Text of hexadecimal digits.
 */
enum wgc_copy { WGC_COPY_ADDRS, WGC_COPY_ROUTES, WGC_COPY_RULES };
/** Append a copy to @out: of all links, or of @ifindex. What the kernel makes by itself is left out. */
int wgc_nl_copy(struct wgc_nl *nl, enum wgc_copy what, uint32_t ifindex, struct wgc_str *out, struct wgc_err *err);
/** True when the link has an IPv4 address of limited time: somebody keeps a lease. */
bool wgc_nl_has_lease(struct wgc_nl *nl, uint32_t ifindex);
/* How links are numbered where it is told again. */
struct wgc_renumber {
	uint32_t from, to;
};
/**
 * Tell it again. What is there already is well; what names a link that is not
 * in @map, and what the kernel refuses, is left out: *@ret_left_out (may be NULL)
 * counts that, and @err says why the first one was. 0 also then.
 */
int wgc_nl_paste(struct wgc_nl *nl, const char *copy, const struct wgc_renumber *map, size_t n, size_t *ret_left_out,
		 struct wgc_err *err);

/* ---- addresses, routes, rules ----------------------------------------------- */

/*
 * Bulk requests: @n objects go out in large sends, acks are read in bulk.
 * @results (n ints, may be NULL) gets 0 or -errno for each. @tolerate is one
 * errno that is not a failure (0 = none; -EEXIST for adoption, -ESRCH for
 * removal). All n are tried whatever happens; the call returns the first
 * failure, which @err describes with the span of its object and the kernel's
 * own words.
 */
int wgc_nl_addrs_add(struct wgc_nl *nl, const struct wgc_ifaddr *v, size_t n, int tolerate, int *results, struct wgc_err *err);
int wgc_nl_addrs_delete(struct wgc_nl *nl, const struct wgc_ifaddr *v, size_t n, int tolerate, int *results, struct wgc_err *err);
int wgc_nl_addr_list(struct wgc_nl *nl, uint32_t ifindex, struct wgc_arena *a, struct wgc_ifaddr **ret, size_t *ret_n,
		     struct wgc_err *err);
int wgc_nl_routes_add(struct wgc_nl *nl, const struct wgc_route *v, size_t n, int tolerate, int *results, struct wgc_err *err);
int wgc_nl_routes_delete(struct wgc_nl *nl, const struct wgc_route *v, size_t n, int tolerate, int *results,
			 struct wgc_err *err);
/** @family 0 = both; @table 0 = all tables (a filter the kernel applies where it can, always applied here). */
int wgc_nl_route_list(struct wgc_nl *nl, uint8_t family, uint32_t table, struct wgc_arena *a, struct wgc_route **ret,
		      size_t *ret_n, struct wgc_err *err);
/**
 * The route to @dst as the kernel would take it with @mark: oif and mtu filled
 * in (the link's MTU where the route has none). -ENETUNREACH when there is none.
 */
int wgc_nl_route_lookup(struct wgc_nl *nl, const struct wgc_ip *dst, uint32_t mark, struct wgc_route *ret, struct wgc_err *err);
/** Exclusive (NLM_F_EXCL): -EEXIST for an equal one. */
int wgc_nl_rule_add(struct wgc_nl *nl, const struct wgc_rule *r, struct wgc_err *err);
/** Delete the rule that equals @r in everything (without has_priority: of any priority); -ENOENT when there is none. */
int wgc_nl_rule_delete(struct wgc_nl *nl, const struct wgc_rule *r, struct wgc_err *err);
int wgc_nl_rule_list(struct wgc_nl *nl, uint8_t family, struct wgc_arena *a, struct wgc_rule **ret, size_t *ret_n,
		     struct wgc_err *err);

/* ---- WireGuard devices --------------------------------------------------------- */

/*
 * These choose between the kernel and a UAPI socket by name, as wg(8) does:
 * a live socket <run>/wireguard/<ifname>.sock wins. The directory is
 * /var/run/wireguard.
 */

/** Names of all WireGuard devices: kernel links of kind wireguard, and live sockets. */
int wgc_wg_list(struct wgc_nl *nl, struct wgc_arena *a, char ***ret, size_t *ret_n, struct wgc_err *err);
/** Whole device; split dumps merged, interrupted dumps retried. Peers in the implementation's order. */
int wgc_wg_get(struct wgc_nl *nl, const char *ifname, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err);
/**
 * Send @d (its ifname says to whom). Not atomic in the kernel: large sets are
 * split, and an error leaves the earlier parts in place. Buffers are wiped.
 */
int wgc_wg_set(struct wgc_nl *nl, const struct wgc_device *d, struct wgc_err *err);
/** True when the kernel has WireGuard; its module is loaded by asking. */
bool wgc_wg_kernel_available(struct wgc_nl *nl);
/** True when a live UAPI socket of that name exists. */
bool wgc_uapi_exists(const char *ifname);
/**
 * From now on, in @nl's namespace, the program behind the link @ifname is the one
 * that is known as @socket: sockets are among the files of the machine, where links
 * of several namespaces may not have one name.
 */
void wgc_nl_know_as(struct wgc_nl *nl, const char *ifname, const char *socket);
/** What the program behind @ifname is known as: as @ifname, unless that was said to be otherwise. */
const char *wgc_nl_known_as(const struct wgc_nl *nl, const char *ifname);

/* ---- what happens ---------------------------------------------------------------- */

enum wgc_event_kind { WGC_EVENT_LINK, WGC_EVENT_ADDR, WGC_EVENT_ROUTE, WGC_EVENT_RULE, WGC_EVENT_LOST };

/* Something is there, new or changed, or is gone. LOST: the kernel had more to
 * tell than we had read; look at everything again. */
struct wgc_event {
	enum wgc_event_kind kind;
	bool gone;
	union {
		struct wgc_link link;
		struct wgc_ifaddr addr;
		struct wgc_route route;
		struct wgc_rule rule;
	};
};

struct wgc_events;
/** Listen to links, addresses, routes and rules in the caller's network namespace. Needs no privilege. */
int wgc_events_open(struct wgc_events **ret, struct wgc_err *err);
/** NULL-safe; returns NULL. */
struct wgc_events *wgc_events_close(struct wgc_events *e);
/** Readable when something happened. */
int wgc_events_fd(const struct wgc_events *e);
/** Tell all that has happened so far, without waiting. 0 or -errno. */
int wgc_events_read(struct wgc_events *e, void (*tell)(void *ctx, const struct wgc_event *what), void *ctx, struct wgc_err *err);

/** Listen to nftables, in the caller's network namespace; needs CAP_NET_ADMIN. A descriptor, readable when something happened; -errno. */
int wgc_nft_events_open(void);
/** Without waiting: has a table whose name begins with @prefix gone, or something in one? @fd may be negative. */
bool wgc_nft_events_read(int fd, const char *prefix);

/* What happened to a WireGuard device between two looks at it: the kernel tells
 * of none of this. */
enum wgc_wg_change {
	WGC_PEER_ADDED,
	WGC_PEER_REMOVED,
	WGC_PEER_HANDSHAKE,
	WGC_PEER_ENDPOINT,	 /* it is another one than before */
	WGC_PEER_STALLED,	 /* we have been sending, and nothing came back for WGC_STALL_SECONDS */
	WGC_PEER_RESUMED,	 /* something came, after that */
	WGC_DEVICE_PORT,
	WGC_DEVICE_MARK,
	WGC_DEVICE_KEY,
};
/* WireGuard itself takes a peer for lost then: a keepalive would have been due after 10 s, and 5 s more for its way. */
#define WGC_STALL_SECONDS 15

struct wgc_wg_watch;
/** NULL without memory. */
struct wgc_wg_watch *wgc_wg_watch_new(void);
struct wgc_wg_watch *wgc_wg_watch_free(struct wgc_wg_watch *w);
/**
 * Compare @d with what it was at the last call and tell what happened, in the
 * order of the peers' keys; the first look tells nothing. @now_ms: of a clock
 * that only goes forward. @was (may be NULL in the call) is the peer as it was
 * before, NULL for an added one; @is NULL for a removed one. 0 or -ENOMEM.
 */
int wgc_wg_watch_look(struct wgc_wg_watch *w, const struct wgc_device *d, int64_t now_ms,
		      void (*tell)(void *ctx, enum wgc_wg_change what, const struct wgc_peer *was, const struct wgc_peer *is),
		      void *ctx);

/* ---- userspace implementations ------------------------------------------------ */

/**
 * The program to run: WG_QUICK_USERSPACE_IMPLEMENTATION, else wireguard-go,
 * found on PATH. The caller frees *ret. -ENOENT with a hint.
 */
int wgc_userspace_find(char **ret_program, struct wgc_err *err);
/**
 * Start @program for @ifname: the TUN device and the UAPI socket exist, and
 * answer, when this returns. The process goes on in the background in its own
 * session with /dev/null (WG_LOG to nowhere) and ends when its link is deleted.
 */
int wgc_userspace_start(struct wgc_nl *nl, const char *program, const char *ifname, pid_t *ret_pid, struct wgc_err *err);
/** Delete the link and wait (bounded) until the socket is gone; unlinks a dead socket. "Already gone" is success. */
int wgc_userspace_stop(struct wgc_nl *nl, const char *ifname, struct wgc_err *err);

/* ---- for manual pages ------------------------------------------------------------ */

/* What a refusal of the kernel means. */
struct wgc_nl_refusal {
	int error; /* positive errno */
	const char *sentence, *hint; /* either may be NULL */
};
/**
 * The @i-th one that is known; false past the last. @ret->error is 0 for one that
 * is not about @about: "link", "move", "address", "route", "rule", "wireguard", or
 * "any" for those that can come with all of them.
 */
bool wgc_nl_refusal(size_t i, const char *about, struct wgc_nl_refusal *ret);

#endif
