// SPDX-License-Identifier: GPL-2.0
/* CNI: requests as they come, and answers as every version wants them. */
#include <stdlib.h>

#include "containers/containers.h"
#include "unit/tap.h"

static const struct wgc_cni_env full = { "ADD", "box", "/run/netns/box", "eth0", "/opt/cni" };

static unsigned parse(const char *command, const char *text, struct wgc_cni_request *r)
{
	struct wgc_cni_env env = full;
	struct wgc_cni_err err = { .code = 0 };

	env.command = command;
	return wgc_cni_parse(&env, text, strlen(text), r, &err) < 0 ? err.code : 0;
}

#define NET "\"cniVersion\":\"1.0.0\",\"name\":\"net\""

static void requests(void)
{
	static const struct {
		const char *command, *text;
		unsigned code;
	} v[] = {
		{ "ADD", "{" NET ",\"config\":\"office\"}", 0 },
		{ "ADD", "{" NET ",\"config\":\"office\",\"future\":[1],\"prevResult\":null}", 0 },
		{ "ADD", "{" NET ",\"config\":\"office\"} x", WGC_CNI_DECODE },
		{ "ADD", "{" NET "}", WGC_CNI_BAD_CONFIG },
		{ "ADD", "{" NET ",\"config\":\"\"}", WGC_CNI_BAD_CONFIG },
		{ "ADD", "{" NET ",\"config\":\".hidden\"}", WGC_CNI_BAD_CONFIG },
		{ "ADD", "{" NET ",\"config\":\"office\",\"ipam\":[]}", WGC_CNI_BAD_CONFIG },
		{ "DEL", "{" NET "}", 0 },
		{ "DEL", "{" NET ",\"config\":7,\"mode\":\"x\"}", 0 },
		{ "DEL", "{\"name\":\"net\"}", WGC_CNI_VERSION_UNKNOWN },
		{ "CHECK", "{" NET "}", WGC_CNI_BAD_CONFIG },
		{ "GC", "{" NET "}", WGC_CNI_VERSION_UNKNOWN },
		{ "STATUS", "{" NET "}", WGC_CNI_VERSION_UNKNOWN },
		{ "VERSION", "", 0 },
		{ "NONE", "{}", WGC_CNI_BAD_ENVIRONMENT },
		{ "", "{}", WGC_CNI_BAD_ENVIRONMENT },
		{ NULL, "{}", WGC_CNI_BAD_ENVIRONMENT },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		struct wgc_cni_request r;

		tap_int(parse(v[i].command, v[i].text, &r), v[i].code, __FILE__, __LINE__, v[i].text);
		ok(r.version);
		wgc_cni_done(&r);
	}
}

static const struct wgc_prefix addresses[] = { { .ip = { AF_INET, { 10, 8, 0, 2 } }, .len = 24 }, { .ip = { AF_INET6, { 0xfd } }, .len = 64 } };
static const struct wgc_prefix routes[] = { { .ip = { .family = AF_INET } } };
static const struct wgc_text server = { .s = "10.8.0.1" }, domain = { .s = "vpn.example" };
static const struct wgc_attached attached = {
	.ifname = "eth0", .sandbox = "/run/netns/box", .mtu = 1420, .addresses = addresses, .n_addresses = 2, .routes = routes,
	.n_routes = 1, .servers = &server, .n_servers = 1, .search = &domain, .n_search = 1,
};

static void result(const char *config, const char *want)
{
	struct wgc_str out = { 0 };
	struct wgc_cni_request r;

	is_int(parse("ADD", config, &r), 0);
	is_int(wgc_cni_result(&r, &attached, &out), 0);
	is_str(wgc_str_get(&out), want);
	wgc_str_done(&out);
	wgc_cni_done(&r);
}

#define DNS "\"dns\":{\"nameservers\":[\"10.8.0.1\"],\"search\":[\"vpn.example\"]}"

static void results(void)
{
	result("{\"cniVersion\":\"0.4.0\",\"name\":\"net\",\"config\":\"a\"}",
	       "{\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"00:00:00:00:00:00\",\"sandbox\":\"/run/netns/box\"}],\"cniVersion\":\"0.4.0\","
	       "\"ips\":[{\"version\":\"4\",\"address\":\"10.8.0.2/24\",\"interface\":0},{\"version\":\"6\",\"address\":\"fd00::/64\","
	       "\"interface\":0}],\"routes\":[{\"dst\":\"0.0.0.0/0\"}]," DNS "}\n");
	result("{\"cniVersion\":\"1.1.0\",\"name\":\"net\",\"config\":\"a\",\"prevResult\":{\"interfaces\":[{\"name\":\"x\"}],\"x\":1}}",
	       "{\"interfaces\":[{\"name\":\"x\"},{\"name\":\"eth0\",\"mac\":\"00:00:00:00:00:00\",\"mtu\":1420,\"sandbox\":\"/run/netns/box\"}],"
	       "\"x\":1,\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.8.0.2/24\",\"interface\":1},{\"address\":\"fd00::/64\","
	       "\"interface\":1}],\"routes\":[{\"dst\":\"0.0.0.0/0\"}]," DNS "}\n");
	/* What the configuration says of DNS goes first. */
	result("{" NET ",\"config\":\"a\",\"dns\":{\"nameservers\":[\"192.0.2.1\"]}}",
	       "{\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"00:00:00:00:00:00\",\"sandbox\":\"/run/netns/box\"}],\"cniVersion\":\"1.0.0\","
	       "\"ips\":[{\"address\":\"10.8.0.2/24\",\"interface\":0},{\"address\":\"fd00::/64\",\"interface\":0}],"
	       "\"routes\":[{\"dst\":\"0.0.0.0/0\"}],\"dns\":{\"nameservers\":[\"192.0.2.1\"]}}\n");
}

static void errors(void)
{
	struct wgc_cni_err err = { .code = 0 }, back = { .code = 0 };
	struct wgc_str out = { 0 };

	wgc_cni_fail(&err, 7, "no \"%s\"", "office");
	wgc_cni_error("1.0.0", &err, &out);
	is_str(wgc_str_get(&out), "{\"cniVersion\":\"1.0.0\",\"code\":7,\"msg\":\"no \\\"office\\\"\"}\n");
	ok(wgc_cni_error_parse(out.s, out.len, &back));
	is_int(back.code, 7);
	is_str(back.msg, "no \"office\"");
	ok(!wgc_cni_error_parse("{\"code\":-1,\"msg\":\"x\"}", 21, &back));
	ok(!wgc_cni_error_parse("[]", 2, &back));
	ok(!wgc_cni_error_parse("", 0, &back));
	out.len = 0;
	wgc_cni_versions("9", &out);
	is_str(wgc_str_get(&out), "{\"cniVersion\":\"9\",\"supportedVersions\":[\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n");
	wgc_str_done(&out);
}

static void ipam(void)
{
	static const struct {
		const char *text;
		int n;
	} v[] = {
		{ "{\"ips\":[{\"address\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\"},{\"address\":\"fd01::5/64\"}],\"routes\":[{\"dst\":\"::/0\"}]}", 2 },
		{ "{\"ips\":[{\"version\":\"4\",\"address\":\"10.1.0.5/16\"}]}", 1 },
		{ "{\"ips\":[]}", -1 }, { "{\"ips\":[{}]}", -1 }, { "{\"ips\":[{\"address\":\"x\"}]}", -1 }, { "[]", -1 }, { "", -1 },
		{ "{\"ips\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", -1 },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		struct wgc_cni_ipam got;
		int r = wgc_cni_ipam_parse(v[i].text, strlen(v[i].text), &got, NULL);

		tap_int(r < 0 ? -1 : (int)got.n, v[i].n, __FILE__, __LINE__, v[i].text);
	}
}

static void collection(void)
{
	struct wgc_cni_request r;

	is_int(parse("GC", "{\"cniVersion\":\"1.1.0\",\"name\":\"net\",\"cni.dev/valid-attachments\":[{\"containerID\":\"one\","
			   "\"ifname\":\"eth0\"},{\"containerID\":\"two\"},7]}", &r), 0);
	ok(wgc_cni_is_valid(&r, "cni:net:one:eth0"));
	ok(!wgc_cni_is_valid(&r, "cni:net:one:eth1"));
	ok(!wgc_cni_is_valid(&r, "cni:net:two:eth0"));
	ok(!wgc_cni_is_valid(&r, "cni:other:one:eth0"));
	wgc_cni_done(&r);
}

int main(void)
{
	requests();
	results();
	errors();
	ipam();
	collection();
	return tap_done();
}
