// SPDX-License-Identifier: GPL-2.0
/* Names of peers: the comments that are known, and whose they are. */
#include "unit/config/profile.h"

#define I "[Interface]\nPrivateKey = " KEY_A "\n"
#define B "PublicKey = " KEY_B "\n"
#define C "PublicKey = " KEY_C "\n"

static const struct {
	const char *text, *first, *second;
} rows[] = {
	{ I "[Peer]\n# friendly_name = alice\n" B "[Peer]\n# friendly_name = bob\n" C, "alice", "bob" },
	{ I "[Peer]\n#friendly_name=alice b\n" B "[Peer]\n" C "# Friendly_Name = bob  \n", "alice b", "bob" },
	{ I "# friendly_name = alice\n[Peer]\n" B "\n# friendly_name = bob\n[Peer]\n" C, "alice", "bob" },
	{ I "[Peer]\n# Name = alice = x\n" B "[Peer]\n# name=bob\n" C, "alice = x", "bob" },
	{ I "[Peer]\n# wgctl:name=alice\n" B "[Peer]\n" C "# wgctl:name=bob\n", "alice", "bob" },
	{ I "### begin alice ###\n[Peer]\n" B "### end alice ###\n### begin bob ###\n[Peer]\n" C "### end bob ###\n", "alice", "bob" },
	{ I "\n# Client: alice (1234-5)\n[Peer]\n" B "\n# Client: bob (b) (2)\n[Peer]\n" C, "alice", "bob (b)" },
	{ I "\n### Client alice\n[Peer]\n" B "\n### Client bob\n[Peer]\n" C, "alice", "bob" },
	{ I "# BEGIN_PEER alice\n[Peer]\n" B "# END_PEER alice\n# BEGIN_PEER bob\n[Peer]\n" C "# END_PEER bob\n", "alice", "bob" },
	{ I "[Peer] # alice\n" B "[Peer]#bob\n" C, "alice", "bob" },
	/* The key overrides; comments do not override each other. */
	{ I "[Peer] # x\n# Name = y\nName = alice\n" B "[Peer]\n" C "Name = bob\n# Name = z\n", "alice", "bob" },
	/* Nothing of these. */
	{ I "# Name = me\nListenPort = 5\n[Peer]\n" B "[Peer]\n" C, NULL, NULL },
	{ "# Client: old\n" I "[Peer]\n# just a remark\n" B "# PublicKey = " KEY_D "\n[Peer]\n# Name = " KEY_D "\n" C, NULL, NULL },
	{ I "[Peer]\n# nameless = x\n# name\n# name =\n# begin x\n#### begin y\n" B "# clients: x\n[Peer]\n" C, NULL, NULL },
	{ I "[Peer]\n# Name = a\tb\n" B "[Peer] # \x1b[31m\n# Name = \xff\n" C, NULL, NULL },
};

int main(void)
{
	struct parsed r;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++) {
		r = parse_ini(rows[i].text, WGC_STRICT);
		is_int(r.p ? r.p->n_peers : 0, 2);
		if (r.p) {
			is_str(r.p->peers[0].name.s, rows[i].first);
			is_str(r.p->peers[1].name.s, rows[i].second);
		}
		printf("# row %zu %s", i, r.said);
		puts("");
		parsed_done(&r);
	}
	r = parse_ini(I "[Peer]\n" B "# friendly_name = alice\n", WGC_COMPATIBLE);
	is_int(r.p->peers[0].name.at.line, 5);
	is_int(r.p->peers[0].name.at.col, 19);
	is_int(r.p->peers[0].name.at.len, 5);
	parsed_done(&r);
	return tap_done();
}
