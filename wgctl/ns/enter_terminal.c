// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal: it is shared with the shell outside. A program that puts words into its
 * input (TIOCSTI), or pastes them there on a console (TIOCLINUX), has that shell run them
 * when it has ended: outside, and perhaps as root. So these two calls are refused.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "ns/internal.h"

/* ioctl(2) in each way to call a kernel that runs our programs; of those that are not here none is refused. */
static const struct {
	uint32_t arch, number;
} calls[] = {
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, 16 },
	{ AUDIT_ARCH_X86_64, 0x40000000 | 514 },
	{ AUDIT_ARCH_I386, 54 },
#elif defined(__i386__)
	{ AUDIT_ARCH_I386, 54 },
#elif defined(__AARCH64EL__)
	{ AUDIT_ARCH_AARCH64, 29 },
	{ AUDIT_ARCH_ARM, 54 },
#elif defined(__ARMEL__)
	{ AUDIT_ARCH_ARM, 54 },
#elif defined(__riscv) && __riscv_xlen == 64
	{ AUDIT_ARCH_RISCV64, 29 },
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	{ AUDIT_ARCH_PPC64LE, 54 },
#else
	{ 0, 0 },
#endif
};

#define STATEMENT(code, k) ((struct sock_filter)BPF_STMT((code), (k)))
#define LOAD(member) STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF(value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no)))
#define END(action) STATEMENT(BPF_RET | BPF_K, (action))
#define PER_CALL 4

int wgc_ns_keep_from_terminal(struct wgc_err *err)
{
	struct sock_filter code[PER_CALL * WGC_ARRAY_SIZE(calls) + 6];
	const struct sock_fprog program = { .len = WGC_ARRAY_SIZE(code), .filter = code };
	size_t n = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(calls); i++) {
		uint8_t rest = (uint8_t)(PER_CALL * (WGC_ARRAY_SIZE(calls) - 1 - i));

		code[n++] = LOAD(arch);
		code[n++] = IF(calls[i].arch, 0, 2);
		code[n++] = LOAD(nr);
		code[n++] = IF(calls[i].number, rest + 1, 0);
	}
	code[n++] = END(SECCOMP_RET_ALLOW);
	/* The kernel looks at no more than this half of it. */
	code[n++] = LOAD(args[1]);
	code[n++] = IF(TIOCSTI, 2, 0);
	code[n++] = IF(TIOCLINUX, 1, 0);
	code[n++] = END(SECCOMP_RET_ALLOW);
	code[n++] = END(SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return wgc_ns_failed(err, "keep the program from typing into the terminal", NULL);
	return 0;
}
