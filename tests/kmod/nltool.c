// SPDX-License-Identifier: GPL-2.0
/*
 * nltool [OPTIONS] CMD [ATTRIBUTE...]: one generic netlink request, built by hand
 * from attributes that wg(8) would never send, and everything that comes back.
 *
 *   -f FAMILY  which family; wireguard, if not said
 *   -d         a dump (NLM_F_DUMP) instead of a change
 *   -a         no NLM_F_ACK
 *   -b SIZE    read answers into a buffer of SIZE bytes: the kernel cuts a dump to it
 *   -w CMD     have bash run a command after the first part of the dump has come
 *   -q         do not print what the parts have in them, only their number and flags
 *   -e         on an error print whether the request that is quoted in it has
 *              bytes of 0xa5 in it ("quoted: secret" or "quoted: clean")
 *   -m LINK    the same of what a reader of that nlmon link holds after the answer
 *              has come: it shares the request's memory with the kernel
 *   -R         send the request again and again until stdin ends, print nothing
 *
 * ATTRIBUTE:  u8:TYPE=N  u16:TYPE=N  u32:TYPE=N  str:TYPE=TEXT  hex:TYPE=BYTES
 *             key:TYPE=B  (32 bytes of B)  [TYPE  nests what follows until  ]
 *             4:TYPE=ADDR  6:TYPE=ADDR  (bytes of an address)
 *             N*  repeats the attribute after it; %d in its value counts from 0,
 *             %x the same in eight hexadecimal digits
 *
 * Prints for each message of a dump "part FLAGS LENGTH" and its attributes in
 * order, one a line; at the end "done ERROR FLAGS", or "ack", or
 * "error NAME [at OFFSET] [MESSAGE]". Exit status 1 on an error of the kernel's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char request[1 << 20], answer[1 << 20];
static size_t used, answer_size = 32768;
static int sock;
static bool quiet, secrets;

static void die(const char *what)
{
	fprintf(stderr, "nltool: %s\n", what);
	exit(2);
}

/* ---- building -------------------------------------------------------------------- */

static void put(unsigned type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(request + used);

	if (used + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(request) || NLA_HDRLEN + len > 65535)
		die("the request is too long");
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memset(attr + 1, 0, NLA_ALIGN(len));
	memcpy(attr + 1, data, len);
	used += NLA_HDRLEN + NLA_ALIGN(len);
}

static void put_hex(unsigned type, const char *text)
{
	unsigned char bytes[4096];
	size_t n = 0;
	unsigned byte;
	int step;

	while (n < sizeof(bytes) && sscanf(text, "%2x%n", &byte, &step) == 1) {
		bytes[n++] = byte;
		text += step;
	}
	if (*text)
		die("not hexadecimal");
	put(type, bytes, n);
}

static void put_word(const char *word)
{
	char form[8], addr[16];
	unsigned type;
	int value;
	unsigned long long n;
	unsigned char key[32];

	if (sscanf(word, "%7[a-z0-9]:%u=%n", form, &type, &value) != 2)
		die(word);
	word += value;
	n = strtoull(word, NULL, 0);
	if (!strcmp(form, "u8"))
		put(type, &(unsigned char){n}, 1);
	else if (!strcmp(form, "u16"))
		put(type, &(unsigned short){n}, 2);
	else if (!strcmp(form, "u32"))
		put(type, &(unsigned){n}, 4);
	else if (!strcmp(form, "str"))
		put(type, word, strlen(word) + 1);
	else if (!strcmp(form, "hex"))
		put_hex(type, word);
	else if (!strcmp(form, "key")) {
		memset(key, n, sizeof(key));
		put(type, key, sizeof(key));
	} else if (!strcmp(form, "4") && inet_pton(AF_INET, word, addr) == 1)
		put(type, addr, 4);
	else if (!strcmp(form, "6") && inet_pton(AF_INET6, word, addr) == 1)
		put(type, addr, 16);
	else
		die(word);
}

/* The words from *words on, up to a `]` or their end; %d and %x are @count. */
static char **put_words(char **words, unsigned count)
{
	char word[8192];

	for (; *words && strcmp(*words, "]"); words++) {
		unsigned times = 1;
		char *end, **next = words;
		size_t len = strlen(*words);

		if (len > 1 && (*words)[len - 1] == '*') {
			times = strtoul(*words, &end, 10);
			words++;
			if (!*words)
				die("nothing to repeat");
		}
		for (unsigned i = 0; i < times; i++) {
			unsigned c = times > 1 ? i : count;

			if (**words == '[') {
				size_t start = used;
				struct nlattr *nest = (struct nlattr *)(request + used);

				put(NLA_F_NESTED | strtoul(*words + 1, NULL, 10), "", 0);
				next = put_words(words + 1, c);
				if (!*next)
					die("a nest has no end");
				if (used - start > 65535)
					die("a nest is too long");
				nest->nla_len = used - start;
			} else {
				char *out = word;

				for (const char *in = *words; *in && out < word + sizeof(word) - 12; in++) {
					if (in[0] == '%' && (in[1] == 'd' || in[1] == 'x'))
						out += sprintf(out, *++in == 'd' ? "%u" : "%08x", c);
					else
						*out++ = *in;
				}
				*out = 0;
				put_word(word);
				next = words;
			}
		}
		words = next;
	}
	return words;
}

static void begin(unsigned family, unsigned flags, unsigned cmd, unsigned version)
{
	struct nlmsghdr *msg = (struct nlmsghdr *)request;
	struct genlmsghdr *genl = (struct genlmsghdr *)(msg + 1);

	memset(request, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	msg->nlmsg_type = family;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	msg->nlmsg_seq = 1;
	genl->cmd = cmd;
	genl->version = version;
	used = NLMSG_HDRLEN + GENL_HDRLEN;
}

static int send_request(void)
{
	((struct nlmsghdr *)request)->nlmsg_len = used;
	return send(sock, request, used, 0) == (ssize_t)used ? 0 : -errno;
}

/* ---- what comes back ---------------------------------------------------------------- */

static void print_attributes(const unsigned char *data, size_t len, int depth)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const struct nlattr *)data;
		size_t size = attr->nla_len < NLA_HDRLEN ? NLA_HDRLEN : attr->nla_len;
		const unsigned char *payload = data + NLA_HDRLEN;

		if (size > len)
			size = len;
		printf("%*s%u%s", depth * 2 + 2, "", attr->nla_type & NLA_TYPE_MASK, attr->nla_type & NLA_F_NESTED ? ":\n" : "=");
		if (attr->nla_type & NLA_F_NESTED)
			print_attributes(payload, size - NLA_HDRLEN, depth + 1);
		else {
			for (size_t i = 0; i < size - NLA_HDRLEN; i++) {
				putchar_unlocked("0123456789abcdef"[payload[i] >> 4]);
				putchar_unlocked("0123456789abcdef"[payload[i] & 15]);
			}
			putchar_unlocked('\n');
		}
		if (NLA_ALIGN(size) >= len)
			return;
		data += NLA_ALIGN(size);
		len -= NLA_ALIGN(size);
	}
}

/* Keys in a test are all of this byte. */
static const char *judge(const void *data, size_t len)
{
	return memmem(data, len, "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5", 8) ? "secret" : "clean";
}

/* A reader of an nlmon link, without a ring: what waits for it is not a copy. */
static int tap_open(const char *link)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int tap = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	addr.sll_ifindex = if_nametoindex(link);
	if (tap < 0 || !addr.sll_ifindex || bind(tap, (struct sockaddr *)&addr, sizeof(addr)))
		die("cannot listen on the nlmon link");
	return tap;
}

/* Of the copies of the request among what was heard. */
static void tap_judge(int tap)
{
	const struct nlmsghdr *msg = (const struct nlmsghdr *)answer;
	bool heard = false, secret = false;
	ssize_t n;

	while ((n = recv(tap, answer, sizeof(answer), 0)) > 0) {
		if ((size_t)n < used || msg->nlmsg_len != used ||
		    msg->nlmsg_type != ((struct nlmsghdr *)request)->nlmsg_type)
			continue;
		heard = true;
		secret |= !strcmp(judge(answer, n), "secret");
	}
	if (!heard)
		die("the nlmon link did not show the request");
	printf("tapped: %s\n", secret ? "secret" : "clean");
}

static const char *reason(int error)
{
	return error ? strerrorname_np(-error) : "0";
}

/* An error or an end: what the kernel says about it after the @fixed bytes. */
static int print_end(const char *what, const struct nlmsghdr *msg, int error, size_t fixed)
{
	const unsigned char *data = (const unsigned char *)msg + NLMSG_ALIGN(fixed);
	size_t len = msg->nlmsg_len > NLMSG_ALIGN(fixed) ? msg->nlmsg_len - NLMSG_ALIGN(fixed) : 0;
	const char *message = NULL;
	unsigned offset = 0;

	while (msg->nlmsg_flags & NLM_F_ACK_TLVS && len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const struct nlattr *)data;

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > len)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
			message = (const char *)(attr + 1);
		if ((attr->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_OFFS)
			memcpy(&offset, attr + 1, sizeof(offset));
		if (NLA_ALIGN((size_t)attr->nla_len) >= len)
			break;
		data += NLA_ALIGN(attr->nla_len);
		len -= NLA_ALIGN(attr->nla_len);
	}
	printf("%s", what);
	if (error || !strcmp(what, "done"))
		printf(" %s", reason(error));
	if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
		printf(" interrupted");
	if (offset && offset + NLA_HDRLEN <= used)
		printf(" at %u", ((struct nlattr *)(request + offset))->nla_type & NLA_TYPE_MASK);
	if (message)
		printf(" %s", message);
	putchar('\n');
	return error ? 1 : 0;
}

static size_t receive(void)
{
	ssize_t n = recv(sock, answer, answer_size, 0);

	if (n < 0) {
		fprintf(stderr, "nltool: recv: %s\n", strerror(errno));
		exit(2);
	}
	return n;
}

/* Not system(): functions that bash exports are known to bash alone. */
static void run(const char *cmd)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execlp("bash", "bash", "-c", cmd, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("the command between two parts failed");
}

static int read_answers(const char *between)
{
	for (;;) {
		size_t left = receive();

		for (struct nlmsghdr *msg = (struct nlmsghdr *)answer; NLMSG_OK(msg, left); msg = NLMSG_NEXT(msg, left)) {
			struct nlmsgerr *err = NLMSG_DATA(msg);
			size_t quoted = sizeof(*err);

			if (msg->nlmsg_type == NLMSG_DONE)
				return print_end("done", msg, *(int *)NLMSG_DATA(msg), NLMSG_HDRLEN + sizeof(int));
			if (msg->nlmsg_type != NLMSG_ERROR) {
				printf("part%s", msg->nlmsg_flags & NLM_F_DUMP_INTR ? " interrupted" : "");
				printf(quiet ? "\n" : " %u\n", msg->nlmsg_len);
				if (!quiet)
					print_attributes((unsigned char *)msg + NLMSG_HDRLEN + GENL_HDRLEN,
							 msg->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, 0);
				continue;
			}
			if (err->error && !(msg->nlmsg_flags & NLM_F_CAPPED))
				quoted += err->msg.nlmsg_len - NLMSG_HDRLEN;
			if (secrets)
				printf("quoted: %s\n", judge(&err->msg, quoted - sizeof(err->error)));
			return print_end(err->error ? "error" : "ack", msg, err->error, NLMSG_HDRLEN + quoted);
		}
		fflush(stdout);
		if (between)
			run(between);
		between = NULL;
	}
}

/* The family's number, from the controller's answer. */
static unsigned family_number(const char *name)
{
	const unsigned char *data = answer + NLMSG_HDRLEN + GENL_HDRLEN;
	size_t len;

	begin(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, 1);
	put(CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (send_request())
		die("cannot ask for the family");
	len = receive();
	if (((struct nlmsghdr *)answer)->nlmsg_type != GENL_ID_CTRL)
		die("there is no such family");
	for (len -= NLMSG_HDRLEN + GENL_HDRLEN; len > NLA_HDRLEN;) {
		const struct nlattr *attr = (const struct nlattr *)data;

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(const unsigned short *)(attr + 1);
		data += NLA_ALIGN(attr->nla_len);
		len -= NLA_ALIGN(attr->nla_len);
	}
	die("the family has no number");
	return 0;
}

int main(int argc, char **argv)
{
	const char *family = "wireguard", *between = NULL;
	unsigned flags = NLM_F_ACK;
	bool for_ever = false;
	struct timeval patience = {.tv_sec = 60};
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned number;
	int option, one = 1, room = 1 << 20, tap = -1, ret;

	while ((option = getopt(argc, argv, "+f:dab:w:qem:R")) != -1) {
		switch (option) {
		case 'f':
			family = optarg;
			break;
		case 'd':
			flags |= NLM_F_DUMP;
			break;
		case 'a':
			flags &= ~NLM_F_ACK;
			break;
		case 'b':
			answer_size = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			between = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 'e':
			secrets = true;
			break;
		case 'm':
			tap = tap_open(optarg);
			break;
		case 'R':
			for_ever = true;
			break;
		default:
			die("see the head of nltool.c");
		}
	}
	if (optind == argc || answer_size > sizeof(answer))
		die("see the head of nltool.c");
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0 || setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)))
		die("cannot open a netlink socket");
	number = family_number(family);
	begin(number, flags, strtoul(argv[optind], NULL, 0), 1);
	if (*put_words(argv + optind + 1, 0))
		die("a ] too many");
	do {
		ret = send_request();
		if (ret) {
			printf("error %s\n", reason(ret));
			return 1;
		}
		if (for_ever && !freopen("/dev/null", "w", stdout))
			die("cannot open /dev/null");
		ret = read_answers(between);
		if (tap >= 0)
			tap_judge(tap);
	} while (for_ever && !poll(&in, 1, 0));
	return for_ever ? 0 : ret;
}
