// SPDX-License-Identifier: GPL-2.0
/* What the text of resolv.conf and nsswitch.conf tells about who resolves names here. Pure. */
#include <string.h>

#include "dns/internal.h"

/* In the comment that whoever writes the file puts on top. The more special
 * first: NetworkManager's names resolved, too, where it uses it. */
static const struct {
	const char *words, *owner;
} headers[] = {
	{ "Written by wgctl", "wgctl" },
	{ "NetworkManager", "NetworkManager" },
	{ "man:systemd-resolved", "systemd-resolved" },
	{ "resolvconf", "resolvconf" },
	{ "dhcpcd", "dhcpcd" },
	{ "dhclient", "dhclient" },
	{ "Connection Manager", "connman" },
	{ "netconfig", "netconfig" },
	{ "WSL", "WSL" },
	{ "Docker", "Docker" },
};

static const struct {
	const char *part, *owner;
} targets[] = {
	{ "run/systemd/resolve/", "systemd-resolved" },
	{ "lib/systemd/resolv.conf", "systemd-resolved" },
	{ "run/NetworkManager/", "NetworkManager" },
	{ "resolvconf/", "resolvconf" },
	{ "run/connman/", "connman" },
	{ "run/netconfig/", "netconfig" },
	{ "mnt/wsl/", "WSL" },
};

static bool in_line(const char *s, size_t n, const char *words)
{
	return memmem(s, n, words, strlen(words)) != NULL;
}

const char *wgc_dns_owner(const char *text, const char *target)
{
	for (size_t i = 0; target && i < WGC_ARRAY_SIZE(targets); i++)
		if (strstr(target, targets[i].part))
			return targets[i].owner;
	for (const char *line = text, *end; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (*line != '#' && *line != ';')
			continue;
		for (size_t i = 0; i < WGC_ARRAY_SIZE(headers); i++)
			if (in_line(line, (size_t)(end - line), headers[i].words))
				return headers[i].owner;
	}
	return NULL;
}

const char *wgc_dns_server_at(const char *text, size_t i, char buf[static 64])
{
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		const char *s = line;
		size_t n;

		end = strchrnul(line, '\n');
		if (strncmp(s, "nameserver", 10) || (s[10] != ' ' && s[10] != '\t'))
			continue;
		s += 10 + strspn(s + 10, " \t");
		n = strcspn(s, " \t\r\n#;");
		if (!n || n >= 64 || i--)
			continue;
		memcpy(buf, s, n);
		buf[n] = '\0';
		return buf;
	}
	return NULL;
}

bool wgc_dns_only_stub(const char *text)
{
	char server[64];
	size_t n = 0;

	for (; wgc_dns_server_at(text, n, server); n++)
		if (strcmp(server, "127.0.0.53") && strcmp(server, "127.0.0.54"))
			return false;
	return n;
}

bool wgc_dns_nss_resolve(const char *text)
{
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		const char *s = line + strspn(line, " \t");

		end = strchrnul(line, '\n');
		if (strncmp(s, "hosts:", 6))
			continue;
		for (s += 6; s < end && *s != '#';) {
			size_t n = strcspn(s, " \t\n#");

			if (n == 7 && !memcmp(s, "resolve", 7))
				return true;
			if (n == 3 && !memcmp(s, "dns", 3))
				return false;
			s += n + strspn(s + n, " \t");
			if (*s == '\n')
				break;
		}
		return false;
	}
	return false;
}
