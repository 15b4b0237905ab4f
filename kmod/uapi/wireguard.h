/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * uapi/wireguard: the numbers of generic netlink family "wireguard", version 1.
 * Programs are compiled against them, so none of them ever changes; what is new
 * goes to the end. Locks: none.
 *
 * Ours and not the kernel's, because those of 6.1 and 6.12 lack the flags of an
 * allowed IP, which came with 6.16. The guard is the same: one of the two is
 * enough. To be included after messages.h, which has WG_KEY_LEN too.
 *
 * GET_DEVICE is a dump and names its device, by index or by name. An answer has
 * as many messages as it takes; a peer whose allowed IPs did not fit comes again
 * in the next one with its key and more of them.
 *
 * SET_DEVICE changes what it names and leaves the rest, unless a flag says that
 * it is the whole. Zeros as a key mean none, as a keepalive interval off.
 */
#ifndef _WG_UAPI_WIREGUARD_H
#define _WG_UAPI_WIREGUARD_H

#ifndef WG_GENL_NAME /* a flavour has its own, see Kbuild */
#define WG_GENL_NAME "wireguard"
#endif
#define WG_GENL_VERSION 1

#define WG_KEY_LEN 32

/* Both want CAP_NET_ADMIN in the device's namespace. */
enum wg_cmd {
	WG_CMD_GET_DEVICE,
	WG_CMD_SET_DEVICE,
	__WG_CMD_MAX
};
#define WG_CMD_MAX (__WG_CMD_MAX - 1)

enum wgdevice_flag {
	WGDEVICE_F_REPLACE_PEERS = 1U << 0, /* those that are not named go */
	__WGDEVICE_F_ALL = WGDEVICE_F_REPLACE_PEERS
};

enum wgdevice_attribute {
	WGDEVICE_A_UNSPEC,
	WGDEVICE_A_IFINDEX,	/* u32 */
	WGDEVICE_A_IFNAME,	/* string with its end */
	WGDEVICE_A_PRIVATE_KEY, /* 32 bytes */
	WGDEVICE_A_PUBLIC_KEY,	/* 32 bytes; GET alone */
	WGDEVICE_A_FLAGS,	/* u32, enum wgdevice_flag; SET alone */
	WGDEVICE_A_LISTEN_PORT, /* u16; 0: choose one */
	WGDEVICE_A_FWMARK,	/* u32; 0: none */
	WGDEVICE_A_PEERS,	/* array of nests of wgpeer_attribute */
	__WGDEVICE_A_LAST
};
#define WGDEVICE_A_MAX (__WGDEVICE_A_LAST - 1)

enum wgpeer_flag {
	WGPEER_F_REMOVE_ME = 1U << 0,
	WGPEER_F_REPLACE_ALLOWEDIPS = 1U << 1, /* those that are not named go */
	WGPEER_F_UPDATE_ONLY = 1U << 2,	       /* do nothing if there is no such peer */
	__WGPEER_F_ALL = WGPEER_F_REMOVE_ME | WGPEER_F_REPLACE_ALLOWEDIPS | WGPEER_F_UPDATE_ONLY
};

enum wgpeer_attribute {
	WGPEER_A_UNSPEC,
	WGPEER_A_PUBLIC_KEY,			/* 32 bytes; always there: it is the peer's name */
	WGPEER_A_PRESHARED_KEY,			/* 32 bytes */
	WGPEER_A_FLAGS,				/* u32, enum wgpeer_flag; SET alone */
	WGPEER_A_ENDPOINT,			/* struct sockaddr_in or sockaddr_in6 */
	WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, /* u16, seconds */
	WGPEER_A_LAST_HANDSHAKE_TIME,		/* two s64: seconds, nanoseconds; GET alone */
	WGPEER_A_RX_BYTES,			/* u64; GET alone */
	WGPEER_A_TX_BYTES,			/* u64; GET alone */
	WGPEER_A_ALLOWEDIPS,			/* array of nests of wgallowedip_attribute */
	WGPEER_A_PROTOCOL_VERSION,		/* u32; 1, or not there */
	__WGPEER_A_LAST
};
#define WGPEER_A_MAX (__WGPEER_A_LAST - 1)

enum wgallowedip_flag {
	WGALLOWEDIP_F_REMOVE_ME = 1U << 0, /* take it from the peer, if it is the peer's */
	__WGALLOWEDIP_F_ALL = WGALLOWEDIP_F_REMOVE_ME
};

enum wgallowedip_attribute {
	WGALLOWEDIP_A_UNSPEC,
	WGALLOWEDIP_A_FAMILY,	 /* u16, AF_INET or AF_INET6 */
	WGALLOWEDIP_A_IPADDR,	 /* struct in_addr or in6_addr */
	WGALLOWEDIP_A_CIDR_MASK, /* u8 */
	WGALLOWEDIP_A_FLAGS,	 /* u32, enum wgallowedip_flag; SET alone */
	__WGALLOWEDIP_A_LAST
};
#define WGALLOWEDIP_A_MAX (__WGALLOWEDIP_A_LAST - 1)

#endif
