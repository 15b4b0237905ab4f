# SPDX-License-Identifier: GPL-2.0
# Completion of wgctl for fish.
function __wgctl_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $typed[1] __complete -- $typed[2..-1] $current 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path $current
        else
            echo $line
        end
    end
end
complete -c wgctl -f -a '(__wgctl_complete)'
