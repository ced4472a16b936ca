"""Running a milestone's script as a reader does."""

import os
import subprocess
import sys
from pathlib import Path


def run_script(script: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, script.name]
    run = subprocess.run(command, cwd=script.parent, env=environment, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    return run
