// SPDX-License-Identifier: GPL-2.0
/* netavark's plugin protocol, 1.0.0: JSON for create, setup and teardown. */
#include <errno.h>
#include <string.h>

#include "containers/internal.h"

static int wrong(struct wgc_err *err, const char *fmt, ...) WGC_PRINTF(2, 3);
static int wrong(struct wgc_err *err, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "%s", text);
}

/* The user's words of `podman network create -o KEY=VALUE`. */
static int read_options(struct wgc_netavark_request *r, struct wgc_err *err)
{
	json_t *options = json_object_get(r->network, "options"), *value;
	const char *key;

	json_object_foreach(options, key, value) {
		const char *s = json_string_value(value);

		if (!s)
			return wrong(err, "the option '%.40s' is no text", key);
		if (!strcmp(key, "config") && wgc_profile_name_safe(s))
			r->profile = s;
		else if (!strcmp(key, "config"))
			return wrong(err, "the option 'config' is not the name of a profile: letters, digits and _.+@=- are expected");
		else if (strcmp(key, "mode"))
			return wrong(err, "there is no option '%.40s'; 'config' and 'mode' are what there is", key);
		else if (wgc_attach_mode_parse(s, &r->mode) < 0)
			return wrong(err, "the option 'mode' is neither 'only' nor 'additional'");
	}
	if (!r->profile) {
		wrong(err, "the option 'config' is missing: the name of a profile in /etc/wgctl");
		wgc_err_hint(err, "podman network create --driver wgctl -o config=NAME");
		return -EINVAL;
	}
	return 0;
}

static int read_network(struct wgc_netavark_request *r, struct wgc_err *err)
{
	r->name = wgc_containers_text(r->network, "name");
	r->id = wgc_containers_text(r->network, "id");
	if (!r->name || !r->id)
		return wrong(err, "the network has no %s", r->name ? "'id'" : "'name'");
	return 0;
}

/* The length of an address is that of the subnet it is from; alone it is a host's. */
static void set_length(json_t *subnets, struct wgc_prefix *p)
{
	json_t *one;
	size_t i;

	json_array_foreach(subnets, i, one) {
		const char *text = wgc_containers_text(one, "subnet");
		struct wgc_prefix subnet;

		if (text && wgc_prefix_parse(text, &subnet) == 0 && wgc_prefix_covers(&subnet, p)) {
			p->len = subnet.len;
			return;
		}
	}
}

static int read_container(struct wgc_netavark_request *r, struct wgc_err *err)
{
	json_t *own = json_object_get(r->doc, "network_options");

	r->container = wgc_containers_text(r->doc, "container_id");
	r->ifname = wgc_containers_text(own, "interface_name");
	if (!r->container)
		return wrong(err, "'container_id' is missing");
	if (!r->ifname || !wgc_containers_ifname(r->ifname))
		return wrong(err, "'network_options.interface_name' is %s", r->ifname ? "no name of an interface" : "missing");
	return 0;
}

static int read_wishes(struct wgc_netavark_request *r, struct wgc_err *err)
{
	json_t *own = json_object_get(r->doc, "network_options"), *one;
	size_t i;

	json_array_foreach(json_object_get(own, "static_ips"), i, one) {
		struct wgc_prefix *p = &r->addresses[r->n];

		if (i == WGC_ARRAY_SIZE(r->addresses))
			return wrong(err, "these are more than %zu addresses", WGC_ARRAY_SIZE(r->addresses));
		if (!json_is_string(one) || wgc_prefix_parse(json_string_value(one), p) < 0)
			return wrong(err, "'static_ips' has something that is no address");
		set_length(json_object_get(r->network, "subnets"), p);
		r->n++;
	}
	if (wgc_containers_text(own, "static_mac"))
		return wrong(err, "a WireGuard interface has no MAC address that could be set");
	if (json_array_size(json_object_get(r->doc, "port_mappings")))
		return wrong(err, "ports cannot be published on a tunnel: its other end decides what reaches it");
	return 0;
}

int wgc_netavark_parse(const char *text, size_t len, enum wgc_netavark_step step, struct wgc_netavark_request *ret, struct wgc_err *err)
{
	struct wgc_netavark_request r = { .mode = WGC_ATTACH_ADDITIONAL };
	char why[200];
	int rc;

	r.doc = wgc_containers_object(text, len, why);
	if (!r.doc)
		return wrong(err, "%s", why);
	r.network = step == WGC_NETAVARK_CREATE ? r.doc : json_object_get(r.doc, "network");
	rc = read_network(&r, err);
	if (rc == 0 && step != WGC_NETAVARK_CREATE)
		rc = read_container(&r, err);
	if (rc == 0 && step == WGC_NETAVARK_SETUP)
		rc = read_wishes(&r, err);
	if (rc == 0 && step != WGC_NETAVARK_TEARDOWN)
		rc = read_options(&r, err);
	if (rc < 0) {
		wgc_netavark_done(&r);
		return rc;
	}
	*ret = r;
	return 0;
}

void wgc_netavark_done(struct wgc_netavark_request *r)
{
	json_decref(r->doc);
	*r = (struct wgc_netavark_request){ .doc = NULL };
}

static int add_json(json_t *doc, struct wgc_str *out)
{
	char *text = json_dumps(doc, JSON_COMPACT);

	if (!text)
		return -ENOMEM;
	wgc_str_add(out, text);
	wgc_str_addc(out, '\n');
	free(text);
	return out->oom ? -ENOMEM : 0;
}

int wgc_netavark_network(const struct wgc_netavark_request *r, struct wgc_str *out)
{
	json_t *network = json_deep_copy(r->network);
	int rc;

	/* aardvark-dns has nothing to listen on, and would be asked beside the tunnel's servers. */
	json_object_set_new(network, "dns_enabled", json_false());
	if (!json_array_size(json_object_get(network, "subnets")))
		json_object_set_new(network, "ipam_options", json_pack("{s:s}", "driver", "none"));
	rc = add_json(network, out);
	json_decref(network);
	return rc;
}

static void add_texts(struct wgc_json *j, const char *key, const struct wgc_text *v, size_t n)
{
	wgc_json_key(j, key);
	wgc_json_array(j);
	for (size_t i = 0; i < n; i++)
		wgc_json_str(j, v[i].s);
	wgc_json_array_end(j);
}

void wgc_netavark_status(const struct wgc_attached *a, struct wgc_str *out)
{
	struct wgc_json j = { .out = out, .compact = true };

	wgc_json_object(&j);
	add_texts(&j, "dns_search_domains", a->search, a->n_search);
	add_texts(&j, "dns_server_ips", a->servers, a->n_servers);
	wgc_json_key(&j, "interfaces");
	wgc_json_object(&j);
	wgc_json_key(&j, a->ifname);
	wgc_json_object(&j);
	wgc_json_key(&j, "mac_address");
	wgc_json_str(&j, WGC_NO_MAC);
	wgc_json_key(&j, "subnets");
	wgc_json_array(&j);
	for (size_t i = 0; i < a->n_addresses; i++) {
		char text[WGC_PREFIX_TEXT];

		wgc_prefix_print(&a->addresses[i], text);
		wgc_json_object(&j);
		wgc_json_key(&j, "ipnet");
		wgc_json_str(&j, text);
		wgc_json_object_end(&j);
	}
	wgc_json_array_end(&j);
	wgc_json_object_end(&j);
	wgc_json_object_end(&j);
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
}

void wgc_netavark_info(const char *version, struct wgc_str *out)
{
	struct wgc_json j = { .out = out, .compact = true };

	wgc_json_object(&j);
	wgc_json_key(&j, "version");
	wgc_json_str(&j, version);
	wgc_json_key(&j, "api_version");
	wgc_json_str(&j, WGC_NETAVARK_API);
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
}

void wgc_netavark_error(const char *text, struct wgc_str *out)
{
	struct wgc_json j = { .out = out, .compact = true };

	wgc_json_object(&j);
	wgc_json_key(&j, "error");
	wgc_json_str(&j, text);
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
}
