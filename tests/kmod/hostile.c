// SPDX-License-Identifier: GPL-2.0
/*
 * hostile TARGET-NETNS SCENARIO: somebody on the wire who means no good, against the
 * link wg0 in that namespace, whose key is 32 times 0x11. TAP.
 *
 * Runs where the other end of the wire is (see wire.h), beside a real peer of the
 * target: the friend, link wg0 here. Two more of its peers are played here, with the
 * module's own protocol (see world.h): mallory and eve, who have keys, and use them.
 * Their place inside is 10.0.0.66 and 10.0.0.77; the target's is 10.0.0.1, the
 * friend's 10.0.0.2.
 *
 * The guest has one processor, whose clock counts instructions: what was sent is
 * worked on when this process waits, and waiting for long costs nothing.
 */
#include "kmod/hostile/cookies.h"
#include "kmod/hostile/insiders.h"
#include "kmod/hostile/many.h"
#include "kmod/hostile/strangers.h"

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "malformed", malformed },
	{ "resized", resized },
	{ "replayed", replayed },
	{ "strangers", strangers },
	{ "indices", indices },
	{ "corrupted", corrupted },
	{ "counters", counters },
	{ "insiders", insiders },
	{ "fragments", fragments },
	{ "flood-without-key", flood_without_key },
	{ "flood-with-key", flood_with_key },
	{ "rates", rates },
	{ "handshakes", handshakes },
	{ "deleted", deleted },
	{ "cookies", cookies },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(scenarios); i++) {
		if (strcmp(argv[2], scenarios[i].name))
			continue;
		begin(argv[1]);
		scenarios[i].run();
		return tap_done();
	}
	errx(2, "hostile TARGET-NETNS SCENARIO");
}
