// SPDX-License-Identifier: GPL-2.0
/* CNI answers: results in the version that was asked for, errors, and what address plugins answer. */
#include <errno.h>
#include <string.h>

#include "containers/internal.h"

/* Lists of prevResult grow, new ones are made; what is no list there is replaced. */
static json_t *list(json_t *result, const char *key)
{
	json_t *v = json_object_get(result, key);

	if (!json_is_array(v)) {
		v = json_array();
		json_object_set_new(result, key, v);
	}
	return v;
}

static json_t *texts(const struct wgc_text *v, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_string(v[i].s));
	return all;
}

static void add_dns(const struct wgc_cni_request *r, const struct wgc_attached *a, json_t *result)
{
	json_t *dns;

	if (r->dns) {
		json_object_set(result, "dns", r->dns);
		return;
	}
	if (!a->n_servers)
		return;
	/* In the place of what an earlier plugin said: a resolver that is asked beside the tunnel's is a leak. */
	dns = json_object();
	json_object_set_new(dns, "nameservers", texts(a->servers, a->n_servers));
	if (a->n_search)
		json_object_set_new(dns, "search", texts(a->search, a->n_search));
	json_object_set_new(result, "dns", dns);
}

int wgc_cni_result(const struct wgc_cni_request *r, const struct wgc_attached *a, struct wgc_str *out)
{
	json_t *result = r->previous ? json_deep_copy(r->previous) : json_object(), *link = json_object();
	bool old = !strncmp(r->version, "0.", 2);
	json_t *links = list(result, "interfaces");
	size_t index = json_array_size(links);
	char prefix[WGC_PREFIX_TEXT];
	char *text;

	json_object_set_new(result, "cniVersion", json_string(r->version));
	json_object_set_new(link, "name", json_string(a->ifname));
	json_object_set_new(link, "mac", json_string(WGC_NO_MAC));
	if (a->mtu && !strcmp(r->version, "1.1.0"))
		json_object_set_new(link, "mtu", json_integer(a->mtu));
	json_object_set_new(link, "sandbox", json_string(a->sandbox));
	json_array_append_new(links, link);
	for (size_t i = 0; i < a->n_addresses; i++) {
		json_t *ip = json_object();

		wgc_prefix_print(&a->addresses[i], prefix);
		if (old)
			json_object_set_new(ip, "version", json_string(a->addresses[i].ip.family == AF_INET ? "4" : "6"));
		json_object_set_new(ip, "address", json_string(prefix));
		json_object_set_new(ip, "interface", json_integer((json_int_t)index));
		json_array_append_new(list(result, "ips"), ip);
	}
	for (size_t i = 0; i < a->n_routes; i++) {
		wgc_prefix_print(&a->routes[i], prefix);
		json_array_append_new(list(result, "routes"), json_pack("{s:s}", "dst", prefix));
	}
	add_dns(r, a, result);
	text = json_dumps(result, JSON_COMPACT);
	json_decref(result);
	if (!text)
		return -ENOMEM;
	wgc_str_add(out, text);
	wgc_str_addc(out, '\n');
	free(text);
	return out->oom ? -ENOMEM : 0;
}

void wgc_cni_error(const char *version, const struct wgc_cni_err *err, struct wgc_str *out)
{
	struct wgc_json j = { .out = out, .compact = true };

	wgc_json_object(&j);
	wgc_json_key(&j, "cniVersion");
	wgc_json_str(&j, version);
	wgc_json_key(&j, "code");
	wgc_json_uint(&j, err->code);
	wgc_json_key(&j, "msg");
	wgc_json_str(&j, err->msg);
	if (err->details[0]) {
		wgc_json_key(&j, "details");
		wgc_json_str(&j, err->details);
	}
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
}

bool wgc_cni_error_parse(const char *text, size_t len, struct wgc_cni_err *ret)
{
	json_t *doc = json_loadb(text, len, 0, NULL);
	json_int_t code = json_integer_value(json_object_get(doc, "code"));
	const char *msg = wgc_containers_text(doc, "msg"), *details = wgc_containers_text(doc, "details");
	bool is = msg && code > 0 && code <= INT32_MAX;

	if (is) {
		wgc_cni_fail(ret, (unsigned)code, "%s", msg);
		snprintf(ret->details, sizeof(ret->details), "%s", details ?: "");
	}
	json_decref(doc);
	return is;
}

int wgc_cni_ipam_parse(const char *text, size_t len, struct wgc_cni_ipam *ret, struct wgc_cni_err *err)
{
	json_t *doc = json_loadb(text, len, 0, NULL), *ips = json_object_get(doc, "ips"), *ip;
	size_t i;
	int r = 0;

	*ret = (struct wgc_cni_ipam){ .routes = json_array_size(json_object_get(doc, "routes")) };
	if (!json_is_object(doc))
		r = wgc_cni_fail(err, WGC_CNI_DECODE, "the address plugin's answer is no JSON object");
	else if (!json_array_size(ips) || json_array_size(ips) > WGC_ARRAY_SIZE(ret->addresses))
		r = wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "the address plugin gave %zu addresses; 1 to %zu are expected", json_array_size(ips),
				 WGC_ARRAY_SIZE(ret->addresses));
	json_array_foreach(ips, i, ip) {
		const char *address = wgc_containers_text(ip, "address");

		if (r < 0)
			break;
		if (!address || wgc_prefix_parse(address, &ret->addresses[ret->n]) < 0)
			r = wgc_cni_fail(err, WGC_CNI_DECODE, "the address plugin gave something that is no address");
		else
			ret->n++;
	}
	json_decref(doc);
	return r;
}

int wgc_cni_expected(const struct wgc_cni_request *r, struct wgc_arena *a, struct wgc_prefix **ret, size_t *ret_n,
		     struct wgc_cni_err *err)
{
	json_t *links = json_object_get(r->previous, "interfaces"), *one;
	struct wgc_prefix *v = NULL;
	size_t i, n = 0, cap = 0, own = SIZE_MAX;

	json_array_foreach(links, i, one) {
		const char *name = wgc_containers_text(one, "name");

		if (name && !strcmp(name, r->env.ifname) && wgc_containers_text(one, "sandbox"))
			own = i;
	}
	if (own == SIZE_MAX)
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'prevResult' does not have the interface %s", r->env.ifname);
	json_array_foreach(json_object_get(r->previous, "ips"), i, one) {
		json_t *index = json_object_get(one, "interface");
		const char *address = wgc_containers_text(one, "address");
		struct wgc_prefix *p;

		if (!json_is_integer(index) || json_integer_value(index) != (json_int_t)own)
			continue;
		p = wgc_arena_push(a, &v, &n, &cap, sizeof(*p));
		if (!p)
			return wgc_cni_fail(err, WGC_CNI_INTERNAL, "out of memory");
		if (!address || wgc_prefix_parse(address, p) < 0)
			return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'prevResult' has something that is no address");
	}
	*ret = v;
	*ret_n = n;
	return 0;
}
