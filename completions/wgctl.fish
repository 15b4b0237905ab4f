# SPDX-License-Identifier: GPL-2.0
# Completion of wgctl for fish, and of wg and wg-quick where these are wgctl.
function __wgctl_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $typed[1] __complete -- $typed[2..-1] $current 2>/dev/null)
        switch "$line"
            case :files
                __fish_complete_path $current
            case :commands
                complete -C "$current"
            case '*'
                echo $line
        end
    end
end
complete -c wgctl -f -a '(__wgctl_complete)'
for name in wg wg-quick
    if test (realpath (command -s $name) 2>/dev/null; or echo none) = (realpath (command -s wgctl) 2>/dev/null; or echo other)
        complete -c $name -e
        complete -c $name -f -a '(__wgctl_complete)'
    end
end
