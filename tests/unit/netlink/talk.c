// SPDX-License-Identifier: GPL-2.0
/* Acks, refusals with extack, dumps and batches over a scripted transport. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>

#include "unit/netlink/script.h"
#include "unit/tap.h"

static struct script s;

/* ---- extack ------------------------------------------------------------------------ */

static void put_words(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "Device is on fire");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, 36);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, 5);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_NEST, 40);
}

static void is_on_fire(const struct wgc_nl_fault *f)
{
	is_int(f->error, -EINVAL);
	is_str(f->text, "Device is on fire");
	ok(f->has_offs && f->offs == 36);
	ok(f->has_miss && f->miss_type == 5 && f->miss_nest == 40);
}

/* A refusal as the kernel sends it: behind the header of the request, or all of it. */
static struct nlmsghdr *refusal(bool capped, uint32_t request_len)
{
	struct nlmsghdr *nlh = script_msg(NLMSG_ERROR, NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0), 0, sizeof(struct nlmsgerr));
	struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

	e->error = -EINVAL;
	e->msg.nlmsg_len = request_len;
	if (!capped) {
		uint8_t *rest = mnl_nlmsg_put_extra_header(nlh, MNL_ALIGN(request_len) - 16);

		/* An attribute of the request that looks like one of the kernel's. */
		memcpy(rest, (const uint8_t[]){ 8, 0, NLMSGERR_ATTR_OFFS, 0, 1, 1, 1, 1 }, 8);
	}
	put_words(nlh);
	return nlh;
}

static void shapes(void)
{
	struct wgc_nl_fault f;
	struct nlmsghdr *nlh;
	int error = -EINVAL;

	is_int(wgc_nl_fault_parse(refusal(true, 57), &f), -EINVAL);
	is_on_fire(&f);
	is_int(wgc_nl_fault_parse(refusal(false, 57), &f), -EINVAL);
	is_on_fire(&f);
	is_int(wgc_nl_fault_parse(refusal(false, 60), &f), -EINVAL);
	is_on_fire(&f);

	nlh = script_msg(NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS, 0, sizeof(error));
	memcpy(mnl_nlmsg_get_payload(nlh), &error, sizeof(error));
	put_words(nlh);
	is_int(wgc_nl_fault_parse(nlh, &f), -EINVAL);
	is_on_fire(&f);

	/* Without the flag, what follows is the request and not for us. */
	nlh = refusal(true, 57);
	nlh->nlmsg_flags = NLM_F_CAPPED;
	is_int(wgc_nl_fault_parse(nlh, &f), -EINVAL);
	ok(!f.text[0] && !f.has_offs && !f.has_miss);

	/* A request length from hell leads behind the message. */
	for (uint32_t len = 0xfffffff0; len; len++) {
		nlh = refusal(false, 60);
		((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->msg.nlmsg_len = len;
		is_int(wgc_nl_fault_parse(nlh, &f), -EINVAL);
		ok(!f.text[0]);
	}

	/* Errors that are none, and a text without an end. */
	nlh = script_msg(NLMSG_ERROR, 0, 0, sizeof(struct nlmsgerr));
	is_int(wgc_nl_fault_parse(nlh, &f), 0);
	((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error = INT32_MIN;
	is_int(wgc_nl_fault_parse(nlh, &f), -EBADMSG);
	is_int(wgc_nl_fault_parse(script_msg(NLMSG_ERROR, 0, 0, 0), &f), -EBADMSG);
	is_int(wgc_nl_fault_parse(script_msg(NLMSG_DONE, 0, 0, 0), &f), 0);
	nlh = script_msg(NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, 0, sizeof(struct nlmsgerr));
	((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error = -EINVAL;
	memset(script_buf + 8192, 'x', 1024);
	mnl_attr_put(nlh, NLMSGERR_ATTR_MSG, 1024, script_buf + 8192);
	is_int(wgc_nl_fault_parse(nlh, &f), -EINVAL);
	is_int(strlen(f.text), sizeof(f.text) - 1);
}

/* The refusal cut at every byte, in a block of just that size. */
static void cut_shapes(void)
{
	struct wgc_nl_fault f;
	size_t words = 0;

	for (int capped = 0; capped < 2; capped++) {
		const struct nlmsghdr *nlh = refusal(capped, 57);

		for (uint32_t len = 16; len < nlh->nlmsg_len; len++) {
			struct nlmsghdr *cut = malloc(len);

			memcpy(cut, nlh, len);
			cut->nlmsg_len = len;
			f.text[0] = 0;
			ok(wgc_nl_fault_parse(cut, &f) == (len < 20 ? -EBADMSG : -EINVAL));
			words += !!f.text[0];
			free(cut);
		}
	}
	ok(words > 0);
}

static void explained(void)
{
	struct wgc_nl_fault f = { .error = -EINVAL, .text = "because", .has_miss = true, .miss_type = 5 };
	struct wgc_err err = WGC_ERR_INIT;

	is_int(wgc_nl_explain(&err, WGC_OP_LINK_CREATE, &f, "cannot create '%s'", "x"), -EINVAL);
	is_str(err.msg, "cannot create 'x'");
	is_str(err.kernel, "because; attribute 5 is missing");
	is_str(err.hint, ""); /* the kernel knows better than the table */
	f = (struct wgc_nl_fault){ .error = -EINVAL };
	wgc_nl_explain(&err, WGC_OP_LINK_CREATE, &f, "cannot create '%s'", "x");
	ok(err.hint[0]);
	f.error = -EPERM;
	is_int(wgc_nl_explain(&err, WGC_OP_ROUTE_ADD, &f, "cannot"), -EPERM);
	is_int(err.code, WGC_E_PERM);
	is_int(err.sys, EPERM);
	is_str(err.msg, "cannot: needs CAP_NET_ADMIN in this network namespace");
	is_int(wgc_nl_explain(NULL, WGC_OP_ROUTE_ADD, &f, "cannot"), -EPERM);
}

/* ---- dumps --------------------------------------------------------------------------- */

static void put_rule(uint32_t seq, uint16_t flags, uint8_t family, uint32_t priority)
{
	struct nlmsghdr *nlh = script_msg(RTM_NEWRULE, NLM_F_MULTI | flags, seq, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr *h = mnl_nlmsg_get_payload(nlh);

	h->family = family;
	h->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	mnl_attr_put_u32(nlh, FRA_TABLE, 1000 + priority);
	script_end(&s);
}

static void dumps(void)
{
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_rule *v = NULL;
	struct nlmsghdr *nlh;
	size_t n = 0;
	int error = -EMSGSIZE;

	/* Leftovers of another request stand in front and in between. */
	script_datagram(&s);
	put_rule(-77u, 0, AF_INET, 1);
	script_datagram(&s);
	put_rule(0, 0, AF_INET, 2);
	put_rule(-5u, 0, AF_INET, 3);
	put_rule(0, 0, AF_INET6, 4); /* not asked for */
	script_datagram(&s);
	put_rule(0, 0, AF_INET, 5);
	script_message_done(&s, 0);
	is_int(wgc_nl_rule_list(nl, AF_INET, a, &v, &n, &err), 0);
	is_int(n, 2);
	is_int(v[0].priority, 2);
	is_int(v[0].table, 1002);
	is_int(v[1].priority, 5);

	/* Interrupted in the second family: the first one stays. */
	script_clear(&s);
	script_datagram(&s);
	put_rule(0, 0, AF_INET, 1);
	script_message_done(&s, 0);
	script_datagram(&s);
	put_rule(0, NLM_F_DUMP_INTR, AF_INET6, 2);
	put_rule(0, 0, AF_INET6, 2);
	script_message_done(&s, 0);
	script_datagram(&s);
	put_rule(0, 0, AF_INET6, 3);
	script_message_done(&s, 0);
	is_int(wgc_nl_rule_list(nl, 0, a, &v, &n, &err), 0);
	is_int(n, 2);
	is_int(v[0].priority, 1);
	is_int(v[1].priority, 3);
	is_int(s.n_sent, 3);

	/* No IPv6 in this kernel. */
	script_clear(&s);
	script_datagram(&s);
	put_rule(0, 0, AF_INET, 1);
	script_message_done(&s, 0);
	script_acked(&s, -EAFNOSUPPORT);
	is_int(wgc_nl_rule_list(nl, 0, a, &v, &n, &err), 0);
	is_int(n, 1);

	/* The end of a dump that failed half way, with words. */
	script_clear(&s);
	script_datagram(&s);
	put_rule(0, 0, AF_INET, 1);
	nlh = script_msg(NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS, 0, sizeof(error));
	memcpy(mnl_nlmsg_get_payload(nlh), &error, sizeof(error));
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no room");
	script_end(&s);
	n = 42;
	is_int(wgc_nl_rule_list(nl, AF_INET, a, &v, &n, &err), -EMSGSIZE);
	is_str(err.kernel, "no room");
	is_int(n, 42); /* untouched */

	/* A datagram that does not hold together, and one that was cut by the socket. */
	script_clear(&s);
	script_datagram(&s);
	put_rule(0, 0, AF_INET, 1);
	script_last(&s)->cut -= 4;
	is_int(wgc_nl_rule_list(nl, AF_INET, a, &v, &n, &err), -EBADMSG);
	/* Lengths that are negative to who reads them as int. */
	for (uint32_t len = 0x7fffffff; len < 0x80000010; len++) {
		script_clear(&s);
		script_datagram(&s);
		put_rule(0, 0, AF_INET, 1);
		((struct nlmsghdr *)script_last(&s)->data)->nlmsg_len = len;
		is_int(wgc_nl_rule_list(nl, AF_INET, a, &v, &n, &err), -EBADMSG);
	}
	script_error(&s, -EMSGSIZE);
	is_int(wgc_nl_rule_list(nl, AF_INET, a, &v, &n, &err), -EMSGSIZE);
	/* Nobody there at all. */
	s.send_error = -ECONNREFUSED;
	is_int(wgc_nl_rule_list(nl, AF_INET, a, &v, &n, &err), -ECONNREFUSED);
	script_done(nl);
	wgc_arena_free(a);
}

/* ---- batches ------------------------------------------------------------------------- */

static void fill(struct wgc_route *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = htonl(0x14000000 + (i << 8));

		v[i] = (struct wgc_route){ .dst = { .ip.family = AF_INET, .len = 24 }, .table = RT_TABLE_MAIN, .oif = 1,
					   .type = RTN_UNICAST, .scope = RT_SCOPE_LINK, .at = { .line = 100 + i } };
		memcpy(v[i].dst.ip.b, &at, 4);
	}
}

static void windows(void)
{
	struct wgc_nl *nl = script_open(&s, 3);
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_route v[8];
	int results[8];
	size_t requests = 0;

	fill(v, 8);
	v[4].dst.len = 99; /* cannot be sent at all */
	/* Three at a time: acks in any order, together or alone, strangers between. */
	script_datagram(&s);
	script_ack(&s, 2, 0);
	script_ack(&s, -3u, -EIO);
	script_ack(&s, 0, -EEXIST);
	script_acked(&s, 0);
	script_ack(&s, 1, -ENODEV);
	script_ack(&s, 1, 0); /* a second verdict does not count */
	script_datagram(&s);
	script_ack(&s, 0, 0);
	script_ack(&s, 1, -ENETDOWN);
	script_ack(&s, 2, 0);
	script_acked(&s, 0);
	is_int(wgc_nl_routes_add(nl, v, 8, -EEXIST, results, &err), -ENODEV);
	is_int(s.n_sent, 3);
	is_int(results[0], -EEXIST);
	is_int(results[1], -ENODEV);
	is_int(results[2], 0);
	is_int(results[3], 0);
	is_int(results[4], -EINVAL);
	is_int(results[5], -ENETDOWN);
	is_int(results[6], 0);
	is_int(results[7], 0);
	is_int(err.at.line, 101);
	is_str(err.msg, "cannot add route 20.0.1.0/24 (and 2 more of 8): the interface is gone");
	is_int(wgc_nl_changes(nl), 7);
	for (size_t i = 0; i < s.n_sent; i++) {
		const struct nlmsghdr *nlh = (const void *)s.sent[i];
		int left = (int)s.sent_len[i];

		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			requests += nlh->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	}
	is_int(requests, 7);
	script_done(nl);
}

/* The first failure is the first of the list, not the first that was heard of. */
static void first_failure(void)
{
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_route v[3];

	fill(v, 3);
	script_datagram(&s);
	script_ack(&s, 2, -ENETDOWN);
	script_ack(&s, 1, -ENODEV);
	script_ack(&s, 0, 0);
	is_int(wgc_nl_routes_add(nl, v, 3, 0, NULL, &err), -ENODEV);
	is_int(err.at.line, 101);
	/* A single one is not counted aloud. */
	script_acked(&s, -ESRCH);
	is_int(wgc_nl_routes_delete(nl, v, 1, 0, NULL, &err), -ESRCH);
	is_str(err.msg, "cannot delete route 20.0.0.0/24: there is no such route");
	script_acked(&s, -ESRCH);
	is_int(wgc_nl_routes_delete(nl, v, 1, -ESRCH, NULL, &err), 0);
	is_int(wgc_nl_routes_add(nl, NULL, 0, 0, NULL, &err), 0);
	script_done(nl);
}

/* Acks that never come fail what they belong to, and only that. */
static void lost(void)
{
	struct wgc_nl *nl = script_open(&s, 2);
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_route v[4];
	int results[4];

	fill(v, 4);
	script_acked(&s, 0);
	script_error(&s, -ENOBUFS);
	script_acked(&s, 0);
	script_ack(&s, 1, 0);
	is_int(wgc_nl_routes_add(nl, v, 4, 0, results, &err), -ENOBUFS);
	is_int(results[0], 0);
	is_int(results[1], -ENOBUFS);
	is_int(results[2], 0);
	is_int(results[3], 0);
	s.send_error = -EPERM;
	is_int(wgc_nl_routes_add(nl, v, 4, 0, results, &err), -EPERM);
	is_int(results[3], -EPERM);
	is_int(err.code, WGC_E_PERM);
	script_done(nl);
}

/* A kernel that says yes to everything, a datagram for each, and minds how much is asked at once. */
struct yes {
	uint32_t next, end;
	size_t sends, longest, most;
};

static int yes_send(void *ctx, int proto, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	struct yes *y = ctx;
	int left = (int)len;

	if (y->next != y->end)
		return -EDEADLK; /* acks are still waiting */
	y->next = y->end = nlh->nlmsg_seq;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		y->end++;
	if (y->end - y->next > y->most)
		y->most = y->end - y->next;
	if (len > y->longest)
		y->longest = len;
	y->sends++;
	return 0;
}

static ssize_t yes_recv(void *ctx, int proto, void *buf, size_t cap)
{
	struct yes *y = ctx;
	struct nlmsghdr *nlh;

	if (y->next == y->end)
		return -EDEADLK; /* nothing more will come */
	nlh = script_msg(NLMSG_ERROR, NLM_F_CAPPED, y->next++, sizeof(struct nlmsgerr));
	memcpy(buf, nlh, nlh->nlmsg_len);
	return nlh->nlmsg_len;
}

static void large(void)
{
	enum { N = 10000 };
	struct wgc_route *v = calloc(N, sizeof(*v));
	int *results = malloc(N * sizeof(*results)), sum = 0;
	struct wgc_err err = WGC_ERR_INIT;

	fill(v, N);
	for (unsigned in_flight = 0; in_flight < 1000; in_flight = in_flight * 7 + 1) {
		struct yes y = { 0 };
		struct wgc_nl_transport t = { .send = yes_send, .recv = yes_recv, .ctx = &y, .in_flight = in_flight };
		struct wgc_nl *nl = NULL;

		is_int(wgc_nl_open(&t, &nl, NULL), 0);
		memset(results, 9, N * sizeof(*results));
		is_int(wgc_nl_routes_add(nl, v, N, 0, results, &err), 0);
		sum = 0;
		for (int i = 0; i < N; i++)
			sum += !results[i];
		is_int(sum, N);
		is_int(wgc_nl_changes(nl), N);
		ok(y.most <= (in_flight ? in_flight : 2048));
		ok(y.longest <= 128 * 1024); /* well below the send buffer that Linux gives */
		if (!in_flight)
			ok(y.sends < 10);
		wgc_nl_close(nl);
	}
	free(v);
	free(results);
}

int main(void)
{
	shapes();
	cut_shapes();
	explained();
	dumps();
	windows();
	first_failure();
	lost();
	large();
	return tap_done();
}
