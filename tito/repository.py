"""Where the course lives on the web: for the buttons that lead to its sources, and to services that open its notebooks."""

import re
import subprocess

from tito.course import ROOT
from tito.files import read

SETTING = re.compile(r"^repository:\n(?:  .*\n)*?  url: *[\"']?([^\"'\s#]*)", re.MULTILINE)
GITHUB = re.compile(r"(?:https://github\.com/|(?:ssh://)?git@github\.com[:/])([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def address() -> str | None:
    """`https://github.com/OWNER/NAME`: the setting `repository.url` of `_config.yml`; where it is empty, what this clone came
    from. None if that is not on GitHub."""
    setting = SETTING.search(read(ROOT / "_config.yml"))
    name = GITHUB.match((setting[1] if setting else "") or _origin())
    return f"https://github.com/{name[1]}" if name else None


def _origin() -> str:
    try:
        command = ["git", "config", "--get", "remote.origin.url"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8").stdout.strip()
    except OSError:  # no git
        return ""
