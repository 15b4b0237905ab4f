/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of plan share: the plan itself, the journal, one row per kind of step. */
#ifndef WGC_PLAN_INTERNAL_H
#define WGC_PLAN_INTERNAL_H

#include <jansson.h>

#include "plan/plan.h"

/* ---- the plan -------------------------------------------------------------- */

/* What was read from the machine before planning. */
struct wgc_facts {
	struct wgc_routes_facts routing;
	enum wgc_dns_backend dns;
	const struct wgc_dns_decision *dns_why; /* NULL without name servers */
	bool userspace;	     /* the link will be a TUN device of a userspace implementation */
	const char *program; /* which one */
	bool src_valid_mark; /* net.ipv4.conf.all.src_valid_mark is 1 already */
	const char *netns;   /* a namespace that is to be made, or that we made once: its name; else NULL */
	const char *home;    /* name of the namespace that the link lives in; NULL: the caller's, or one without a name */
	const char *resolv_conf; /* of that namespace; NULL: the usual one */
	const char *socket_netns; /* how people name the one where the socket is; NULL: the link's own */
};

struct wgc_step {
	enum wgc_step_kind kind;
	struct wgc_span at;
	bool adopted; /* an equal object is there already: nothing to do, nothing to undo */
	bool covered; /* deleting the link undoes it */
	enum wgc_hook hook;
	const char *command; /* hook */
	size_t first, n;     /* range of plan->routes, or of its addresses */
	const struct wgc_rule *rule;
	const char *path, *value; /* sysctl, below /proc/sys */
	const struct wgc_past *past; /* reload: the record that it puts back, takes back or replaces */
	bool takes_away;	     /* reload: routes that go */
};

struct wgc_reload;
struct wgc_physical;

struct wgc_plan {
	struct wgc_arena *arena;
	const struct wgc_profile *profile;
	const struct wgc_facts *facts;
	struct wgc_routes_desired want;
	struct wgc_device device; /* as it will be sent; endpoints and file keys are filled in by their steps */
	union wgc_sockaddr *endpoints; /* all that the peers may be called at, as far as they are known */
	size_t n_endpoints, cap_endpoints;
	struct wgc_step *steps;
	size_t n, cap;
	struct wgc_reload *reload; /* NULL: this is `up` */
	char fingerprint[33];	   /* of the profile's text */
	struct wgc_physical *physical; /* NULL: this is no `physical up` */
};

/**
 * From desired and actual to steps. Pure: policy and order are decided here
 * and nowhere else. The plan lives in @a and refers to @p and @f.
 */
int wgc_plan_build(const struct wgc_profile *p, const struct wgc_facts *f, struct wgc_arena *a, struct wgc_plan *ret,
		   struct wgc_err *err);
/** The kill switch of such a plan, and nothing else of it. */
int wgc_plan_build_lockdown(const struct wgc_profile *p, const struct wgc_facts *f, struct wgc_arena *a, struct wgc_plan *ret,
			    struct wgc_err *err);

/** Put resolv.conf right, if a tunnel of an earlier boot is still in it; warns when that was so. */
void wgc_mend_resolver(struct wgc_sys *sys, struct wgc_run *run);

/** What identifies a profile's text, in hex. */
void wgc_profile_fingerprint(const struct wgc_profile *p, char out[static 33]);

/** Remember an address that a peer may be called at. -ENOMEM. */
int wgc_plan_add_endpoint(struct wgc_plan *p, const union wgc_sockaddr *sa);

/** Read what planning needs; marks of other running profiles come from their journals. */
/** As far as a kill switch needs them: no backend, no resolver; neither may be there yet. */
int wgc_facts_routing(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *ret,
		      struct wgc_err *err);
int wgc_facts_read(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *ret,
		   struct wgc_err *err);

/** The DNS backend that @p gets here; names inside of a namespace are asked of what its own resolv.conf says. */
int wgc_facts_dns(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_dns_decision *ret, struct wgc_err *err);

/** What @from says of namespaces, and nothing else, in @a. -ENOMEM. */
int wgc_plan_copy_place(struct wgc_arena *a, const struct wgc_up_info *from, struct wgc_up_info *ret);

/** TCP connections from elsewhere to this machine's own ports, at most @max, in @a. -ENOMEM. */
int wgc_sessions_read(const struct wgc_sys *sys, struct wgc_arena *a, size_t max, struct wgc_session **ret, size_t *ret_n);
/** The address that the caller's SSH session comes from; false when there is none. */
bool wgc_ssh_client(struct wgc_ip *ret);
/** Whether the plan has packets to @client take the tunnel that did not before. Pure. */
bool wgc_plan_moves(const struct wgc_plan *p, const struct wgc_ip *client);
/** Warn when the plan moves the route of the caller's own SSH session; @ifindex: the tunnel's, where there is one yet. */
void wgc_ssh_warn(const struct wgc_plan *p, const struct wgc_run *run, struct wgc_nl *nl, uint32_t ifindex);

/* ---- the journal ------------------------------------------------------------ */

/* Write-ahead record of one profile: a directory of run_dir holding the file
 * `journal`, one JSON object a line. The directory is the lock. */
#define WGC_APPLIED "applied"		/* beside it: what was last applied, see applied.c */
#define WGC_APPLIED_NEXT "applied.next" /* and what a reload is about to */
struct wgc_journal {
	int dir_fd; /* flock held */
	int fd;	    /* the file, for appending; -1 when there is none */
	bool torn;  /* its last line may be half of one */
	int run_fd; /* the directory above */
	char *dir;  /* name below run_dir */
};
#define WGC_JOURNAL_INIT { .dir_fd = -1, .fd = -1, .run_fd = -1 }

/** The directory of a profile below run_dir, heap. -ENOMEM. */
int wgc_journal_dir_name(const char *name, char **ret);
/** Lock the profile's journal directory, made if needed. -EBUSY while another process has it. */
int wgc_journal_lock(const struct wgc_sys *sys, const char *name, struct wgc_journal *ret, struct wgc_err *err);
/** Unlock; the directory goes when it holds no journal. */
void wgc_journal_unlock(struct wgc_journal *j);
/** True when there is one, of the profile that is locked. */
bool wgc_journal_exists(const struct wgc_journal *j);
/** Start a new journal; it must not exist. */
int wgc_journal_create(struct wgc_journal *j, struct wgc_err *err);
/** Append one line (a JSON object text) and have it on stable storage before returning. */
int wgc_journal_append(struct wgc_journal *j, const char *line, struct wgc_err *err);
/** printf-like append; arguments must not need JSON escaping. */
int wgc_journal_appendf(struct wgc_journal *j, struct wgc_err *err, const char *fmt, ...) WGC_PRINTF(3, 4);
/**
 * All records as a JSON array, in order, *ret NULL when there is no journal.
 * A torn last line is what a crash leaves before the step it announces: ignored.
 */
int wgc_journal_read(struct wgc_journal *j, json_t **ret, struct wgc_err *err);
int wgc_journal_remove(struct wgc_journal *j, struct wgc_err *err);
/** Lock over all profiles, for choosing marks: an open descriptor, or -errno. */
int wgc_journal_lock_all(const struct wgc_sys *sys, struct wgc_err *err);
/** Call @fn for every profile's records (read without its lock; a writer only ever appends). */
int wgc_journal_each(const struct wgc_sys *sys, int (*fn)(void *ctx, const char *dir, json_t *records), void *ctx,
		     struct wgc_err *err);
/** Append @line to the journal in directory @dir of another profile. */
int wgc_journal_append_other(const struct wgc_sys *sys, const char *dir, const char *line, struct wgc_err *err);

/** End the wait for a confirmation, under the journal's lock. True when somebody waited. */
int wgc_confirm_drop(struct wgc_journal *j);
/** What a profile's directory says: milliseconds left (0: none waits); lost: the process that waited was killed; reload: it is one. */
void wgc_confirm_read(int dir_fd, int64_t *ret_left_ms, bool *ret_lost, bool *ret_reload);
/** wgc_confirm_arm under the journal's lock. 0 or -errno. */
int wgc_confirm_arm_locked(struct wgc_journal *j, unsigned seconds, bool reload, int (*undo)(void *arg), void *arg, int *ret_hold);

/* The records of one journal, put in order. */
struct wgc_history {
	json_t *head; /* the first record: profile, ifname, boot, netns, ... (borrowed) */
	struct wgc_past {
		size_t index;
		json_t *begun; /* the step as announced */
		json_t *done;  /* or NULL */
		bool adopted, failed, undone;
	} *steps;
	size_t n;
	bool up;   /* `up` reached its end */
	bool down; /* `down` has begun */
	bool reloading; /* a reload has begun, and neither ended nor been undone */
	size_t n_inherited; /* of the steps: the first so many are of an earlier `up` */
	size_t pre_down_run, post_down_run; /* hooks that have run */
};
int wgc_history_read(json_t *records, struct wgc_arena *a, struct wgc_history *ret, struct wgc_err *err);
/** True when all of it is undone but for a kill switch that stays. */
bool wgc_history_locked(const struct wgc_history *h);
/** True when one of the first @n steps is a kill switch (only a lockdown, if @lockdown) that may be in force. */
bool wgc_history_kill_switch(const struct wgc_history *h, size_t n, bool lockdown);
/** Index of the link that was made; 0 when that was not written. */
uint32_t wgc_history_ifindex(const struct wgc_history *h);
/** True when that link is still there under its name; another one of that name is somebody else's. */
bool wgc_history_link(const struct wgc_history *h, struct wgc_nl *nl);
const char *wgc_history_str(const struct wgc_history *h, const char *key);
/** Identity of the calling process' network namespace: "dev:inode". */
void wgc_netns_id(char out[static 48]);
/** True when some process or mount still holds the namespace. */
bool wgc_netns_alive(const char *id);
/** The machine's boot id without its newline; "" when it cannot be read. */
void wgc_boot_id(const struct wgc_sys *sys, char out[static 64]);

/* ---- steps -------------------------------------------------------------------- */

/* A running `up`. */
struct wgc_exec {
	struct wgc_sys *sys;
	struct wgc_plan *plan;
	struct wgc_run *run;
	struct wgc_journal *journal;
	uint32_t ifindex; /* of the link, once it exists */
	bool lockdown; /* of an earlier run, which stays in force whatever the profile says by now */
	bool dns_left_out; /* what was there could not be found out, and the profile does not insist */
};

/* A running undo. */
struct wgc_undo {
	struct wgc_sys *sys;
	struct wgc_run *run;
	const struct wgc_history *history;
	struct wgc_journal *journal;
	bool keep_kill_switch; /* it stays in force, and so does its record */
	bool kept;	       /* it did */
	const struct wgc_profile *profile; /* of a reload: whose tunnel it is */
	const struct wgc_reload *reload;
	struct wgc_physical *physical; /* of `physical down` and `physical recover` */
	bool netns_gone; /* the namespace died with all that was in it: what outlives it is left to undo */
};

/* One row per kind of step; see steps.h. */
struct wgc_step_def {
	const char *word;
	char sign;
	/* What must hold before anything is changed; also run by a dry run. */
	int (*precheck)(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err);
	/* Members for the journal record: everything that undo needs. No secrets. */
	int (*capture)(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err);
	/* Change the system. @done takes members for the done record. 1 means "not needed here, skip" (a warning was given). */
	int (*apply)(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err);
	/* What it does, the equivalent command (may stay empty). */
	void (*describe)(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent);
	/* Take it back from its record; NULL: nothing to take back, or covered by the link. */
	int (*undo)(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err);
	/* True while something of it is still there: for telling the truth after undo. NULL: cannot be told. */
	bool (*remains)(struct wgc_undo *u, const struct wgc_past *past);
	/* For reload, of steps that the link's end does not undo. Would this step do again what the record says was done? */
	bool (*same)(const struct wgc_plan *p, const struct wgc_step *s, const struct wgc_past *past);
	/* Is what the record says was done still so? */
	bool (*present)(struct wgc_undo *u, const struct wgc_past *past);
	/* Do it again. */
	int (*redo)(struct wgc_exec *x, const struct wgc_past *past, struct wgc_err *err);
	/* Take back what the step has done to a tunnel that stays up. NULL: by undo, from the record. */
	int (*revert)(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err);
	const char *undo_text;
	bool undo_last; /* after all other steps, wherever it stands among them */
	bool outlives;	/* not gone with the network namespace */
	/* Tunnels share what it sets. It is done under the lock of all, and @capture alone says what is adopted: another tunnel
	 * may have gone since the plan was made. @undo takes the lock itself, notes what it did under it, and has its turn for
	 * an adopted one, too. */
	bool shared;
};
extern const struct wgc_step_def *const wgc_step_defs[WGC_N_STEP_KINDS];
const struct wgc_step_def *wgc_step_def_find(const char *word);

/** The hooks of `down`, for the journal's first record: they run even when the file is gone or says otherwise by then. */
void wgc_head_hooks(const struct wgc_profile *p, struct wgc_json *j);
/** The command of a hook with the interface's name for each %i; to be freed, NULL without memory. */
char *wgc_hook_expand(const char *command, const char *ifname);
/** A step as shown to people; strings live in @text and @equivalent. */
void wgc_step_view(const struct wgc_plan *p, size_t index, struct wgc_str *text, struct wgc_str *equivalent,
		   struct wgc_step_view *ret);

/** What a record is about, in the words of its step. */
void wgc_record_text(const struct wgc_past *p, struct wgc_str *out);

/** Run the plan's steps, journaling each. On failure the caller undoes. */
int wgc_execute(struct wgc_exec *x, struct wgc_err *err);
/** Show the plan's steps, prechecking each, and change nothing. */
int wgc_execute_dry(struct wgc_exec *x, struct wgc_err *err);
/** Tell the caller that this step is being, or would be, undone. */
void wgc_undo_tell(struct wgc_undo *u, const struct wgc_past *p, const struct wgc_step_def *def);
/** Undo everything in the history that is not undone yet; never stops at a failure. 0, or the first failure. */
int wgc_undo_all(struct wgc_undo *u, struct wgc_err *err);

/* ---- what others took away ---------------------------------------------------------- */

struct wgc_again {
	struct wgc_sys *sys;
	const struct wgc_history *history; /* of a tunnel that is up, whose link is there */
	const struct wgc_profile *profile; /* or NULL */
	uint32_t ifindex;
	unsigned what; /* WGC_AGAIN_* */
	struct wgc_arena *arena;
	struct wgc_run *run;
};
/** Put back nft tables, addresses and resolvers: how many of these, or -errno when one cannot be. */
int wgc_put_back(const struct wgc_again *g, struct wgc_err *err);
/**
 * True when the table inet @table has at least as many rules as the text @load makes, or cannot be looked at: a flush leaves
 * the table and takes what is in it, and rules that somebody has added are his.
 */
bool wgc_nft_is_whole(struct wgc_sys *sys, const char *table, const char *load);

/* ---- the parts of steps that deserve a file ------------------------------------- */

/** Run PrivateKeyCommand, where there is one; it may take its time, so not under a lock that others wait for. */
int wgc_keys_command(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_key *ret, struct wgc_err *err);
/** Read PrivateKeyFile and PresharedKeyFile into the plan's device, with what PrivateKeyCommand @printed (NULL: it was not run). */
int wgc_keys_read(struct wgc_plan *p, const struct wgc_key *printed, struct wgc_err *err);
/** Check that the key files can be read and hold keys; runs no command. */
int wgc_keys_check(const struct wgc_plan *p, struct wgc_err *err);
/** Number of keys that come from files or commands. */
size_t wgc_keys_count(const struct wgc_profile *p);
/** Resolve endpoints into the plan's device: of all peers, or of those that @wanted (one for each) says. */
int wgc_endpoints_resolve(struct wgc_exec *x, const bool *wanted, struct wgc_err *err);
/** Number of endpoints that need a look-up. */
size_t wgc_endpoints_count(const struct wgc_profile *p);
/** The MTU for the link: MTU=, or derived from the paths to the peers. */
uint32_t wgc_mtu_choose(struct wgc_exec *x);

/** Parts of wgc_sys for the real machine. */
int wgc_real_nft(struct wgc_sys *sys, const char *commands, struct wgc_err *err);
int wgc_real_nft_check(struct wgc_sys *sys, const char *commands, struct wgc_err *err);
int wgc_real_nft_list(struct wgc_sys *sys, const char *command, char **ret_text, struct wgc_err *err);
int wgc_real_hook(struct wgc_sys *sys, const char *command, const char *ifname, struct wgc_err *err);
int wgc_real_resolve(struct wgc_sys *sys, struct wgc_lookup *v, size_t n, unsigned wait_seconds, const volatile int *stop);

/** Ask name servers directly: number of addresses, in *@ret (to be freed); 0 without an answer. */
size_t wgc_resolve_direct(const char *host, const char *port, const struct wgc_outside *o, union wgc_sockaddr **ret);
/** The servers that systemd-resolved asks. */
void wgc_outside_resolved(struct wgc_outside *ret);
/** Those of a resolv.conf; with one on a loopback address only when they are asked @inside the namespace that it is of. */
void wgc_outside_file(const char *path, bool inside, struct wgc_outside *ret);
/** Servers beside the tunnel of @p whose packets bear @mark: those of the network now, and @recorded (may be NULL). */
void wgc_outside_find(const struct wgc_sys *sys, const char *recorded, const struct wgc_profile *p, uint32_t mark, struct wgc_outside *ret);
/** Those that there are before @p comes up, for its journal. */
void wgc_outside_text(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_str *out);
/** What the journal has of that, "" when nothing. */
const char *wgc_outside_recorded(const struct wgc_history *h);

/** Read the first line of <proc_sys>/<path>, without newline. 0 or -errno. */
int wgc_sysctl_read(const struct wgc_sys *sys, const char *path, char *buf, size_t size);
int wgc_sysctl_write(const struct wgc_sys *sys, const char *path, const char *value);

#endif
