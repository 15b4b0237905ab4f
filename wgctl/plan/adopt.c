// SPDX-License-Identifier: GPL-2.0
/*
 * A tunnel that wg-quick(8) or a hand brought up, to be taken down by us under
 * wg-quick's name: a journal is written as `up` would have written it, from the
 * profile and from what is there, and `down` goes by that like by any other. What
 * no evidence ties to this tunnel is not in it and stays.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "plan/steps/steps.h"

/* The journal while it is made: all of it goes out in one write. */
struct adoption {
	struct wgc_sys *sys;
	const struct wgc_profile *profile;
	struct wgc_arena *arena;
	struct wgc_link link;
	struct wgc_device *device;
	struct wgc_str text;
	unsigned steps;
};

static void begin(struct adoption *ad, struct wgc_json *j, const char *kind)
{
	*j = (struct wgc_json){ .out = &ad->text, .compact = true };
	wgc_json_object(j);
	wgc_json_key(j, "step");
	wgc_json_uint(j, ++ad->steps);
	wgc_json_key(j, "kind");
	wgc_json_str(j, kind);
}

static void put_str(struct wgc_json *j, const char *key, const char *value)
{
	wgc_json_key(j, key);
	wgc_json_str(j, value);
}

static void end(struct adoption *ad, struct wgc_json *j, uint32_t ifindex)
{
	wgc_json_object_end(j);
	wgc_str_addf(&ad->text, "\n{\"done\":%u", ad->steps);
	if (ifindex)
		wgc_str_addf(&ad->text, ",\"ifindex\":%u", ifindex);
	wgc_str_add(&ad->text, "}\n");
}

static void put_head(struct adoption *ad)
{
	static const char *const numbers[] = { "mark", "table", "around", "priority4", "priority6", "rules4", "rules6" };
	const struct wgc_profile *p = ad->profile;
	struct wgc_json j = { .out = &ad->text, .compact = true };
	char boot[64], netns[48];

	wgc_boot_id(ad->sys, boot);
	wgc_netns_id(netns);
	wgc_json_object(&j);
	wgc_json_key(&j, "wgctl");
	wgc_json_int(&j, 1);
	put_str(&j, "profile", p->name);
	put_str(&j, "ifname", p->ifname);
	put_str(&j, "boot", boot);
	put_str(&j, "netns", netns);
	put_str(&j, "backend", strcmp(ad->link.kind, "wireguard") ? "userspace" : "kernel");
	wgc_json_key(&j, "since");
	wgc_json_int(&j, time(NULL));
	put_str(&j, "path", p->source.path);
	put_str(&j, "fingerprint", "");
	wgc_json_key(&j, "mark_given");
	wgc_json_bool(&j, true);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(numbers); i++) {
		wgc_json_key(&j, numbers[i]);
		wgc_json_uint(&j, 0);
	}
	wgc_json_key(&j, "save");
	wgc_json_bool(&j, p->save_config);
	wgc_head_hooks(p, &j);
	wgc_json_object_end(&j);
	wgc_str_addc(&ad->text, '\n');
}

static void put_link(struct adoption *ad)
{
	struct wgc_json j;

	begin(ad, &j, "link.create");
	put_str(&j, "ifname", ad->profile->ifname);
	wgc_json_key(&j, "userspace");
	wgc_json_bool(&j, strcmp(ad->link.kind, "wireguard") != 0);
	end(ad, &j, ad->link.ifindex);
}

/* wg-quick has one way to set resolvers, and takes them away by the profile alone. */
static void put_dns(struct adoption *ad)
{
	WGC_AUTO_FREE char *inverse = NULL;
	struct wgc_json j;

	if (!ad->profile->n_dns_servers ||
	    wgc_dns_capture(WGC_DNS_BACKEND_RESOLVCONF, ad->profile->ifname, &ad->sys->dns, &inverse, NULL) < 0)
		return;
	begin(ad, &j, "dns.set");
	put_str(&j, "backend", wgc_dns_backend_name(WGC_DNS_BACKEND_RESOLVCONF));
	put_str(&j, "ifname", ad->profile->ifname);
	put_str(&j, "inverse", inverse);
	put_str(&j, "servers", "");
	end(ad, &j, 0);
}

static void put_nft(struct adoption *ad)
{
	static const char *const families[] = { "ip", "ip6" };
	WGC_AUTO_FREE char *tables = NULL;

	if (ad->sys->nft_list(ad->sys, "list tables", &tables, NULL) < 0)
		return;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(families); i++) {
		char name[48], line[64], commands[160];
		const char *hit;
		struct wgc_json j;

		snprintf(name, sizeof(name), "wg-quick-%s", ad->profile->ifname);
		snprintf(line, sizeof(line), "table %s %s\n", families[i], name);
		hit = strstr(tables, line);
		if (!hit || (hit != tables && hit[-1] != '\n'))
			continue;
		/* Made first, so that one that is gone by then is no failure. */
		snprintf(commands, sizeof(commands), "add table %s %s\ndelete table %s %s\n", families[i], name, families[i], name);
		begin(ad, &j, "nft.load");
		put_str(&j, "nft", name);
		put_str(&j, "delete", commands);
		put_str(&j, "load", "");
		put_str(&j, "base", "");
		end(ad, &j, 0);
	}
}

static void put_rule(struct adoption *ad, const struct wgc_rule *r)
{
	struct wgc_json j;

	begin(ad, &j, "rule.add");
	wgc_rule_record(r, &j);
	end(ad, &j, 0);
}

/* "not fwmark M lookup M" is this tunnel's. Of the rules without a mark, which all look
 * the same, its own is the nearest in front of that: the two were added one after the other. */
static void put_rules(struct adoption *ad, uint8_t family)
{
	uint32_t mark = ad->device->fwmark;
	const struct wgc_rule *front = NULL, *own = NULL;
	struct wgc_rule *v;
	size_t n;

	if (wgc_nl_rule_list(ad->sys->nl, family, ad->arena, &v, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n && !own; i++)
		if (v[i].invert && v[i].fwmark == mark && v[i].table == mark && v[i].suppress_prefixlen < 0 && !v[i].other)
			own = &v[i];
	for (size_t i = 0; own && i < n; i++)
		if (v[i].table == RT_TABLE_MAIN && v[i].suppress_prefixlen == 0 && !v[i].fwmask && !v[i].other &&
		    v[i].priority < own->priority && (!front || v[i].priority > front->priority))
			front = &v[i];
	if (front)
		put_rule(ad, front);
	if (own)
		put_rule(ad, own);
}

static bool is_full(const struct wgc_device *d)
{
	for (size_t i = 0; i < d->n_peers; i++)
		for (uint32_t k = 0; k < d->peers[i].n_allowed_ips; k++)
			if (!d->peers[i].allowed_ips[k].prefix.len)
				return true;
	return false;
}

static int write_journal(struct adoption *ad, struct wgc_err *err)
{
	struct wgc_journal journal;
	int r;

	put_head(ad);
	put_link(ad);
	put_dns(ad);
	put_nft(ad);
	if (ad->profile->table_mode == WGC_TABLE_AUTO && ad->device->fwmark && is_full(ad->device)) {
		put_rules(ad, AF_INET);
		put_rules(ad, AF_INET6);
	}
	wgc_str_add(&ad->text, "{\"up\":true}");
	if (ad->text.oom)
		return wgc_err_nomem(err);
	r = wgc_journal_lock(ad->sys, ad->profile->name, &journal, err);
	if (r < 0)
		return r;
	/* One that is there says more than we could find out. */
	if (!wgc_journal_exists(&journal)) {
		r = wgc_journal_create(&journal, err);
		r = r ?: wgc_journal_append(&journal, wgc_str_get(&ad->text), err);
	}
	wgc_journal_unlock(&journal);
	return r;
}

int wgc_plan_adopt(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_err *err)
{
	struct adoption ad = { .sys = sys, .profile = p, .arena = wgc_arena_new() };
	int r;

	if (!ad.arena)
		return wgc_err_nomem(err);
	r = wgc_nl_link_get(sys->nl, p->ifname, &ad.link, err);
	r = r ?: wgc_wg_get(sys->nl, p->ifname, ad.arena, &ad.device, err);
	r = r ?: write_journal(&ad, err);
	wgc_str_done(&ad.text);
	wgc_arena_free(ad.arena);
	return r;
}
