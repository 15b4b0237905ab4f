# SPDX-License-Identifier: GPL-2.0
# Completion of wgctl for bash.
_wgctl() {
	local word value cur=${COMP_WORDS[COMP_CWORD]} i
	local -a words=()
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ ${#words[@]} -gt 0 && ($word == = || ${words[-1]} == --*=) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	[[ $cur == = ]] && cur=
	COMPREPLY=()
	while IFS=$'\t' read -r value _; do
		if [[ $value == :files ]]; then
			compopt -o filenames 2>/dev/null || :
			while IFS= read -r value; do
				COMPREPLY+=("$value")
			done < <(compgen -f -- "$cur")
		else
			[[ $value == --*=* && $cur != --* ]] && value=${value#*=}
			COMPREPLY+=("$value")
		fi
	done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
}
complete -F _wgctl wgctl
