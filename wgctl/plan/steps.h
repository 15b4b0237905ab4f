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
	wgc_step_rule;

/** A string of a step's record, "" when it is missing. */
const char *wgc_record_str(const struct wgc_past *p, const char *key);
/** A number of a record or of an object in it, 0 when it is missing. */
uint32_t wgc_record_int(const json_t *o, const char *key);
/** The rule of a rule.add record. */
struct wgc_rule wgc_rule_of_record(const struct wgc_past *p);
/** A route of a route.add record's list. 0 or -EBADMSG. */
int wgc_route_of_record(const json_t *o, struct wgc_route *ret);

#endif
