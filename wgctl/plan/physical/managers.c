// SPDX-License-Identifier: GPL-2.0
/*
 * Who configures a link: told by what each leaves in /run about it, which is
 * there whether or not he has a bus to be asked on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/physical/physical.h"

#define RELOAD_MS 5000

static bool says(const char *path, const char *line)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len, n = strlen(line);

	if (wgc_read_file(path, 1u << 20, &text, &len) < 0)
		return false;
	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, line, n) && (!at[n] || at[n] == '\n' || at[n] == '='))
			return true;
	}
	return false;
}

static bool exists(const char *fmt, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), fmt, name);
	return access(path, F_OK) == 0;
}

const char *wgc_manager_of(const struct wgc_nic *nic)
{
	static const struct {
		const char *path, *who;
	} pids[] = {
		{ "/run/dhcpcd/%s.pid", "dhcpcd" },
		{ "/run/dhcpcd/%s-4.pid", "dhcpcd" },
		{ "/run/dhclient.%s.pid", "dhclient" },
	};
	char path[128];

	snprintf(path, sizeof(path), "/run/NetworkManager/devices/%u", nic->link.ifindex);
	if (says(path, "managed=true"))
		return "NetworkManager";
	snprintf(path, sizeof(path), "/run/systemd/netif/links/%u", nic->link.ifindex);
	if (says(path, "NETWORK_FILE"))
		return "systemd-networkd";
	if (says("/run/network/ifstate", nic->link.ifname) || exists("/run/network/ifstate.%s", nic->link.ifname))
		return "ifupdown";
	for (size_t i = 0; i < WGC_ARRAY_SIZE(pids); i++)
		if (exists(pids[i].path, nic->link.ifname))
			return pids[i].who;
	if (access("/run/dhcpcd/pid", F_OK) == 0)
		return "dhcpcd";
	return NULL;
}

char *wgc_manager_wpa_file(const char *ifname)
{
	char *path;

	if (asprintf(&path, "/etc/wpa_supplicant/wpa_supplicant-%s.conf", ifname) < 0)
		return NULL;
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return access("/etc/wpa_supplicant/wpa_supplicant.conf", R_OK) == 0 ? strdup("/etc/wpa_supplicant/wpa_supplicant.conf") : NULL;
}

/* A server on this machine is not to be reached from the other namespace. */
static bool is_local(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1");
}

int wgc_manager_resolv_conf(char **ret)
{
	/* Where a resolver on this machine tells whom it asks itself, and the file of all. */
	static const char *const paths[] = { "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf", "/etc/resolv.conf" };
	WGC_AUTO_STR struct wgc_str out = { 0 };

	wgc_str_add(&out, "# wgctl: for what runs in the network namespace '" WGC_PHYSICAL "'\n");
	for (size_t i = 0; i < WGC_ARRAY_SIZE(paths); i++) {
		WGC_AUTO_FREE char *text = NULL;
		char *save = NULL;
		bool any = false;
		size_t len;

		if (wgc_read_file(paths[i], 1u << 16, &text, &len) < 0)
			continue;
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char address[64];

			if (sscanf(line, " nameserver %63s", address) != 1 || is_local(address))
				continue;
			wgc_str_addf(&out, "nameserver %s\n", address);
			any = true;
		}
		if (any)
			break;
	}
	*ret = wgc_str_steal(&out);
	return *ret ? 0 : -ENOMEM;
}

/* ---- told to keep off ------------------------------------------------------------- */

/* Files in /run: after a reboot everything is as it always was. */
static const struct manager {
	const char *who, *running, *file;
	char *const *reload;
} managers[] = {
	{ "NetworkManager", "/run/NetworkManager/devices", "/run/NetworkManager/conf.d/90-wgctl-physical.conf",
	  (char *const[]){ "/usr/bin/nmcli", "general", "reload", "conf", NULL } },
	{ "systemd-networkd", "/run/systemd/netif/links", "/run/systemd/network/00-wgctl-physical.network",
	  (char *const[]){ "/usr/bin/networkctl", "reload", NULL } },
};

static void add_mac(struct wgc_str *out, const struct wgc_nic *nic)
{
	for (uint8_t i = 0; i < nic->mac_len; i++)
		wgc_str_addf(out, "%s%02x", i ? ":" : "", nic->mac[i]);
}

static void file_of(const struct wgc_physical *p, size_t which, struct wgc_str *out)
{
	bool nm = which == 0, first = true;

	wgc_str_addf(out, "# wgctl physical: these links are in the network namespace '" WGC_PHYSICAL "'.\n%s", nm ? "[keyfile]\nunmanaged-devices+=" :
										       "[Match]\nName=");
	for (size_t i = 0; i < p->n; i++) {
		if (!wgc_physical_goes(&p->v[i]))
			continue;
		if (!first)
			wgc_str_add(out, nm ? ";" : " ");
		first = false;
		if (!nm) {
			wgc_str_add(out, p->v[i].nic->link.ifname);
			continue;
		}
		wgc_str_addf(out, "interface-name:%s", p->v[i].nic->link.ifname);
		if (p->v[i].nic->mac_len == 6 && !p->v[i].verdict.stacked) {
			wgc_str_add(out, ";mac:");
			add_mac(out, p->v[i].nic);
		}
	}
	wgc_str_add(out, nm ? "\n" : "\n\n[Link]\nUnmanaged=yes\n");
}

static int write_file(const struct manager *m, const char *text, struct wgc_err *err)
{
	WGC_AUTO_FREE char *dir = strndup(m->file, (size_t)(strrchr(m->file, '/') - m->file));
	int r = dir ? wgc_physical_directory(dir) : -ENOMEM;

	r = r ?: wgc_physical_write(m->file, text, 0644);
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot write %s: %s", m->file, strerror(-r)) : 0;
}

/* Not to be waited for: one that does not answer finds links that are gone, and a door that is shut. */
static void reload(const struct manager *m, struct wgc_run *run)
{
	struct wgc_err why = WGC_ERR_INIT;

	if (access(m->running, F_OK) == 0 && wgc_dns_run(m->reload[0], m->reload, "", RELOAD_MS, &why) < 0)
		wgc_physical_warn(run, "%s could not be told to read its settings again: %s", m->who, why.msg);
}

static int keep_off_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, "NetworkManager, systemd-networkd");
	return 0;
}

static int keep_off_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(managers) && !r; i++) {
		WGC_AUTO_STR struct wgc_str text = { 0 };

		file_of(x->plan->physical, i, &text);
		r = write_file(&managers[i], wgc_str_get(&text), err);
		if (r == 0)
			reload(&managers[i], x->run);
	}
	return r;
}

static void keep_off_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_physical *p = plan->physical;
	bool any = false;

	wgc_str_add(text, "drop-ins in /run for NetworkManager and systemd-networkd");
	for (size_t i = 0; i < p->n; i++)
		if (wgc_physical_goes(&p->v[i]) && p->v[i].manager) {
			wgc_str_addf(text, "%s%s has %s", any ? ", " : "; ", p->v[i].manager, p->v[i].nic->link.ifname);
			any = true;
		}
}

static int keep_off_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	int r = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(managers); i++) {
		if (unlink(managers[i].file) == 0)
			reload(&managers[i], u->run);
		else if (errno != ENOENT && !r)
			r = wgc_err_set(err, WGC_E_IO, errno, "cannot remove %s: %s", managers[i].file, strerror(errno));
	}
	return r;
}

const struct wgc_step_def wgc_step_keep_off = {
	.word = "managers.tell",
	.sign = '+',
	.capture = keep_off_capture,
	.apply = keep_off_apply,
	.describe = keep_off_describe,
	.undo = keep_off_undo,
	.undo_text = "remove",
};
