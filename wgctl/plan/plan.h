/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plan: from what a profile wants and what the machine has to typed steps;
 * one executor; a write-ahead journal; undo. Nothing else in the program
 * changes the system.
 */
#ifndef WGC_PLAN_H
#define WGC_PLAN_H

#include <signal.h>

#include "dns/dns.h"
#include "model/model.h"
#include "netlink/netlink.h"
#include "ns/ns.h"
#include "routes/routes.h"

/* Name servers to be asked beside a tunnel, when nobody answers in it. */
struct wgc_outside {
	uint32_t mark; /* of the packets to them; 0: none */
	bool inside; /* asked where their resolv.conf belongs: one on a loopback address is as good as any */
	union wgc_sockaddr servers[4];
	size_t n;
};

/* One name to be resolved; filled in by sys->resolve. */
struct wgc_lookup {
	const char *host, *port;
	const struct wgc_outside *outside; /* or NULL; the first one's counts for all */
	union wgc_sockaddr *addrs; /* to be freed by the caller */
	size_t n_addrs;		   /* 0 = could not be resolved */
	char reason[96];	   /* why not */
};

/* The machine as plan sees it: every door to the outside, so that tests can
 * put a model of a machine behind them. */
struct wgc_sys {
	struct wgc_nl *nl;
	struct wgc_place *place; /* the namespaces that are entered, see place.h; NULL: the caller's */
	const char *run_dir;  /* /run/wgctl */
	const char *proc_sys; /* /proc/sys */
	const char *rt_tables; /* /etc/iproute2/rt_tables */
	const char *boot_id;  /* /proc/sys/kernel/random/boot_id */
	const char *proc_net; /* /proc/thread-self/net */
	struct wgc_dns_paths dns;
	int (*nft)(struct wgc_sys *sys, const char *commands, struct wgc_err *err); /* one transaction */
	int (*nft_check)(struct wgc_sys *sys, const char *commands, struct wgc_err *err); /* would they do? Nothing is changed */
	int (*nft_list)(struct wgc_sys *sys, const char *command, char **ret_text, struct wgc_err *err); /* the caller frees it */
	int (*hook)(struct wgc_sys *sys, const char *command, const char *ifname, struct wgc_err *err); /* %i is replaced */
	int (*resolve)(struct wgc_sys *sys, struct wgc_lookup *v, size_t n, unsigned wait_seconds, const volatile int *stop);
	void *ctx; /* for tests */
	void *nftables; /* libnftables' context, made when first used */
	bool nftables_deleted; /* something, through it: closing it takes a while */
};
/** The real machine, in the caller's network namespace. What works on a profile enters that profile's by itself, and comes back. */
int wgc_sys_open(struct wgc_sys *ret, struct wgc_err *err);
void wgc_sys_close(struct wgc_sys *sys);

enum wgc_step_kind {
	WGC_STEP_LINK_CREATE,
	WGC_STEP_HOOK,
	WGC_STEP_KEYS_READ,
	WGC_STEP_RESOLVE,
	WGC_STEP_DEVICE_CONFIGURE,
	WGC_STEP_ADDR_ADD,
	WGC_STEP_LINK_SET,
	WGC_STEP_SYSCTL_SET,
	WGC_STEP_NFT_LOAD,
	WGC_STEP_DNS_SET,
	WGC_STEP_ROUTE_ADD,
	WGC_STEP_RULE_ADD,
	WGC_STEP_KILL_SWITCH,
	/* of reload */
	WGC_STEP_DEVICE_CHANGE,
	WGC_STEP_ADDR_CHANGE,
	WGC_STEP_LINK_CHANGE,
	WGC_STEP_ROUTE_CHANGE,
	WGC_STEP_DNS_CHANGE,
	WGC_STEP_NFT_REPLACE,
	WGC_STEP_KILL_REPLACE,
	WGC_STEP_DEVICE_MARK,
	WGC_STEP_PUT_BACK,
	WGC_STEP_TAKE_BACK,
	/* of physical */
	WGC_STEP_GUARD,
	WGC_STEP_KEEP_OFF,
	WGC_STEP_PHYSICAL_NETNS,
	WGC_STEP_NETWORK_RECORD,
	WGC_STEP_NIC_MOVE,
	WGC_STEP_WIPHY_MOVE,
	WGC_STEP_NETWORK_CARRY,
	WGC_STEP_CLIENT_START,
	WGC_STEP_KEEPER_START,
	WGC_STEP_TUNNEL_UP,
	WGC_STEP_NETNS_CREATE,
	WGC_N_STEP_KINDS,
};

/* What happened, told to the caller as it happens; text comes from describe(). */
struct wgc_step_view {
	size_t index, total; /* from 1 */
	const char *word;    /* "route.add" */
	char sign;	     /* '+' creates, '~' changes, '!' irreversible, '-' undoes, '=' adopted */
	const char *text;    /* "10.0.0.0/8 dev office table 51820" */
	const char *equivalent; /* "ip route add ..."; NULL when there is none */
	const char *undo;    /* "delete", "covered by step 1", "restore", "none" */
	struct wgc_span at;
};

struct wgc_run {
	bool dry_run;
	bool confirm; /* it is undone unless confirmed, see wgc_confirm_arm */
	unsigned confirm_seconds; /* of reload: after so long it is taken back, unless wgc_confirm_disarm is called by then */
	/* In the process that did that: nobody has called it. @err says why not all of it went. */
	void (*on_taken_back)(const char *name, const struct wgc_run *back, const struct wgc_err *err);
	void (*on_step)(void *ctx, const struct wgc_step_view *v); /* before each step, or each printed one in a dry run */
	void (*on_undo)(void *ctx, const struct wgc_step_view *v);
	void (*on_warning)(void *ctx, const char *text);
	/* Of a dry run of reload: one thing that a step changes ('+', '-', '~'), after the step; at the end,
	 * what is there that the profile does not speak of, and that stays ('='). */
	void (*on_detail)(void *ctx, char sign, const char *word, const char *text);
	void (*on_finding)(void *ctx, const char *text); /* what was found and decided, for --verbose; may be NULL */
	void *ctx;
	const volatile int *stop; /* non-zero: a signal asked to stop; looked at between steps */
	bool unlock; /* `down`: a lockdown ends, too */
	bool lockdown; /* `up`: no further than to the kill switch, see wgc_plan_lockdown */
	unsigned wait_seconds; /* how long names may take to resolve; 0: a usual time, and unresolved ones are forgiven */
	/* results */
	size_t steps, undone, undo_failed; /* steps begun; undone of them; that could not be undone */
	bool already_up; /* nothing to do */
	bool repaired;	 /* an unfinished earlier run was undone first */
	bool remade;	 /* and that had finished, but its link was gone or dead by now; in physical: the tunnel was */
	bool locked; /* a lockdown goes on */
	char remains[512]; /* what undo could not take back, for people */
};

/** Bring a profile up, all or nothing. 0; or -errno with @err, and run->undone etc. tell the state. */
int wgc_plan_up(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_err *err);

/**
 * Put the kill switch of a profile with KillSwitch = lockdown in force, and do nothing else: it is then as after
 * an `up` and a `down`. With run->already_up it is up, and in force. -EINVAL with @err for a profile without a lockdown,
 * or with a namespace of its own.
 */
int wgc_plan_lockdown(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_err *err);

/**
 * Make the live tunnel of @p what the profile says now, with the fewest
 * changes; what did not change is not touched, and what fails is taken back.
 * run->steps tells how many steps that took: 0 when there was nothing to do.
 * With run->dry_run only the telling. -ENOENT (WGC_E_NOT_UP) when it is not up.
 */
int wgc_plan_reload(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_err *err);

/**
 * Undo what the journal of @name says; neither the profile's file nor its link
 * need still be there. Goes on after failures: the first one is in @err, and
 * run->undo_failed and run->remains tell what is left. -ENOENT (WGC_E_NOT_UP)
 * without a journal.
 */
int wgc_plan_down(struct wgc_sys *sys, const char *name, struct wgc_run *run, struct wgc_err *err);

/**
 * Enter the namespaces where a tunnel that is up lives, so that sys->nl speaks of
 * them; wgc_plan_leave goes back, in any case. Nothing to do for one that lives
 * where the caller does. -ENOENT (WGC_E_NOT_FOUND) when its namespace is gone.
 */
struct wgc_up_info;
int wgc_plan_enter(struct wgc_sys *sys, const struct wgc_up_info *info, struct wgc_err *err);
void wgc_plan_leave(struct wgc_sys *sys);
/** True when the namespace is gone that its encrypted packets left from: the link is dead for ever, and `up` makes a new one. */
bool wgc_plan_orphaned(const struct wgc_up_info *info);

/** Take away the name of a network namespace, and what is remembered of it. */
int wgc_plan_netns_delete(struct wgc_sys *sys, const char *name, struct wgc_err *err);

/* What is up, from the journals. */
struct wgc_up_info {
	char *name, *ifname, *path; /* profile, link, file it came from */
	bool finished;		    /* false: an unfinished up, down or reload */
	bool reloading;		    /* ... the last of these */
	bool locked;		    /* it is down, but for its lockdown */
	bool lockdown;		    /* its kill switch outlives it */
	int64_t since;		    /* seconds since the epoch */
	uint32_t mark, table;
	char *backend; /* "kernel" or "userspace" */
	char *fingerprint; /* of the profile's text as it was applied last */
	char *home;	   /* the namespace that its link lives in, as the profile names it; "": the caller's */
	char *socket;	   /* the one that its encrypted packets leave from, likewise */
	char *netns;	   /* name of the first, "" when it has none */
	char *home_id, *birth_id; /* what they are, see wgc_ns_id_parse; "" when that is not known */
	char *resolv_conf; /* what is asked in there; "" for the usual file */
	char *servers;	   /* name servers that were there before it set its own; "" */
	unsigned confirm;  /* seconds until it is undone unless confirmed, 0 = it is not waited for */
	bool confirm_reload; /* ... its last reload, that is */
	bool confirm_lost; /* the process that would undo it was killed */
};
int wgc_plan_list(struct wgc_sys *sys, struct wgc_arena *a, struct wgc_up_info **ret, size_t *ret_n, struct wgc_err *err);

/**
 * Let the tunnel of @ifname call further addresses through its kill switch, in
 * one transaction: for who looks names up again, or finds that a peer roamed.
 * 0 also where there is no kill switch.
 */
int wgc_plan_admit(struct wgc_sys *sys, const char *ifname, const union wgc_sockaddr *v, size_t n, struct wgc_err *err);

enum {
	WGC_AGAIN_NETWORK = 1 << 0, /* rules, routes, nft tables, addresses */
	WGC_AGAIN_DNS = 1 << 1,
};
/**
 * Add again what the journal of @name says is ours and is no more: rules, routes,
 * tables, addresses and resolvers that others removed; run->on_step tells each.
 * The last two only where @profile (or NULL) is what was applied last. In a dry run
 * nothing is added. The number added, or missing; -EBUSY while another process works on the profile; -errno.
 */
int wgc_plan_reassert(struct wgc_sys *sys, const char *name, const struct wgc_profile *profile, unsigned what, struct wgc_run *run,
		      struct wgc_err *err);

/* ---- what is wrong ------------------------------------------------------------- */

enum wgc_finding_level {
	WGC_FINDING_OK,
	WGC_FINDING_NOTE,    /* worth knowing */
	WGC_FINDING_PROBLEM, /* it keeps the tunnel from working */
	WGC_FINDING_UNKNOWN, /* it could not be looked at */
};
struct wgc_finding {
	const char *check; /* "handshake" */
	enum wgc_finding_level level;
	const char *text, *hint; /* hint: or NULL */
};
struct wgc_doctor_ask {
	const struct wgc_up_info *info;	   /* NULL: it is not up */
	const struct wgc_profile *profile; /* NULL: it cannot be read, or there is none */
	struct wgc_device *device;	   /* where it has been read already, or NULL */
	bool brief; /* only what is quick to see, and only what is wrong */
	const volatile int *stop; /* may be NULL; non-zero ends a look-up of names */
	void (*tell)(void *ctx, const struct wgc_finding *f);
	void *ctx;
};
/** Look for reasons why a tunnel does not work; changes nothing. @ret_problems: how many were told. */
int wgc_plan_doctor(struct wgc_sys *sys, const struct wgc_doctor_ask *ask, size_t *ret_problems, struct wgc_err *err);

/* ---- looking after ---------------------------------------------------------------- */

/* Looking after tunnels until told to end. */
struct wgc_watch_run {
	const char *const *names; /* profiles or interfaces; none: all that are up */
	size_t n_names;
	const char *times;	  /* for tests: "stale=3000,poll=200", in ms; NULL: the usual ones */
	const sigset_t *waiting;  /* signals blocked only while it works */
	const volatile int *end;  /* non-zero: end */
	volatile int *reload;	  /* non-zero: read the profiles again; reset */
	void (*log)(void *ctx, const char *name, const char *text); /* one line; @name NULL: about all */
	void (*beat)(void *ctx, size_t tunnels); /* after each turn, at least every half minute */
	void *ctx;
};
/**
 * Look after tunnels: resolve endpoints again when they do not answer or the
 * network changes, try alternatives, put back what others removed, adapt the
 * MTU. Changes nothing that `down` would not undo. Ends with 0 when told to,
 * or when none of the named tunnels is up.
 */
int wgc_plan_watch(struct wgc_sys *sys, const struct wgc_watch_run *how, struct wgc_err *err);

/**
 * Start a process, detached from everything, that calls @undo when @seconds have
 * passed without wgc_confirm_disarm or `down`; again when it returns -EBUSY. The
 * time runs from when *@ret_hold is closed, be it by our death: so this is called
 * before the change is made, while the profile's journal is not locked. @undo runs
 * in a copy of this process, of which only memory is left: no descriptor, and
 * standard error only where that is a terminal. Another process that waits for
 * the same profile is ended.
 */
int wgc_confirm_arm(struct wgc_sys *sys, const char *name, unsigned seconds, int (*undo)(void *arg), void *arg, int *ret_hold,
		    struct wgc_err *err);
/** 1: the change stays, and nobody waits any more; 0: nobody did. -errno. */
int wgc_confirm_disarm(struct wgc_sys *sys, const char *name, struct wgc_err *err);

/**
 * Write the running state of profile @p back to its file, as `wg-quick save`
 * does: addresses, keys, port, mark, peers; with the profile's own hooks, DNS,
 * MTU and table. Atomic, mode 0600.
 */
int wgc_plan_save(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_err *err);

/**
 * Take over a WireGuard interface of @p's name that wg-quick(8) or a hand made: from then
 * on it is up, and wgc_plan_down ends it. Changes nothing but the journal; one that is
 * there stays. -ENODEV when there is no such interface, -EOPNOTSUPP when it is not WireGuard's.
 */
int wgc_plan_adopt(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_err *err);

/* ---- physical isolation -------------------------------------------------------------- */

#define WGC_PHYSICAL "physical" /* the namespace that the devices go to */

struct wgc_physical_ask {
	const char *const *take, *const *leave; /* see struct wgc_ns_wish */
	bool force; /* although our SSH session runs over what moves; `down`: although somebody is inside */
	bool end;   /* `down`: end who is inside */
};
/**
 * Move all devices to the namespace `physical`, and leave the tunnel of @p as
 * the caller's only network; all or nothing, as `up`. The tunnel is born in
 * there.
 */
int wgc_physical_up(struct wgc_sys *sys, struct wgc_profile *p, const struct wgc_physical_ask *ask, struct wgc_run *run,
		    struct wgc_err *err);
/** Undo that from its journal. -ENOENT (WGC_E_NOT_UP) when there is nothing to undo; -EBUSY while somebody is inside. */
int wgc_physical_down(struct wgc_sys *sys, const struct wgc_physical_ask *ask, struct wgc_run *run, struct wgc_err *err);
/**
 * After a crash, or a namespace that died: undo from the journal, then look for
 * devices that bear our mark and have not their name or place again, journal or
 * not. Nothing to do is success.
 */
int wgc_physical_recover(struct wgc_sys *sys, struct wgc_run *run, struct wgc_err *err);
/**
 * Put back what others took away of it while it is up (guard, keeper) for one of these profiles; @n_names 0: whichever. Each is
 * told as a warning. Nothing to do is success; -EBUSY: another wgctl is at work.
 */
int wgc_physical_mend(struct wgc_sys *sys, const char *const *names, size_t n_names, struct wgc_run *run, struct wgc_err *err);

struct wgc_physical_status {
	bool up, finished; /* there is a journal; and `physical up` came to its end */
	const char *profile;
	int64_t since;
	bool alive;	   /* the namespace is there, and is the one that was made */
	bool guard;	   /* the nft table is in force, and whole */
	bool hushed;	   /* so is that in the namespace */
	bool keeper;	   /* is there */
	bool tunnel;	   /* is up, and its link is here */
	unsigned confirm;
	struct wgc_physical_place {
		const char *ifname, *what; /* "device virtio0" */
		enum { WGC_AT_HOME, WGC_AT_PHYSICAL, WGC_AT_NOWHERE } at;
		bool stray; /* it leads to a wire, and is not where it belongs */
		bool up;
	} *links;
	size_t n_links;
	struct wgc_ns_user *users; /* who is inside, our own clients left out */
	size_t n_users;
};
int wgc_physical_look(struct wgc_sys *sys, struct wgc_arena *a, struct wgc_physical_status *ret, struct wgc_err *err);
/** Confirm, and have undone unless confirmed: as wgc_confirm_arm and wgc_confirm_disarm. */
int wgc_physical_confirm_arm(struct wgc_sys *sys, unsigned seconds, int (*undo)(void *arg), void *arg, int *ret_hold, struct wgc_err *err);
int wgc_physical_confirm_disarm(struct wgc_sys *sys, struct wgc_err *err);

/* ---- for manual pages -------------------------------------------------------------- */

/** The word of the @i-th kind of step, "route.add"; NULL past the last one. Two kinds may share one. */
const char *wgc_plan_step_word(size_t i);
/** The @i-th check of doctor, and what it says when all is well; NULL past the last one. */
const char *wgc_plan_doctor_check(size_t i, const char **ret_fine);

#endif
