// SPDX-License-Identifier: GPL-2.0
/*
 * The end of an answer: errno, and what the kernel says about it (extack). It
 * comes in an NLMSG_ERROR, behind the request or only its header, or in the
 * NLMSG_DONE of a dump; attributes point into the request by offset, which
 * leads back to the line of the profile that the value came from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/internal.h"

int wgc_nl_fault_set(struct wgc_nl_fault *fault, int error)
{
	*fault = (struct wgc_nl_fault){ .error = error };
	return error;
}

static void take_tlvs(const uint8_t *p, size_t len, struct wgc_nl_fault *f)
{
	const struct nlattr *a = (const void *)p;
	int left = (int)len;

	for (; mnl_attr_ok(a, left); left -= MNL_ALIGN(a->nla_len), a = mnl_attr_next(a)) {
		const char *s = mnl_attr_get_payload(a);
		size_t n = mnl_attr_get_payload_len(a);

		switch (mnl_attr_get_type(a)) {
		case NLMSGERR_ATTR_MSG:
			n = strnlen(s, n);
			if (n >= sizeof(f->text))
				n = sizeof(f->text) - 1;
			memcpy(f->text, s, n);
			f->text[n] = 0;
			break;
		case NLMSGERR_ATTR_OFFS:
			f->has_offs = wgc_nl_get_u32(a, &f->offs);
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			f->has_miss = wgc_nl_get_u32(a, &f->miss_type);
			break;
		case NLMSGERR_ATTR_MISS_NEST:
			wgc_nl_get_u32(a, &f->miss_nest);
			break;
		}
	}
}

int wgc_nl_fault_parse(const struct nlmsghdr *nlh, struct wgc_nl_fault *ret)
{
	const uint8_t *p = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh), skip;
	struct wgc_nl_fault f = { 0 };
	struct nlmsghdr request;
	int error = 0;

	if (nlh->nlmsg_type == NLMSG_DONE && len < sizeof(error))
		return 0; /* some old dumps end without a word */
	if (len < sizeof(error))
		return wgc_nl_fault_set(ret, -EBADMSG);
	memcpy(&error, p, sizeof(error));
	if (!error)
		return 0;
	/* INT_MIN has no positive counterpart, and 4095 is the kernel's limit. */
	if (error > 4095 || error < -4095)
		return wgc_nl_fault_set(ret, -EBADMSG);
	/* A dump that ended with a length instead of an errno was successful. */
	if (nlh->nlmsg_type == NLMSG_DONE && error > 0)
		return 0;
	f.error = error > 0 ? -error : error;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		skip = sizeof(error);
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			skip = sizeof(struct nlmsgerr);
			/* Uncapped: the whole request lies in between. */
			if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && len >= skip) {
				memcpy(&request, p + sizeof(error), sizeof(request));
				if (request.nlmsg_len > sizeof(request))
					skip += MNL_ALIGN((size_t)request.nlmsg_len - sizeof(request));
			}
		}
		if (skip < len)
			take_tlvs(p + skip, len - skip, &f);
	}
	*ret = f;
	return f.error;
}

int wgc_nl_span_add(struct wgc_nl_spans *s, const struct nlmsghdr *nlh, struct wgc_span at)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct wgc_nl_span *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = (struct wgc_nl_span){ MNL_ALIGN(nlh->nlmsg_len), at };
	return 0;
}

struct wgc_span wgc_nl_span_find(const struct wgc_nl_spans *s, const struct wgc_nl_fault *fault)
{
	struct wgc_span at = { 0 };
	uint32_t off = fault->has_offs ? fault->offs : fault->miss_nest;

	/* Offsets grow; the last value that begins at or before the
	 * attribute contains it. */
	if (off)
		for (size_t i = 0; i < s->n && s->v[i].off <= off; i++)
			at = s->v[i].at;
	return at;
}

void wgc_nl_spans_done(struct wgc_nl_spans *s)
{
	free(s->v);
	*s = (struct wgc_nl_spans){ 0 };
}
