/* SPDX-License-Identifier: GPL-2.0 */
/* A directory of its own and profiles for the tests of dns. */
#ifndef MAKE_H
#define MAKE_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dns/dns.h"
#include "unit/tap.h"

static char dir[] = "/tmp/wgctl-dns-XXXXXX";

/* A path in the directory; good until the eighth call after. */
static inline const char *in_dir(const char *name)
{
	static char out[8][256];
	static unsigned next;
	char *s = out[next++ % 8];

	snprintf(s, 256, "%s/%s", dir, name);
	return s;
}

static inline void write_text(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) < 0)
		abort();
	close(fd);
}

/* Content of a file, NULL when there is none; good until the fourth call after. */
static inline const char *read_text(const char *name)
{
	static char *out[4];
	static unsigned next;
	char **s = &out[next++ % 4];
	size_t len;

	free(*s);
	*s = NULL;
	return wgc_read_file(in_dir(name), 1u << 22, s, &len) == 0 ? *s : NULL;
}

static inline void make_dir(void)
{
	if (!mkdtemp(dir))
		abort();
}

static inline void remove_dir(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ok(system(command) == 0);
}

/* Number of entries in the directory, to find what was left behind. */
static inline int entries(void)
{
	char command[300];
	FILE *f;
	int n = -1;

	snprintf(command, sizeof(command), "ls -A '%s' | wc -l", dir);
	f = popen(command, "r");
	if (!f || fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		pclose(f);
	return n;
}

/* A profile with two servers and two search domains, or what is given. */
static inline struct wgc_profile servers(const char *first, const char *second)
{
	static struct wgc_text v[8][2], search[2] = { { .s = "corp.example" }, { .s = "~lab.example" } };
	static unsigned next;
	struct wgc_text *s = v[next++ % 8];
	struct wgc_profile p = { .dns_servers = s, .dns_search = search, .n_dns_search = 2 };

	s[0].s = first;
	s[1].s = second;
	s[0].at.line = 3;
	s[1].at.line = 4;
	p.n_dns_servers = second ? 2 : first ? 1 : 0;
	return p;
}

#endif
