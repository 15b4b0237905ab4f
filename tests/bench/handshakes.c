// SPDX-License-Identifier: GPL-2.0
/*
 * handshakes conf COUNT              a link's configuration, for wg setconf
 * handshakes run COUNT ADDRESS PORT  that many peers want a session of it, twice
 *
 * What each answer costs the link, in nanoseconds, on two lines: the first time, and
 * when both have met. The initiations are made before the clock starts, and nobody looks
 * at the responses. The link's private key is 32 times 0x11.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kmod/world.h"

enum { WINDOW = 32, PATIENCE_MS = 20000 }; /* far below what makes it ask for cookies */

static struct wg_device target, *crowd;

static const char *base64(const u8 key[WG_KEY_LEN])
{
	static char text[2][48];
	static int n;

	return sodium_bin2base64(text[n++ % 2], sizeof(text[0]), key, WG_KEY_LEN, sodium_base64_VARIANT_ORIGINAL);
}

static u64 now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void begin(int count)
{
	u8 private[WG_KEY_LEN];

	crowd = calloc(count, sizeof(*crowd));
	if (!crowd || sodium_init() < 0)
		errx(2, "no memory");
	wg_noise_init();
	memset(private, 0x11, sizeof(private));
	world_device(&target, private);
	for (int i = 0; i < count; i++) {
		memset(private, 0x44, sizeof(private));
		memcpy(private + 8, &i, sizeof(i)); /* not where the clamp is */
		world_device(&crowd[i], private);
		world_peer(&crowd[i], target.identity.public, NULL);
	}
}

static void round_of(int fd, int count, struct wg_msg_initiation *msg)
{
	int sent = 0, came = 0;
	u8 answer[256];
	u64 begun;

	shim_now = now(CLOCK_BOOTTIME);
	clock_gettime(CLOCK_REALTIME, (struct timespec *)&shim_wall_clock);
	for (int i = 0; i < count; i++) {
		if (!wg_handshake_create_initiation(&crowd[i].peer[0], &msg[i]))
			errx(2, "no initiation");
		wg_cookie_add_macs(&crowd[i].peer[0].cookie, &msg[i], sizeof(msg[i]));
	}
	begun = now(CLOCK_MONOTONIC);
	while (came < count) {
		struct pollfd p = { fd, POLLIN, 0 };

		while (sent < count && sent - came < WINDOW && send(fd, &msg[sent], sizeof(*msg), 0) == sizeof(*msg))
			sent++;
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) == sizeof(struct wg_msg_response))
			came++;
		if (came < sent && poll(&p, 1, PATIENCE_MS) <= 0)
			errx(1, "%d of %d have no answer", sent - came, count);
	}
	printf("%llu\n", (unsigned long long)(now(CLOCK_MONOTONIC) - begun) / count);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int count = argc > 2 ? atoi(argv[2]) : 0, fd;
	struct wg_msg_initiation *msg;

	if (count < 1)
		errx(2, "usage: handshakes conf COUNT | run COUNT ADDRESS PORT");
	begin(count);
	if (!strcmp(argv[1], "conf")) {
		printf("[Interface]\nPrivateKey = %s\n", base64(target.identity.private));
		for (int i = 0; i < count; i++)
			printf("[Peer]\nPublicKey = %s\n", base64(crowd[i].identity.public));
		return 0;
	}
	if (argc < 5 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		errx(2, "run COUNT ADDRESS PORT");
	to.sin_port = htons(atoi(argv[4]));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	msg = calloc(count, sizeof(*msg));
	if (fd < 0 || !msg || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(2, "%s", argv[3]);
	round_of(fd, count, msg);
	sleep(1);
	round_of(fd, count, msg);
	return 0;
}
