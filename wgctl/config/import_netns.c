// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles of wg-netns: a namespace, its resolvers and hooks, and interfaces.
 * Each interface becomes a profile that names the namespace. Its hooks are run
 * by the first interface as far as they stand for the beginning and the very
 * end, and by the last one as far as they are for when all is there.
 */
#include <string.h>

#include "config/import.h"

/* "private-key" and "private_key" are one name. */
static bool is_named(const struct wgc_node *n, const char *name)
{
	for (size_t i = 0;; i++) {
		char c = n->name[i] == '-' ? '_' : n->name[i];

		if (c != name[i])
			return false;
		if (!c)
			return true;
	}
}

/* The member @name, unless it is null. */
static const struct wgc_node *member(const struct wgc_node *object, const char *name)
{
	for (size_t i = 0; i < object->n; i++)
		if (is_named(&object->v[i], name))
			return object->v[i].type == WGC_NODE_NULL ? NULL : &object->v[i];
	return NULL;
}

/* Members that are not known: one letter off is a mistake, anything else is said and left out. */
static void look_at_names(struct wgc_import *im, const struct wgc_node *object, const char *const *names, const char *where)
{
	for (size_t i = 0; i < object->n; i++) {
		const struct wgc_node *n = &object->v[i];
		const char *near;
		char hint[80];
		size_t k = 0;

		while (names[k] && !is_named(n, names[k]))
			k++;
		for (size_t e = 0; e < i && names[k]; e++)
			if (is_named(&object->v[e], names[k]))
				wgc_bad(&im->c, n->name_at, "keep one of them", "%s is given twice", names[k]);
		if (names[k])
			continue;
		near = wgc_full(&im->c) ? NULL : wgc_nearest(n->name, names);
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near ? near : "");
		if (near && wgc_quotable(n->name))
			wgc_bad(&im->c, n->name_at, hint, "unknown key '%s' in %s", n->name, where);
		else if (near)
			wgc_bad(&im->c, n->name_at, hint, "unknown key in %s", where);
		else
			wgc_import_lost(im, n->name_at, NULL, n->name);
	}
}

static struct wgc_given given(const struct wgc_node *n, const struct wgc_node *of)
{
	return (struct wgc_given){ .s = n->s, .len = n->len, .key_at = of->name_at, .at = n->at, .exact = n->exact };
}

/* What wg-netns would hand to ip or wg as one word. */
static bool is_word(struct wgc_import *im, const struct wgc_node *n, const char *what)
{
	if (n->type == WGC_NODE_STRING || n->type == WGC_NODE_NUMBER)
		return true;
	wgc_bad(&im->c, n->at, "a string, or a number", "%s has the wrong type", what);
	return false;
}

static void give_as(struct wgc_import *im, const struct wgc_node *object, const char *name, enum wgc_section section, const char *key)
{
	const struct wgc_node *n = member(object, name);
	struct wgc_given g;

	if (!n || !is_word(im, n, name))
		return;
	g = given(n, n);
	/* Zero is how wg-netns says that a port or a mark or an interval is not set. */
	if (!strcmp(n->s, "0") && (!strcmp(key, "listen_port") || !strcmp(key, "fwmark") || !strcmp(key, "persistent_keepalive")))
		return;
	wgc_import_give(im, section, key, &g);
}

static void give(struct wgc_import *im, const struct wgc_node *object, enum wgc_section section, const char *key)
{
	give_as(im, object, key, section, key);
}

static const struct wgc_node *list(struct wgc_import *im, const struct wgc_node *object, const char *name)
{
	const struct wgc_node *n = member(object, name);

	if (!n || n->type == WGC_NODE_LIST)
		return n;
	wgc_bad(&im->c, n->at, "a list, like [ ... ]", "%s has the wrong type", name);
	return NULL;
}

static void give_list(struct wgc_import *im, const struct wgc_node *object, const char *name, enum wgc_section section, const char *key)
{
	const struct wgc_node *n = list(im, object, name);

	for (size_t i = 0; n && i < n->n; i++) {
		struct wgc_given g = given(&n->v[i], n);

		if (!is_word(im, &n->v[i], name))
			continue;
		if (section == WGC_SECTION_PEER)
			wgc_import_give_network(im, key, &g);
		else
			wgc_import_give(im, section, key, &g);
	}
}

static void take_peer(struct wgc_import *im, const struct wgc_node *peer)
{
	static const char *const names[] = { "public_key", "preshared_key", "name", "endpoint", "persistent_keepalive", "allowed_ips",
					     "routes", NULL };
	const struct wgc_node *routes;

	if (peer->type != WGC_NODE_OBJECT) {
		wgc_bad(&im->c, peer->at, "{ \"public-key\": ... }", "a peer is an object");
		return;
	}
	if (!wgc_import_peer(im, peer->at))
		return;
	look_at_names(im, peer, names, "a peer");
	give(im, peer, WGC_SECTION_PEER, "public_key");
	give(im, peer, WGC_SECTION_PEER, "preshared_key");
	give(im, peer, WGC_SECTION_PEER, "name");
	give(im, peer, WGC_SECTION_PEER, "endpoint");
	give(im, peer, WGC_SECTION_PEER, "persistent_keepalive");
	give_list(im, peer, "allowed_ips", WGC_SECTION_PEER, "allowed_ips");
	give_list(im, peer, "routes", WGC_SECTION_PEER, "routes");
	routes = member(peer, "routes");
	if (routes && routes->type == WGC_NODE_LIST && !routes->n) {
		struct wgc_given off = { .s = (char[]){ "off" }, .len = 3, .key_at = routes->name_at, .at = routes->at };

		wgc_import_give(im, WGC_SECTION_PEER, "routes", &off);
	}
}

/* wg-netns reads over it; whoever wrote it wants to see that it fits. */
static void public_key(struct wgc_import *im, const struct wgc_node *interface)
{
	const struct wgc_node *n = member(interface, "public_key");
	const struct wgc_device *d = &im->c.p->device;
	struct wgc_key own, said;

	if (!n || !is_word(im, n, "public_key"))
		return;
	if (wgc_key_parse_public(n->s, n->len, &said)) {
		wgc_warn(&im->c, n->at, "44 characters of base64", "public_key is no key, and is not carried over");
		return;
	}
	if (!(d->flags & WGC_DEVICE_HAS_PRIVATE_KEY))
		return;
	wgc_key_public(&d->private_key, &own);
	if (!wgc_key_equal(&own, &said))
		wgc_warn(&im->c, n->at, "the profile has the private key, which is what counts", "public_key is not that of the private key");
}

/* ---- hooks ------------------------------------------------------------------ */

static void give_hook(struct wgc_import *im, const struct wgc_node *netns, const struct wgc_node *of, const struct wgc_node *command,
		      bool host, const char *key)
{
	const struct wgc_node *name = member(netns, "name");
	WGC_AUTO_STR struct wgc_str line = { .secret = true };
	struct wgc_given g = given(command, of);

	if (memchr(command->s, '\n', command->len)) {
		wgc_bad(&im->c, command->at, "put the lines into a file, and run that", "%s has more than one line", key);
		return;
	}
	if (strstr(command->s, "%i"))
		wgc_warn(&im->c, command->at, NULL, "wgctl puts the interface's name in place of %%i");
	if (name && name->type == WGC_NODE_STRING && strstr(command->s, "WG_NETNS_NAME")) {
		wgc_str_add(&line, "export WG_NETNS_NAME=");
		wgc_str_add_shell(&line, name->s);
		wgc_str_add(&line, "; ");
	}
	if (host && name) {
		wgc_str_add(&line, "nsenter -t 1 -n -- sh -c ");
		wgc_str_add_shell(&line, command->s);
	} else {
		wgc_str_add(&line, command->s);
	}
	if (line.oom) {
		im->c.oom = true;
		return;
	}
	if (line.len != command->len) {
		g.s = line.s;
		g.len = line.len;
		g.exact = false;
	}
	wgc_import_give(im, WGC_SECTION_INTERFACE, key, &g);
}

static void take_hook(struct wgc_import *im, const struct wgc_node *netns, const struct wgc_node *of, const struct wgc_node *n,
		      const char *key)
{
	static const char *const names[] = { "command", "host_namespace", NULL };
	const struct wgc_node *command, *host;

	if (n->type == WGC_NODE_STRING) {
		give_hook(im, netns, of, n, false, key);
		return;
	}
	if (n->type != WGC_NODE_OBJECT) {
		wgc_bad(&im->c, n->at, "a command, or { \"command\": ..., \"host-namespace\": true }", "%s has the wrong type", key);
		return;
	}
	look_at_names(im, n, names, "a hook");
	command = member(n, "command");
	host = member(n, "host_namespace");
	if (!command || command->type != WGC_NODE_STRING)
		wgc_bad(&im->c, n->at, "\"command\": \"...\"", "this hook has no command");
	else if (host && host->type != WGC_NODE_BOOL)
		wgc_bad(&im->c, host->at, "true or false", "host_namespace has the wrong type");
	else
		give_hook(im, netns, of, command, host && !strcmp(host->s, "true"), key);
}

static void take_hooks(struct wgc_import *im, const struct wgc_node *netns, const char *key)
{
	const struct wgc_node *n = member(netns, key);

	if (!n)
		return;
	if (n->type != WGC_NODE_LIST)
		take_hook(im, netns, n, n, key);
	else
		for (size_t i = 0; i < n->n; i++)
			take_hook(im, netns, n, &n->v[i], key);
}

/* One for all interfaces there; one of many here. */
static void say_whose_hooks(struct wgc_import *im, const struct wgc_node *netns, const char *key, const char *ifname, const char *when)
{
	const struct wgc_node *n = member(netns, key);

	if (n && wgc_quotable(ifname))
		wgc_warn(&im->c, n->name_at, when, "%s is for all interfaces; %s has it now", key, ifname);
}

/* ---- interfaces --------------------------------------------------------------- */

static const char *name_of(const struct wgc_node *interface)
{
	const struct wgc_node *n = interface->type == WGC_NODE_OBJECT ? member(interface, "name") : NULL;

	return n && n->type == WGC_NODE_STRING ? n->s : "";
}

static void take_interface(struct wgc_import *im, const struct wgc_node *netns, const struct wgc_node *n, bool first, bool last)
{
	static const char *const names[] = { "name", "address", "private_key", "public_key", "listen_port", "fwmark", "mtu", "peers", NULL };
	const struct wgc_node *peers;

	if (n->type != WGC_NODE_OBJECT) {
		wgc_bad(&im->c, n->at, "{ \"name\": ... }", "an interface is an object");
		return;
	}
	if (!wgc_import_begin(im, name_of(n), n->at))
		return;
	look_at_names(im, n, names, "an interface");
	if (!member(n, "name"))
		wgc_bad(&im->c, n->at, "\"name\": \"wg0\"", "this interface has no name");
	give(im, n, WGC_SECTION_INTERFACE, "name");
	give(im, n, WGC_SECTION_INTERFACE, "private_key");
	give(im, n, WGC_SECTION_INTERFACE, "listen_port");
	give(im, n, WGC_SECTION_INTERFACE, "fwmark");
	give(im, n, WGC_SECTION_INTERFACE, "mtu");
	give_list(im, n, "address", WGC_SECTION_INTERFACE, "address");
	give_list(im, netns, "dns_server", WGC_SECTION_INTERFACE, "dns");
	give_as(im, netns, "base_netns", WGC_SECTION_INTERFACE, "socket_namespace");
	give_as(im, netns, "name", WGC_SECTION_INTERFACE, "interface_namespace");
	if (first)
		take_hooks(im, netns, "pre_up");
	if (last)
		take_hooks(im, netns, "post_up");
	if (last)
		take_hooks(im, netns, "pre_down");
	if (first)
		take_hooks(im, netns, "post_down");
	public_key(im, n);
	peers = list(im, n, "peers");
	for (size_t i = 0; peers && i < peers->n && !im->c.oom; i++)
		take_peer(im, &peers->v[i]);
	wgc_import_end(im);
}

static void take_interfaces(struct wgc_import *im, const struct wgc_node *netns, const struct wgc_node *v)
{
	const char *first = name_of(&v->v[0]), *last = name_of(&v->v[v->n - 1]);

	if (v->n > 1) {
		say_whose_hooks(im, netns, "pre_up", first, "bring that one up first");
		say_whose_hooks(im, netns, "post_up", last, "bring that one up last");
		say_whose_hooks(im, netns, "pre_down", last, "take that one down first");
		say_whose_hooks(im, netns, "post_down", first, "take that one down last");
	}
	for (size_t i = 0; i < v->n && !im->c.oom; i++) {
		for (size_t k = 0; k < i; k++)
			if (*name_of(&v->v[i]) && !strcmp(name_of(&v->v[i]), name_of(&v->v[k])))
				wgc_bad(&im->c, v->v[i].at, "give each a name of its own", "two interfaces have the same name");
		take_interface(im, netns, &v->v[i], !i, i + 1 == v->n);
	}
}

#define MAX_INTERFACES 256 /* each is compared with all before it */

void wgc_import_netns(struct wgc_import *im)
{
	static const char *const names[] = { "name", "base_netns", "managed", "dns_server", "pre_up", "post_up", "pre_down", "post_down",
					     "interfaces", NULL };
	struct wgc_parse *c = &im->c;
	const struct wgc_node *root = wgc_json_tree(c), *interfaces, *managed;

	if (!root)
		return;
	/* It begins with a brace, so it is an object. */
	if (member(root, "interface") && !member(root, "interfaces")) {
		wgc_bad(c, root->at, "wgctl convert makes INI of it", "this is a profile of wgctl already");
		return;
	}
	look_at_names(im, root, names, "the profile");
	managed = member(root, "managed");
	if (managed && managed->type != WGC_NODE_BOOL)
		wgc_bad(c, managed->at, "true or false", "managed has the wrong type");
	else if (managed && !strcmp(managed->s, "false"))
		wgc_import_lost(im, managed->name_at, "up makes the namespace only when it is not there, and down leaves one that was", "managed = false");
	interfaces = list(im, root, "interfaces");
	if (interfaces && interfaces->n > MAX_INTERFACES)
		wgc_bad(c, interfaces->at, NULL, "there are more than %d interfaces", MAX_INTERFACES);
	else if (interfaces && interfaces->n)
		take_interfaces(im, root, interfaces);
	else if (!member(root, "interfaces") || interfaces)
		wgc_bad(c, interfaces ? interfaces->at : root->at, "\"interfaces\": [ { \"name\": ... } ]", "there is no interface");
}
