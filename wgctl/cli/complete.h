/* SPDX-License-Identifier: GPL-2.0 */
/* complete: what its two files share: complete.c for the commands of the table, complete_wg.c for those of wg(8) and wg-quick(8). */
#ifndef WGC_CLI_COMPLETE_H
#define WGC_CLI_COMPLETE_H

#include "cli/cli.h"

/** A line for @value, with its meaning, if it begins as @word does. */
void wgc_offer(struct wgc_str *out, const char *word, const char *value, const char *text);
/** WireGuard interfaces, and tunnels that live elsewhere. */
void wgc_offer_devices(struct wgc_str *out, const char *word);
/** Behind the command @name of wg(8), which has @n operands so far. */
void wgc_complete_wg(const char *name, char **operands, int n, const char *word, struct wgc_str *out);

#endif
