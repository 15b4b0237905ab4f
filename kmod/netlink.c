// SPDX-License-Identifier: GPL-2.0
/*
 * netlink: the family, what its two commands take, and how a request names its
 * link. Owns no lock.
 */
#include <linux/rtnetlink.h>

#include "netlink.h"

/*
 * What stands here is checked before we are called, so a private key in a message
 * that fails it is not wiped. That is why nothing that can be wrong in a message
 * of well-formed attributes is checked here: flags and peers are in netlink_set.c.
 */
static const struct nla_policy device_policy[WGDEVICE_A_MAX + 1] = {
	[WGDEVICE_A_IFINDEX] = {.type = NLA_U32},
	[WGDEVICE_A_IFNAME] = {.type = NLA_NUL_STRING, .len = IFNAMSIZ - 1},
	[WGDEVICE_A_PRIVATE_KEY] = NLA_POLICY_EXACT_LEN(WG_KEY_LEN),
	[WGDEVICE_A_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(WG_KEY_LEN),
	[WGDEVICE_A_FLAGS] = {.type = NLA_U32},
	[WGDEVICE_A_LISTEN_PORT] = {.type = NLA_U16},
	[WGDEVICE_A_FWMARK] = {.type = NLA_U32},
	[WGDEVICE_A_PEERS] = {.type = NLA_NESTED},
};

static const struct genl_ops operations[] = {
	{
		.cmd = WG_CMD_GET_DEVICE,
		.start = wg_netlink_get_start,
		.dumpit = wg_netlink_get,
		.done = wg_netlink_get_done,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = WG_CMD_SET_DEVICE,
		.doit = wg_netlink_set,
		.flags = GENL_UNS_ADMIN_PERM,
	},
};

struct genl_family wg_netlink_family __ro_after_init = {
	.name = KBUILD_MODNAME,
	.version = WG_GENL_VERSION,
	.maxattr = WGDEVICE_A_MAX,
	.policy = device_policy,
	.ops = operations,
	.n_ops = ARRAY_SIZE(operations),
	.resv_start_op = WG_CMD_SET_DEVICE + 1,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
};

struct wg_device *wg_netlink_device(struct net *net, struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct nlattr *index = attrs[WGDEVICE_A_IFINDEX], *name = attrs[WGDEVICE_A_IFNAME];
	struct net_device *dev;

	ASSERT_RTNL();
	if (!index && !name)
		return WG_REFUSE(extack, NULL, ERR_PTR(-EBADR), "the link is missing: give its index or its name");
	if (index && name)
		return WG_REFUSE(extack, name, ERR_PTR(-EBADR), "give the link's index or its name, not both");
	dev = index ? __dev_get_by_index(net, nla_get_u32(index)) : __dev_get_by_name(net, nla_data(name));
	if (!dev)
		return WG_REFUSE(extack, index ?: name, ERR_PTR(-ENODEV), "there is no such link");
	if (!wg_device_is_ours(dev))
		return WG_REFUSE(extack, index ?: name, ERR_PTR(-EOPNOTSUPP), "the link is not a WireGuard one");
	return netdev_priv(dev);
}

int wg_netlink_init(void)
{
	return genl_register_family(&wg_netlink_family);
}

void wg_netlink_exit(void)
{
	genl_unregister_family(&wg_netlink_family);
}
