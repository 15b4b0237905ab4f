// SPDX-License-Identifier: GPL-2.0
/*
 * crowd COUNT REACHED: a link wg0 in namespace a gets so many peers, 10.64.0.1 and
 * following, and sends a datagram to the last REACHED of them. Those are all one link, wg0
 * in namespace b at 192.0.2.2:20000, which takes on the key of whoever is to be reached:
 * the public keys are what the kernel makes of the private ones. In b, 10.64.0.0/12 has
 * to be local. Behind the others' keys is nobody.
 *
 * Prints how many were reached. Status: 0 all; 1 not; 2 could not begin.
 *
 * crowd delete SPACE: milliseconds that the kernel needs to delete wg0 there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7000, PART = 500, MOST = 1 << 20 };

struct side {
	struct mnl_socket *netlink;
	uint16_t family;
	int udp;
};

static uint8_t public_keys[MOST][WG_KEY_LEN];

static void die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int find_family(const struct nlattr *attr, void *side)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		((struct side *)side)->family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *message, void *side)
{
	return mnl_attr_parse(message, sizeof(struct genlmsghdr), find_family, side);
}

static int find_public(const struct nlattr *attr, void *key)
{
	if (mnl_attr_get_type(attr) == WGDEVICE_A_PUBLIC_KEY)
		memcpy(key, mnl_attr_get_payload(attr), WG_KEY_LEN);
	return MNL_CB_OK;
}

static int on_device(const struct nlmsghdr *message, void *key)
{
	return mnl_attr_parse(message, sizeof(struct genlmsghdr), find_public, key);
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags, uint8_t command)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	generic->cmd = command;
	generic->version = 1;
	return message;
}

static void ask(struct side *side, const struct nlmsghdr *message, mnl_cb_t answer, void *data)
{
	static char buffer[1 << 16];
	ssize_t n;
	int r = MNL_CB_OK;

	if (mnl_socket_sendto(side->netlink, message, message->nlmsg_len) < 0)
		die("send");
	while (r > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(side->netlink, buffer, sizeof(buffer));
		if (n < 0)
			die("receive");
		r = mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(side->netlink), answer, data);
		if (r < 0)
			die("answer");
	}
}

static struct side enter(const char *space, const char *address)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct timeval patience = { .tv_sec = 3 };
	char buffer[256], path[64];
	struct nlmsghdr *message;
	struct side side = { 0 };
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	side.netlink = mnl_socket_open(NETLINK_GENERIC);
	if (!side.netlink || mnl_socket_bind(side.netlink, 0, MNL_SOCKET_AUTOPID))
		die("netlink");
	message = begin(buffer, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	ask(&side, message, on_family, &side);

	side.udp = socket(AF_INET, SOCK_DGRAM, 0);
	inet_pton(AF_INET, address, &any.sin_addr);
	if (bind(side.udp, (struct sockaddr *)&any, sizeof(any)))
		die("bind");
	setsockopt(side.udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return side;
}

static void take_on(struct side *b, int who, uint8_t *ret_public)
{
	uint8_t private[WG_KEY_LEN] = { [0] = 8, [8] = (uint8_t)who, [9] = (uint8_t)(who >> 8), [10] = (uint8_t)(who >> 16),
					[31] = 64 };
	char buffer[256];
	struct nlmsghdr *message = begin(buffer, b->family, 0, WG_CMD_SET_DEVICE);

	mnl_attr_put_strz(message, WGDEVICE_A_IFNAME, "wg0");
	mnl_attr_put(message, WGDEVICE_A_PRIVATE_KEY, sizeof(private), private);
	ask(b, message, NULL, NULL);
	if (!ret_public)
		return;
	message = begin(buffer, b->family, NLM_F_DUMP, WG_CMD_GET_DEVICE);
	mnl_attr_put_strz(message, WGDEVICE_A_IFNAME, "wg0");
	ask(b, message, on_device, ret_public);
}

static struct in_addr address_of(int who)
{
	return (struct in_addr){ htonl(0x0a400001 + (uint32_t)who) };
}

static void put_peer(struct nlmsghdr *message, int who)
{
	struct sockaddr_in endpoint = { .sin_family = AF_INET, .sin_port = htons(20000) };
	struct in_addr address = address_of(who);
	struct nlattr *peer = mnl_attr_nest_start(message, 0), *ips, *ip;

	inet_pton(AF_INET, "192.0.2.2", &endpoint.sin_addr);
	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN, public_keys[who]);
	mnl_attr_put(message, WGPEER_A_ENDPOINT, sizeof(endpoint), &endpoint);
	ips = mnl_attr_nest_start(message, WGPEER_A_ALLOWEDIPS);
	ip = mnl_attr_nest_start(message, 0);
	mnl_attr_put_u16(message, WGALLOWEDIP_A_FAMILY, AF_INET);
	mnl_attr_put(message, WGALLOWEDIP_A_IPADDR, sizeof(address), &address);
	mnl_attr_put_u8(message, WGALLOWEDIP_A_CIDR_MASK, 32);
	mnl_attr_nest_end(message, ip);
	mnl_attr_nest_end(message, ips);
	mnl_attr_nest_end(message, peer);
}

static void add_peers(struct side *a, int first, int end)
{
	static char buffer[1 << 16];
	struct nlmsghdr *message = begin(buffer, a->family, 0, WG_CMD_SET_DEVICE);
	struct nlattr *peers;

	mnl_attr_put_strz(message, WGDEVICE_A_IFNAME, "wg0");
	peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	for (int who = first; who < end; who++)
		put_peer(message, who);
	mnl_attr_nest_end(message, peers);
	ask(a, message, NULL, NULL);
}

/* A datagram to one of them, and does it arrive there? */
static bool reach(struct side *a, struct side *b, int who)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = address_of(who) };
	int said = -1;

	take_on(b, who, NULL);
	sendto(a->udp, &who, sizeof(who), 0, (struct sockaddr *)&to, sizeof(to));
	/* What is late does not count for another. */
	while (said != who && recv(b->udp, &said, sizeof(said), 0) == sizeof(said))
		;
	/* 50 handshakes a second are what one peer, that is a, may ask for. */
	nanosleep(&(struct timespec){ .tv_nsec = 25000000 }, NULL);
	return said == who;
}

/* Milliseconds from the request to the answer: a process would have files to read, and waits for those. */
static long delete_link(const char *space)
{
	struct side side = enter(space, "0.0.0.0");
	struct timespec begun, ended;
	struct nlmsghdr *message;
	char buffer[256];

	mnl_socket_close(side.netlink);
	side.netlink = mnl_socket_open(NETLINK_ROUTE);
	if (!side.netlink || mnl_socket_bind(side.netlink, 0, MNL_SOCKET_AUTOPID))
		die("netlink");
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_DELLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, "wg0");
	clock_gettime(CLOCK_MONOTONIC, &begun);
	ask(&side, message, NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	return (ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000;
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[1]) : 0, real = argc == 3 ? atoi(argv[2]) : 0, reached = 0;
	struct side a, b;

	if (argc == 3 && !strcmp(argv[1], "delete")) {
		printf("%ld\n", delete_link(argv[2]));
		return 0;
	}
	if (count <= 0 || count > MOST || real < 0 || real > count) {
		fprintf(stderr, "usage: crowd COUNT REACHED | delete SPACE\n");
		return 2;
	}
	a = enter("a", "10.0.0.1");
	b = enter("b", "0.0.0.0");
	for (int who = 0; who < count; who++) {
		if (who < count - real)
			memcpy(public_keys[who], &who, sizeof(who));
		else
			take_on(&b, who, public_keys[who]);
	}
	for (int who = 0; who < count; who += PART)
		add_peers(&a, who, who + PART < count ? who + PART : count);
	for (int who = count - real; who < count; who++)
		reached += reach(&a, &b, who);
	printf("%d\n", reached);
	return reached != real;
}
