/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The UAPI protocol of userspace implementations: lines of "key=value" over
 * <WGC_UAPI_DIR>/<ifname>.sock. Private to netlink; tests of the parser
 * include it too.
 */
#ifndef WGC_NETLINK_UAPI_H
#define WGC_NETLINK_UAPI_H

#include "model/model.h"

#define WGC_UAPI_DIR "/var/run/wireguard"
/* The longest line that means something is a key in hex; longer ones are refused. */
#define WGC_UAPI_LINE 1024

/* A reply to get=1 while it arrives. It comes from another program: any bytes
 * may be in it, cut anywhere. */
struct wgc_uapi_parser {
	struct wgc_arena *arena;
	struct wgc_device *device; /* in the arena */
	struct wgc_peer *peer;	   /* the one being described, or NULL */
	int error;		   /* negative; the first thing that went wrong */
	int reply;		   /* positive errno that the other side reports */
	bool got_reply, done;	   /* "errno=" was there; the empty line was there */
	size_t len;
	char line[WGC_UAPI_LINE];
};

/** Start a reply; the device is made in @a. 0 or -ENOMEM. */
int wgc_uapi_parser_init(struct wgc_uapi_parser *p, struct wgc_arena *a);
/** Take in @n more bytes. True while more are wanted. */
bool wgc_uapi_parser_feed(struct wgc_uapi_parser *p, const char *bytes, size_t n);
/**
 * The end of the reply: wipes the parser. 0 and the device; -EPROTO for one
 * that is cut short or malformed; what the other side reports; -ENOMEM.
 */
int wgc_uapi_parser_finish(struct wgc_uapi_parser *p, struct wgc_device **ret, struct wgc_err *err);

/** A whole reply at once; ifname of the device is left empty. */
int wgc_uapi_parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err);

/** Path of the socket of @ifname. -EINVAL for a name that no link can have. */
int wgc_uapi_path(const char *ifname, char *ret, size_t size);
/**
 * Connect to the socket of @ifname: a descriptor, or -errno (-ENOENT and
 * -ECONNREFUSED: nobody is there). With @tidy a socket that nobody listens on
 * any more is unlinked, as wg(8) does.
 */
int wgc_uapi_connect(const char *ifname, bool tidy);

/** Whole device over the socket of @ifname. -ENODEV when there is none. */
int wgc_uapi_get(const char *ifname, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err);
/** Send @d to the socket of d->ifname, a peer at a time. Buffers are wiped. */
int wgc_uapi_set(const struct wgc_device *d, struct wgc_err *err);
/** Names of the live sockets, in @a, in the order of the directory. */
int wgc_uapi_list(struct wgc_arena *a, char ***ret, size_t *ret_n, struct wgc_err *err);

/** The number of the socket that listens at @path in the caller's network namespace; 0: there is none. */
unsigned long wgc_uapi_listener(const char *path);
/**
 * Kill whoever has the socket of that number: an implementation that does not end though its
 * device is gone. By the number, for somebody else may have the path by now. How many were.
 */
int wgc_uapi_end_listener(unsigned long number);

#endif
