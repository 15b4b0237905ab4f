/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of netlink/ share: the conversation, requests and dumps,
 * batches, and how a refusal of the kernel becomes a struct wgc_err.
 */
#ifndef WGC_NETLINK_INTERNAL_H
#define WGC_NETLINK_INTERNAL_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "netlink/netlink.h"

struct nl_msg;

/* One whole datagram: the kernel never fills more than 32 KiB of a dump. */
#define WGC_NL_RX_SIZE (64 * 1024)
#define WGC_NL_TX_SIZE (128 * 1024)
/* No request of a batch is longer than this. */
#define WGC_NL_ITEM_MAX 256
/* The most requests that wait for their acks at the same time. */
#define WGC_NL_WINDOW 2048

struct wgc_nl {
	struct wgc_nl_transport t;
	uint32_t seq;
	uint16_t wg_family; /* 0 = not asked for yet, or not there */
	uint64_t changes;
	uint8_t *rx, *tx;
	char link[IFNAMSIZ], socket[IFNAMSIZ]; /* a link whose program is known by another name */
};

/* How the kernel refused a request. */
struct wgc_nl_fault {
	int error; /* negative errno */
	bool has_offs, has_miss;
	uint32_t offs;	    /* of the attribute at fault, from the nlmsghdr */
	uint32_t miss_type; /* the attribute that is missing */
	uint32_t miss_nest; /* and the offset of the nest that lacks it, 0 = top */
	char text[256];
};

/* Where the values of one message were written by the user. */
struct wgc_nl_spans {
	struct wgc_nl_span {
		uint32_t off;
		struct wgc_span at;
	} *v;
	size_t n, cap;
};

/* What was asked for; indexes the table of hints. */
enum wgc_nl_op {
	WGC_OP_LINK_GET = 1 << 0,
	WGC_OP_LINK_CREATE = 1 << 1,
	WGC_OP_LINK_DELETE = 1 << 2,
	WGC_OP_LINK_SET = 1 << 3,
	WGC_OP_ADDR_ADD = 1 << 4,
	WGC_OP_ADDR_DELETE = 1 << 5,
	WGC_OP_ROUTE_ADD = 1 << 6,
	WGC_OP_ROUTE_DELETE = 1 << 7,
	WGC_OP_ROUTE_GET = 1 << 8,
	WGC_OP_RULE_ADD = 1 << 9,
	WGC_OP_RULE_DELETE = 1 << 10,
	WGC_OP_LIST = 1 << 11,
	WGC_OP_WG_GET = 1 << 12,
	WGC_OP_WG_SET = 1 << 13,
	WGC_OP_FAMILY = 1 << 14,
	WGC_OP_LINK_MOVE = 1 << 15,
};

/* socket.c */

/** The real kernel: two netlink sockets in the caller's network namespace. */
int wgc_nl_socket_open(struct wgc_nl_transport *ret, struct wgc_err *err);

/* talk.c */

/* Looks at one message of an answer; an error ends the request with it. */
typedef int (*wgc_nl_cb)(const struct nlmsghdr *nlh, void *arg);

/**
 * Send one request and read until it is acknowledged. Fills in sequence
 * number and NLM_F_ACK. 0 or -errno, with @fault filled in.
 */
int wgc_nl_call(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh, wgc_nl_cb cb, void *arg, struct wgc_nl_fault *fault);
/**
 * Send one dump request and read to its end. An interrupted dump starts again,
 * after @reset (may be NULL) has thrown away what @cb had collected.
 */
int wgc_nl_dump(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh, wgc_nl_cb cb, void (*reset)(void *arg), void *arg,
		struct wgc_nl_fault *fault);
/** The above for a request that libnl has built; frees @msg. */
int wgc_nl_call_msg(struct wgc_nl *nl, struct nl_msg *msg, wgc_nl_cb cb, void *arg, struct wgc_nl_fault *fault);
/** One datagram into nl->rx: its length, or -errno. Never 0. */
ssize_t wgc_nl_recv(struct wgc_nl *nl, int proto);
/** Send @len bytes of whole messages; counts the changing ones among them. */
int wgc_nl_send(struct wgc_nl *nl, int proto, const void *buf, size_t len);
/**
 * Have one request sent by somebody else, see send_apart of the transport. It is
 * not acknowledged. -EOPNOTSUPP when the transport has nobody for that.
 */
int wgc_nl_send_apart(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh);

/* bulk.c */

struct wgc_nl_batch {
	const void *v;
	size_t n;
	enum wgc_nl_op op;
	/* Write request @i at @nlh (@room zeroed bytes); 0 or -errno. */
	int (*build)(const void *v, size_t i, struct nlmsghdr *nlh, size_t room);
	/* What is attempted, for the error: "cannot add route 10.0.0.0/8". */
	void (*name)(const void *v, size_t i, char *out, size_t cap);
	struct wgc_span (*span)(const void *v, size_t i);
};
int wgc_nl_bulk(struct wgc_nl *nl, const struct wgc_nl_batch *b, int tolerate, int *results, struct wgc_err *err);

/* extack.c */

/** Read an NLMSG_ERROR or NLMSG_DONE into @ret: 0 for an ack, else -errno. */
int wgc_nl_fault_parse(const struct nlmsghdr *nlh, struct wgc_nl_fault *ret);
/** A failure that is not the kernel's answer; returns @error. */
int wgc_nl_fault_set(struct wgc_nl_fault *fault, int error);
/** Remember that what is put next into @nlh was written at @at. */
int wgc_nl_span_add(struct wgc_nl_spans *s, const struct nlmsghdr *nlh, struct wgc_span at);
/** The span of the value at fault, or line 0. */
struct wgc_span wgc_nl_span_find(const struct wgc_nl_spans *s, const struct wgc_nl_fault *fault);
void wgc_nl_spans_done(struct wgc_nl_spans *s);

/* hints.c */

/** Turn a refusal into @err: "@fmt: sentence", code, hint, the kernel's words. Returns fault->error. */
int wgc_nl_explain(struct wgc_err *err, enum wgc_nl_op op, const struct wgc_nl_fault *fault, const char *fmt, ...)
	WGC_PRINTF(4, 5);

/* attr.c: messages from elsewhere, lengths checked */

/** True when a whole message lies in the @left bytes at @nlh. libmnl 1.0.4 takes a length above 2 GiB for a negative one. */
bool wgc_nl_msg_ok(const struct nlmsghdr *nlh, int left);
bool wgc_nl_get_u8(const struct nlattr *a, uint8_t *ret);
bool wgc_nl_get_u16(const struct nlattr *a, uint16_t *ret);
bool wgc_nl_get_u32(const struct nlattr *a, uint32_t *ret);
bool wgc_nl_get_u64(const struct nlattr *a, uint64_t *ret);
bool wgc_nl_get_ip(const struct nlattr *a, uint8_t family, struct wgc_ip *ret);
bool wgc_nl_put_ip(struct nlmsghdr *nlh, size_t room, uint16_t type, const struct wgc_ip *ip);
/** A string attribute, NUL-terminated or not, into @out; false when it does not fit. */
bool wgc_nl_get_str(const struct nlattr *a, char *out, size_t cap);

/* link.c */

/** As wgc_nl_link_get, by index. */
int wgc_nl_link_get_index(struct wgc_nl *nl, uint32_t ifindex, struct wgc_link *ret, struct wgc_err *err);

/*
 * One message about one thing, new or gone: 1 and the thing; 0 when the message
 * is about something else; -errno when it is malformed.
 */
int wgc_nl_link_parse(const struct nlmsghdr *nlh, struct wgc_link *ret);
/* Who put an address there (<linux/if_addr.h> since 5.18: newer than the headers that this is built with, perhaps). */
#define WGC_IFA_PROTO 11
#define WGC_IFA_PROTO_RA 2 /* the kernel, which heard a router */
#define WGC_IFA_PROTO_LL 3 /* the kernel, a link-local one */
int wgc_nl_addr_parse(const struct nlmsghdr *nlh, struct wgc_ifaddr *ret);
int wgc_nl_route_parse(const struct nlmsghdr *nlh, struct wgc_route *ret);
/** A rule is known by its message type: 0 or -errno. */
int wgc_nl_rule_parse(const struct nlmsghdr *nlh, struct wgc_rule *ret);

/* wiphy.c */

/** The number of a generic netlink family. -ENOENT when the kernel has none of that name. */
int wgc_nl_family(struct wgc_nl *nl, const char *name, uint16_t *ret, struct wgc_nl_fault *fault);
/** Ask which radio each link belongs to; a kernel without radios is no failure. @tell is called for each. */
int wgc_nl_wiphy_links(struct wgc_nl *nl, void (*tell)(void *ctx, uint32_t ifindex, uint32_t phy), void *ctx,
		       struct wgc_nl_fault *fault);

/* wg_get.c, wg_set.c: the kernel's side of wgc_wg_get and wgc_wg_set */

int wgc_wg_family(struct wgc_nl *nl, uint16_t *ret, struct wgc_nl_fault *fault);
int wgc_wg_kernel_get(struct wgc_nl *nl, uint16_t family, const char *ifname, struct wgc_arena *a, struct wgc_device **ret,
		      struct wgc_err *err);
int wgc_wg_kernel_set(struct wgc_nl *nl, uint16_t family, const struct wgc_device *d, struct wgc_err *err);

/* wg_minus.c */

/** Is an allowed IP of @d one to be taken away? */
bool wgc_wg_takes_away(const struct wgc_device *d);
/**
 * The change @want of the device @have (NULL: a new one) without allowed IPs to be taken
 * away: peers that had such replace their whole list. @ret shares @want's memory and @a's. -ENOMEM.
 */
int wgc_wg_whole_lists(const struct wgc_device *want, struct wgc_device *have, struct wgc_arena *a, struct wgc_device *ret);

#endif
