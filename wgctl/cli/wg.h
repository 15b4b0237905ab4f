/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of wg(8), with its arguments, output and exit codes (0 and 1).
 * They read their own arguments, since scripts rely on how that is done:
 * argv[0] is the command's name. Nothing here knows the command table.
 */
#ifndef WGC_CLI_WG_H
#define WGC_CLI_WG_H

#include "netlink/netlink.h"

/** All of wg(8); argv[0] is the program. The exit code. */
int wgc_wg_main(int argc, char **argv);

int wgc_cmd_show(int argc, char **argv);
int wgc_cmd_showconf(int argc, char **argv);
int wgc_cmd_set(int argc, char **argv);
int wgc_cmd_setconf(int argc, char **argv);
int wgc_cmd_addconf(int argc, char **argv);
int wgc_cmd_syncconf(int argc, char **argv);
int wgc_cmd_genkey(int argc, char **argv);
int wgc_cmd_genpsk(int argc, char **argv);
int wgc_cmd_pubkey(int argc, char **argv);

/* ---- shared by these files ---------------------------------------------------- */

/** The program as it was called, for usage lines. */
const char *wgc_wg_program(void);
/** "Usage: PROGRAM ARGUMENTS" on stderr. Returns 1. */
int wgc_wg_usage(const char *arguments);
/** "WHAT: reason" on stderr, as perror(3) has it, and the hint. Returns 1. */
int wgc_wg_failed(const char *what, const struct wgc_err *err);

/** "Warning: ..." on stderr for an allowed IP with bits beyond its length, as wg(8) has it; they mean nothing. */
void wgc_wg_warn_host_bits(const struct wgc_prefix *p, const char *text);

/** One device as people read it; @now is seconds since the epoch. */
void wgc_show_pretty(const struct wgc_device *d, bool color, bool hide_keys, int64_t now, FILE *out);
/** A field of one device, or everything as "dump"; false for a field that there is not. */
bool wgc_show_field(const struct wgc_device *d, const char *field, bool with_interface, FILE *out);

/**
 * For how many seconds WG_ENDPOINT_RESOLUTION_RETRIES has a name looked up that is not
 * found, UINT_MAX for ever; 0 when it is not set, or makes no sense.
 */
unsigned wgc_wg_patience(void);
/** What wgc_wg_resolve looks at first: -EINVAL with @err for a bad WG_ENDPOINT_RESOLUTION_RETRIES. */
int wgc_wg_check_retries(struct wgc_err *err);
/**
 * A host and port to an address, as wg(8) does it: the first result, trying
 * again while the resolver says so. 0; -EINVAL or -EAGAIN with @err.
 */
int wgc_wg_resolve(const char *host, const char *port, union wgc_sockaddr *ret, struct wgc_err *err);

#endif
