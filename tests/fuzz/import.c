// SPDX-License-Identifier: GPL-2.0
/* Profiles of wg-netns and keyfiles of NetworkManager: any bytes at all. What is taken is a profile that strict mode takes. */
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct wgc_diags diags = { 0 };
	struct wgc_imported im;
	int r;

	require(text, "there is memory");
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	r = wgc_config_import(text, size, "/x/fuzz.yaml", &diags, &im);
	require(r == 0 || r == -22, "a text is valid or invalid");
	require((r == 0) == (diags.errors == 0), "a file is refused when there are errors, and only then");
	require(r == 0 || !im.n, "what is refused has no outcome");
	for (size_t i = 0; i < diags.n; i++) {
		const struct wgc_diag *d = &diags.v[i];
		struct wgc_source src = { .path = "", .text = text, .len = size };
		const char *line;
		size_t n;

		require(d->msg && *d->msg, "a finding says something");
		if (d->at.line && d->at.col && wgc_source_line(&src, d->at.line, &line, &n))
			require(d->at.col <= n + 2, "a finding is on its line");
	}
	for (size_t i = 0; i < im.n; i++) {
		im.v[i]->name = "";
		fuzz_round_trips(im.v[i]);
	}
	wgc_imported_done(&im);
	wgc_diags_done(&diags);
	free(text);
	return 0;
}
