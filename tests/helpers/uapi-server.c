// SPDX-License-Identifier: GPL-2.0
/*
 * uapi-server SOCKET REPLY LOG: a userspace implementation that is none. It
 * answers get=1 with the contents of REPLY, whatever they are, writes every
 * other request to LOG and says errno=0. So tests see exactly what a program
 * would set, and show it devices that could not be arranged.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char request[1 << 24], reply[1 << 24];

static void say(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void serve(int fd, const char *reply_path, const char *log_path)
{
	static const char done[] = "errno=0\n\n";
	size_t len = 0;
	ssize_t n;
	int file;

	while (len < 2 || memcmp(request + len - 2, "\n\n", 2)) {
		n = read(fd, request + len, sizeof(request) - len);
		if (n <= 0)
			return;
		len += (size_t)n;
	}
	if (len >= 6 && !memcmp(request, "get=1\n", 6)) {
		file = open(reply_path, O_RDONLY);
		while (file >= 0 && (n = read(file, reply, sizeof(reply))) > 0)
			say(fd, reply, (size_t)n);
	} else {
		file = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (file < 0 || write(file, request, len) != (ssize_t)len)
			perror(log_path);
		say(fd, done, sizeof(done) - 1);
	}
	close(file);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	if (argc != 4) {
		fprintf(stderr, "usage: uapi-server SOCKET REPLY LOG\n");
		return 2;
	}
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[1]);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 16)) {
		perror(argv[1]);
		return 1;
	}
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		serve(fd, argv[2], argv[3]);
		close(fd);
	}
	return 1;
}
