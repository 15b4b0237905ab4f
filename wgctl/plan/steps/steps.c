// SPDX-License-Identifier: GPL-2.0
/* All kinds of steps, and how one is shown. */
#include <string.h>

#include "plan/physical/physical.h"
#include "plan/steps/steps.h"

const struct wgc_step_def *const wgc_step_defs[WGC_N_STEP_KINDS] = {
	[WGC_STEP_LINK_CREATE] = &wgc_step_link_create,
	[WGC_STEP_HOOK] = &wgc_step_hook,
	[WGC_STEP_KEYS_READ] = &wgc_step_keys_read,
	[WGC_STEP_RESOLVE] = &wgc_step_resolve,
	[WGC_STEP_DEVICE_CONFIGURE] = &wgc_step_device,
	[WGC_STEP_ADDR_ADD] = &wgc_step_addr,
	[WGC_STEP_LINK_SET] = &wgc_step_link_set,
	[WGC_STEP_SYSCTL_SET] = &wgc_step_sysctl,
	[WGC_STEP_NFT_LOAD] = &wgc_step_nft,
	[WGC_STEP_DNS_SET] = &wgc_step_dns,
	[WGC_STEP_ROUTE_ADD] = &wgc_step_route,
	[WGC_STEP_RULE_ADD] = &wgc_step_rule,
	[WGC_STEP_KILL_SWITCH] = &wgc_step_kill_switch,
	[WGC_STEP_DEVICE_CHANGE] = &wgc_step_device_change,
	[WGC_STEP_ADDR_CHANGE] = &wgc_step_addr_change,
	[WGC_STEP_LINK_CHANGE] = &wgc_step_link_change,
	[WGC_STEP_ROUTE_CHANGE] = &wgc_step_route_change,
	[WGC_STEP_DNS_CHANGE] = &wgc_step_dns_change,
	[WGC_STEP_NFT_REPLACE] = &wgc_step_nft_replace,
	[WGC_STEP_KILL_REPLACE] = &wgc_step_kill_replace,
	[WGC_STEP_DEVICE_MARK] = &wgc_step_device_mark,
	[WGC_STEP_PUT_BACK] = &wgc_step_put_back,
	[WGC_STEP_TAKE_BACK] = &wgc_step_take_back,
	[WGC_STEP_GUARD] = &wgc_step_guard,
	[WGC_STEP_KEEP_OFF] = &wgc_step_keep_off,
	[WGC_STEP_PHYSICAL_NETNS] = &wgc_step_physical_netns,
	[WGC_STEP_NETWORK_RECORD] = &wgc_step_network_record,
	[WGC_STEP_NIC_MOVE] = &wgc_step_nic_move,
	[WGC_STEP_WIPHY_MOVE] = &wgc_step_wiphy_move,
	[WGC_STEP_NETWORK_CARRY] = &wgc_step_network_carry,
	[WGC_STEP_CLIENT_START] = &wgc_step_client_start,
	[WGC_STEP_KEEPER_START] = &wgc_step_keeper_start,
	[WGC_STEP_TUNNEL_UP] = &wgc_step_tunnel_up,
	[WGC_STEP_NETNS_CREATE] = &wgc_step_netns,
};

const char *wgc_record_str(const struct wgc_past *p, const char *key)
{
	return json_string_value(json_object_get(p->begun, key)) ?: "";
}

bool wgc_record_replaced(const struct wgc_history *h, size_t index)
{
	const char *table = wgc_record_str(&h->steps[index], "nft");

	for (size_t i = index + 1; *table && i < h->n; i++)
		if (!h->steps[i].failed && !h->steps[i].undone && !strcmp(wgc_record_str(&h->steps[i], "nft"), table))
			return true;
	return false;
}

uint32_t wgc_record_int(const json_t *o, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(o, key));
}

const struct wgc_step_def *wgc_step_def_find(const char *word)
{
	for (size_t i = 0; i < WGC_N_STEP_KINDS; i++)
		if (!strcmp(wgc_step_defs[i]->word, word))
			return wgc_step_defs[i];
	return NULL;
}

/* A command for the caller becomes one for the namespace. */
static void inside(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *equivalent)
{
	WGC_AUTO_STR struct wgc_str there = { 0 };
	const char *command = wgc_str_get(equivalent);

	if (!p->facts || !p->facts->home || !equivalent->len || s->kind == WGC_STEP_NETNS_CREATE || s->kind == WGC_STEP_LINK_CREATE)
		return;
	if (!strncmp(command, "ip ", 3))
		wgc_str_addf(&there, "ip -n %s %s", p->facts->home, command + 3);
	else
		wgc_str_addf(&there, "ip netns exec %s %s", p->facts->home, command);
	equivalent->len = 0;
	wgc_str_add(equivalent, wgc_str_get(&there));
}

/* By the making of the link, which comes first, or behind the namespace that it is made in. */
static const char *covered_by(const struct wgc_plan *p)
{
	return p->steps[0].kind == WGC_STEP_NETNS_CREATE ? "covered by step 2" : "covered by step 1";
}

void wgc_step_view(const struct wgc_plan *p, size_t index, struct wgc_str *text, struct wgc_str *equivalent,
		   struct wgc_step_view *ret)
{
	const struct wgc_step *s = &p->steps[index];
	const struct wgc_step_def *def = wgc_step_defs[s->kind];

	text->len = equivalent->len = 0;
	def->describe(p, s, text, equivalent);
	inside(p, s, equivalent);
	*ret = (struct wgc_step_view){
		.index = index + 1,
		.total = p->n,
		.word = def->word,
		.sign = s->adopted ? '=' : def->sign,
		.text = wgc_str_get(text),
		.equivalent = equivalent->len ? equivalent->s : NULL,
		.undo = s->adopted ? "not ours" : s->covered && !p->reload ? covered_by(p) : def->undo_text,
		.at = s->at,
	};
}

const char *wgc_plan_step_word(size_t i)
{
	return i < WGC_N_STEP_KINDS ? wgc_step_defs[i]->word : NULL;
}
