/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of a machine for tests: a Linux kernel behind the netlink transport
 * (links, addresses, routes, rules, WireGuard), and the other doors of struct
 * wgc_sys: nftables, hooks, names, and files in a folder of its own.
 *
 * What the machine is lives in memory shared with forked children and in real
 * files, so that a child may be killed in the middle of its work and the
 * parent looks at what is left. Every operation that changes the machine
 * passes one gate, which counts them and can fail the k-th, or kill the
 * process at it.
 *
 * A test includes "fake/kernel.c"; it may do so in one file only, since it
 * also puts itself in front of the libc calls that change files.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <linux/netlink.h>

#include "plan/plan.h"

#define FAKE_LINKS 32
#define FAKE_ADDRS 128
#define FAKE_ROUTES 2048
#define FAKE_RULES 64
#define FAKE_DEVICES 4
#define FAKE_PEERS 128
#define FAKE_IPS 8
#define FAKE_TABLES 8
#define FAKE_HOOKS 64

struct fake_peer {
	struct wgc_key public_key, preshared_key;
	union wgc_sockaddr endpoint;
	uint16_t keepalive;
	struct wgc_prefix ips[FAKE_IPS];
	unsigned n_ips;
};

struct fake_device {
	uint32_t ifindex;
	struct wgc_key private_key;
	uint16_t port;
	uint32_t fwmark;
	struct fake_peer peers[FAKE_PEERS];
	unsigned n_peers;
};

/* What happens to the operation whose turn it is. */
enum fake_when {
	FAKE_NEVER,
	FAKE_FAIL,	/* it is refused */
	FAKE_FAIL_LATE, /* it is done, and reported as failed */
	FAKE_KILL,	/* the process dies before it */
	FAKE_KILL_LATE, /* the process dies after it */
	FAKE_KILL_TORN, /* of a write to a file, half is done; as KILL for all else */
};

struct fake_fault {
	enum fake_when when;
	unsigned at; /* from 1 */
	int error;   /* positive errno */
};

struct fake_state {
	struct wgc_link links[FAKE_LINKS];
	unsigned n_links;
	uint32_t next_ifindex;
	struct wgc_ifaddr addrs[FAKE_ADDRS];
	unsigned n_addrs;
	struct wgc_route routes[FAKE_ROUTES];
	unsigned n_routes;
	struct wgc_rule rules[FAKE_RULES]; /* as looked at: by priority, then age */
	unsigned n_rules;
	struct fake_device devices[FAKE_DEVICES];
	unsigned n_devices;
	char tables[FAKE_TABLES][64]; /* of nftables */
	unsigned n_tables;
	/* what the machine can do */
	bool no_wireguard, no_nft, no_ipv6;
	/* what it was asked to do */
	char hooks[FAKE_HOOKS][96];
	unsigned n_hooks;
	unsigned lookups;   /* names resolved */
	unsigned ops, reads; /* changing operations; questions to the kernel */
	struct fake_fault op[2], read;
	unsigned met; /* the operation that met the first fault; the second is counted from there */
	char kind[4096]; /* of each operation, from 1: 'w' a write to a file, 's' a sync, '.' else */
	char hit[192]; /* the operation that met the last fault, "" = none did */
	unsigned interrupts; /* so many dumps to come are interrupted */
	const char *extack;  /* said with injected errors; of the test's own memory */
};

struct fake {
	struct fake_state *s;
	struct fake_state *base; /* as fake_keep found it */
	struct wgc_sys sys;
	char root[64]; /* the folder of its files */
	struct fake_datagram *first[2], **last[2]; /* answers not yet received */
	bool late;  /* the running operation is to fail, or to kill, when it is done */
	int late_error; /* 0 = kill */
	unsigned torn;	/* bytes that a torn write still does, plus 1 */
	/* for fuzzing: 0 or a positive errno for each operation and question */
	int (*decide)(void *ctx);
	void *decide_ctx;
};

/**
 * A machine with lo, eth0 and a default route in both families, and with
 * things of other people's: a WireGuard link, a rule, a table, routes, an nft
 * table, a resolv.conf. Exits the process when it cannot be made.
 */
struct fake *fake_new(void);
void fake_free(struct fake *f);
/** Remember the kernel's state for fake_back. */
void fake_keep(struct fake *f);
/** The kernel as it was at fake_keep, the files as fake_new made them; no fault armed. */
void fake_back(struct fake *f);

/** Count from 0 again, with one fault for a changing operation. */
void fake_arm(struct fake *f, enum fake_when when, unsigned at, int error);
/** A further fault, @at operations after that one was met. */
void fake_arm_next(struct fake *f, enum fake_when when, unsigned at, int error);
/** Refuse the @at-th question to the kernel. */
void fake_arm_read(struct fake *f, unsigned at, int error);
/** A child, on the same machine, which a fault may kill. */
pid_t fake_fork(void);
/** Wait for it, and disarm. True when it was killed; else *@ret_code (may be NULL) is what it ended with. */
bool fake_was_killed(struct fake *f, pid_t pid, int *ret_code);

/** Everything about the machine that wgctl may change, as text; the caller frees it. */
char *fake_snapshot(struct fake *f);
/** Write one of the machine's files, "proc/net/ipv4/conf/all/rp_filter" below its folder. */
void fake_file(struct fake *f, const char *name, const char *text);
/** Read one; NULL when it is not there. The caller frees it. */
char *fake_file_read(struct fake *f, const char *name);

/** Give the machine another link, up; returns its index. */
uint32_t fake_link(struct fake *f, const char *ifname, const char *kind, uint32_t mtu);
/** Give it a route or a rule, without the kernel's checks. */
void fake_route(struct fake *f, const char *dst, uint32_t table, uint8_t type, uint32_t oif, uint32_t metric);
void fake_rule(struct fake *f, uint8_t family, uint32_t priority, uint32_t fwmark, uint32_t table);
/** The index of a link, 0 when there is none. */
uint32_t fake_ifindex(const struct fake *f, const char *ifname);

/* ---- between the files of the model ---------------------------------------- */

/* A changing operation: 0, or -errno when it must not be done. After doing it,
 * fake_end gives its verdict. */
int fake_begin(struct fake *f, const char *fmt, ...) WGC_PRINTF(2, 3);
int fake_end(struct fake *f, int r);
/* A question: 0 or -errno. */
int fake_question(struct fake *f);

/* An answer in the making. */
struct fake_answer {
	struct fake *f;
	int proto;
	const struct nlmsghdr *request;
	bool dump, interrupted;
	const char *text; /* extack */
	struct nlmsghdr *open; /* the message that is being written */
	size_t used;	       /* by those before it */
	uint8_t buf[8192] __attribute__((aligned(4)));
};
/** A new message of the answer, with room for @payload bytes of header. */
struct nlmsghdr *fake_message(struct fake_answer *a, uint16_t type, size_t payload);
/** Each handles one request: 0 or -errno; messages of the answer go into @a. */
int fake_rtnl(struct fake_answer *a, const struct nlmsghdr *nlh);
int fake_routing(struct fake_answer *a, const struct nlmsghdr *nlh);
int fake_generic(struct fake_answer *a, const struct nlmsghdr *nlh);

/* Take away the routes through a link, of one family or (0) of both. */
void fake_flush_link(struct fake *f, uint32_t ifindex, uint8_t family);
void fake_link_routes(struct fake *f, uint32_t ifindex);
struct wgc_link *fake_link_find(struct fake *f, uint32_t ifindex);
struct fake_device *fake_device_find(struct fake *f, uint32_t ifindex);
int fake_device_add(struct fake *f, uint32_t ifindex);
void fake_device_drop(struct fake *f, uint32_t ifindex);
/* Doors, and what stands in the machine from the beginning. */
void fake_doors(struct fake *f);
void fake_inhabit(struct fake *f);
/* Files: the folder; all of its files anew; away with it; as text. */
void fake_files_new(struct fake *f);
void fake_files_reset(struct fake *f);
void fake_files_free(struct fake *f);
void fake_files_show(struct fake *f, FILE *out);

/** Take element @i out of an array of the state. */
#define fake_drop(v, n, i)                                                             \
	do {                                                                           \
		memmove(&(v)[i], &(v)[(i) + 1], ((n) - (i) - 1) * sizeof((v)[0]));     \
		(n)--;                                                                 \
	} while (0)

#endif
