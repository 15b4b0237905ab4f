/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base: what every other folder stands on. Errors and source spans, strings,
 * arenas, scoped cleanup, wiping, JSON text. It knows nothing of WireGuard,
 * never prints and never exits.
 *
 * Conventions of the whole tree: functions return 0 or a negative errno;
 * outputs are named ret_x and written only on success; the error object is
 * the last parameter, may be NULL, and is written only on failure.
 */
#ifndef WGC_BASE_H
#define WGC_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define WGC_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define WGC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* ---- scoped resources ------------------------------------------------- */

/* Move a pointer out of a scoped variable: the variable forgets it. */
#define WGC_TAKE(p)                                                            \
	({                                                                     \
		__typeof__(p) taken_ = (p);                                    \
		(p) = NULL;                                                    \
		taken_;                                                        \
	})
#define WGC_CLEANUP(fn) __attribute__((cleanup(fn)))
#define WGC_AUTO_FREE WGC_CLEANUP(wgc_free_ptr)
#define WGC_AUTO_FD WGC_CLEANUP(wgc_close_fd)
#define WGC_AUTO_STR WGC_CLEANUP(wgc_str_done)

/** Cleanup helper: free(*p) for a pointer variable of any type. */
void wgc_free_ptr(void *p);
/** Cleanup helper: close *fd unless negative; errno is preserved. */
void wgc_close_fd(int *fd);
/** Close @fd unless negative and return -1, to write `fd = wgc_close(fd)`. */
int wgc_close(int fd);

/** Overwrite @len bytes so that the compiler cannot drop it (libsodium). */
void wgc_wipe(void *p, size_t len);
/** free(3) what may hold a secret: a library's allocations, whose sizes it does not tell. */
void wgc_wipe_free(void *p);

/* ---- tables ------------------------------------------------------------- */

#define WGC_HASH_LEN 32 /* bytes that are hashed at once: a key; what is shorter is padded */
struct wgc_hash_seed {
	uint64_t w[WGC_HASH_LEN / 8];
};

/** A seed that nobody else knows. */
void wgc_hash_seed(struct wgc_hash_seed *ret);
/** For a table of what strangers have chosen: without the seed nobody can tell what falls together. */
uint64_t wgc_hash(const struct wgc_hash_seed *seed, const void *bytes);

/* ---- where something was written -------------------------------------- */

/* A place in one source file. line 0 means "nowhere"; col counts bytes from 1. */
struct wgc_span {
	uint32_t line;
	uint16_t col, len;
};

/* A source text as it was read; whoever created it owns both strings. */
struct wgc_source {
	const char *path;
	const char *text;
	size_t len;
};

/** The line numbered @line (from 1) of @src without its end: start and length; false when there is none. */
bool wgc_source_line(const struct wgc_source *src, uint32_t line, const char **ret_start, size_t *ret_len);

/* ---- errors ------------------------------------------------------------ */

enum wgc_code {
	WGC_E_NONE,
	WGC_E_USAGE,	   /* the command line is wrong */
	WGC_E_CONFIG,	   /* the profile is invalid */
	WGC_E_UNSUPPORTED, /* valid, but this version cannot do it */
	WGC_E_PERM,	   /* the caller may not do this */
	WGC_E_NOT_UP,	   /* there is no such tunnel */
	WGC_E_NOT_FOUND,   /* a file, device or program is missing */
	WGC_E_EXISTS,	   /* something else is there already */
	WGC_E_KERNEL,	   /* the kernel refused; sys says how */
	WGC_E_IO,	   /* a file or socket failed; sys says how */
	WGC_E_HOOK,	   /* a command of the profile failed */
	WGC_E_CANCELLED,   /* a signal asked to stop */
	WGC_E_INTERNAL,	   /* allocation failure, or a defect */
};

/* One failure. Lives on the caller's stack: recording an error cannot fail. */
struct wgc_err {
	enum wgc_code code;
	int sys;		  /* positive errno, or 0 */
	struct wgc_span at, also; /* "here" and "first defined here" */
	bool secret;		  /* the line at `at` holds a secret: do not echo it */
	char msg[256];		  /* what was found, what was expected */
	char kernel[256];	  /* the kernel's extack text, verbatim */
	char hint[320];		  /* what to do */
	char ctx[192];		  /* where in the work: "profile office: step 4 of 9" */
};
#define WGC_ERR_INIT { .code = WGC_E_NONE }

/**
 * Record a failure in @err (which may be NULL), replacing what it held.
 * @sys: positive errno or 0. Returns -sys, or -EINVAL when @sys is 0, so that
 * callers write `return wgc_err_set(err, ...)`.
 */
int wgc_err_set(struct wgc_err *err, enum wgc_code code, int sys, const char *fmt, ...) WGC_PRINTF(4, 5);
/** Set the hint of a recorded failure. NULL-safe. */
void wgc_err_hint(struct wgc_err *err, const char *fmt, ...) WGC_PRINTF(2, 3);
/** Put context in front of what is there ("new: old"). NULL-safe. */
void wgc_err_wrap(struct wgc_err *err, const char *fmt, ...) WGC_PRINTF(2, 3);
/** Allocation failed: records it and returns -ENOMEM. */
int wgc_err_nomem(struct wgc_err *err);

/* One finding about a source text. Strings belong to the list. */
struct wgc_diag {
	bool warning;
	bool secret; /* the line at `at` holds a secret: do not echo it */
	struct wgc_span at, also;
	char *msg;
	char *hint; /* or NULL */
};

/* All findings of a file, in the order in which they were met. Zero-initialise. */
struct wgc_diags {
	struct wgc_diag *v;
	size_t n, cap;
	size_t errors, warnings;
};

/**
 * Append a finding; @hint may be NULL. Returns the stored one for further
 * fields (`also`, `secret`), valid until the next call, or NULL without memory
 * (the error is still counted, so that the file is refused).
 */
struct wgc_diag *wgc_diag_add(struct wgc_diags *d, bool warning, struct wgc_span at, const char *hint, const char *fmt, ...)
	WGC_PRINTF(5, 6);
/** Free the findings; the list is empty afterwards. */
void wgc_diags_done(struct wgc_diags *d);

/* ---- growing strings ---------------------------------------------------- */

/* A growing byte string, always NUL-terminated once something was added.
 * Zero-initialise. After a failed allocation `oom` is set, further additions
 * do nothing, and one check at the end is enough. */
struct wgc_str {
	char *s;
	size_t len, cap;
	bool oom;
	bool secret; /* set before use: old buffers are wiped when it grows, and at the end */
};

void wgc_str_add(struct wgc_str *s, const char *text);
void wgc_str_addn(struct wgc_str *s, const char *bytes, size_t n);
void wgc_str_addc(struct wgc_str *s, char c);
void wgc_str_addf(struct wgc_str *s, const char *fmt, ...) WGC_PRINTF(2, 3);
/** Append @text so that a POSIX shell reads it back as one word. */
void wgc_str_add_shell(struct wgc_str *s, const char *text);
/** The text, "" when nothing was added. Never NULL. */
const char *wgc_str_get(const struct wgc_str *s);
/** Move the text out (to be freed by the caller); NULL when out of memory. */
char *wgc_str_steal(struct wgc_str *s);
/** Free; wipes first when `secret`. The string is empty afterwards. */
void wgc_str_done(struct wgc_str *s);

/* ---- arenas --------------------------------------------------------------- */

/* Memory that is given back together, wiped. Zero-filled blocks, 16-aligned. */
struct wgc_arena;
/** NULL without memory. */
struct wgc_arena *wgc_arena_new(void);
/** Wipe and free everything; NULL-safe; returns NULL. */
struct wgc_arena *wgc_arena_free(struct wgc_arena *a);
/** Zeroed memory, or NULL. */
void *wgc_arena_alloc(struct wgc_arena *a, size_t size);
/**
 * Grow a block of @a from @old to @new bytes (new part zeroed); @p NULL with
 * @old 0 starts one. A block of its own chunk is reallocated (old copy wiped),
 * so doubling arrays does not pile up. NULL without memory, @p then untouched.
 */
void *wgc_arena_grow(struct wgc_arena *a, void *p, size_t old, size_t new_size);
char *wgc_arena_strdup(struct wgc_arena *a, const char *s);
char *wgc_arena_strndup(struct wgc_arena *a, const char *s, size_t n);
char *wgc_arena_printf(struct wgc_arena *a, const char *fmt, ...) WGC_PRINTF(2, 3);
/** Bytes held in chunks, for tests of memory use. */
size_t wgc_arena_size(const struct wgc_arena *a);

/**
 * Make room for one more element in the arena array *@pv of *@pn elements of
 * @size bytes (room doubles); returns the new zeroed element and counts it, or
 * NULL without memory. @pcap holds the capacity.
 */
void *wgc_arena_push(struct wgc_arena *a, void *pv, size_t *pn, size_t *pcap, size_t size);

/* ---- numbers, words ------------------------------------------------------- */

/** Decimal digits only, whole string, at most @max. 0 or -EINVAL / -ERANGE. */
int wgc_parse_u64(const char *s, uint64_t max, uint64_t *ret);
/** ASCII only, whatever the locale. */
bool wgc_streq_nocase(const char *a, const char *b);
static inline bool wgc_isspace(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
#define WGC_BLANKS " \t\n\v\f\r" /* the same, for strcspn(3) */
/**
 * The entry of @words (NULL-terminated) nearest to @word by edit distance,
 * ignoring case, or NULL when none is near enough for its length.
 */
const char *wgc_nearest(const char *word, const char *const *words);

/* ---- files ---------------------------------------------------------------- */

/** The umask that we were started with. Ours is 077, for keys; what others write is a matter of theirs. */
extern mode_t wgc_caller_umask;

/** Read a whole file (at most @max bytes: -EFBIG) into a NUL-terminated buffer that the caller frees. */
int wgc_read_file(const char *path, size_t max, char **ret_text, size_t *ret_len);
/** As above from an open descriptor, which stays open. */
int wgc_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len);
/** Write all of @len bytes in spite of EINTR and short writes. */
int wgc_write_all(int fd, const void *data, size_t len);
/** Replace @path with @data: temporary file beside it, @mode, fsync, rename. */
int wgc_write_file_atomic(const char *path, const void *data, size_t len, mode_t mode);
/** The same where there is no @path yet; -EEXIST, and nothing changed, where there is. */
int wgc_write_file_new(const char *path, const void *data, size_t len, mode_t mode);
/** mkdir -p with @mode for the directories that it makes. */
int wgc_mkdir_p(const char *path, mode_t mode);

/* ---- time ---------------------------------------------------------------- */

/** Milliseconds since boot, the time asleep included: for deadlines and ages. */
int64_t wgc_now_ms(void);

/* ---- apart ---------------------------------------------------------------- */

/**
 * Have a child do @work and be left behind, for what the kernel makes a caller
 * wait for long after its effect is there. Of our descriptors the child has
 * @keep only, as @work's first argument: no lock, no terminal. @end is its side
 * of the pair whose other side is returned: that hangs up when the child is
 * through, and @end is at its end when we have closed ours. Nobody has to wait
 * for the child, which is not ours but init's. -errno.
 */
int wgc_apart(int keep, void (*work)(int keep, int end, void *arg), void *arg);

/* ---- libraries ------------------------------------------------------------ */

/**
 * Into *@ret, a pointer to a function, the one that is called @name in @library ("libc.so.6"),
 * which is loaded for that; false, and NULL, when either is not there. Any thread.
 */
bool wgc_library_function(const char *library, const char *name, void *ret);

/* ---- JSON out ------------------------------------------------------------- */

/* A JSON document being written into a string; commas and nesting are kept
 * right by the writer. Two-space indentation, or one line when `compact`. */
struct wgc_json {
	struct wgc_str *out;
	unsigned depth;
	bool compact;
	bool comma; /* the next value needs one */
	bool keyed; /* a key was just written */
};
void wgc_json_object(struct wgc_json *j);
void wgc_json_object_end(struct wgc_json *j);
void wgc_json_array(struct wgc_json *j);
void wgc_json_array_end(struct wgc_json *j);
void wgc_json_key(struct wgc_json *j, const char *key);
void wgc_json_str(struct wgc_json *j, const char *s); /* NULL writes null; bytes that are not UTF-8 become U+FFFD */
void wgc_json_bytes(struct wgc_json *j, const char *s); /* a string, or what is not UTF-8 as an array of its bytes */
void wgc_json_int(struct wgc_json *j, int64_t v);
void wgc_json_uint(struct wgc_json *j, uint64_t v);
void wgc_json_bool(struct wgc_json *j, bool v);
void wgc_json_null(struct wgc_json *j);

#endif
