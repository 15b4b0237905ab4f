/* SPDX-License-Identifier: GPL-2.0 */
/*
 * systemd: libsystemd's functions, loaded when somebody has a use for them. Linked,
 * it would bring seven other libraries into every start of the program, which take
 * more time to get ready than all the rest; and this way it may be missing.
 */
#ifndef WGC_DNS_SYSTEMD_H
#define WGC_DNS_SYSTEMD_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#define WGC_SD_FUNCTIONS(F) \
	F(bus_call) F(bus_close_unref) F(bus_error_free) F(bus_error_has_name) F(bus_get_property) F(bus_is_ready) \
	F(bus_message_append) F(bus_message_append_array) F(bus_message_close_container) F(bus_message_enter_container) \
	F(bus_message_exit_container) F(bus_message_new_method_call) F(bus_message_open_container) F(bus_message_read) \
	F(bus_message_read_array) F(bus_message_unref) F(bus_new) F(bus_process) F(bus_set_address) F(bus_set_bus_client) \
	F(bus_set_method_call_timeout) F(bus_start) F(bus_wait)

/* wgc_sd.bus_call is sd_bus_call(3), and so on; NULL until wgc_sd_load() returned true. */
struct wgc_sd {
#define WGC_SD_MEMBER(name) __typeof__(&sd_##name) name;
	WGC_SD_FUNCTIONS(WGC_SD_MEMBER)
#undef WGC_SD_MEMBER
};
extern struct wgc_sd wgc_sd;

/** False when the library is not installed, or lacks something. Any thread, any number of times. */
bool wgc_sd_load(void);

#endif
