// SPDX-License-Identifier: GPL-2.0
/* Writers: INI keeps its comments, JSON its values, and there and back is the same. */
#include "unit/config/profile.h"

static const char full_ini[] =
	"# the office\n"
	"\n"
	"[Interface] # this side\n"
	"Name = wg7\n"
	"PrivateKey = " KEY_A "\n"
	"ListenPort = 51820 # why not\n"
	"FwMark = 0xca6c\n"
	"Address = 10.0.0.1/24, fd00::1/64\n"
	"DNS = 1.1.1.1, example.org\n"
	"MTU = 1420\n"
	"Table = vpn\n"
	"PreUp = echo 1 # part of it\n"
	"PostUp = a \"b\" \\c; d='e'\n"
	"PostUp = f\n"
	"PreDown = g\n"
	"PostDown = h %i\n"
	"SaveConfig = true\n"
	"Backend = userspace\n"
	"DNSMode = file\n"
	"IPv6 = require\n"
	"ExcludeIPs = 192.168.0.0/16\n"
	"\n"
	"# Client: alice (1)\n"
	"[Peer]\n"
	"AllowedIPs = 10.0.0.2/32\n"
	"# the key\n"
	"PublicKey = " KEY_B "\n"
	"AllowedIPs = fd00::2/128\n"
	"PresharedKeyFile = /etc/a key\n"
	"Endpoint = vpn.example.org:51820\n"
	"Endpoint = [2001:db8::1]:443\n"
	"PersistentKeepalive = off\n"
	"[Peer] # bob\n"
	"PublicKey = " KEY_C "\n"
	"PresharedKey = " KEY_D "\n"
	"Routes = 10.9.0.0/16, fd09::/64\n"
	"[Peer]\n"
	"PublicKey = " KEY_D "\n"
	"Routes = off\n"
	"# the end\n";

static const char full_json[] =
	"{\n"
	"  \"interface\": {\n"
	"    \"name\": \"wg7\",\n"
	"    \"private_key\": \"" KEY_A "\",\n"
	"    \"listen_port\": 51820,\n"
	"    \"fwmark\": 51820,\n"
	"    \"address\": [\n"
	"      \"10.0.0.1/24\",\n"
	"      \"fd00::1/64\"\n"
	"    ],\n"
	"    \"dns\": [\n"
	"      \"1.1.1.1\",\n"
	"      \"example.org\"\n"
	"    ],\n"
	"    \"mtu\": 1420,\n"
	"    \"table\": \"vpn\",\n"
	"    \"pre_up\": [\n"
	"      \"echo 1 # part of it\"\n"
	"    ],\n"
	"    \"post_up\": [\n"
	"      \"a \\\"b\\\" \\\\c; d='e'\",\n"
	"      \"f\"\n"
	"    ],\n"
	"    \"pre_down\": [\n"
	"      \"g\"\n"
	"    ],\n"
	"    \"post_down\": [\n"
	"      \"h %i\"\n"
	"    ],\n"
	"    \"save_config\": true,\n"
	"    \"backend\": \"userspace\",\n"
	"    \"dns_mode\": \"file\",\n"
	"    \"ipv6\": \"require\",\n"
	"    \"exclude_ips\": [\n"
	"      \"192.168.0.0/16\"\n"
	"    ]\n"
	"  },\n"
	"  \"peers\": [\n"
	"    {\n"
	"      \"name\": \"alice\",\n"
	"      \"public_key\": \"" KEY_B "\",\n"
	"      \"preshared_key_file\": \"/etc/a key\",\n"
	"      \"allowed_ips\": [\n"
	"        \"10.0.0.2/32\",\n"
	"        \"fd00::2/128\"\n"
	"      ],\n"
	"      \"endpoint\": [\n"
	"        \"vpn.example.org:51820\",\n"
	"        \"[2001:db8::1]:443\"\n"
	"      ],\n"
	"      \"persistent_keepalive\": 0\n"
	"    },\n"
	"    {\n"
	"      \"name\": \"bob\",\n"
	"      \"public_key\": \"" KEY_C "\",\n"
	"      \"preshared_key\": \"" KEY_D "\",\n"
	"      \"routes\": [\n"
	"        \"10.9.0.0/16\",\n"
	"        \"fd09::/64\"\n"
	"      ]\n"
	"    },\n"
	"    {\n"
	"      \"public_key\": \"" KEY_D "\",\n"
	"      \"routes\": \"off\"\n"
	"    }\n"
	"  ]\n"
	"}\n";

static void there_and_back(void)
{
	struct parsed ini = parse_ini(full_ini, WGC_STRICT), json, again;
	char *text, *back;

	is_str(ini.said, "");
	text = write_as(ini.p, WGC_FORMAT_INI);
	is_str(text, full_ini);
	free(text);
	text = write_as(ini.p, WGC_FORMAT_JSON);
	is_str(text, full_json);

	json = parse_json(full_json);
	is_str(json.said, "");
	back = write_as(json.p, WGC_FORMAT_JSON);
	is_str(back, full_json);
	free(back);
	back = write_as(json.p, WGC_FORMAT_INI);
	again = parse_ini(back, WGC_STRICT);
	is_str(again.said, "");
	free(text);
	text = write_as(again.p, WGC_FORMAT_JSON);
	is_str(text, full_json);
	/* wg-quick would stop at a Name of a peer. */
	ok(strstr(back, "[Peer]\n# Name = alice\n") != NULL);
	ok(strstr(back, "\nName = alice") == NULL);
	free(text);
	free(back);
	parsed_done(&ini);
	parsed_done(&json);
	parsed_done(&again);
}

static void tidied(const char *text, enum wgc_mode mode, const char *want)
{
	struct parsed r = parse_ini(text, mode);
	char *got = write_as(r.p, WGC_FORMAT_INI);

	is_str(got, want);
	free(got);
	parsed_done(&r);
}

static void tidy(void)
{
	tidied("\xef\xbb\xbf  # x  \r\n[ interface ]#y\r\n\tprivate key=" KEY_A "\t# z\r\nMTU=\r\npostup=a#b\r\n", WGC_STRICT,
	       "  # x\n[Interface] #y\nPrivateKey = " KEY_A " # z\nMTU =\nPostUp = a#b\n");
	tidied("[Interface]\nPrivateKeyCommand = pass 'a # b'  \"c\" d#e # f", WGC_STRICT,
	       "[Interface]\nPrivateKeyCommand = pass 'a # b'  \"c\" d#e # f\n");
	/* To wg-quick these are two different sections. */
	tidied("[ Interface ]\nListenPort=5\n[INTERFACE]\nMTU=1400\n", WGC_COMPATIBLE, "[ Interface ]\nListenPort = 5\n[Interface]\nMTU = 1400\n");
	/* The last one wins, and stays the last one. */
	tidied("[Interface]\nListenPort=5\nListenPort=70000\n", WGC_WG_ONLY, "[Interface]\nListenPort = 5\nListenPort = 70000\n");
	tidied("", WGC_STRICT, "");
}

static void command(void)
{
	static const char text[] = "{\"interface\":{\"private_key_command\":[\"pass\",\"a b\",\"#x\",\"\",\"q\\\"\\\\'\",\"y#\"]}}";
	struct parsed r = parse_json(text), again;
	char *ini = write_as(r.p, WGC_FORMAT_INI);

	is_str(ini, "[Interface]\nPrivateKeyCommand = pass \"a b\" \"#x\" \"\" \"q\\\"\\\\'\" y#\n");
	again = parse_ini(ini, WGC_STRICT);
	is_int(again.p ? again.p->private_key_command.n : 0, 6);
	for (size_t i = 0; again.p && i < again.p->private_key_command.n; i++)
		is_str(again.p->private_key_command.v[i].s, r.p->private_key_command.v[i].s);
	free(ini);
	parsed_done(&r);
	parsed_done(&again);
}

/* A profile that was filled from the kernel: zeros there are not values. */
static void from_values(void)
{
	struct parsed r = parse_ini("# c\n[Interface]\nPrivateKey = " KEY_A "\n[Peer]\n# Name = alice\nPublicKey = " KEY_B "\n", WGC_STRICT);
	char *text;

	r.p->trivia = NULL;
	r.p->device.flags |= WGC_DEVICE_HAS_FWMARK | WGC_DEVICE_HAS_LISTEN_PORT;
	r.p->device.listen_port = 5;
	r.p->peers[0].peer.flags = WGC_PEER_HAS_KEEPALIVE;
	text = write_as(r.p, WGC_FORMAT_INI);
	is_str(text, "[Interface]\nPrivateKey = " KEY_A "\nListenPort = 5\n\n[Peer]\n# Name = alice\nPublicKey = " KEY_B "\n");
	free(text);
	parsed_done(&r);
}

int main(void)
{
	there_and_back();
	tidy();
	command();
	from_values();
	return tap_done();
}
