// SPDX-License-Identifier: GPL-2.0
/*
 * A transport that plays a script: each receive gives the next datagram, each
 * send is kept. Sequence numbers in the script count from the first message of
 * the latest send, so 0 answers a single request.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>

#include "netlink/internal.h"

#if defined(__SANITIZE_ADDRESS__)
#define SCRIPT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SCRIPT_ASAN 1
#endif
#endif
#ifdef SCRIPT_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define SCRIPT_FAMILY 0x21

struct script_datagram {
	size_t len, cut; /* cut: deliver only this much */
	int error;	 /* deliver this instead */
	uint8_t data[32768] __attribute__((aligned(4)));
};

struct script {
	struct script_datagram *in[4096];
	size_t n_in, next;
	uint8_t *sent[4096]; /* one buffer for each send */
	size_t sent_len[4096], n_sent;
	uint32_t seq;
	int send_error;
	bool closed;
};

static int script_send(void *ctx, int proto, const void *buf, size_t len)
{
	struct script *s = ctx;
	const struct nlmsghdr *nlh = buf;

	if (s->send_error)
		return s->send_error;
	if (len < sizeof(*nlh) || s->n_sent == WGC_ARRAY_SIZE(s->sent))
		abort();
	s->seq = nlh->nlmsg_seq;
	s->sent[s->n_sent] = malloc(len);
	memcpy(s->sent[s->n_sent], buf, len);
	s->sent_len[s->n_sent++] = len;
	return 0;
}

static ssize_t script_recv(void *ctx, int proto, void *buf, size_t cap)
{
	struct script *s = ctx;
	struct script_datagram *d;
	struct nlmsghdr *nlh;
	size_t left;

	ASAN_UNPOISON_MEMORY_REGION(buf, cap);
	if (s->next == s->n_in)
		return -ENODATA;
	d = s->in[s->next++];
	if (d->error)
		return d->error;
	if (d->cut > cap)
		return -EMSGSIZE;
	memcpy(buf, d->data, d->cut);
	for (nlh = buf, left = d->cut; left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh);) {
		size_t step = MNL_ALIGN(nlh->nlmsg_len);

		nlh->nlmsg_seq += s->seq;
		if (step > left)
			break;
		nlh = (void *)((uint8_t *)nlh + step);
		left -= step;
	}
	/* What was not received must not be read. */
	ASAN_POISON_MEMORY_REGION((uint8_t *)buf + d->cut, cap - d->cut);
	return (ssize_t)d->cut;
}

static void script_clear(struct script *s)
{
	while (s->n_in)
		free(s->in[--s->n_in]);
	while (s->n_sent)
		free(s->sent[--s->n_sent]);
	s->next = 0;
	s->send_error = 0;
}

static void script_close(void *ctx)
{
	struct script *s = ctx;

	script_clear(s);
	s->closed = true;
}

/* A conversation with the script @s, which is emptied. */
static struct wgc_nl *script_open(struct script *s, unsigned in_flight)
{
	struct wgc_nl_transport t = {
		.send = script_send, .recv = script_recv, .close = script_close, .ctx = s, .in_flight = in_flight
	};
	struct wgc_nl *nl = NULL;

	memset(s, 0, sizeof(*s));
	if (wgc_nl_open(&t, &nl, NULL))
		abort();
	return nl;
}

/* libASan must not find the buffer poisoned when it is freed. */
static void script_done(struct wgc_nl *nl)
{
	ASAN_UNPOISON_MEMORY_REGION(nl->rx, WGC_NL_RX_SIZE);
	wgc_nl_close(nl);
}

/* ---- writing the script ---------------------------------------------------------- */

static struct script_datagram *script_last(struct script *s)
{
	return s->in[s->n_in - 1];
}

static inline void script_datagram(struct script *s)
{
	if (s->n_in == WGC_ARRAY_SIZE(s->in))
		abort();
	s->in[s->n_in++] = calloc(1, sizeof(struct script_datagram));
}

static inline void script_error(struct script *s, int error)
{
	script_datagram(s);
	script_last(s)->error = error;
}

/* The message being written; script_end() puts it into the last datagram. */
static uint8_t script_buf[32768] __attribute__((aligned(4)));

static struct nlmsghdr *script_msg(uint16_t type, uint16_t flags, uint32_t seq, size_t extra)
{
	struct nlmsghdr *nlh;

	memset(script_buf, 0, sizeof(script_buf));
	nlh = mnl_nlmsg_put_header(script_buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	if (extra)
		mnl_nlmsg_put_extra_header(nlh, extra);
	return nlh;
}

static void script_end(struct script *s)
{
	const struct nlmsghdr *nlh = (const void *)script_buf;
	struct script_datagram *d = script_last(s);

	if (d->len + MNL_ALIGN(nlh->nlmsg_len) > sizeof(d->data))
		abort();
	memcpy(d->data + d->len, script_buf, nlh->nlmsg_len);
	d->len += MNL_ALIGN(nlh->nlmsg_len);
	d->cut = d->len;
}

/* An ack (0) or a refusal of a capped kind, without words. */
static inline void script_ack(struct script *s, uint32_t seq, int error)
{
	struct nlmsghdr *nlh = script_msg(NLMSG_ERROR, NLM_F_CAPPED, seq, sizeof(struct nlmsgerr));

	((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error = error;
	script_end(s);
}

static inline void script_acked(struct script *s, int error)
{
	script_datagram(s);
	script_ack(s, 0, error);
}

static inline void script_message_done(struct script *s, uint16_t flags)
{
	script_msg(NLMSG_DONE, NLM_F_MULTI | flags, 0, sizeof(int));
	script_end(s);
}

/* The answer to the look-up of the family, and its ack. */
static inline void script_family(struct script *s)
{
	struct nlmsghdr *nlh;

	script_datagram(s);
	nlh = script_msg(GENL_ID_CTRL, 0, 0, sizeof(struct genlmsghdr));
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, SCRIPT_FAMILY);
	script_end(s);
	script_acked(s, 0);
}

#endif
