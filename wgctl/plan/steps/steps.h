/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One row per kind of step: what must hold, what undo will need, how it is
 * done, how it is told, how it is taken back. Nothing else changes the system.
 *
 * Undo works from journal records alone: after a crash there is nothing else.
 * A record without "done" is a step that may or may not have happened.
 */
#ifndef WGC_PLAN_STEPS_H
#define WGC_PLAN_STEPS_H

#include "plan/internal.h"

extern const struct wgc_step_def wgc_step_link_create, wgc_step_hook, wgc_step_keys_read, wgc_step_resolve,
	wgc_step_device, wgc_step_addr, wgc_step_link_set, wgc_step_sysctl, wgc_step_nft, wgc_step_dns, wgc_step_route,
	wgc_step_rule, wgc_step_kill_switch, wgc_step_device_change, wgc_step_addr_change, wgc_step_link_change, wgc_step_route_change,
	wgc_step_dns_change, wgc_step_nft_replace, wgc_step_kill_replace, wgc_step_device_mark, wgc_step_put_back, wgc_step_take_back,
	wgc_step_netns;

/** A step's number in the journal: a reload counts on where `up` ended. */
size_t wgc_step_number(const struct wgc_exec *x, size_t index);
/** Routes through our link as one string of a record: "via" for those that come, "gone" for those that go. */
int wgc_routes_record(const struct wgc_route *v, size_t n, const char *key, struct wgc_json *j, struct wgc_err *err);
/** Each of those that the record at @index says came, and that no later one says went. 0, what @each fails with, or -EBADMSG. */
int wgc_recorded_routes(const struct wgc_history *h, size_t index, int (*each)(void *ctx, const struct wgc_route *r), void *ctx);
/** Did a reload after the record @after take its route @r, which is of no link, away, and none bring it back? */
bool wgc_shared_is_gone(const struct wgc_history *h, size_t after, const struct wgc_route *r);
/** Has a later record, which stands, made the nft table of the one at @index anew? Then that says what is in it. */
bool wgc_record_replaced(const struct wgc_history *h, size_t index);
/** Is the table of an nft record still there, with all that we put into it? */
bool wgc_nft_present(struct wgc_undo *u, const struct wgc_past *p);
/** What @load makes for the table of an nft record, be that there or not, in one transaction: at no moment is there neither. */
int wgc_nft_swap(struct wgc_sys *sys, const struct wgc_past *p, const char *load, struct wgc_err *err);
/** Tell how the DNS backend was found, and what speaks against it. */
void wgc_step_dns_tell(const struct wgc_facts *f, struct wgc_run *run);
/** A tunnel that is up keeps the DNS backend that was found for it when it came up, unless its profile names one. */
void wgc_step_dns_keep(const struct wgc_history *h, const struct wgc_profile *p, struct wgc_facts *f);

/** A string of a step's record, "" when it is missing. */
const char *wgc_record_str(const struct wgc_past *p, const char *key);
/** A number of a record or of an object in it, 0 when it is missing. */
uint32_t wgc_record_int(const json_t *o, const char *key);
/** What a rule.add record says of a rule, and the rule of such a record. */
void wgc_rule_record(const struct wgc_rule *r, struct wgc_json *j);
struct wgc_rule wgc_rule_of_record(const struct wgc_past *p);
/** A route of a route.add record's list. 0 or -EBADMSG. */
int wgc_route_of_record(const json_t *o, struct wgc_route *ret);

#endif
