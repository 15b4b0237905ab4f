// SPDX-License-Identifier: GPL-2.0
/* CNI requests: environment and standard input, checked in the order in which the specification's own library does. */
#include <errno.h>
#include <string.h>

#include "containers/internal.h"

/* Oldest first. */
static const char *const versions[] = { "0.3.1", "0.4.0", "1.0.0", "1.1.0" };
#define NEWEST versions[WGC_ARRAY_SIZE(versions) - 1]

enum { NEEDS_CONTAINER = 1, NEEDS_NETNS = 2, NEEDS_IFNAME = 4, NEEDS_PATH = 8, NEEDS_PROFILE = 16, NEEDS_PREVIOUS = 32 };

static const struct command {
	const char *word;
	size_t since; /* index into versions */
	unsigned needs;
} commands[] = {
	[WGC_CNI_ADD] = { "ADD", 0, NEEDS_CONTAINER | NEEDS_NETNS | NEEDS_IFNAME | NEEDS_PROFILE },
	[WGC_CNI_DEL] = { "DEL", 0, NEEDS_CONTAINER | NEEDS_IFNAME },
	[WGC_CNI_CHECK] = { "CHECK", 1, NEEDS_CONTAINER | NEEDS_NETNS | NEEDS_IFNAME | NEEDS_PREVIOUS },
	[WGC_CNI_GC] = { "GC", 3, NEEDS_PATH },
	[WGC_CNI_STATUS] = { "STATUS", 3, NEEDS_PROFILE },
	[WGC_CNI_VERSION] = { "VERSION", 0, 0 },
};

int wgc_cni_fail(struct wgc_cni_err *err, unsigned code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -EINVAL;
	err->code = code;
	err->details[0] = 0;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool given(const char *s)
{
	return s && *s;
}

/* "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$" */
static bool is_name(const char *s)
{
	for (const char *c = s; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || (c > s && strchr("_.-", *c))))
			return false;
	return *s;
}

static int read_command(struct wgc_cni_request *r, struct wgc_cni_err *err)
{
	if (!given(r->env.command))
		return wgc_cni_fail(err, WGC_CNI_BAD_ENVIRONMENT, "CNI_COMMAND is missing: this program is a CNI plugin, and engines call it");
	for (size_t i = 0; i < WGC_ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].word, r->env.command)) {
			r->command = (enum wgc_cni_command)i;
			return 0;
		}
	return wgc_cni_fail(err, WGC_CNI_BAD_ENVIRONMENT, "CNI_COMMAND is '%.40s'; ADD, DEL, CHECK, GC, STATUS or VERSION is expected",
			    r->env.command);
}

static int check_environment(const struct wgc_cni_request *r, struct wgc_cni_err *err)
{
	const struct command *c = &commands[r->command];
	const struct {
		unsigned bit;
		const char *name, *value;
	} v[] = { { NEEDS_CONTAINER, "CNI_CONTAINERID", r->env.container },
		  { NEEDS_NETNS, "CNI_NETNS", r->env.netns },
		  { NEEDS_IFNAME, "CNI_IFNAME", r->env.ifname },
		  { NEEDS_PATH, "CNI_PATH", r->env.path } };
	char missing[128] = "";

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++)
		if (c->needs & v[i].bit && !given(v[i].value))
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%s", *missing ? ", " : "", v[i].name);
	if (*missing)
		return wgc_cni_fail(err, WGC_CNI_BAD_ENVIRONMENT, "%s needs %s", c->word, missing);
	if (c->needs & NEEDS_CONTAINER && !is_name(r->env.container))
		return wgc_cni_fail(err, WGC_CNI_BAD_ENVIRONMENT,
				    "CNI_CONTAINERID is no container id: letters and digits, and _.- behind the first, are expected");
	if (c->needs & NEEDS_IFNAME && !wgc_containers_ifname(r->env.ifname))
		return wgc_cni_fail(err, WGC_CNI_BAD_ENVIRONMENT,
				    "CNI_IFNAME is no interface name: 1 to 15 characters without '/', ':' and blanks are expected");
	if (c->needs & NEEDS_NETNS && !strchr(r->env.netns, '/'))
		return wgc_cni_fail(err, WGC_CNI_BAD_ENVIRONMENT, "CNI_NETNS is no path");
	return 0;
}

static int check_version(struct wgc_cni_request *r, struct wgc_cni_err *err)
{
	const char *wanted = wgc_containers_text(r->config, "cniVersion");
	const struct command *c = &commands[r->command];

	for (size_t i = 0; wanted && i < WGC_ARRAY_SIZE(versions); i++)
		if (!strcmp(versions[i], wanted)) {
			r->version = versions[i];
			if (i >= c->since)
				return 0;
			return wgc_cni_fail(err, WGC_CNI_VERSION_UNKNOWN, "%s is not in cniVersion %s: it came with %s", c->word, wanted,
					    versions[c->since]);
		}
	return wgc_cni_fail(err, WGC_CNI_VERSION_UNKNOWN, "cniVersion is %.20s; 0.3.1, 0.4.0, 1.0.0 or 1.1.0 is expected",
			    wanted ? wanted : "missing, which means 0.1.0");
}

/* Which tunnel it is to be. */
static int read_profile(struct wgc_cni_request *r, struct wgc_cni_err *err)
{
	json_t *name = json_object_get(r->config, "config"), *own = json_object_get(r->config, "profile");
	json_t *mode = json_object_get(r->config, "mode"), *ipam = json_object_get(r->config, "ipam");

	if (!name == !own)
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, name ? "'config' and 'profile' exclude each other" :
								    "'config' is missing: the name of a profile in /etc/wgctl");
	if (name && (!json_is_string(name) || !wgc_profile_name_safe(json_string_value(name)))) {
		wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'config' is not the name of a profile");
		snprintf(err->details, sizeof(err->details), "a bare name of letters, digits and _.+@=- is expected, never a path");
		return -EINVAL;
	}
	if (own && !json_is_object(own))
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'profile' is not a JSON object with 'interface' and 'peers'");
	if (mode && (!json_is_string(mode) || wgc_attach_mode_parse(json_string_value(mode), &r->mode) < 0))
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'mode' is neither 'only' nor 'additional'");
	if (ipam && !json_is_object(ipam))
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'ipam' is not a JSON object");
	r->profile = json_string_value(name);
	r->own = own;
	return 0;
}

static int read_config(struct wgc_cni_request *r, struct wgc_cni_err *err)
{
	json_t *ipam = json_object_get(r->config, "ipam"), *dns = json_object_get(r->config, "dns");
	unsigned needs = commands[r->command].needs;

	r->network = wgc_containers_text(r->config, "name");
	if (!r->network || !is_name(r->network))
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'name' is %s", r->network ? "no name of a network" : "missing");
	if (needs & NEEDS_PROFILE && read_profile(r, err) < 0)
		return -EINVAL;
	r->ipam = wgc_containers_text(ipam, "type");
	if (r->ipam && strchr(r->ipam, '/'))
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'ipam.type' is a path; the name of a program in CNI_PATH is expected");
	r->dns = json_array_size(json_object_get(dns, "nameservers")) ? dns : NULL;
	r->previous = json_object_get(r->config, "prevResult");
	if (json_is_null(r->previous))
		r->previous = NULL;
	if (r->previous && !json_is_object(r->previous))
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'prevResult' is not a JSON object");
	if (needs & NEEDS_PREVIOUS && !r->previous)
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'prevResult' is missing");
	if (r->command == WGC_CNI_GC) {
		r->valid = json_object_get(r->config, "cni.dev/valid-attachments");
		/* Without it nothing would be valid, and every container cut off. */
		if (!json_is_array(r->valid))
			return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "'cni.dev/valid-attachments' is missing");
	}
	return 0;
}

int wgc_cni_parse(const struct wgc_cni_env *env, const char *text, size_t len, struct wgc_cni_request *ret,
		  struct wgc_cni_err *err)
{
	struct wgc_cni_request *r = ret;
	char why[200];

	*r = (struct wgc_cni_request){ .env = *env, .version = NEWEST };
	if (read_command(r, err) < 0)
		return -EINVAL;
	if (r->command == WGC_CNI_VERSION) {
		/* With nothing, or rubbish, on standard input, too. */
		r->config = wgc_containers_object(text, len, why);
		if (wgc_containers_text(r->config, "cniVersion"))
			r->version = wgc_containers_text(r->config, "cniVersion");
		return 0;
	}
	if (check_environment(r, err) < 0)
		return -EINVAL;
	r->config = wgc_containers_object(text, len, why);
	if (!r->config)
		return wgc_cni_fail(err, WGC_CNI_DECODE, "%s", why);
	if (check_version(r, err) < 0)
		return -EINVAL;
	return read_config(r, err);
}

void wgc_cni_done(struct wgc_cni_request *r)
{
	json_decref(r->config);
	*r = (struct wgc_cni_request){ .config = NULL };
}

bool wgc_cni_is_valid(const struct wgc_cni_request *r, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(r->valid, i, one) {
		const char *id = wgc_containers_text(one, "containerID"), *ifname = wgc_containers_text(one, "ifname");
		char valid[WGC_ATTACHMENT_MAX];

		if (!id || !ifname)
			continue;
		wgc_attachment_name(&(struct wgc_attachment){ "cni", r->network, id, ifname }, valid);
		if (!strcmp(valid, name))
			return true;
	}
	return false;
}

void wgc_cni_versions(const char *version, struct wgc_str *out)
{
	struct wgc_json j = { .out = out, .compact = true };

	wgc_json_object(&j);
	wgc_json_key(&j, "cniVersion");
	wgc_json_str(&j, version);
	wgc_json_key(&j, "supportedVersions");
	wgc_json_array(&j);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(versions); i++)
		wgc_json_str(&j, versions[i]);
	wgc_json_array_end(&j);
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
}
