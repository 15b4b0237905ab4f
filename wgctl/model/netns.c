// SPDX-License-Identifier: GPL-2.0
/* How people name network namespaces. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "model/model.h"

bool wgc_ns_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n > NAME_MAX || !strcmp(name, ".") || !strcmp(name, "..") || name[0] == '-')
		return false;
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("_.+@=:-", *c)))
			return false;
	return true;
}

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

int wgc_ns_parse(const char *text, struct wgc_ns_ref *ret, struct wgc_err *err)
{
	struct wgc_ns_ref ref = { .kind = WGC_NS_CALLER, .text = text };
	uint64_t pid;

	if (!text || !*text) {
		ref.text = NULL;
	} else if (strchr(text, '/')) {
		ref.kind = WGC_NS_PATH;
	} else if (starts(text, "pid:")) {
		if (wgc_parse_u64(text + 4, INT32_MAX, &pid) < 0 || !pid)
			return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "'%s' does not name a process: pid: and its number are expected", text);
		ref.kind = WGC_NS_PID;
		ref.pid = (pid_t)pid;
	} else if (starts(text, "container:")) {
		ref.kind = WGC_NS_CONTAINER;
		ref.text = text + strlen("container:");
		if (!wgc_ns_name_valid(ref.text))
			return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "'%s' does not name a container: container: and its name or id are expected",
					   text);
	} else if (wgc_ns_name_valid(text)) {
		ref.kind = WGC_NS_NAME;
	} else {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "'%s' cannot be the name of a network namespace", text);
		wgc_err_hint(err, "letters, digits and _.+@=:- make a name; a path has a slash; pid:N and container:NAME are the other forms");
		return -EINVAL;
	}
	*ret = ref;
	return 0;
}
