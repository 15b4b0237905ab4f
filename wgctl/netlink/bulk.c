// SPDX-License-Identifier: GPL-2.0
/*
 * Many small requests: packed into few large sends, acks read in bulk. The
 * kernel works through a send before the call returns and queues one ack for
 * each request, so the number of requests in a send is bound by what the
 * receive buffer holds; a lost ack would be a lost verdict.
 */
#include <errno.h>
#include <string.h>

#include "netlink/internal.h"

struct bulk {
	struct wgc_nl *nl;
	const struct wgc_nl_batch *b;
	int tolerate, *results;
	size_t failed, first_failed;
	struct wgc_nl_fault fault, scratch;
	/* the window in flight */
	uint32_t seq;
	size_t n, open;
	size_t index[WGC_NL_WINDOW];
	bool acked[WGC_NL_WINDOW];
};

static void verdict(struct bulk *w, size_t i, const struct wgc_nl_fault *f)
{
	if (w->results)
		w->results[i] = f->error;
	if (!f->error || f->error == -w->tolerate)
		return;
	if (!w->failed || i < w->first_failed) {
		w->first_failed = i;
		w->fault = *f;
	}
	w->failed++;
}

static int read_acks(struct bulk *w)
{
	while (w->open) {
		ssize_t n = wgc_nl_recv(w->nl, NETLINK_ROUTE);
		const struct nlmsghdr *nlh = (const void *)w->nl->rx;
		int left = (int)n;

		if (n < 0)
			return (int)n;
		for (; wgc_nl_msg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			uint32_t k = nlh->nlmsg_seq - w->seq;

			if (nlh->nlmsg_type == NLMSG_OVERRUN)
				return -ENOBUFS;
			if (nlh->nlmsg_type != NLMSG_ERROR || k >= w->n || w->acked[k])
				continue;
			w->scratch.error = 0;
			wgc_nl_fault_parse(nlh, &w->scratch);
			verdict(w, w->index[k], &w->scratch);
			w->acked[k] = true;
			w->open--;
		}
		if (left > 0)
			return -EBADMSG;
	}
	return 0;
}

/* Send the window and settle all of it, whatever happens. */
static void flush(struct bulk *w, size_t len)
{
	int r;

	if (!w->n)
		return;
	memset(w->acked, 0, w->n * sizeof(w->acked[0]));
	w->open = w->n;
	r = wgc_nl_send(w->nl, NETLINK_ROUTE, w->nl->tx, len);
	if (!r)
		r = read_acks(w);
	if (r) {
		wgc_nl_fault_set(&w->scratch, r);
		for (size_t k = 0; k < w->n; k++)
			if (!w->acked[k])
				verdict(w, w->index[k], &w->scratch);
	}
	w->n = 0;
}

int wgc_nl_bulk(struct wgc_nl *nl, const struct wgc_nl_batch *b, int tolerate, int *results, struct wgc_err *err)
{
	struct bulk w = { .nl = nl, .b = b, .tolerate = tolerate < 0 ? -tolerate : tolerate, .results = results };
	size_t limit = nl->t.in_flight && nl->t.in_flight < WGC_NL_WINDOW ? nl->t.in_flight : WGC_NL_WINDOW;
	size_t used = 0;
	char what[160];
	int r;

	for (size_t i = 0; i < b->n; i++) {
		struct nlmsghdr *nlh = (void *)(nl->tx + used);

		memset(nlh, 0, WGC_NL_ITEM_MAX);
		r = b->build(b->v, i, nlh, WGC_NL_ITEM_MAX);
		if (r) {
			wgc_nl_fault_set(&w.scratch, r);
			verdict(&w, i, &w.scratch);
			continue;
		}
		nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
		nlh->nlmsg_seq = ++nl->seq;
		if (!w.n)
			w.seq = nlh->nlmsg_seq;
		w.index[w.n++] = i;
		used += MNL_ALIGN(nlh->nlmsg_len);
		if (w.n == limit || used + WGC_NL_ITEM_MAX > WGC_NL_TX_SIZE) {
			flush(&w, used);
			used = 0;
		}
	}
	flush(&w, used);
	if (!w.failed)
		return 0;
	b->name(b->v, w.first_failed, what, sizeof(what));
	if (w.failed > 1)
		wgc_nl_explain(err, b->op, &w.fault, "%s (and %zu more of %zu)", what, w.failed - 1, b->n);
	else
		wgc_nl_explain(err, b->op, &w.fault, "%s", what);
	if (err)
		err->at = b->span(b->v, w.first_failed);
	return w.fault.error;
}
