/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libnl's headers, to be included before anything else of it. libnl and this
 * folder both have a <netlink/netlink.h>, and ours is found first, also by
 * libnl's own headers; the next one on the path is theirs.
 */
#ifndef WGC_NETLINK_LIBNL_H
#define WGC_NETLINK_LIBNL_H

#include_next <netlink/netlink.h>

#include <netlink/msg.h>
#include <netlink/route/link.h>

#endif
