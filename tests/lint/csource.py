# SPDX-License-Identifier: GPL-2.0
"""C sources for the lints: which files there are, and their text without
comments (and, where a lint asks, without what is in string literals)."""

import pathlib
import re

# Lowest first. Folders of one rank never see each other: they meet in model.
RANK = {
    "base": 0,
    "model": 1,
    "config": 2,
    "netlink": 2,
    "routes": 2,
    "ns": 2,
    "containers": 2,
    "dns": 2,
    "plan": 3,
    "cli": 4,
}

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.S
)


def strip(text, strings=True):
    """Blank out comments, and the inside of strings too if asked; lines stay."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] * 2 if strings else token
        return "\n" * token.count("\n") or " "

    return TOKEN.sub(blank, text)


def files(root):
    """(path, folder) of every .c and .h below wgctl/, sorted."""
    top = pathlib.Path(root) / "wgctl"
    for path in sorted(top.glob("*/**/*.[ch]")):
        yield path, path.relative_to(top).parts[0]
