// SPDX-License-Identifier: GPL-2.0
/* JSON: places, types, and what jansson itself finds wrong. */
#include "unit/config/profile.h"

static void is_said(const char *text, const char *want, const char *label)
{
	struct parsed r = parse_json(text);

	tap_str(r.said, want, __FILE__, __LINE__, label);
	parsed_done(&r);
}

#define IF "{\"interface\": {\"private_key\": \"" KEY_A "\",\n"

static void places(void)
{
	is_said(IF " \"listen_port\": 70000,\n  \"mtu\": 5, \"adress\": [1]}}",
		"2:17:5 error port 70000 is too large | ports end at 65535\n"
		"3:10:1 error this MTU is out of range | 68 to 65535; 1420 suits most, and without the line it is found\n"
		"3:14:6 error unknown key 'adress' in interface | did you mean 'address'?\n",
		"numbers, keys");
	is_said(IF "\"address\": [\"10.0.0.1/24\",\n \"x\" , \"10.0.0.1/24\", 5]}}",
		"3:3:1 error 'x' is no address with a prefix length | like 192.0.2.2/24 or 2001:db8::2/64\n"
		"3:9:11 error Address has this twice | keep one of them; first at 2:14\n"
		"3:23:1 error address is a list of strings | write it in quotes\n",
		"elements");
	is_said(IF "\"dns\": \"1.1.1.1\", \"listen_port\": \"5\", \"mtu\": 1400.5, \"save_config\": 1, \"name\": null, \"table\": true}}",
		"2:8:9 error dns has the wrong type | a list of strings, like [\"...\"]\n"
		"2:34:3 error listen_port has the wrong type | a number without a fraction\n"
		"2:46:6 error mtu has the wrong type | a number without a fraction\n"
		"2:69:1 error save_config has the wrong type | true or false\n"
		"2:80:4 error name has the wrong type | a string\n"
		"2:95:4 error table has the wrong type | a string or a number\n",
		"types");
	is_said(IF "\"x\": {\"a\": [\"]}\", {\"b\": \"\\\"]\"}]}, \"mtu\": 1}}", "2:2:1 error unknown key 'x' in interface\n"
		"2:42:1 error this MTU is out of range | 68 to 65535; 1420 suits most, and without the line it is found\n",
		"what is skipped");
	is_said(IF "\"backend\": \"kernal\"}, \"peers\": [7, {\"routes\": []},\n {\"public_key\": \"" KEY_B
		"\", \"endpoint\": [\"a:99999\", \"\\u0061:99999\", \" \"]}], \"$schema\": 5, \"peer\": []}",
		"2:13:6 error 'kernal' is no value of Backend | did you mean 'kernel'?\n"
		"2:33:1 error a peer is an object | { \"public_key\": ... }\n"
		"2:36:1 error this peer has no public key | add PublicKey = ..., which the other side prints with `wgctl pubkey`\n"
		"2:47:1 error routes is an empty list | \"off\" says that\n"
		"3:81:5 error port 99999 is too large | ports end at 65535\n"
		"3:89:14 error port 99999 is too large | ports end at 65535\n"
		"3:105:3 error endpoint has an empty value | give it one, or leave it out\n"
		"3:124:1 error $schema is a string | the schema's address\n"
		"3:128:4 error unknown key 'peer' in the profile | did you mean 'peers'?\n",
		"peers; a place in a string with escapes is the string");
	is_said(IF "\"post_up\": [\"a\\nb\"], \"private_key_file\": \"/a#b\"}}",
		"2:13:6 error post_up is no plain text | no line ends, no control characters\n"
		"2:45:1 error '#' begins a comment in a profile, so that no path can have it | give the file another name\n",
		"what INI could not hold");
	is_said(IF "\"allow_lan\": true, \"kill_switch\": \"on\"}}", "", "a kill switch");
	is_said(IF "\"interface_namespace\": \"a\"}}", "", "a namespace");
	is_said(IF "\"interface_namespace\": \"/run/a#b\"}}",
		"2:31:1 error '#' begins a comment in a profile, so that no path can have it | give the file another name\n", "a namespace");
}

static void syntax(void)
{
	is_said("", "1:1:1 error this is not JSON: '[' or '{' expected\n", "nothing");
	is_said("[]", "1:1:1 error a profile is an object | { \"interface\": { ... }, \"peers\": [ ... ] }\n",
		"a list");
	is_said("{\"interface\": {\"private_key\": \"" KEY_A "\",\n   \"mtu\": 01}}", "2:11:1 error this is not JSON: invalid token\n",
		"a number");
	is_said("{\"interface\": {\"mtu\": 1400,\n \"mtu\": 1400}}", "2:6:1 error this is not JSON: duplicate object key\n", "a key twice");
}

static void secrets(void)
{
	static const char *const texts[] = {
		"{\"interface\": {\"private_key\": hunter2" KEY_A "}}",
		"{\"interface\": {\"private_key\": \"hunter2" KEY_A "\\x\"}}",
		"{\"interface\": {\"private_key\": \"hunter2\"}}",
		"{\"interface\": {\"privte_key\": \"hunter2\"}}",
		"{\"interface\": {\"private_key\": [\"hunter2\"]}}",
		"{\"interface\": {\"hunter2" KEY_A "\": 1}}",
		"{\"interface\": {\"private_key\": \"hunter2\", \"mtu\": 5}}",
		"{\"peers\": [{\"preshared_key\": \"hunter2\"}]}",
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(texts); i++) {
		struct parsed r = parse_json(texts[i]);
		bool marked = r.diags.errors > 0;

		for (size_t k = 0; k < r.diags.n; k++)
			marked &= r.diags.v[k].secret;
		tap_ok(marked, __FILE__, __LINE__, "each finding in the line of a secret is marked");
		tap_ok(!strstr(r.said, "hunter2") && !strstr(r.said, "YAnz5"), __FILE__, __LINE__, "a secret is not repeated");
		if (!marked)
			printf("# row %zu: %s", i, r.said);
		parsed_done(&r);
	}
}

static void odd_texts(void)
{
	struct parsed r = parse_json("\xef\xbb\xbf{\"interface\": {\"private_key\": \"" KEY_A "\", \"mtu\": 1}}");

	is_str(r.said, "1:1:3 warning secret the file begins with a byte order mark | save the file as UTF-8 without it\n"
		       "1:89:1 error secret this MTU is out of range | 68 to 65535; 1420 suits most, and without the line it is found\n");
	parsed_done(&r);
	r = parse_bytes("{\"interface\": {\"mtu\": 14\0" "00}}", 29, WGC_FORMAT_JSON, WGC_STRICT);
	ok(strstr(r.said, "1:25:1 error this is not JSON: a zero byte") != NULL);
	parsed_done(&r);
	r = parse_json("{\"interface\": {\"private_key\": \"" KEY_A "\", \"dns\": [], \"address\": [\" 10.0.0.1/24 \"]}, \"peers\": []}");
	ok(r.p && r.p->n_addresses == 1);
	is_int(r.p ? r.p->addresses[0].at.col : 0, 104);
	parsed_done(&r);
}

int main(void)
{
	places();
	syntax();
	secrets();
	odd_texts();
	return tap_done();
}
