/* SPDX-License-Identifier: GPL-2.0 */
/*
 * physical: the machine's network devices in a namespace of their own, and a
 * tunnel as the only network where they came from.
 *
 * Two journals: this one, of what happened to the devices, in <run_dir>/.physical;
 * and that of the tunnel, which is a step here. Both are in /run and not on a
 * disk, since what they are for is undoing in the kernel that runs: after a
 * reboot the devices are where they always are, and nothing of ours is left.
 *
 * Every moved link bears its name in its alias, which survives moves and the
 * death of namespaces: what the journal cannot say, if it is lost, that can.
 */
#ifndef WGC_PLAN_PHYSICAL_H
#define WGC_PLAN_PHYSICAL_H

#include "ns/ns.h"
#include "plan/steps/steps.h"

#define WGC_PHYSICAL_TAG "wgctl:physical:"
#define WGC_PHYSICAL_TABLE "wgctl_physical"

extern const struct wgc_step_def wgc_step_guard, wgc_step_keep_off, wgc_step_physical_netns, wgc_step_network_record, wgc_step_nic_move,
	wgc_step_wiphy_move, wgc_step_network_carry, wgc_step_client_start, wgc_step_keeper_start, wgc_step_tunnel_up;

/* One link, as it was found. */
struct wgc_physical_nic {
	const struct wgc_nic *nic;
	struct wgc_ns_verdict verdict;
	const char *master;  /* its name, or NULL */
	const char *manager; /* who configures it: "NetworkManager", ...; NULL: nobody that we know */
	const char *wpa;     /* file that wpa_supplicant is to be given; NULL: none */
	bool lease;	     /* an IPv4 address of limited time */
	const char *addrs;   /* wgc_nl_copy */
	struct wgc_physical_sysctl {
		const char *path, *value; /* path: below its directory, "ipv4/rp_filter" */
	} *sysctls;
	size_t n_sysctls, cap_sysctls;
};

struct wgc_physical {
	struct wgc_arena *arena;
	struct wgc_profile *profile; /* NULL in an undo */
	const struct wgc_physical_ask *ask; /* as asked; after a look at what there is, &asked */
	struct wgc_physical_ask asked;	    /* the same, each link by its ifname */
	struct wgc_physical_nic *v; /* all links */
	size_t n;
	const char *routes, *rules; /* wgc_nl_copy */
	const struct wgc_physical_nic *session; /* the link that an SSH session of ours runs over, and would hang by; or NULL */
	int home;	    /* the namespace that the devices are from */
	int inside;	    /* physical; -1: not there */
	struct wgc_nl *nl;  /* in there */
	bool ours;	    /* without a journal: it was seen to be ours, before its devices went */
	size_t base;	    /* steps of the journal before these */
};

static inline bool wgc_physical_goes(const struct wgc_physical_nic *p)
{
	return p->verdict.fate == WGC_FATE_MOVES || p->verdict.fate == WGC_FATE_RADIO;
}

/* physical_facts.c */

/** Read what there is and decide what goes. -EBUSY with @err when something must go and cannot. */
int wgc_physical_facts(struct wgc_sys *sys, struct wgc_physical *p, struct wgc_err *err);
/** What the link @v has, besides where it goes. */
int wgc_physical_look_at(struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_physical_nic *v, struct wgc_err *err);
/** The sysctls of a link of the thread's own namespace that can be read, in @a. */
int wgc_physical_sysctls(const struct wgc_sys *sys, const char *ifname, struct wgc_arena *a, struct wgc_physical_nic *out);

/* managers.c */

/** Who configures a link, by what he left in /run; NULL: nobody that is known. */
const char *wgc_manager_of(const struct wgc_nic *nic);
/** The file with the networks that wpa_supplicant is to be given for a link; the caller frees it. NULL: none. */
char *wgc_manager_wpa_file(const char *ifname);
/** Where the name servers are that are asked without us: the contents of a resolv.conf, heap. -ENOMEM. */
int wgc_manager_resolv_conf(char **ret);

/* physical_places.c */

/** Open the namespace with the identity @id (NULL: whatever bears the name) and a conversation in it. -ENOENT when it is gone. */
int wgc_physical_open(struct wgc_physical *p, const char *id, struct wgc_err *err);
void wgc_physical_close(struct wgc_physical *p);
/** The thread goes in, and comes back. 0 or -errno with @err. */
int wgc_physical_enter(const struct wgc_physical *p, struct wgc_err *err);
void wgc_physical_leave(const struct wgc_physical *p);
/** The link that bears the mark of @name; false when none does. @nl: where to look. */
bool wgc_physical_find(struct wgc_nl *nl, const char *name, struct wgc_link *ret);
/** The name that a mark gives, in @out, and behind it the alias that was there before; NULL for an alias that is no mark. */
const char *wgc_physical_marked(const char *alias, char out[static 16]);
/** Bring the marked link @name home from wherever it is and give it its name again. 0 also when it is gone for good or has no mark. */
int wgc_physical_bring_home(struct wgc_sys *sys, const struct wgc_physical *p, const char *name, struct wgc_err *err);

/** Tell the caller of a warning. */
void wgc_physical_warn(struct wgc_run *run, const char *fmt, ...) WGC_PRINTF(2, 3);

/* physical_clients.c */

/* What is started and goes on: a file each in <run_dir>/.physical, which says who it is. */

/** The process of the file @name, still the same: its pid, 0 when it has ended. */
pid_t wgc_physical_process(const struct wgc_sys *sys, const char *name);
/** In a child: write down who we are, before anything that outlives our parent. 0 or -errno. */
int wgc_physical_process_write(const struct wgc_sys *sys, const char *name);
/** End it, politely first, and remove its file. 0, or -ETIMEDOUT with @err. */
int wgc_physical_process_end(const struct wgc_sys *sys, const char *name, struct wgc_err *err);
/** True when @pid is one of those, or one of their children. */
bool wgc_physical_is_client(const struct wgc_sys *sys, pid_t pid);
/** Write a file of ours in /run. 0 or -errno. */
int wgc_physical_write(const char *path, const char *text, mode_t mode);
/** Make a directory that everybody may look into, and those above it. 0 or -errno. */
int wgc_physical_directory(const char *path);
/** True when @pid is the userspace data plane of @ifname. */
bool wgc_physical_is_data_plane(pid_t pid, const char *ifname);
/** <run_dir>/.physical/@rest in @out. */
void wgc_physical_file(const struct wgc_sys *sys, const char *rest, char out[static 280]);
/** In a child: into the namespace, with its resolv.conf and without the sockets of resolvers outside. 0 or -errno. */
int wgc_physical_settle(const struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_err *err);

/* step_guard.c */

/** The guard as commands of nft, in @a: out of here only through @ifname and those of @leave. NULL: no memory. */
char *wgc_physical_guard_text(struct wgc_arena *a, const char *ifname, const char *const *leave);

/* step_clients.c */

/** Start the keeper, who outlives us. 0 or -errno. */
int wgc_physical_keeper_start(struct wgc_sys *sys, struct wgc_err *err);
bool wgc_physical_keeper_is_there(const struct wgc_sys *sys);

/* mend.c */

enum wgc_physical_missing {
	WGC_MISSING_GUARD = 1,
	WGC_MISSING_HUSH = 2, /* the table inside */
	WGC_MISSING_KEEPER = 4,
};
/** What others have taken away; in a namespace that is gone (@p has none open) nothing is missed. */
unsigned wgc_physical_missing(struct wgc_sys *sys, const struct wgc_history *h, const struct wgc_physical *p, struct wgc_arena *a);
/** Put it back, under the journal's lock, and warn of each. 0 or -errno. */
int wgc_physical_put_back(struct wgc_sys *sys, const struct wgc_history *h, const struct wgc_physical *p, unsigned missing,
			  struct wgc_arena *a, struct wgc_run *run, struct wgc_err *err);

/* step_physical.c */

/** In there, nothing is said to who sends to a port that nobody has; see the text for why. */
int wgc_physical_hush(const struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_err *err);
bool wgc_physical_is_hushed(const struct wgc_sys *sys, const struct wgc_physical *p);
/** True when the namespace that @p has open was made by `physical`: by what is in it, without a journal. */
bool wgc_physical_is_ours(const struct wgc_sys *sys, const struct wgc_physical *p);
/** Bring the tunnel up, born in the namespace of the devices; *@ret_was_up: it was. */
int wgc_physical_tunnel(struct wgc_exec *x, bool *ret_was_up, struct wgc_err *err);

/* physical.c */

/** Lock the journal of the devices; waits a while for who has it. */
int wgc_physical_lock(const struct wgc_sys *sys, struct wgc_journal *ret, struct wgc_err *err);
/** Unlock it; without a journal the directory of ours goes. */
void wgc_physical_unlock(const struct wgc_sys *sys, struct wgc_journal *journal);
/** Steps for the links that go. -ENOMEM. */
int wgc_physical_steps(struct wgc_plan *plan, bool first);

/** The identity of the namespace that a journal says was made; NULL when that was not written. */
const char *wgc_physical_made(const struct wgc_history *h);
/** Undo all that a history says, under the journal's lock; the journal goes when that worked. */
int wgc_physical_undo(struct wgc_sys *sys, struct wgc_run *run, struct wgc_journal *journal, const struct wgc_history *h,
		      struct wgc_err *err);
/** Who is inside that we did not start (@h NULL: nobody was), and of what; none when the namespace is gone. 0 or -errno. */
int wgc_physical_guests(struct wgc_sys *sys, const struct wgc_history *h, struct wgc_arena *a, struct wgc_ns_user **ret, size_t *ret_n,
			struct wgc_ns_id *ret_id);
/** What was asked for, as the journal's first record has it, in @a. -ENOMEM. */
int wgc_physical_asked(const struct wgc_history *h, struct wgc_arena *a, struct wgc_physical_ask *ret);

/* keeper.c */

/** Look for devices that have appeared where none should be, and move them; put back what others took away; until told to end. */
void wgc_physical_keep(const char *run_dir);

#endif
