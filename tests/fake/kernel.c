// SPDX-License-Identifier: GPL-2.0
/* The gate that every operation passes, and the transport: requests in, datagrams out. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/kernel.h"

/* ---- the gate --------------------------------------------------------------- */

static void die(void)
{
	/* As abrupt as it gets: no destructor, no flush, no unlock by us. */
	raise(SIGKILL);
}

static struct fake_fault *due(struct fake_state *s)
{
	if (s->op[0].when != FAKE_NEVER && s->op[0].at == s->ops) {
		s->met = s->ops;
		return &s->op[0];
	}
	return s->op[1].when != FAKE_NEVER && s->met && s->op[1].at == s->ops - s->met ? &s->op[1] : NULL;
}

int fake_begin(struct fake *f, const char *fmt, ...)
{
	struct fake_state *s = f->s;
	struct fake_fault *fault;
	char what[sizeof(s->hit)];
	int error = f->decide ? f->decide(f->decide_ctx) : 0;
	va_list ap;

	s->ops++;
	if (s->ops < sizeof(s->kind))
		s->kind[s->ops] = !strncmp(fmt, "write", 5) ? 'w' : strstr(fmt, "sync") ? 's' : '.';
	f->late = false;
	f->torn = 0;
	if (error)
		return -error;
	fault = due(s);
	if (!fault)
		return 0;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	memcpy(s->hit, what, sizeof(s->hit));
	switch (fault->when) {
	case FAKE_FAIL:
		return -fault->error;
	case FAKE_KILL:
		die();
		break;
	case FAKE_FAIL_LATE:
	case FAKE_KILL_LATE:
		f->late = true;
		f->late_error = fault->when == FAKE_KILL_LATE ? 0 : fault->error;
		break;
	case FAKE_KILL_TORN:
		f->torn = 1;
		break;
	case FAKE_NEVER:
		break;
	}
	return 0;
}

int fake_end(struct fake *f, int r)
{
	if (f->torn)
		die();
	if (!f->late)
		return r;
	f->late = false;
	if (!f->late_error)
		die();
	return -f->late_error;
}

int fake_question(struct fake *f)
{
	struct fake_state *s = f->s;

	s->reads++;
	if (f->decide) {
		int error = f->decide(f->decide_ctx);

		if (error)
			return -error;
	}
	if (s->read.when == FAKE_NEVER || s->read.at != s->reads)
		return 0;
	snprintf(s->hit, sizeof(s->hit), "question %u", s->reads);
	return -s->read.error;
}

void fake_arm(struct fake *f, enum fake_when when, unsigned at, int error)
{
	memset(f->s->op, 0, sizeof(f->s->op));
	memset(&f->s->read, 0, sizeof(f->s->read));
	f->s->op[0] = (struct fake_fault){ when, at, error };
	f->s->ops = f->s->reads = f->s->met = 0;
	f->s->hit[0] = 0;
}

void fake_arm_next(struct fake *f, enum fake_when when, unsigned at, int error)
{
	f->s->op[1] = (struct fake_fault){ when, at, error };
}

void fake_arm_read(struct fake *f, unsigned at, int error)
{
	f->s->read = (struct fake_fault){ FAKE_FAIL, at, error };
}

pid_t fake_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	return pid;
}

bool fake_was_killed(struct fake *f, pid_t pid, int *ret_code)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	fake_arm(f, FAKE_NEVER, 0, 0);
	if (ret_code)
		*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* ---- answers ------------------------------------------------------------------ */

struct fake_datagram {
	struct fake_datagram *next;
	size_t len;
	uint8_t data[];
};

static unsigned slot(int proto)
{
	return proto == NETLINK_GENERIC;
}

static void queue(struct fake *f, int proto, const void *data, size_t len)
{
	struct fake_datagram *d = malloc(sizeof(*d) + len);

	if (!d)
		abort();
	d->next = NULL;
	d->len = len;
	memcpy(d->data, data, len);
	*f->last[slot(proto)] = d;
	f->last[slot(proto)] = &d->next;
}

static void settle(struct fake_answer *a)
{
	if (a->open)
		a->used += MNL_ALIGN(a->open->nlmsg_len);
	a->open = NULL;
}

static void flush(struct fake_answer *a)
{
	settle(a);
	if (a->used)
		queue(a->f, a->proto, a->buf, a->used);
	a->used = 0;
}

struct nlmsghdr *fake_message(struct fake_answer *a, uint16_t type, size_t payload)
{
	settle(a);
	if (a->used > sizeof(a->buf) / 2)
		flush(a);
	memset(a->buf + a->used, 0, sizeof(a->buf) - a->used);
	a->open = mnl_nlmsg_put_header(a->buf + a->used);
	a->open->nlmsg_type = type;
	a->open->nlmsg_seq = a->request->nlmsg_seq;
	a->open->nlmsg_flags = (a->dump ? NLM_F_MULTI : 0) | (a->interrupted ? NLM_F_DUMP_INTR : 0);
	if (payload)
		mnl_nlmsg_put_extra_header(a->open, payload);
	return a->open;
}

/* Capped, as with the socket options of the real transport. */
static void acknowledge(struct fake_answer *a, int error)
{
	struct nlmsgerr *e;
	struct nlmsghdr *nlh;

	flush(a);
	nlh = fake_message(a, NLMSG_ERROR, sizeof(*e));
	nlh->nlmsg_flags = NLM_F_CAPPED;
	e = mnl_nlmsg_get_payload(nlh);
	e->error = error;
	e->msg = *a->request;
	if (error && a->text) {
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, a->text);
	}
	flush(a);
}

static void end_of_dump(struct fake_answer *a)
{
	struct nlmsghdr *nlh = fake_message(a, NLMSG_DONE, sizeof(int));

	nlh->nlmsg_flags |= NLM_F_MULTI;
	flush(a);
}

static bool is_question(int proto, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);

	if (proto == NETLINK_ROUTE)
		return (nlh->nlmsg_type & 3) == 2;
	return nlh->nlmsg_type == GENL_ID_CTRL || g->cmd == WG_CMD_GET_DEVICE;
}

static int handle(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	if (a->proto == NETLINK_GENERIC)
		return fake_generic(a, nlh);
	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_GETROUTE:
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_GETRULE:
		return fake_routing(a, nlh);
	}
	return fake_rtnl(a, nlh);
}

static void request(struct fake *f, int proto, const struct nlmsghdr *nlh)
{
	struct fake_answer a = { .f = f, .proto = proto, .request = nlh };
	bool question = is_question(proto, nlh);
	int r;

	if (!(nlh->nlmsg_flags & NLM_F_REQUEST) || nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	a.dump = question && (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	if (a.dump && f->s->interrupts) {
		f->s->interrupts--;
		a.interrupted = true;
	}
	if (question)
		r = fake_question(f);
	else
		r = fake_begin(f, "netlink request %u of family %d", nlh->nlmsg_type, proto);
	if (r < 0)
		a.text = f->s->extack;
	else
		r = handle(&a, nlh);
	if (!question)
		r = fake_end(f, r);
	/* What was collected before a dump failed is not sent here; the real
	 * one may send it, and the reader must not care. */
	if (r < 0) {
		a.open = NULL;
		a.used = 0;
	}
	if (a.dump && r == 0)
		end_of_dump(&a);
	else if (r < 0 || (nlh->nlmsg_flags & NLM_F_ACK))
		acknowledge(&a, r);
}

/* ---- transport ------------------------------------------------------------------ */

static int transport_send(void *ctx, int proto, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		request(ctx, proto, nlh);
	return left ? -EINVAL : 0;
}

static ssize_t transport_recv(void *ctx, int proto, void *buf, size_t cap)
{
	struct fake *f = ctx;
	unsigned i = slot(proto);
	struct fake_datagram *d = f->first[i];
	ssize_t n;

	/* The real one would wait for ever. */
	if (!d)
		return -ETIMEDOUT;
	n = d->len <= cap ? (ssize_t)d->len : -EMSGSIZE;
	if (n > 0)
		memcpy(buf, d->data, d->len);
	f->first[i] = d->next;
	if (!f->first[i])
		f->last[i] = &f->first[i];
	free(d);
	return n;
}

static void drain(struct fake *f)
{
	for (unsigned i = 0; i < 2; i++) {
		while (f->first[i]) {
			struct fake_datagram *d = f->first[i];

			f->first[i] = d->next;
			free(d);
		}
		f->last[i] = &f->first[i];
	}
}

/* ---- the whole --------------------------------------------------------------------- */

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(99);
	}
	return p;
}

struct fake *fake_new(void)
{
	struct fake *f = calloc(1, sizeof(*f));
	struct wgc_nl_transport t = { .send = transport_send, .recv = transport_recv, .ctx = f };

	if (!f)
		exit(99);
	f->s = shared(sizeof(*f->s));
	f->base = shared(sizeof(*f->base));
	f->last[0] = &f->first[0];
	f->last[1] = &f->first[1];
	if (wgc_nl_open(&t, &f->sys.nl, NULL) < 0)
		exit(99);
	fake_files_new(f);
	fake_doors(f);
	fake_inhabit(f);
	fake_files_reset(f);
	fake_keep(f);
	return f;
}

void fake_free(struct fake *f)
{
	fake_files_free(f);
	wgc_nl_close(f->sys.nl);
	drain(f);
	munmap(f->s, sizeof(*f->s));
	munmap(f->base, sizeof(*f->base));
	free(f);
}

void fake_keep(struct fake *f)
{
	*f->base = *f->s;
}

void fake_back(struct fake *f)
{
	drain(f);
	*f->s = *f->base;
	fake_arm(f, FAKE_NEVER, 0, 0);
	fake_files_reset(f);
}

#include "fake/rtnl.c"
#include "fake/routing.c"
#include "fake/wireguard.c"
#include "fake/machine.c"
#include "fake/files.c"
