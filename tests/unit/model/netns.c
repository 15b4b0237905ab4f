// SPDX-License-Identifier: GPL-2.0
/* How people name network namespaces. */
#include "model/model.h"
#include "unit/tap.h"

static int kind(const char *text, struct wgc_ns_ref *ref)
{
	return wgc_ns_parse(text, ref, NULL) < 0 ? -1 : (int)ref->kind;
}

int main(void)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_ref ref;
	char name[300];

	is_int(kind(NULL, &ref), WGC_NS_CALLER);
	is_int(kind("", &ref), WGC_NS_CALLER);
	is_int(kind("blue", &ref), WGC_NS_NAME);
	is_str(ref.text, "blue");
	is_int(kind("cni-1234_a.b+c@d=e:f", &ref), WGC_NS_NAME);
	is_int(kind("/run/netns/blue", &ref), WGC_NS_PATH);
	is_int(kind("./blue", &ref), WGC_NS_PATH);
	is_int(kind("pid:17", &ref), WGC_NS_PID);
	is_int(ref.pid, 17);
	is_int(kind("container:web", &ref), WGC_NS_CONTAINER);
	is_str(ref.text, "web");
	is_int(kind("pid:", &ref), -1);
	is_int(kind("pid:0", &ref), -1);
	is_int(kind("pid:-1", &ref), -1);
	is_int(kind("pid:99999999999", &ref), -1);
	is_int(kind("container:", &ref), -1);
	is_int(kind("container:--help", &ref), -1);
	is_int(kind(".", &ref), -1);
	is_int(kind("..", &ref), -1);
	is_int(kind("-x", &ref), -1);
	is_int(kind("a b", &ref), -1);
	is_int(kind("a\nb", &ref), -1);
	is_int(kind("a\"b", &ref), -1);
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	is_int(kind(name, &ref), WGC_NS_NAME);
	name[255] = 'n';
	name[256] = 0;
	is_int(kind(name, &ref), -1);
	wgc_ns_parse("a b", &ref, &err);
	is_int(err.code, WGC_E_CONFIG);
	ok(err.hint[0]);
	return tap_done();
}
