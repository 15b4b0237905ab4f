/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the compiler is told before every file of the kernel; also passed with
 * -include here. Accesses that race on purpose are atomics, so that the thread
 * sanitizer knows them.
 */
#ifndef SHIM_COMPILER_TYPES_H
#define SHIM_COMPILER_TYPES_H

#define __rcu
#define __percpu
#define __force
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __read_mostly
#define __ro_after_init
#define __must_check __attribute__((warn_unused_result))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)

#endif
