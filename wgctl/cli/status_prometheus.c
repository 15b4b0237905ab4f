// SPDX-License-Identifier: GPL-2.0
/*
 * status, for Prometheus: the text format 0.0.4 of its exposition formats. All
 * samples of a metric stand together, as it asks for; what a peer is called is a
 * label beside its key, which tells it apart.
 */
#include "cli/status.h"

#include <inttypes.h>
#include <string.h>

static void label(struct wgc_str *out, const char *name, const char *value, const char *before)
{
	wgc_str_addf(out, "%s%s=\"", before, name);
	for (const char *c = value; *c; c++) {
		if (*c == '\\' || *c == '"')
			wgc_str_addc(out, '\\');
		if (*c == '\n')
			wgc_str_add(out, "\\n");
		else
			wgc_str_addc(out, *c);
	}
	wgc_str_addc(out, '"');
}

static void tunnel_labels(const struct wgc_tunnel *t, struct wgc_str *out)
{
	label(out, "profile", t->name, "{");
	label(out, "interface", t->ifname, ",");
	/* Here there may be another link of that name, and, for want of one, of that profile. */
	if (t->info && *t->info->home)
		label(out, "namespace", t->info->home, ",");
}

static void head(struct wgc_str *out, const char *name, const char *type, const char *help)
{
	wgc_str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

enum of_tunnel { UP, SINCE, PROBLEMS, PEERS };
static const struct {
	const char *name, *help;
} tunnel_metrics[] = {
	[UP] = { "wgctl_tunnel_up", "Whether the tunnel is up and whole." },
	[SINCE] = { "wgctl_tunnel_start_time_seconds", "When the tunnel was brought up, since the epoch." },
	[PROBLEMS] = { "wgctl_tunnel_problems", "Number of problems that status shows." },
	[PEERS] = { "wgctl_tunnel_peers", "Peers of the tunnel, by the age of their last handshake." },
};

static void of_tunnel(enum of_tunnel what, const struct wgc_tunnel *t, struct wgc_str *out)
{
	const char *name = tunnel_metrics[what].name;

	for (int h = 0; what == PEERS && t->device && h <= WGC_OK; h++) {
		wgc_str_add(out, name);
		tunnel_labels(t, out);
		wgc_str_addf(out, ",health=\"%s\"} %zu\n", wgc_health_word[h], t->count[h]);
	}
	if (what == PEERS || (what == SINCE && !t->info))
		return;
	wgc_str_add(out, name);
	tunnel_labels(t, out);
	if (what == UP)
		wgc_str_addf(out, "} %d\n", !strcmp(wgc_tunnel_state(t), "up"));
	else if (what == SINCE)
		wgc_str_addf(out, "} %" PRId64 "\n", t->info->since);
	else
		wgc_str_addf(out, "} %zu\n", t->n_problems);
}

enum of_peer { RECEIVED, SENT, HANDSHAKE };
static const struct {
	const char *name, *type, *help;
} peer_metrics[] = {
	[RECEIVED] = { "wgctl_peer_received_bytes_total", "counter", "Bytes that came from the peer." },
	[SENT] = { "wgctl_peer_sent_bytes_total", "counter", "Bytes that went to the peer." },
	[HANDSHAKE] = { "wgctl_peer_last_handshake_seconds", "gauge", "When the last handshake with the peer was, since the epoch; 0: never." },
};

static void of_peer(enum of_peer what, const struct wgc_tunnel *t, const struct wgc_peer *p, struct wgc_str *out)
{
	const char *name = wgc_names_find(&t->names, &p->public_key);
	char key[WGC_KEY_BASE64];

	wgc_key_print(&p->public_key, key);
	wgc_str_add(out, peer_metrics[what].name);
	tunnel_labels(t, out);
	label(out, "public_key", key, ",");
	if (name)
		label(out, "name", name, ",");
	if (what == HANDSHAKE)
		wgc_str_addf(out, "} %" PRId64 "\n", (int64_t)p->last_handshake.tv_sec);
	else
		wgc_str_addf(out, "} %" PRIu64 "\n", what == RECEIVED ? p->rx_bytes : p->tx_bytes);
}

void wgc_tunnels_prometheus(const struct wgc_tunnel *v, size_t n, struct wgc_str *out)
{
	for (size_t m = 0; m < WGC_ARRAY_SIZE(tunnel_metrics); m++) {
		head(out, tunnel_metrics[m].name, "gauge", tunnel_metrics[m].help);
		for (size_t i = 0; i < n; i++)
			of_tunnel((enum of_tunnel)m, &v[i], out);
	}
	for (size_t m = 0; m < WGC_ARRAY_SIZE(peer_metrics); m++) {
		head(out, peer_metrics[m].name, peer_metrics[m].type, peer_metrics[m].help);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; v[i].device && k < v[i].device->n_peers; k++)
				of_peer((enum of_peer)m, &v[i], &v[i].device->peers[k], out);
	}
}

bool wgc_metric(size_t i, const char **ret_name, const char **ret_type, const char **ret_help)
{
	const size_t n = WGC_ARRAY_SIZE(tunnel_metrics);

	if (i >= n + WGC_ARRAY_SIZE(peer_metrics))
		return false;
	*ret_name = i < n ? tunnel_metrics[i].name : peer_metrics[i - n].name;
	*ret_type = i < n ? "gauge" : peer_metrics[i - n].type;
	*ret_help = i < n ? tunnel_metrics[i].help : peer_metrics[i - n].help;
	return true;
}
