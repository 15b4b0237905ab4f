// SPDX-License-Identifier: GPL-2.0
/*
 * Marks. A mark has 32 bits that everybody shares, so ours are few and chosen
 * where others are not:
 *
 *   bits 0, 7, 8-11   OpenShift, AWS CNI (0x80), Cilium (0x0f00)
 *   bits 8-13         mwan3 (0x3f00)
 *   bit 13            the portmap CNI plugin, Podman (0x2000)
 *   bits 14, 15       Kubernetes (0x4000, 0x8000)
 *   bits 16-23        Tailscale (0xff0000), Weave (0x60000), OpenWrt's pbr
 *   bits 16-31        Calico (0xffff0000), identities of Cilium, Antrea
 *   whole marks       wg-quick and NetworkManager (0xca6c and up), NetBird
 *                     (0x1bd00), Mullvad (0x6d6f6c65), Istio (0x1337),
 *                     AWS App Mesh (0x1e7700ce), NordVPN (0xe1f1), Clash (0x1a0a)
 *
 * from github.com/fwmark/registry and those programs' sources. Bits 1 to 6 and
 * 12 are left. Two of them, 12 and one other, both set, say "around the
 * tunnels"; the other five tell one tunnel's own packets from another's, and
 * are zero for packets that are nobody's own: answers to calls from outside.
 * All tunnels look at the same two bits, so the packets of one never end in
 * the other, and theirs in the first, for ever.
 */
#include <errno.h>

#include "routes/internal.h"

#define OWN_BITS 5

/* In the order of trying. */
static const uint32_t around_bits[] = { 0x1040, 0x1020, 0x1010, 0x1008, 0x1004, 0x1002 };

uint32_t wgc_routes_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h ^ (h >> 15);
}

/* The bits of @n in those of the mask that @around leaves. */
static uint32_t own_mark(uint32_t around, uint32_t n)
{
	uint32_t mark = around;

	for (uint32_t bit = 1; bit <= WGC_MARK_MASK; bit <<= 1)
		if (WGC_MARK_MASK & ~around & bit) {
			mark |= n & 1 ? bit : 0;
			n >>= 1;
		}
	return mark;
}

/* Would packets that are marked like @u for somebody go around our tunnels, or
 * ours their way? */
static bool meets_around(const struct wgc_mark_use *u, uint32_t around)
{
	if (u->around == around)
		return false;
	return (u->value & around) == around || ((u->value & u->mask) && (around & u->mask) == (u->value & u->mask));
}

static bool meets_mark(const struct wgc_mark_use *u, uint32_t mark)
{
	return (u->value & u->mask) && (mark & u->mask) == (u->value & u->mask);
}

/* A rule of a tunnel of ours is no conflict; nor is the rule of another full
 * tunnel: it may carry ours. */
static bool rule_use(const struct wgc_rule *r, uint32_t around, struct wgc_mark_use *ret)
{
	if (!(r->fwmark & r->fwmask) || (r->fwmark == around && r->fwmask == around))
		return false;
	*ret = (struct wgc_mark_use){ r->fwmark, r->invert ? 0 : r->fwmask, 0 };
	return true;
}

static bool around_is_free(const struct wgc_routes_facts *f, uint32_t around)
{
	struct wgc_mark_use u;

	for (size_t i = 0; i < f->n_rules; i++)
		if (rule_use(&f->rules[i], around, &u) && meets_around(&u, around))
			return false;
	for (size_t i = 0; i < f->n_marks; i++)
		if (meets_around(&f->marks[i], around))
			return false;
	return true;
}

static bool mark_is_free(const struct wgc_routes_facts *f, uint32_t around, uint32_t mark)
{
	struct wgc_mark_use u;

	for (size_t i = 0; i < f->n_rules; i++)
		if (rule_use(&f->rules[i], around, &u) && meets_mark(&u, mark))
			return false;
	for (size_t i = 0; i < f->n_marks; i++)
		if (meets_mark(&f->marks[i], mark))
			return false;
	return true;
}

static bool choose(const char *name, const struct wgc_routes_facts *f, struct wgc_routes_desired *d)
{
	uint32_t n = (1u << OWN_BITS) - 1, first = wgc_routes_hash(name);

	for (size_t k = 0; k < WGC_ARRAY_SIZE(around_bits); k++) {
		d->around = around_bits[k];
		if (!around_is_free(f, d->around))
			continue;
		for (uint32_t i = 0; i < n; i++) {
			d->mark = own_mark(d->around, 1 + (first + i) % n);
			if (mark_is_free(f, d->around, d->mark))
				return true;
		}
	}
	return false;
}

int wgc_routes_choose_mark(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_routes_desired *d,
			   struct wgc_err *err)
{
	/* "off" leaves the choice, as no word about it does. */
	bool given = p->device.flags & WGC_DEVICE_HAS_FWMARK && p->device.fwmark, found;

	if (f->keep.mark && (!given || p->device.fwmark == f->keep.mark)) {
		bool own = !given && (f->keep.mark & f->keep.around) == f->keep.around;

		d->mark = f->keep.mark;
		d->around = f->keep.around;
		d->mask = own ? WGC_MARK_MASK : UINT32_MAX;
		return 0;
	}
	found = choose(p->name ?: p->ifname, f, d);
	d->mask = WGC_MARK_MASK;
	if (given) {
		d->mark = p->device.fwmark;
		d->mask = UINT32_MAX;
		if (!found)
			d->around = around_bits[0];
		return 0;
	}
	if (found)
		return 0;
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "every firewall mark of 0x%x is taken by rules that are there", WGC_MARK_MASK);
	wgc_err_hint(err, "see `ip rule` and `nft list ruleset`; FwMark = chooses a mark by hand");
	return -EEXIST;
}
