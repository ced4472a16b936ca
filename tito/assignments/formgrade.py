"""NBGrader's formgrader, in a Jupyter server of its own."""

import os
import secrets
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from time import sleep
from urllib.error import URLError
from urllib.request import urlopen

from tito.assignments.classroom import Classroom
from tito.errors import TitoError


def formgrade(classroom: Classroom, port: int, browser: bool) -> int:
    """Serve the formgrader of a class until Ctrl-C, and return the server's exit code."""
    token = secrets.token_urlsafe(16)  # others on this machine must not read the grades
    address = f"http://localhost:{port}/formgrader?token={token}"
    command = [sys.executable, "-m", "jupyter", "server", f"--ServerApp.root_dir={classroom.root}", f"--port={port}"]
    command += ["--port-retries=0", "--no-browser", f"--IdentityProvider.token={token}", "--ServerApp.log_level=ERROR"]
    # NBGrader calls its own programs, which lie beside this Python, activated or not
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
    process = subprocess.Popen(command, cwd=classroom.root, env=environment)
    try:
        _wait(process, address, port)
        print(f"The formgrader: {address}  (Ctrl-C ends it)", flush=True)
        if browser:
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen, address: str, port: int) -> None:
    while process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            sleep(0.2)
    raise TitoError(f"the formgrader did not start: is port {port} taken? Try another one with --port")
