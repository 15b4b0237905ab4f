// SPDX-License-Identifier: GPL-2.0
/* Services of systemd in a tunnel's namespace: NetworkNamespacePath= takes no care of resolvers, so the drop-in does. */
#include "containers/internal.h"

/* They answer for the machine, through a socket that no network namespace keeps from anybody. */
static const char *const resolvers[] = {
	"/run/nscd", "/run/systemd/resolve", "/run/avahi-daemon", "/run/samba/winbindd", "/var/lib/sss/pipes", "/run/resolvconf",
};

void wgc_unit_dropin(const char *profile, const char *namespace, struct wgc_str *out)
{
	wgc_str_addf(out,
		     "# The service lives and ends with the tunnel '%s', in its namespace. The tunnel's own\n"
		     "# service wants a drop-in, too: namespace.conf, see wgctl-units(8).\n"
		     "[Unit]\n"
		     "BindsTo=wgctl@%s.service\n"
		     "After=wgctl@%s.service\n"
		     "\n"
		     "[Service]\n"
		     "NetworkNamespacePath=/run/netns/%s\n"
		     "# Names are asked of the tunnel's servers only.\n"
		     "BindReadOnlyPaths=/etc/netns/%s/resolv.conf:/etc/resolv.conf:norbind\n"
		     "BindReadOnlyPaths=-/etc/netns/%s/nsswitch.conf:/etc/nsswitch.conf:norbind\n"
		     "# These answer from outside of it.\n",
		     profile, profile, profile, namespace, namespace, namespace);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(resolvers); i++)
		wgc_str_addf(out, "InaccessiblePaths=-%s\n", resolvers[i]);
	wgc_str_add(out, "# So does systemd-resolved on the bus; a service that does not need the bus:\n"
			 "#InaccessiblePaths=-/run/dbus/system_bus_socket\n"
			 "# With this one it could read the private key, or change the tunnel.\n"
			 "CapabilityBoundingSet=~CAP_NET_ADMIN\n"
			 "CapabilityBoundingSet=~CAP_SYS_ADMIN\n");
}
