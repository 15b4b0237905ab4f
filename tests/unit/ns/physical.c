// SPDX-License-Identifier: GPL-2.0
/* Which links lead to a wire: a table of machines. */
#include <errno.h>
#include <net/if.h>

#include "ns/ns.h"
#include "unit/tap.h"

#define MAX 12

struct row {
	const char *name, *kind, *parent;
	uint32_t lower, master; /* 1 + index of the row */
	int phy;		/* 0: none, else number + 1 */
	bool immutable, elsewhere;
	enum wgc_ns_fate want;
};

static size_t build(const struct row *rows, struct wgc_nic *v)
{
	size_t n = 0;

	for (; rows[n].name; n++) {
		const struct row *r = &rows[n];

		v[n] = (struct wgc_nic){ .phy = r->phy - 1, .lower = r->lower, .master = r->master, .immutable = r->immutable,
					 .lower_elsewhere = r->elsewhere };
		v[n].link.ifindex = (uint32_t)n + 1;
		snprintf(v[n].link.ifname, sizeof(v[n].link.ifname), "%s", r->name);
		snprintf(v[n].link.kind, sizeof(v[n].link.kind), "%s", r->kind ?: "");
		snprintf(v[n].parent, sizeof(v[n].parent), "%s", r->parent ?: "");
		if (!strcmp(r->name, "lo"))
			v[n].link.flags = IFF_LOOPBACK;
	}
	return n;
}

static void machine(const char *what, const struct row *rows, const struct wgc_ns_wish *wish)
{
	static const struct wgc_ns_wish none;
	struct wgc_ns_verdict out[MAX];
	struct wgc_nic v[MAX];
	struct wgc_err err = WGC_ERR_INIT;
	size_t n = build(rows, v);

	printf("# %s\n", what);
	tap_int(wgc_ns_classify(v, n, wish ?: &none, out, &err), 0, __FILE__, __LINE__, what);
	for (size_t i = 0; i < n; i++) {
		tap_int(out[i].fate, rows[i].want, __FILE__, __LINE__, rows[i].name);
		tap_ok(out[i].why[0], __FILE__, __LINE__, "and says why");
	}
}

int main(void)
{
	static const char *const eth0[] = { "eth0", NULL }, *const veth[] = { "veth0", NULL }, *const gone[] = { "eth9", NULL };
	const struct wgc_ns_wish leave = { .leave = eth0 }, take = { .take = veth }, missing = { .take = gone };
	struct wgc_ns_wish missing2 = { .leave = gone };
	struct wgc_ns_verdict out[MAX];
	struct wgc_nic v[MAX];
	struct wgc_err err = WGC_ERR_INIT;
	size_t n;

	machine("a laptop", (struct row[]){ { .name = "lo" },
					    { .name = "eth0", .parent = "0000:00:1f.6", .want = WGC_FATE_MOVES },
					    { .name = "wlan0", .parent = "0000:00:14.3", .phy = 1, .want = WGC_FATE_RADIO },
					    { .name = "p2p0", .phy = 1, .want = WGC_FATE_RADIO },
					    { .name = "docker0", .kind = "bridge" },
					    { .name = "veth1", .kind = "veth", .master = 5 },
					    { .name = "tun0", .kind = "tun" },
					    { .name = "wg1", .kind = "wireguard" },
					    { 0 } },
		NULL);
	machine("stacked", (struct row[]){ { .name = "eth0.5.7", .kind = "vlan", .lower = 2, .want = WGC_FATE_MOVES },
					   { .name = "eth0.5", .kind = "vlan", .lower = 3, .want = WGC_FATE_MOVES },
					   { .name = "eth0", .parent = "virtio0", .want = WGC_FATE_MOVES },
					   { .name = "mv0", .kind = "macvlan", .lower = 3, .want = WGC_FATE_MOVES },
					   { .name = "vx0", .kind = "vxlan", .lower = 3, .want = WGC_FATE_REFUSED },
					   { .name = "mv1", .kind = "macvlan", .lower = 3, .elsewhere = true },
					   { .name = "d.5", .kind = "vlan", .lower = 8 },
					   { .name = "d", .kind = "dummy" },
					   { 0 } },
		NULL);
	machine("ports", (struct row[]){ { .name = "br0", .kind = "bridge" },
					 { .name = "eth0", .parent = "virtio0", .master = 1, .want = WGC_FATE_REFUSED },
					 { .name = "eth1", .parent = "virtio1", .want = WGC_FATE_MOVES },
					 { .name = "sw0", .parent = "dsa", .immutable = true, .want = WGC_FATE_REFUSED },
					 { 0 } },
		NULL);
	machine("left", (struct row[]){ { .name = "eth0", .parent = "virtio0" },
					{ .name = "eth0.5", .kind = "vlan", .lower = 1 },
					{ .name = "eth1", .parent = "virtio1", .want = WGC_FATE_MOVES },
					{ 0 } },
		&leave);
	machine("taken", (struct row[]){ { .name = "veth0", .kind = "veth", .want = WGC_FATE_MOVES }, { .name = "veth2", .kind = "veth" }, { 0 } }, &take);
	machine("taken in vain", (struct row[]){ { .name = "veth0", .kind = "bridge", .want = WGC_FATE_REFUSED }, { 0 } }, &take);

	n = build((struct row[]){ { .name = "lo" }, { 0 } }, v);
	tap_int(wgc_ns_classify(v, n, &missing, out, &err), -ENODEV, __FILE__, __LINE__, "a name to take that is not there");
	tap_int(wgc_ns_classify(v, n, &missing2, out, &err), -ENODEV, __FILE__, __LINE__, "a name to leave that is not there");
	missing2.some_gone = true;
	tap_int(wgc_ns_classify(v, n, &missing2, out, &err), 0, __FILE__, __LINE__, "which may be, where some may be gone");
	tap_str(err.msg, "there is no link 'eth9'", __FILE__, __LINE__, "which is said");
	return tap_done();
}
