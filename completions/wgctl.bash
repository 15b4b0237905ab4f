# SPDX-License-Identifier: GPL-2.0
# Completion of wgctl for bash, and of wg and wg-quick where these are wgctl.
_wgctl() {
	local word value before rest=${COMP_LINE:0:COMP_POINT} i
	local -a words=()
	# bash splits words at '=' and ':', which keys, options and containers have: what stood together belongs together.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		((i < COMP_CWORD)) || word=${rest#"${rest%%[![:space:]]*}"}
		if [[ $i -gt 0 && $rest != [[:space:]]* ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		rest=${rest#"${rest%%[![:space:]]*}"}
		rest=${rest#"$word"}
	done
	# It replaces the last part only.
	[[ $word == [=:] ]] && word=
	before=${words[-1]%"$word"}
	COMPREPLY=()
	while IFS=$'\t' read -r value _; do
		if [[ $value == :files ]]; then
			compopt -o filenames 2>/dev/null || :
			while IFS= read -r value; do
				COMPREPLY+=("$value")
			done < <(compgen -f -- "$word")
		elif [[ $value == :commands ]]; then
			while IFS= read -r value; do
				COMPREPLY+=("$value")
			done < <(compgen -c -- "$word")
		else
			# More is to be written behind it.
			[[ $value == *: ]] && compopt -o nospace 2>/dev/null
			COMPREPLY+=("${value#"$before"}")
		fi
	done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _wgctl wgctl
for _wgctl_name in wg wg-quick; do
	if [[ $(type -P "$_wgctl_name") -ef $(type -P wgctl) ]]; then
		complete -F _wgctl "$_wgctl_name"
	fi
done
unset _wgctl_name
