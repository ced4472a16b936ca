"""NBGrader's formgrader, in a Jupyter server of its own."""

import os
import secrets
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from time import sleep
from urllib.request import urlopen

from tito.assignments.classroom import Classroom
from tito.errors import TitoError
from tito.files import read


def formgrade(classroom: Classroom, port: int, browser: bool) -> int:
    """Serve the formgrader of a class until Ctrl-C, and return the server's exit code."""
    token = secrets.token_urlsafe(16)  # others on this machine must not read the grades
    address = f"http://localhost:{port}/formgrader?token={token}"
    command = [sys.executable, "-m", "jupyter", "server", f"--ServerApp.root_dir={classroom.root}", f"--port={port}"]
    command += ["--port-retries=0", "--no-browser", f"--IdentityProvider.token={token}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container
        command.append("--allow-root")
    classroom.state.mkdir(exist_ok=True)
    log = classroom.state / "formgrade.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, cwd=classroom.root, stdout=file, stderr=file)
        try:
            _wait(process, address, port, log)
            print(f"The formgrader: {address}  (Ctrl-C ends it)", flush=True)
            if browser:
                threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen, address: str, port: int, log: Path) -> None:
    while process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except OSError:
            sleep(0.2)
    lines = read(log).strip().split("\n")
    raise TitoError(f"the formgrader did not start ({lines[-1]}): is port {port} taken? Try another one with --port")
