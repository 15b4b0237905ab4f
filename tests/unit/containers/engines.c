// SPDX-License-Identifier: GPL-2.0
/* Names of attachments, OCI state and config.json, netavark's JSON, drop-ins. */
#include "containers/containers.h"
#include "unit/tap.h"

#define LONG "0123456789abcdef0123456789abcdef"

static void names(void)
{
	char a[WGC_ATTACHMENT_MAX], b[WGC_ATTACHMENT_MAX];

	wgc_attachment_name(&(struct wgc_attachment){ "cni", "net", "box", "eth0" }, a);
	is_str(a, "cni:net:box:eth0");
	wgc_attachment_name(&(struct wgc_attachment){ "cni", "net", NULL, NULL }, a);
	is_str(a, "cni:net:");
	wgc_attachment_name(&(struct wgc_attachment){ "oci", NULL, "box", NULL }, a);
	is_str(a, "oci:box:");
	/* Cut, and yet different. */
	wgc_attachment_name(&(struct wgc_attachment){ "oci", NULL, LONG "1", "eth0" }, a);
	wgc_attachment_name(&(struct wgc_attachment){ "oci", NULL, LONG "2", "eth0" }, b);
	ok(!strncmp(a, "oci:0123456789ab~", 17));
	ok(strcmp(a, b));
	/* No part can look like two. */
	wgc_attachment_name(&(struct wgc_attachment){ "oci", NULL, "box:eth0", "x" }, a);
	ok(!strncmp(a, "oci:box~", 8));
	wgc_attachment_name(&(struct wgc_attachment){ "oci", NULL, "", "x" }, a);
	ok(!strncmp(a, "oci:~", 5));
	ok(wgc_profile_name_safe("office-1.de"));
	ok(!wgc_profile_name_safe("../office") && !wgc_profile_name_safe(".office") && !wgc_profile_name_safe("") &&
	   !wgc_profile_name_safe("-o") && !wgc_profile_name_safe("a b") && !wgc_profile_name_safe("a\n"));
}

static int state(const char *text, struct wgc_arena *a, struct wgc_oci_state *ret)
{
	return wgc_oci_state_parse(text, strlen(text), a, ret, NULL);
}

#define STATE(status, pid, more) "{\"ociVersion\":\"1.0\",\"id\":\"box\",\"status\":\"" status "\",\"pid\":" pid ",\"bundle\":\"/b\"" more "}"
#define NOTE(key, value) ",\"annotations\":{\"org.wgctl." key "\":\"" value "\"}"

static void oci(void)
{
	static const char *const bad[] = {
		"", "[]", "{}", STATE("running", "7", ""), STATE("created", "0", ""), STATE("created", "-1", ""),
		STATE("created", "99999999999", ""), STATE("created", "7", NOTE("profile", "../x")), STATE("created", "7", NOTE("profile", "")),
		STATE("created", "7", NOTE("interface", "a/b")), STATE("created", "7", NOTE("mode", "x")),
		"{\"id\":\"a/b\",\"status\":\"created\",\"pid\":7}", "{\"id\":\"a\",\"pid\":7}",
	};
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_oci_config c;
	struct wgc_oci_state s;
	const char *text;

	is_int(state(STATE("created", "7", NOTE("profile", "office")), a, &s), 0);
	is_str(s.id, "box");
	is_str(s.bundle, "/b");
	is_str(s.profile, "office");
	ok(s.begins && s.pid == 7 && !s.ifname && s.mode == WGC_ATTACH_ADDITIONAL);
	is_int(state(STATE("creating", "7", NOTE("mode", "only")), a, &s), 0);
	ok(s.begins && !s.profile && s.mode == WGC_ATTACH_ONLY);
	/* The end needs no pid, and no sense in what the annotations say. */
	is_int(state(STATE("stopped", "0", NOTE("profile", "../x")), a, &s), 0);
	ok(!s.begins);
	is_int(state("{\"id\":\"box\",\"status\":\"stopped\"}", a, &s), 0);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++)
		tap_ok(state(bad[i], a, &s) < 0, __FILE__, __LINE__, bad[i]);
	text = "{\"root\":{\"path\":\"rootfs\"},\"process\":{\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_NET_ADMIN\"]}}}";
	is_int(wgc_oci_config_parse(text, strlen(text), a, &c, NULL), 0);
	is_str(c.root, "rootfs");
	ok(c.net_admin);
	text = "{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\"]}}}";
	is_int(wgc_oci_config_parse(text, strlen(text), a, &c, NULL), 0);
	ok(!c.net_admin && !c.root);
	ok(wgc_oci_config_parse("x", 1, a, &c, NULL) < 0);
	wgc_arena_free(a);
}

#define NETWORK(options) "{\"name\":\"net\",\"id\":\"i\",\"driver\":\"wgctl\",\"dns_enabled\":true,\"options\":{" options "}}"
#define CALL(network, own, more) "{\"container_id\":\"box\",\"network\":" network ",\"network_options\":{\"interface_name\":\"eth0\"" own "}" more "}"

static int call(const char *text, enum wgc_netavark_step step)
{
	struct wgc_netavark_request r;
	int rc = wgc_netavark_parse(text, strlen(text), step, &r, NULL);

	if (rc == 0)
		wgc_netavark_done(&r);
	return rc;
}

static void netavark(void)
{
	static const char *const bad[] = {
		"", "{}", CALL("{}", "", ""), CALL(NETWORK(""), "", ""), CALL(NETWORK("\"config\":\"../x\""), "", ""),
		CALL(NETWORK("\"config\":\"a\",\"mode\":\"x\""), "", ""), CALL(NETWORK("\"config\":\"a\",\"mtu\":\"1\""), "", ""),
		CALL(NETWORK("\"config\":\"a\""), ",\"static_mac\":\"02:00:00:00:00:01\"", ""),
		CALL(NETWORK("\"config\":\"a\""), "", ",\"port_mappings\":[{\"host_port\":80}]"),
		CALL(NETWORK("\"config\":\"a\""), ",\"static_ips\":[\"x\"]", ""),
		"{\"container_id\":\"box\",\"network\":" NETWORK("\"config\":\"a\"") ",\"network_options\":{}}",
	};
	struct wgc_netavark_request r;
	struct wgc_str out = { 0 };
	const char *text = NETWORK("\"config\":\"office\"");

	is_int(wgc_netavark_parse(text, strlen(text), WGC_NETAVARK_CREATE, &r, NULL), 0);
	is_int(wgc_netavark_network(&r, &out), 0);
	is_str(wgc_str_get(&out), "{\"name\":\"net\",\"id\":\"i\",\"driver\":\"wgctl\",\"dns_enabled\":false,\"options\":{\"config\":\"office\"},"
				  "\"ipam_options\":{\"driver\":\"none\"}}\n");
	wgc_netavark_done(&r);
	text = "{\"container_id\":\"box\",\"network\":{\"name\":\"net\",\"id\":\"i\",\"subnets\":[{\"subnet\":\"10.8.0.0/24\"}],"
	       "\"options\":{\"config\":\"office\",\"mode\":\"only\"}},\"network_options\":{\"interface_name\":\"eth0\",\"static_ips\":[\"10.8.0.5\",\"fd08::5\"]}}";
	is_int(wgc_netavark_parse(text, strlen(text), WGC_NETAVARK_SETUP, &r, NULL), 0);
	ok(r.mode == WGC_ATTACH_ONLY && r.n == 2 && r.addresses[0].len == 24 && r.addresses[1].len == 128);
	wgc_netavark_done(&r);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++)
		tap_ok(call(bad[i], WGC_NETAVARK_SETUP) < 0, __FILE__, __LINE__, bad[i]);
	/* The end asks for no more than it needs. */
	is_int(call(CALL(NETWORK(""), ",\"static_mac\":\"x\"", ""), WGC_NETAVARK_TEARDOWN), 0);
	out.len = 0;
	wgc_netavark_status(&(struct wgc_attached){ .ifname = "eth0", .addresses = &(struct wgc_prefix){ { AF_INET, { 10, 8, 0, 5 } }, 24 },
						    .n_addresses = 1, .servers = &(struct wgc_text){ .s = "10.8.0.1" }, .n_servers = 1 }, &out);
	is_str(wgc_str_get(&out), "{\"dns_search_domains\":[],\"dns_server_ips\":[\"10.8.0.1\"],\"interfaces\":{\"eth0\":"
				  "{\"mac_address\":\"00:00:00:00:00:00\",\"subnets\":[{\"ipnet\":\"10.8.0.5/24\"}]}}}\n");
	wgc_str_done(&out);
}

static void files(void)
{
	const struct wgc_text servers[] = { { .s = "10.8.0.1" }, { .s = "fd08::1" } }, search[] = { { .s = "a.example" }, { .s = "b.example" } };
	struct wgc_str out = { 0 };

	wgc_resolv_conf(servers, 2, search, 2, &out);
	is_str(wgc_str_get(&out), "# The tunnel's name servers, by wgctl\nnameserver 10.8.0.1\nnameserver fd08::1\nsearch a.example b.example\n");
	out.len = 0;
	wgc_unit_dropin("office", "blue", &out);
	ok(strstr(out.s, "\nBindsTo=wgctl@office.service\n") && strstr(out.s, "\nNetworkNamespacePath=/run/netns/blue\n"));
	ok(strstr(out.s, "\nBindReadOnlyPaths=/etc/netns/blue/resolv.conf:/etc/resolv.conf:norbind\n"));
	wgc_str_done(&out);
}

int main(void)
{
	names();
	oci();
	netavark();
	files();
	return tap_done();
}
