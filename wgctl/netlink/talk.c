// SPDX-License-Identifier: GPL-2.0
/*
 * Requests and dumps over a transport. Every request carries its own sequence
 * number, so leftovers of an earlier one that ended badly are passed over.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/internal.h"

/* A table that changes faster than this many dumps of it is not worth more. */
#define DUMP_TRIES 64

int wgc_nl_open(const struct wgc_nl_transport *t, struct wgc_nl **ret, struct wgc_err *err)
{
	struct wgc_nl_transport own;
	struct wgc_nl *nl;
	int r;

	if (t) {
		own = *t;
	} else {
		r = wgc_nl_socket_open(&own, err);
		if (r)
			return r;
	}
	nl = calloc(1, sizeof(*nl));
	if (nl) {
		nl->t = own;
		nl->rx = malloc(WGC_NL_RX_SIZE);
		nl->tx = malloc(WGC_NL_TX_SIZE);
	}
	if (!nl || !nl->rx || !nl->tx) {
		if (nl)
			wgc_nl_close(nl);
		else if (own.close)
			own.close(own.ctx);
		return wgc_err_nomem(err);
	}
	*ret = nl;
	return 0;
}

struct wgc_nl *wgc_nl_close(struct wgc_nl *nl)
{
	if (!nl)
		return NULL;
	if (nl->t.close)
		nl->t.close(nl->t.ctx);
	free(nl->rx);
	free(nl->tx);
	free(nl);
	return NULL;
}

uint64_t wgc_nl_changes(const struct wgc_nl *nl)
{
	return nl->changes;
}

ssize_t wgc_nl_recv(struct wgc_nl *nl, int proto)
{
	ssize_t n = nl->t.recv(nl->t.ctx, proto, nl->rx, WGC_NL_RX_SIZE);

	return n ? n : -EIO;
}

static bool is_change(const struct wgc_nl *nl, int proto, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);

	/* rtnetlink's types come in fours: NEW, DEL, GET, SET. */
	if (proto == NETLINK_ROUTE)
		return (nlh->nlmsg_type & 3) != 2;
	return nl->wg_family && nlh->nlmsg_type == nl->wg_family && g->cmd != WG_CMD_GET_DEVICE;
}

int wgc_nl_send(struct wgc_nl *nl, int proto, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len, r;

	for (; wgc_nl_msg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		nl->changes += is_change(nl, proto, nlh);
	r = nl->t.send(nl->t.ctx, proto, buf, len);
	return r < 0 ? r : 0;
}

int wgc_nl_send_apart(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh)
{
	int r = -EOPNOTSUPP;

	nlh->nlmsg_pid = 0;
	/* A refusal comes back all the same, and is passed over by its number. */
	nlh->nlmsg_seq = ++nl->seq;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	if (nl->t.send_apart)
		r = nl->t.send_apart(nl->t.ctx, proto, nlh, nlh->nlmsg_len);
	if (r >= 0)
		nl->changes += is_change(nl, proto, nlh);
	return r;
}

/* How far an answer has come. */
struct answer {
	uint32_t seq;
	wgc_nl_cb cb;
	void *arg;
	bool over, interrupted;
	int cb_error;
	struct wgc_nl_fault *fault;
};

static int take(struct answer *w, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != w->seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		w->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return wgc_nl_fault_set(w->fault, -ENOBUFS);
	case NLMSG_ERROR:
	case NLMSG_DONE:
		w->over = true;
		return wgc_nl_fault_parse(nlh, w->fault);
	}
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return 0;
	/* Read on after an error: what is left would meet the next request. */
	if (w->cb && !w->cb_error)
		w->cb_error = w->cb(nlh, w->arg);
	return 0;
}

static int digest(struct answer *w, const void *buf, ssize_t n)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)n, r;

	for (; !w->over && wgc_nl_msg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		r = take(w, nlh);
		if (r)
			return r;
	}
	return !w->over && left > 0 ? wgc_nl_fault_set(w->fault, -EBADMSG) : 0;
}

static int converse(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh, struct answer *w)
{
	ssize_t n;
	int r;

	w->over = w->interrupted = false;
	w->cb_error = 0;
	w->seq = nlh->nlmsg_seq = ++nl->seq;
	nlh->nlmsg_pid = 0;
	r = wgc_nl_send(nl, proto, nlh, nlh->nlmsg_len);
	if (r)
		return wgc_nl_fault_set(w->fault, r);
	while (!w->over) {
		n = wgc_nl_recv(nl, proto);
		if (n < 0)
			return wgc_nl_fault_set(w->fault, (int)n);
		r = digest(w, nl->rx, n);
		/* Keys: in what was read, and in a refused request that comes back. */
		if (proto == NETLINK_GENERIC)
			wgc_wipe(nl->rx, (size_t)n);
		if (r)
			return r;
	}
	return w->cb_error ? wgc_nl_fault_set(w->fault, w->cb_error) : 0;
}

int wgc_nl_call(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh, wgc_nl_cb cb, void *arg, struct wgc_nl_fault *fault)
{
	struct answer w = { .cb = cb, .arg = arg, .fault = fault };

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return converse(nl, proto, nlh, &w);
}

int wgc_nl_dump(struct wgc_nl *nl, int proto, struct nlmsghdr *nlh, wgc_nl_cb cb, void (*reset)(void *arg), void *arg,
		struct wgc_nl_fault *fault)
{
	struct answer w = { .cb = cb, .arg = arg, .fault = fault };
	int r;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	for (int i = 0; i < DUMP_TRIES; i++) {
		if (i && reset)
			reset(arg);
		r = converse(nl, proto, nlh, &w);
		/* Something changed between two parts, so that they may
		 * contradict each other; ENOBUFS: a part was lost. */
		if (!w.interrupted && r != -EINTR && r != -ENOBUFS)
			return r;
	}
	return wgc_nl_fault_set(fault, -EAGAIN);
}

int wgc_nl_call_msg(struct wgc_nl *nl, struct nl_msg *msg, wgc_nl_cb cb, void *arg, struct wgc_nl_fault *fault)
{
	int r = wgc_nl_call(nl, NETLINK_ROUTE, nlmsg_hdr(msg), cb, arg, fault);

	nlmsg_free(msg);
	return r;
}
