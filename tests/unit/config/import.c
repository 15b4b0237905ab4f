// SPDX-License-Identifier: GPL-2.0
/* Profiles of wg-netns and NetworkManager: what becomes of them, and what is said. */
#include "unit/config/profile.h"

struct outcome {
	struct wgc_imported im;
	struct parsed r;
	int rc;
};

static struct outcome import(const char *text, const char *path)
{
	struct outcome o = { 0 };

	o.rc = wgc_config_import(text, strlen(text), path, &o.r.diags, &o.im);
	say_all(&o.r);
	return o;
}

static void done(struct outcome *o)
{
	wgc_imported_done(&o->im);
	parsed_done(&o->r);
}

static char *ini_of(const struct wgc_profile *p)
{
	struct wgc_str s = { 0 };

	wgc_config_write_ini(p, &s);
	return wgc_str_steal(&s);
}

static bool said(const struct outcome *o, const char *what)
{
	bool yes = strstr(o->r.said, what);

	if (!yes)
		printf("# not said: %s\n# but: %s\n", what, o->r.said);
	return yes;
}

/* ---- wg-netns ------------------------------------------------------------------------ */

#define NS(members, peer) \
	"{\"name\": \"blue\"," members "\"interfaces\": [\n{\"name\": \"wg0\", \"private-key\": \"" KEY_A "\",\n \"peers\": [{\"public-key\": \"" KEY_B \
	"\"" peer "}]}]}"

static void netns_values(void)
{
	struct outcome o = import(NS("\"base_netns\": \"red\", \"dns_server\": [\"10.0.0.1\"],",
				     ", \"allowed_ips\": [\"10.0.0.0/8\"], \"persistent-keepalive\": \"25\", \"preshared-key\": null"),
				  "x.json");
	char *ini;

	is_int(o.rc, 0);
	is_str(o.r.said, "");
	is_int(o.im.n, 1);
	ini = ini_of(o.im.v[0]);
	is_str(ini, "[Interface]\nPrivateKey = " KEY_A "\nDNS = 10.0.0.1\nSocketNamespace = red\nInterfaceNamespace = blue\n\n"
		    "[Peer]\nPublicKey = " KEY_B "\nAllowedIPs = 10.0.0.0/8\nPersistentKeepalive = 25\n");
	is_str(o.im.v[0]->name, "wg0");
	free(ini);
	done(&o);

	/* null is not given, an empty list of routes is none. */
	o = import(NS("\"base-netns\": null, \"managed\": false,", ", \"endpoint\": null, \"routes\": []"), "x.json");
	is_int(o.rc, 0);
	ok(said(&o, "warning managed = false is not carried over"));
	is_int(o.im.v[0]->peers[0].routes_mode, WGC_ROUTES_OFF);
	is_str(o.im.v[0]->socket_namespace.s, NULL);
	done(&o);

	/* The default namespace. */
	o = import("{\"name\": null, \"interfaces\": [{\"name\": \"wg0\", \"private-key\": \"" KEY_A "\", \"listen-port\": 0, \"fwmark\": 0,"
		   "\"address\": [\"10.0.0.1/24\"]}]}", "x.json");
	is_int(o.rc, 0);
	is_str(o.im.v[0]->interface_namespace.s, NULL);
	ok(!(o.im.v[0]->device.flags & (WGC_DEVICE_HAS_LISTEN_PORT | WGC_DEVICE_HAS_FWMARK)));
	done(&o);
}

static void netns_hooks(void)
{
	struct outcome o = import(NS("\"pre-up\": \"echo '1'\", \"post-up\": [{\"command\": \"echo '2' %i\", \"host-namespace\": true},"
				     " {\"command\": \"echo $WG_NETNS_NAME\"}, \"echo 4\"],", ""), "x.json");
	const struct wgc_profile *p;

	is_int(o.rc, 0);
	p = o.im.v[0];
	is_str(p->hooks[WGC_PRE_UP].v[0].s, "echo '1'");
	is_int(p->hooks[WGC_POST_UP].n, 3);
	is_str(p->hooks[WGC_POST_UP].v[0].s, "nsenter -t 1 -n -- sh -c 'echo '\\''2'\\'' %i'");
	is_str(p->hooks[WGC_POST_UP].v[1].s, "export WG_NETNS_NAME=blue; echo $WG_NETNS_NAME");
	is_str(p->hooks[WGC_POST_UP].v[2].s, "echo 4");
	ok(said(&o, "wgctl puts the interface's name in place of %i"));
	done(&o);

	o = import(NS("\"pre-up\": \"echo 1\\necho 2\",", ""), "x.json");
	is_int(o.rc, -22);
	ok(said(&o, "pre_up has more than one line"));
	done(&o);
}

static void netns_mistakes(void)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ NS("", ", \"allowed-ip\": []"), "3:76:10 error secret unknown key 'allowed-ip' in a peer | did you mean 'allowed_ips'?" },
		{ NS("\"colour\": 1,", ""), "1:18:6 warning colour is not carried over" },
		{ NS("\"dns-server\": \"10.0.0.1\",", ""), "dns_server has the wrong type" },
		{ NS("\"dns-server\": [[]],", ""), "dns_server has the wrong type" },
		{ NS("", ", \"allowed-ips\": [\"10.0.0.0/33\"]"), "this is no prefix length" },
		{ NS("", ", \"allowed-ips\": [\"10.0.0.1/8\"]"), "3:92:10 warning secret '10.0.0.1/8' has bits behind its prefix length | 10.0.0.0/8 is what it means" },
		{ NS("", ", \"endpoint\": \"::1:51820\""), "error" },
		{ NS("", ", \"name\": \"a\", \"name\": \"b\""), "this is not JSON: duplicate object key" },
		{ NS("", ", \"allowed_ips\": [], \"allowed-ips\": []"), "allowed_ips is given twice" },
		{ "{\"interfaces\": []}", "there is no interface" },
		{ "{\"interfaces\": {}}", "interfaces has the wrong type" },
		{ "{}", "there is no interface" },
		{ "{\"interfaces\": [1]}", "an interface is an object" },
		{ "{\"interfaces\": [{}]}", "this interface has no name" },
		{ "{\"interfaces\": [{\"name\": \"a b\"}]}", "cannot be an interface's name" },
		{ "{\"interfaces\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "two interfaces have the same name" },
		{ "{\"interface\": {}}", "this is a profile of wgctl already" },
		{ "{\"interfaces\": [", "this is not JSON" },
		{ "name: x\n", "this is neither a profile of wg-netns nor one of NetworkManager" },
		{ "", "there is nothing in it" },
		{ "{\"interfaces\": [{\"name\": \"a\", \"private-key\": \"" KEY_A "\", \"public-key\": \"" KEY_B "\"}]}",
		  "public_key is not that of the private key" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		struct outcome o = import(rows[i].text, "x.json");

		ok(said(&o, rows[i].said));
		ok(!strstr(o.r.said, KEY_A) && !strstr(o.r.said, KEY_B));
		is_int(o.rc, o.r.diags.errors ? -22 : 0);
		done(&o);
	}
	{
		struct outcome o = import("name: x\n", "x.yaml");

		ok(said(&o, "this YAML is no JSON"));
		done(&o);
	}
}

/* ---- NetworkManager ------------------------------------------------------------------- */

#define CON "[connection]\ntype=wireguard\ninterface-name=wg0\nautoconnect=false\n"
#define WG "[wireguard]\nprivate-key=" KEY_A "\n"
#define PEER_B "[wireguard-peer." KEY_B "]\n"
#define PEER_C "[wireguard-peer." KEY_C "]\n"

static void keyfile_routes(void)
{
	static const struct {
		const char *text, *first, *second;
	} rows[] = {
		{ PEER_B "allowed-ips=10.1.0.0/16;0.0.0.0/0;\n", "", NULL },
		{ PEER_B "allowed-ips=10.1.0.0/16;0.0.0.0/0;\n[ipv4]\nnever-default=true\n", "10.1.0.0/16 ", NULL },
		{ PEER_B "allowed-ips=0.0.0.0/0\n[ipv4]\nnever-default=true\n", "off", NULL },
		{ PEER_B "allowed-ips=::/0;0.0.0.0/0\n[ipv6]\nnever-default=yes\n", "0.0.0.0/0 ", NULL },
		{ PEER_B "allowed-ips=10.0.0.0/8\n" PEER_C "allowed-ips=10.1.0.0/16\n[ipv4]\nroute1=10.1.2.0/24\n", "", "10.1.2.0/24 10.1.0.0/16 " },
		/* One that is there anyway is none of its own. */
		{ PEER_B "allowed-ips=10.0.0.0/8\n[ipv4]\nroute1=10.0.0.0/8\n", "", NULL },
		{ "[wireguard]\npeer-routes=false\n" PEER_B "allowed-ips=10.0.0.0/8\n", "off", NULL },
		{ "[wireguard]\npeer-routes=false\n" PEER_B "allowed-ips=10.0.0.0/8\n[ipv4]\nroute1=10.2.0.0/16\n", "10.2.0.0/16 ", NULL },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		struct wgc_str text = { 0 };
		struct outcome o;

		wgc_str_addf(&text, CON WG "%s", rows[i].text);
		o = import(text.s, "x");
		is_int(o.rc, 0);
		is_str(o.r.said, "");
		for (size_t k = 0; !o.rc && k < o.im.v[0]->n_peers; k++) {
			const struct wgc_profile_peer *p = &o.im.v[0]->peers[k];
			struct wgc_str list = { 0 };
			char one[WGC_PREFIX_TEXT];

			for (size_t r = 0; p->routes_mode == WGC_ROUTES_LIST && r < p->n_routes; r++) {
				wgc_prefix_print(&p->routes[r].prefix, one);
				wgc_str_addf(&list, "%s ", one);
			}
			if (p->routes_mode == WGC_ROUTES_OFF)
				wgc_str_add(&list, "off");
			is_str(wgc_str_get(&list), k ? rows[i].second : rows[i].first);
			wgc_str_done(&list);
		}
		wgc_str_done(&text);
		done(&o);
	}
}

static void keyfile_dns(void)
{
	static const struct {
		const char *text, *dns;
	} rows[] = {
		{ "[ipv4]\ndns=10.0.0.1;10.0.0.2;\n", "10.0.0.1, 10.0.0.2" },
		{ "[ipv4]\ndns=10.0.0.1\ndns-search=~;\n[ipv6]\ndns=fd00::1;\ndns-search=~;\n", "10.0.0.1, fd00::1, ~." },
		{ "[ipv4]\ndns=10.0.0.1\ndns-priority=-50\n", "10.0.0.1, ~." },
		{ "[ipv4]\ndns=10.0.0.1\ndns-search=a.example;~b.example\n[ipv6]\ndns-search=a.example\n", "10.0.0.1, a.example, ~b.example" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		struct wgc_str text = { 0 }, want = { 0 };
		struct outcome o;
		char *ini;

		wgc_str_addf(&text, CON WG "%s", rows[i].text);
		wgc_str_addf(&want, "\nDNS = %s\n", rows[i].dns);
		o = import(text.s, "x");
		is_int(o.rc, 0);
		ini = o.rc ? strdup("") : ini_of(o.im.v[0]);
		ok(strstr(ini, want.s));
		printf("# %s%s", o.r.said, ini);
		puts("");
		free(ini);
		wgc_str_done(&text);
		wgc_str_done(&want);
		done(&o);
	}
}

static void keyfile_mistakes(void)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "[connection]\ntype=vpn\n", "2:6:3 error this connection is not one of WireGuard" },
		{ "[connection]\ntype=wireguard\n", "there is no WireGuard in this file" },
		{ "[connection]\ntype=wireguard\n" WG, "there is no interface-name" },
		{ "[connection]\ninterface-name=wg0\n" WG, "1:2:10 warning NetworkManager goes on bringing this connection up by itself" },
		{ "[Interface]\nPrivateKey=" KEY_A "\n", "this is a profile of wg-quick already" },
		{ CON "[wireguard]\nprivate-key-flags=1\n", "6:19:1 error secret the private-key is not in this file: an agent of the user has it" },
		{ CON WG PEER_B "preshared-key-flags=2\n", "the preshared-key is not in this file: it is asked for each time" },
		{ CON WG "[wireguard-peer.abc]\n", "PublicKey has 3 characters where a key has 44" },
		{ CON WG PEER_B "allowed-ips=10.0.0.0/40\n", "this is no prefix length" },
		{ CON WG PEER_B "persistent-keepalive=x\n", "this is no number of seconds" },
		{ CON WG "[ipv4]\naddress1=10.0.0.1\n", "8:10:8 error this address has no prefix length" },
		{ CON WG "[ipv4]\naddresses1=10.0.0.1;24;10.0.0.2;\n", "this is an old form of address" },
		{ CON WG "[ipv4]\nmethod=auto\n", "warning ipv4: this method is not carried over" },
		{ CON WG "[ipv4]\nroute-table=100\n", "8:1:11 warning route-table is not carried over" },
		{ CON WG "[ipv4]\nroute1_options=mtu=1000\nroute1=10.0.0.0/8\n", "warning route1_options is not carried over" },
		{ CON WG "[ipv4]\nnever-default=perhaps\n", "never-default is neither true nor false" },
		{ CON WG "[tc]\nqdisc.root=x\n", "7:2:2 warning [tc] is not carried over" },
		{ CON WG "nonsense\n", "7:1:8 error this is neither a group nor a key with a value" },
		{ CON "[wireguard\n", "this group's name has no end" },
		{ "[connection]\n" CON "mdns=2\n" WG, "6:1:4 warning mdns is not carried over" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		struct outcome o = import(rows[i].text, "x.nmconnection");

		ok(said(&o, rows[i].said));
		ok(!strstr(o.r.said, KEY_A));
		is_int(o.rc, o.r.diags.errors ? -22 : 0);
		done(&o);
	}
}

static void keyfile_forms(void)
{
	/* Comments, blanks around '=', a group that goes on later, the last of two equal keys, no newline at the end. */
	struct outcome o = import("# c\n\n[wireguard]\nlisten-port=1\n[connection]\ntype = wireguard\ninterface-name=wg\\s0\ninterface-name=wg0\n"
				  "autoconnect=false\n[wireguard]\nlisten-port = 2\nprivate-key = " KEY_A, "x");

	is_int(o.rc, 0);
	is_str(o.r.said, "");
	is_str(o.rc ? "" : o.im.v[0]->ifname, "wg0");
	is_int(o.rc ? 0 : o.im.v[0]->device.listen_port, 2);
	done(&o);
}

int main(void)
{
	netns_values();
	netns_hooks();
	netns_mistakes();
	keyfile_routes();
	keyfile_dns();
	keyfile_mistakes();
	keyfile_forms();
	return tap_done();
}
