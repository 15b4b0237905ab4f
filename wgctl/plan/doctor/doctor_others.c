// SPDX-License-Identifier: GPL-2.0
/* doctor: what others do to a tunnel: firewalls, resolvers, network managers. */
#include <dirent.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/doctor/doctor.h"
#include "plan/steps/steps.h"

/* ---- the firewall ---------------------------------------------------------------- */

/* The whole ruleset as libnftables' JSON; NULL when it cannot be had. */
static json_t *ruleset(void)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	json_t *all = NULL;
	const char *text;

	if (!ctx)
		return NULL;
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON);
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	if (nft_run_cmd_from_buffer(ctx, "list ruleset") == 0) {
		text = nft_ctx_get_output_buffer(ctx);
		all = json_loads(text ?: "", 0, NULL);
	}
	nft_ctx_free(ctx);
	return all;
}

static const char *str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

/* A rule that names one of the ports, as udp source or destination, and drops. */
static bool drops_port(const json_t *rule, const uint16_t *ports, size_t n, unsigned *ret_port)
{
	json_t *exprs = json_object_get(rule, "expr"), *e;
	bool hit = false, drop = false;
	size_t i;

	json_array_foreach(exprs, i, e) {
		json_t *match = json_object_get(e, "match"), *payload = json_object_get(json_object_get(match, "left"), "payload");
		json_int_t port = json_integer_value(json_object_get(match, "right"));
		const char *field = str(payload, "field");

		drop |= json_object_get(e, "drop") || json_object_get(e, "reject");
		if (!payload || strcmp(str(payload, "protocol"), "udp") || (strcmp(field, "dport") && strcmp(field, "sport")))
			continue;
		for (size_t k = 0; k < n; k++)
			if (port == ports[k]) {
				hit = true;
				*ret_port = (unsigned)port;
			}
	}
	return hit && drop;
}

static size_t ports_of(const struct wgc_doctor *d, uint16_t *v, size_t room)
{
	size_t n = 0;

	if (d->device->listen_port)
		v[n++] = d->device->listen_port;
	for (size_t i = 0; i < d->device->n_peers && n < room; i++) {
		const union wgc_sockaddr *sa = &d->device->peers[i].endpoint;

		if (sa->sa.sa_family)
			v[n++] = ntohs(sa->sa.sa_family == AF_INET ? sa->in.sin_port : sa->in6.sin6_port);
	}
	return n;
}

static void look_at_ruleset(struct wgc_doctor *d, json_t *list)
{
	uint16_t ports[64];
	size_t n = ports_of(d, ports, WGC_ARRAY_SIZE(ports)), i;
	json_t *item;

	json_array_foreach(list, i, item) {
		json_t *rule = json_object_get(item, "rule"), *chain = json_object_get(item, "chain");
		const char *hook = str(chain, "hook");
		unsigned port = 0;

		if (rule && drops_port(rule, ports, n, &port))
			wgc_problem(d, "see `nft list ruleset`", "a rule of the chain '%s' of table %s %s drops udp port %u", str(rule, "chain"),
				    str(rule, "family"), str(rule, "table"), port);
		/* A chain that lets in only what it knows may well know this. */
		if (chain && d->silent_peer && !strcmp(str(chain, "policy"), "drop") && (!strcmp(hook, "input") || !strcmp(hook, "output")))
			wgc_remark(d, hook[0] == 'o' ? "it must let packets to the endpoints out" :
						       "it must let replies in (ct state established), and udp to ListenPort",
				   "the chain '%s' of table %s %s drops what it does not let %s, and a peer is silent", str(chain, "name"),
				   str(chain, "family"), str(chain, "table"), hook[0] == 'o' ? "out" : "in");
	}
}

/* Our own table: a firewall that is loaded anew takes it along with all others. */
static void own_table(struct wgc_doctor *d, json_t *list)
{
	char want[48], hint[96];
	json_t *item;
	size_t i;

	if (!d->info->mark)
		return;
	wgc_routes_nft_table(d->ifname, want);
	json_array_foreach(list, i, item)
		if (!strcmp(str(json_object_get(item, "table"), "name"), want))
			return;
	snprintf(hint, sizeof(hint), "wgctl down %s, then up; was a firewall loaded with `flush ruleset`?", d->info->name);
	wgc_problem(d, hint, "our own table inet %s is not there", want);
}

void wgc_doctor_firewall(struct wgc_doctor *d)
{
	json_t *all;

	if (!d->info || !d->device)
		return;
	all = ruleset();
	if (!all) {
		wgc_unseen(d, geteuid() ? "run it as root" : "is nftables in this kernel?", "the firewall's rules cannot be seen");
		return;
	}
	own_table(d, json_object_get(all, "nftables"));
	look_at_ruleset(d, json_object_get(all, "nftables"));
	json_decref(all);
}

/* ---- DNS --------------------------------------------------------------------------- */

/* How it was decided, and whether it is still so. */
void wgc_doctor_dns(struct wgc_doctor *d)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_dns_decision how;
	char why[256];
	int r;

	/* Containers are told by their engine. */
	if (!d->profile || !d->profile->n_dns_servers || (d->info && strchr(d->info->name, ':')))
		return;
	r = wgc_facts_dns(d->sys, d->profile, &how, &err);
	if (r < 0) {
		wgc_problem(d, err.hint, "the profile's DNS cannot be set: %s", err.msg);
		return;
	}
	for (size_t i = 0; !d->ask->brief && i < how.n; i++)
		wgc_doctor_say(d, WGC_FINDING_OK, NULL, "%s", how.trail[i]);
	if (*how.warning)
		wgc_remark(d, NULL, "%s", how.warning);
	if (!d->info || how.backend == WGC_DNS_BACKEND_NONE)
		return;
	if (wgc_dns_in_effect(how.backend, d->ifname, d->profile, &d->sys->dns, why) == WGC_DNS_EFFECT_NO)
		wgc_problem(d, "`wgctl reload` sets it again", "the tunnel's DNS is not in effect: %s", why);
}

/* ---- other managers ------------------------------------------------------------------- */

/* The last "KEY=" that networkd.conf and its drop-ins give; they are read in order of their names. */
static bool setting_off(const char *key)
{
	static const char *const files[] = { "/etc/systemd/networkd.conf", "/usr/lib/systemd/networkd.conf.d", "/etc/systemd/networkd.conf.d",
					     "/run/systemd/networkd.conf.d" };
	bool off = false;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(files); i++) {
		struct dirent **v = NULL;
		int n = i ? scandir(files[i], &v, NULL, alphasort) : 1;

		for (int k = 0; k < n; k++) {
			WGC_AUTO_FREE char *path = NULL, *text = NULL;
			char *save = NULL;
			size_t len;

			if (asprintf(&path, "%s%s%s", files[i], i ? "/" : "", i ? v[k]->d_name : "") < 0)
				path = NULL;
			if (path && wgc_read_file(path, 1u << 20, &text, &len) == 0)
				for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
					size_t at = strlen(key);

					if (!strncmp(line, key, at) && line[at] == '=')
						off = wgc_streq_nocase(line + at + 1, "no") || wgc_streq_nocase(line + at + 1, "false");
				}
			if (v)
				free(v[k]);
		}
		free(v);
	}
	return off;
}

void wgc_doctor_managers(struct wgc_doctor *d)
{
	char path[64];
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	/* Its runtime directory goes with the service. */
	if (access("/run/systemd/netif/links", F_OK) == 0 && !setting_off("ManageForeignRoutes"))
		wgc_remark(d, "ManageForeignRoutes=no in /etc/systemd/networkd.conf.d/, or `wgctl watch`, which adds them again",
			   "systemd-networkd runs and removes routes that it did not make when it starts");
	if (!d->link.ifindex)
		return;
	snprintf(path, sizeof(path), "/run/NetworkManager/devices/%u", d->link.ifindex);
	if (wgc_read_file(path, 1u << 16, &text, &len) == 0 && strstr(text, "managed=true"))
		wgc_remark(d, "`nmcli device set` that interface `managed no`, or unmanaged-devices in NetworkManager.conf",
			   "NetworkManager manages %s, and may change its addresses and DNS", d->ifname);
}
