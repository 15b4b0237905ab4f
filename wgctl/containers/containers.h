/* SPDX-License-Identifier: GPL-2.0 */
/*
 * containers: how container engines speak. CNI, OCI hooks, netavark plugins and
 * systemd drop-ins as pure functions: text in, requests and answers out. What
 * is done about them is cli's and plan's.
 */
#ifndef WGC_CONTAINERS_H
#define WGC_CONTAINERS_H

#include <jansson.h>

#include "model/model.h"

/* ---- what was attached to what ---------------------------------------------- */

/* A tunnel in a container. It is in the journal under a name of its own, so that
 * everything that knows profiles by name finds it there. */
struct wgc_attachment {
	const char *engine;  /* "cni", "oci", "netavark", "attach" */
	const char *network; /* of the engine; NULL where it has none */
	const char *id;	     /* of the container */
	const char *ifname;
};
#define WGC_ATTACHMENT_MAX 192
/**
 * "ENGINE:NETWORK:ID:IFNAME". A part that is long, or holds more than letters,
 * digits and _.+@=-, is cut and gets a hash of it behind a '~', so that different
 * attachments have different names. Members at the end may be NULL: then it is
 * what all names of that network, or container, begin with.
 */
void wgc_attachment_name(const struct wgc_attachment *a, char out[static WGC_ATTACHMENT_MAX]);

/** A profile's bare name as a container's owner may give it: no path, nothing hidden, at most 128 bytes. */
bool wgc_profile_name_safe(const char *name);

enum wgc_attach_mode {
	WGC_ATTACH_ADDITIONAL, /* beside what the container has */
	WGC_ATTACH_ONLY,       /* it must have nothing else */
};
/** "only" or "additional"; -EINVAL. */
int wgc_attach_mode_parse(const char *text, enum wgc_attach_mode *ret);

/* What a container has got, as engines want to be told. */
struct wgc_attached {
	const char *ifname, *sandbox; /* sandbox: the path of its namespace */
	uint32_t mtu;
	const struct wgc_prefix *addresses;
	size_t n_addresses;
	const struct wgc_prefix *routes;
	size_t n_routes;
	const struct wgc_text *servers, *search;
	size_t n_servers, n_search;
};

/* ---- CNI ---------------------------------------------------------------------- */

/* Codes of the specification, and ours from 100. */
enum {
	WGC_CNI_VERSION_UNKNOWN = 1,
	WGC_CNI_BAD_ENVIRONMENT = 4,
	WGC_CNI_IO = 5,
	WGC_CNI_DECODE = 6,
	WGC_CNI_BAD_CONFIG = 7,
	WGC_CNI_BAD_NETNS = 8,
	WGC_CNI_TRY_LATER = 11,
	WGC_CNI_NOT_AVAILABLE = 50,
	WGC_CNI_FAILED = 100,	  /* the tunnel could not be made or taken down */
	WGC_CNI_LINK_EXISTS = 101,
	WGC_CNI_NOT_ALONE = 102,  /* mode only, and there is another link */
	WGC_CNI_CHECK_FAILED = 103,
	WGC_CNI_INTERNAL = 999,
};
struct wgc_cni_err {
	unsigned code;
	char msg[320], details[800];
};
/** Record a failure; @details of an earlier one are dropped. Returns -EINVAL. */
int wgc_cni_fail(struct wgc_cni_err *err, unsigned code, const char *fmt, ...) WGC_PRINTF(3, 4);

enum wgc_cni_command { WGC_CNI_ADD, WGC_CNI_DEL, WGC_CNI_CHECK, WGC_CNI_GC, WGC_CNI_STATUS, WGC_CNI_VERSION };

/* The environment; NULL or "" is missing. */
struct wgc_cni_env {
	const char *command, *container, *netns, *ifname, *path;
};

struct wgc_cni_request {
	enum wgc_cni_command command;
	struct wgc_cni_env env;
	json_t *config;	     /* all of it; owned; NULL for VERSION without input */
	const char *version; /* of config; the newest where it names none */
	const char *network;
	const char *profile; /* name of a profile, or NULL */
	json_t *own;	     /* the profile itself, or NULL */
	enum wgc_attach_mode mode;
	const char *ipam;    /* type of the address plugin, or NULL */
	json_t *dns;	     /* that of config where it names servers, or NULL */
	json_t *previous;    /* prevResult, or NULL */
	json_t *valid;	     /* GC: valid attachments */
};
/**
 * Read a request. @text of @len bytes is standard input. What a command does not
 * need is not asked for: DEL takes any configuration that names version and
 * network. *@ret->version is set even when this fails. -EINVAL with @err.
 */
int wgc_cni_parse(const struct wgc_cni_env *env, const char *text, size_t len, struct wgc_cni_request *ret,
		  struct wgc_cni_err *err);
void wgc_cni_done(struct wgc_cni_request *r);

/* What an address plugin answered. */
struct wgc_cni_ipam {
	struct wgc_prefix addresses[16];
	size_t n;
	bool routes; /* it wants some, too */
};
int wgc_cni_ipam_parse(const char *text, size_t len, struct wgc_cni_ipam *ret, struct wgc_cni_err *err);
/** Code and words of an error object; false when @text is none. */
bool wgc_cni_error_parse(const char *text, size_t len, struct wgc_cni_err *ret);

/** The answer to ADD: what is in prevResult, and @a. -ENOMEM. */
int wgc_cni_result(const struct wgc_cni_request *r, const struct wgc_attached *a, struct wgc_str *out);
void wgc_cni_error(const char *version, const struct wgc_cni_err *err, struct wgc_str *out);
/** The answer to VERSION. */
void wgc_cni_versions(const char *version, struct wgc_str *out);
/**
 * What prevResult says of the link that we made: its addresses, in @a. Those of
 * other links, and of none, are left out. -EINVAL when it does not know the link.
 */
int wgc_cni_expected(const struct wgc_cni_request *r, struct wgc_arena *a, struct wgc_prefix **ret, size_t *ret_n,
		     struct wgc_cni_err *err);
/** True when GC's list has this name, made as wgc_attachment_name does. */
bool wgc_cni_is_valid(const struct wgc_cni_request *r, const char *name);

/* ---- OCI hooks ------------------------------------------------------------------- */

#define WGC_OCI_PROFILE "org.wgctl.profile"
#define WGC_OCI_INTERFACE "org.wgctl.interface"
#define WGC_OCI_MODE "org.wgctl.mode"

/* The state that a hook gets; strings are in the arena. */
struct wgc_oci_state {
	const char *id, *bundle;
	pid_t pid;   /* 0: there is none any more */
	bool begins; /* it is being made; else it has ended */
	const char *profile, *ifname; /* from annotations, or NULL */
	enum wgc_attach_mode mode;
};
int wgc_oci_state_parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_oci_state *ret, struct wgc_err *err);

/* What matters here of a bundle's config.json. */
struct wgc_oci_config {
	const char *root; /* path of the root file system as written, or NULL */
	bool net_admin;	  /* the first process may configure its network, and read its keys */
};
int wgc_oci_config_parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_oci_config *ret, struct wgc_err *err);

/* ---- netavark ---------------------------------------------------------------------- */

#define WGC_NETAVARK_API "1.0.0"

/* Of setup and teardown; create has a network only. Strings belong to the document. */
struct wgc_netavark_request {
	json_t *doc;	 /* owned */
	json_t *network; /* of doc */
	const char *name, *id; /* of the network */
	const char *container, *ifname;
	const char *profile;
	enum wgc_attach_mode mode;
	struct wgc_prefix addresses[16]; /* that podman chose */
	size_t n;
};
enum wgc_netavark_step { WGC_NETAVARK_CREATE, WGC_NETAVARK_SETUP, WGC_NETAVARK_TEARDOWN };
/** Create gets a network object alone; teardown needs no more than names. -EINVAL with @err. */
int wgc_netavark_parse(const char *text, size_t len, enum wgc_netavark_step step, struct wgc_netavark_request *ret, struct wgc_err *err);
void wgc_netavark_done(struct wgc_netavark_request *r);
/** The answer to create: the network, without what we do not do. -ENOMEM. */
int wgc_netavark_network(const struct wgc_netavark_request *r, struct wgc_str *out);
void wgc_netavark_status(const struct wgc_attached *a, struct wgc_str *out);
void wgc_netavark_info(const char *version, struct wgc_str *out);
void wgc_netavark_error(const char *text, struct wgc_str *out);

/* ---- systemd ------------------------------------------------------------------------ */

/**
 * A drop-in that puts a service into the namespace named @namespace of profile
 * @profile, with its resolver, and away from those of the machine.
 */
void wgc_unit_dropin(const char *profile, const char *namespace, struct wgc_str *out);

/* ---- for all of them ------------------------------------------------------------------- */

/** resolv.conf of a container whose tunnel has these servers. */
void wgc_resolv_conf(const struct wgc_text *servers, size_t n_servers, const struct wgc_text *search, size_t n_search,
		     struct wgc_str *out);

#endif
