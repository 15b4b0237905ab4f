// SPDX-License-Identifier: GPL-2.0
/*
 * The model's files: real ones in a folder of its own. The libc calls below
 * take the place of the real ones in the program, so that what is done to
 * these files passes the gate too; all other files get the real thing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake/kernel.h"

static struct fake *watched; /* NULL while the model itself is at work */

/* The name below the folder, or NULL: not ours. */
static const char *inside(const char *path)
{
	size_t len = watched ? strlen(watched->root) : 0;

	return len && !strncmp(path, watched->root, len) && path[len] == '/' ? path + len + 1 : NULL;
}

static const char *inside_fd(int fd, const char *name, char buf[static 512])
{
	char link[32];
	ssize_t n;

	if (!watched)
		return NULL;
	if (name && name[0] == '/')
		return inside(name);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, 400);
	if (n < 0)
		return NULL;
	buf[n] = 0;
	if (name)
		snprintf(buf + n, 512 - (size_t)n, "/%.100s", name);
	return inside(buf);
}

static long verdict(long r)
{
	int before = errno, error = fake_end(watched, r < 0 ? -before : 0);

	if (error == 0)
		return r;
	errno = -error;
	return -1;
}

static bool refused(int r)
{
	errno = -r;
	return r < 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
	char buf[512];
	const char *name = inside_fd(fd, NULL, buf);

	if (!name)
		return syscall(SYS_write, fd, data, len);
	/* The words, since a journal's line tells what it is about. */
	if (refused(fake_begin(watched, "write %s: %.*s", name, (int)(len < 90 ? len : 90), (const char *)data)))
		return -1;
	if (watched->torn)
		len /= 2;
	return verdict(syscall(SYS_write, fd, data, len));
}

int fdatasync(int fd)
{
	char buf[512];
	const char *name = inside_fd(fd, NULL, buf);

	if (!name)
		return (int)syscall(SYS_fdatasync, fd);
	/* Not really: no test here outlives a power cut. */
	return refused(fake_begin(watched, "fdatasync %s", name)) ? -1 : (int)verdict(0);
}

int fsync(int fd)
{
	char buf[512];
	const char *name = inside_fd(fd, NULL, buf);

	if (!name)
		return (int)syscall(SYS_fsync, fd);
	return refused(fake_begin(watched, "fsync %s", name)) ? -1 : (int)verdict(0);
}

int ftruncate(int fd, off_t len)
{
	char buf[512];
	const char *name = inside_fd(fd, NULL, buf);

	if (name && refused(fake_begin(watched, "ftruncate %s", name)))
		return -1;
	return name ? (int)verdict(syscall(SYS_ftruncate, fd, len)) : (int)syscall(SYS_ftruncate, fd, len);
}

int rename(const char *from, const char *to)
{
	const char *name = inside(to);

	if (name && refused(fake_begin(watched, "rename to %s", name)))
		return -1;
	return name ? (int)verdict(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)) :
		      (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlink(const char *target, const char *path)
{
	const char *name = inside(path);

	if (name && refused(fake_begin(watched, "symlink %s", name)))
		return -1;
	return name ? (int)verdict(syscall(SYS_symlinkat, target, AT_FDCWD, path)) :
		      (int)syscall(SYS_symlinkat, target, AT_FDCWD, path);
}

int unlink(const char *path)
{
	const char *name = inside(path);

	if (name && refused(fake_begin(watched, "unlink %s", name)))
		return -1;
	return name ? (int)verdict(syscall(SYS_unlinkat, AT_FDCWD, path, 0)) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int fd, const char *path, int flags)
{
	char buf[512];
	/* Directories are locks, not state. */
	const char *name = flags & AT_REMOVEDIR ? NULL : inside_fd(fd, path, buf);

	if (name && refused(fake_begin(watched, "unlink %s", name)))
		return -1;
	return name ? (int)verdict(syscall(SYS_unlinkat, fd, path, flags)) : (int)syscall(SYS_unlinkat, fd, path, flags);
}

/* ---- the folder ------------------------------------------------------------------- */

static void full_path(const struct fake *f, const char *name, char out[static 512])
{
	snprintf(out, 512, "%s%s%s", f->root, *name ? "/" : "", name);
}

static void empty_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char sub[512];

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(sub, sizeof(sub), "%.250s/%.250s", path, e->d_name);
		if (e->d_type == DT_DIR) {
			empty_dir(sub);
			rmdir(sub);
		} else {
			syscall(SYS_unlinkat, AT_FDCWD, sub, 0);
		}
	}
	if (d)
		closedir(d);
}

void fake_file(struct fake *f, const char *name, const char *text)
{
	struct fake *was = watched;
	char path[512], *slash;
	FILE *out;

	watched = NULL;
	full_path(f, name, path);
	slash = strrchr(path, '/');
	*slash = 0;
	if (wgc_mkdir_p(path, 0755) < 0)
		abort();
	*slash = '/';
	out = fopen(path, "we");
	if (!out || fputs(text, out) < 0 || fclose(out))
		abort();
	watched = was;
}

char *fake_file_read(struct fake *f, const char *name)
{
	char path[512], *text;
	size_t len;

	full_path(f, name, path);
	return wgc_read_file(path, 1u << 24, &text, &len) < 0 ? NULL : text;
}

void fake_files_reset(struct fake *f)
{
	watched = NULL;
	empty_dir(f->root);
	fake_file(f, "proc/net/ipv4/conf/all/src_valid_mark", "0\n");
	fake_file(f, "proc/net/ipv4/conf/all/rp_filter", "0\n");
	fake_file(f, "proc/net/ipv4/conf/default/rp_filter", "1\n");
	fake_file(f, "proc/net/ipv6/conf/all/disable_ipv6", "0\n");
	fake_file(f, "proc/net/ipv6/conf/default/disable_ipv6", "0\n");
	if (wgc_mkdir_p(f->sys.run_dir, 0755) < 0)
		abort();
	fake_file(f, "etc/rt_tables", "# numbers and names\n255\tlocal\n254\tmain\n1234\tside\n");
	fake_file(f, "etc/boot_id", "b007b007-0000-4000-8000-000000000001\n");
	fake_file(f, "etc/resolv.conf", "# not wgctl's\nnameserver 192.0.2.53\nsearch example.org\n");
	watched = f;
}

static const char *in_root(const struct fake *f, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", f->root, name) < 0)
		abort();
	return path;
}

static struct fake *folder_of;

static void folder_gone(void)
{
	if (!folder_of)
		return;
	watched = NULL;
	empty_dir(folder_of->root);
	rmdir(folder_of->root);
	folder_of = NULL;
}

void fake_files_new(struct fake *f)
{
	/* Memory, where there is some: a sweep makes many thousand files. */
	snprintf(f->root, sizeof(f->root), "%s/wgctl-fake-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(f->root)) {
		perror(f->root);
		exit(99);
	}
	/* A test that gives up, and a fuzzer, end without fake_free. */
	folder_of = f;
	atexit(folder_gone);
	f->sys.run_dir = in_root(f, "run");
	f->sys.proc_sys = in_root(f, "proc");
	f->sys.proc_net = in_root(f, "proc-net");
	f->sys.rt_tables = in_root(f, "etc/rt_tables");
	f->sys.boot_id = in_root(f, "etc/boot_id");
	f->sys.dns.resolv_conf = in_root(f, "etc/resolv.conf");
	f->sys.dns.boot_id = in_root(f, "etc/boot_id");
	/* Not the ones of the machine that the test runs on. */
	f->sys.dns.interface_order = in_root(f, "etc/interface-order");
	f->sys.dns.nsswitch = in_root(f, "etc/nsswitch.conf");
	f->sys.dns.resolvconf_program = in_root(f, "sbin/resolvconf");
	f->sys.dns.bus = "unix:path=/nonexistent/bus";
}

void fake_files_free(struct fake *f)
{
	const char *v[] = { f->sys.run_dir,	    f->sys.proc_net,	   f->sys.proc_sys,	f->sys.rt_tables,	   f->sys.boot_id,
			    f->sys.dns.resolv_conf, f->sys.dns.boot_id, f->sys.dns.interface_order,
			    f->sys.dns.nsswitch,    f->sys.dns.resolvconf_program };

	folder_gone();
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++)
		free((char *)v[i]);
}

/* ---- as text ------------------------------------------------------------------------ */

static void show_file(const char *name, const char *path, FILE *out)
{
	char target[256], *text = NULL;
	struct stat st;
	size_t len;
	ssize_t n;

	if (lstat(path, &st) < 0)
		return;
	fprintf(out, "file %s mode %o", name, st.st_mode);
	n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof(target) - 1) : -1;
	if (n >= 0)
		fprintf(out, " -> %.*s", (int)n, target);
	else if (S_ISREG(st.st_mode) && wgc_read_file(path, 1u << 24, &text, &len) == 0)
		fprintf(out, "\n%s", text);
	free(text);
	fputc('\n', out);
}

static void show_dir(const char *name, const char *path, FILE *out)
{
	struct dirent **v;
	int n = scandir(path, &v, NULL, alphasort);
	char sub[512], sub_name[512];

	for (int i = 0; i < n; i++) {
		/* What a killed process was writing beside resolv.conf stays,
		 * with a name of its own that nobody reads. */
		if (strcmp(v[i]->d_name, ".") && strcmp(v[i]->d_name, "..") && !strstr(v[i]->d_name, ".wgctl-")) {
			snprintf(sub, sizeof(sub), "%.250s/%.250s", path, v[i]->d_name);
			snprintf(sub_name, sizeof(sub_name), "%.250s/%.250s", name, v[i]->d_name);
			show_file(sub_name + 1, sub, out);
			if (v[i]->d_type == DT_DIR)
				show_dir(sub_name, sub, out);
		}
		free(v[i]);
	}
	if (n >= 0)
		free(v);
}

void fake_files_show(struct fake *f, FILE *out)
{
	show_dir("", f->root, out);
}
