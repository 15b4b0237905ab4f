// SPDX-License-Identifier: GPL-2.0
/*
 * The step that makes resolvers use the tunnel's servers.
 *
 * What a failure means is decided here. With DNSMode = auto (and that is every
 * profile that says nothing) the user has asked for a tunnel and left it to us
 * how names get resolved: a tunnel that works is worth more than its resolvers,
 * and names are still resolved as before. So there is a warning, and `up` goes
 * on and ends well. Whoever writes DNSMode = resolved, resolvconf or file has
 * asked for just that, perhaps because names must not be asked outside: then a
 * failure undoes `up`, like that of any other step.
 */
#include <errno.h>
#include <string.h>

#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

static bool must_work(const struct wgc_exec *x)
{
	return x->plan->profile->dns_mode != WGC_DNS_AUTO;
}

static void warn(struct wgc_run *run, const char *text)
{
	if (run->on_warning && *text)
		run->on_warning(run->ctx, text);
}

static void warn_left_out(struct wgc_exec *x, const struct wgc_err *why)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };

	wgc_str_addf(&text, "DNS is not set: %s; names are resolved as before (DNSMode = %s would make this an error, none would say nothing)",
		     why->msg, wgc_dns_backend_name(x->plan->facts->dns));
	warn(x->run, wgc_str_get(&text));
}

static int dns_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	enum wgc_dns_backend b = x->plan->facts->dns;
	struct wgc_err mine = WGC_ERR_INIT;
	WGC_AUTO_STR struct wgc_str servers = { 0 };
	WGC_AUTO_FREE char *inverse = NULL;
	int r;

	r = wgc_dns_capture(b, x->plan->profile->ifname, &x->sys->dns, &inverse, &mine);
	if (r < 0 && must_work(x)) {
		if (err)
			*err = mine;
		return r;
	}
	x->dns_left_out = r < 0;
	if (r < 0) {
		warn_left_out(x, &mine);
		b = WGC_DNS_BACKEND_NONE;
	}
	wgc_json_key(j, "backend");
	wgc_json_str(j, wgc_dns_backend_name(b));
	wgc_json_key(j, "ifname");
	wgc_json_str(j, x->plan->profile->ifname);
	wgc_json_key(j, "inverse");
	wgc_json_str(j, inverse ?: "");
	/* Not for undo: by these the name of a server that moved is found when the tunnel is dead. */
	wgc_outside_text(x->sys, x->plan->profile, &servers);
	wgc_json_key(j, "servers");
	wgc_json_str(j, wgc_str_get(&servers));
	return 0;
}

/* 1: nothing of the failed step is left. 0: there may be something, and `down`
 * tries again. */
static int clean_up(struct wgc_exec *x, struct wgc_json *done)
{
	enum wgc_dns_backend b = x->plan->facts->dns;
	const char *ifname = x->plan->profile->ifname;
	WGC_AUTO_FREE char *inverse = NULL;

	if (wgc_dns_capture(b, ifname, &x->sys->dns, &inverse, NULL) == 0 &&
	    wgc_dns_restore(b, ifname, inverse, &x->sys->dns, NULL, NULL) == 0)
		return 1;
	wgc_json_key(done, "doubtful");
	wgc_json_bool(done, true);
	return 0;
}

static int dns_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str note = { 0 };
	struct wgc_err mine = WGC_ERR_INIT;
	int r;

	if (x->dns_left_out)
		return 1;
	r = wgc_dns_apply(x->plan->facts->dns, x->plan->profile->ifname, x->plan->profile, &x->sys->dns, &note, &mine);
	if (r == 0) {
		warn(x->run, wgc_str_get(&note));
		return 0;
	}
	if (!mine.at.line)
		mine.at = s->at;
	/* An entry that cannot be written down is the profile's fault, not the machine's. */
	if (must_work(x) || mine.code == WGC_E_CONFIG) {
		if (err)
			*err = mine;
		return r;
	}
	warn_left_out(x, &mine);
	return clean_up(x, done);
}

static void dns_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_dns_describe(p->facts->dns, p->profile->ifname, p->profile, text, equivalent);
	if (p->facts->resolv_conf)
		wgc_str_addf(text, " %s", p->facts->resolv_conf);
}

static int dns_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str note = { 0 };
	struct wgc_err mine = WGC_ERR_INIT;
	enum wgc_dns_backend b;
	int r;

	if (!wgc_dns_backend_parse(wgc_record_str(p, "backend"), &b))
		return wgc_err_set(err, WGC_E_INTERNAL, EBADMSG, "the journal names an unknown DNS backend '%s'",
				   wgc_record_str(p, "backend"));
	r = wgc_dns_restore(b, wgc_record_str(p, "ifname"), wgc_record_str(p, "inverse"), &u->sys->dns, &note, &mine);
	/* It never worked here, and `up` has said so: nothing is left undone
	 * that was ever done. */
	if (r < 0 && json_is_true(json_object_get(p->done, "doubtful"))) {
		wgc_str_addf(&note, "%s; the tunnel's DNS had not been set", mine.msg);
		r = 0;
	}
	if (r == 0)
		warn(u->run, wgc_str_get(&note));
	else if (err)
		*err = mine;
	return r;
}

/* ---- of a tunnel that is up ------------------------------------------------------- */

void wgc_step_dns_tell(const struct wgc_facts *f, struct wgc_run *run)
{
	const struct wgc_dns_decision *d = f->dns_why;

	for (size_t i = 0; d && i < d->n && run->on_finding; i++)
		run->on_finding(run->ctx, d->trail[i]);
	if (d && d->backend != f->dns && run->on_finding)
		run->on_finding(run->ctx, "the tunnel that is up has its DNS in another way, and keeps it");
	else if (d)
		warn(run, d->warning);
}

void wgc_step_dns_keep(const struct wgc_history *h, const struct wgc_profile *p, struct wgc_facts *f)
{
	enum wgc_dns_backend b;

	for (size_t i = 0; p->dns_mode == WGC_DNS_AUTO && p->n_dns_servers && i < h->n; i++) {
		const struct wgc_past *past = &h->steps[i];

		if (!past->failed && !past->undone && !strcmp(wgc_record_str(past, "kind"), wgc_step_dns.word) &&
		    wgc_dns_backend_parse(wgc_record_str(past, "backend"), &b) && b != WGC_DNS_BACKEND_NONE)
			f->dns = b;
	}
}

static bool same_texts(const struct wgc_texts *a, const struct wgc_text *v, size_t n)
{
	bool same = a->n == n;

	for (size_t i = 0; same && i < n; i++)
		same = !strcmp(a->v[i].s, v[i].s);
	return same;
}

/* The record holds what was there before us, not what we asked for. */
static bool dns_same(const struct wgc_plan *plan, const struct wgc_step *s, const struct wgc_past *p)
{
	const struct wgc_applied *l = &plan->reload->applied;
	const struct wgc_profile *want = plan->profile;

	return !strcmp(wgc_record_str(p, "backend"), wgc_dns_backend_name(plan->facts->dns)) &&
	       (l->same || (same_texts(&l->dns, want->dns_servers, want->n_dns_servers) &&
			    same_texts(&l->search, want->dns_search, want->n_dns_search)));
}

/* The profile with the resolvers that it had when it was last applied. */
static struct wgc_profile last_applied(const struct wgc_profile *p, const struct wgc_applied *l)
{
	struct wgc_profile was = *p;

	if (!l->same) {
		was.dns_servers = l->dns.v;
		was.n_dns_servers = l->dns.n;
		was.dns_search = l->search.v;
		was.n_dns_search = l->search.n;
	}
	return was;
}

/* Where it cannot be told, it is left alone. */
static bool dns_present(struct wgc_undo *u, const struct wgc_past *p)
{
	struct wgc_profile was = last_applied(u->profile, &u->reload->applied);
	enum wgc_dns_backend b;
	char why[256];

	return !wgc_dns_backend_parse(wgc_record_str(p, "backend"), &b) ||
	       wgc_dns_in_effect(b, wgc_record_str(p, "ifname"), &was, &u->sys->dns, why) != WGC_DNS_EFFECT_NO;
}

/* What was applied last: after a change that is taken back, the old servers. */
static int dns_redo(struct wgc_exec *x, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_profile was = last_applied(x->plan->profile, &x->plan->reload->applied);
	enum wgc_dns_backend b;

	if (!wgc_dns_backend_parse(wgc_record_str(p, "backend"), &b))
		return -EBADMSG;
	return wgc_dns_apply(b, wgc_record_str(p, "ifname"), &was, &x->sys->dns, NULL, err);
}

const struct wgc_step_def wgc_step_dns = {
	.word = "dns.set",
	.sign = '~',
	.capture = dns_capture,
	.apply = dns_apply,
	.describe = dns_describe,
	.undo = dns_undo,
	.same = dns_same,
	.present = dns_present,
	.redo = dns_redo,
	.undo_text = "restore",
	.outlives = true,
};
