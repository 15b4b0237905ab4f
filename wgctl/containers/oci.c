// SPDX-License-Identifier: GPL-2.0
/* What an OCI hook is told: the state of a container, and the config.json of its bundle. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "containers/internal.h"

static int wrong(struct wgc_err *err, const char *what)
{
	return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the container's state: %s", what);
}

/* Annotations are the container owner's words: names, never paths, and nothing else passes. */
static int read_annotations(json_t *all, struct wgc_arena *a, struct wgc_oci_state *s, struct wgc_err *err)
{
	const char *profile = json_string_value(json_object_get(all, WGC_OCI_PROFILE));
	const char *ifname = json_string_value(json_object_get(all, WGC_OCI_INTERFACE));
	const char *mode = json_string_value(json_object_get(all, WGC_OCI_MODE));

	if (profile && !wgc_profile_name_safe(profile)) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the annotation " WGC_OCI_PROFILE " is not the name of a profile");
		wgc_err_hint(err, "a bare name of letters, digits and _.+@=- is expected, never a path");
		return -EINVAL;
	}
	if (ifname && !wgc_containers_ifname(ifname))
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the annotation " WGC_OCI_INTERFACE " is not the name of an interface");
	if (mode && wgc_attach_mode_parse(mode, &s->mode) < 0)
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the annotation " WGC_OCI_MODE " is neither 'only' nor 'additional'");
	s->profile = profile ? wgc_arena_strdup(a, profile) : NULL;
	s->ifname = ifname ? wgc_arena_strdup(a, ifname) : NULL;
	return (profile && !s->profile) || (ifname && !s->ifname) ? wgc_err_nomem(err) : 0;
}

static int read_state(json_t *doc, struct wgc_arena *a, struct wgc_oci_state *s, struct wgc_err *err)
{
	const char *id = wgc_containers_text(doc, "id"), *status = wgc_containers_text(doc, "status");
	const char *bundle = wgc_containers_text(doc, "bundle");
	json_int_t pid = json_integer_value(json_object_get(doc, "pid"));

	if (!id || strchr(id, '/') || strlen(id) > 1024)
		return wrong(err, id ? "'id' is no id" : "'id' is missing");
	if (!status)
		return wrong(err, "'status' is missing");
	if (strcmp(status, "creating") && strcmp(status, "created") && strcmp(status, "stopped")) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the container is %.20s: too late for a tunnel, and too early for its end", status);
		wgc_err_hint(err, "the stages of this hook are createRuntime and poststop");
		return -EINVAL;
	}
	s->begins = strcmp(status, "stopped");
	if (pid < 0 || pid > INT_MAX)
		return wrong(err, "'pid' is no process");
	if (s->begins && !pid) {
		wrong(err, "'pid' is missing, so its namespace cannot be found");
		wgc_err_hint(err, "the stages of this hook are createRuntime and poststop; there is no pid in others");
		return -EINVAL;
	}
	s->pid = (pid_t)pid;
	s->id = wgc_arena_strdup(a, id);
	s->bundle = wgc_arena_strdup(a, bundle ?: "");
	if (!s->id || !s->bundle)
		return wgc_err_nomem(err);
	/* What it says at the end is of no use, and must not keep the tunnel up. */
	return s->begins ? read_annotations(json_object_get(doc, "annotations"), a, s, err) : 0;
}

int wgc_oci_state_parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_oci_state *ret, struct wgc_err *err)
{
	struct wgc_oci_state s = { .mode = WGC_ATTACH_ADDITIONAL };
	char why[200];
	json_t *doc = wgc_containers_object(text, len, why);
	int r;

	if (!doc)
		return wrong(err, why);
	r = read_state(doc, a, &s, err);
	json_decref(doc);
	if (r == 0)
		*ret = s;
	return r;
}

static bool names(json_t *list, const char *word)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), word))
			return true;
	return false;
}

int wgc_oci_config_parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_oci_config *ret, struct wgc_err *err)
{
	struct wgc_oci_config c = { .root = NULL };
	char why[200];
	json_t *doc = wgc_containers_object(text, len, why), *caps, *set;
	const char *root, *key;

	if (!doc)
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "config.json of the bundle is no JSON object");
	caps = json_object_get(json_object_get(doc, "process"), "capabilities");
	/* In whichever set: an ambient or bounding one comes into effect with the next exec. */
	json_object_foreach(caps, key, set)
		c.net_admin = c.net_admin || names(set, "CAP_NET_ADMIN");
	root = wgc_containers_text(json_object_get(doc, "root"), "path");
	c.root = root ? wgc_arena_strdup(a, root) : NULL;
	json_decref(doc);
	if (root && !c.root)
		return wgc_err_nomem(err);
	*ret = c;
	return 0;
}
