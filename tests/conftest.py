"""How tests run beside each other, and what may be skipped.

With `-n` (pytest-xdist) several processes run tests at the same time. A test that counts processes or files of the
whole machine is marked `alone`: meanwhile the others wait.

In CI a test may only be skipped if it says where it runs: "only on" a system, or "only where" something is installed
that another command of CI installs. A test that is skipped by accident has not passed.
"""

import os
import tempfile
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # Windows, where no test has to be alone
    fcntl = None

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each processor has its own tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Share the machine with the tests of the other processes, or have it alone."""
    if fcntl is None or not hasattr(item.config, "workerinput"):
        return (yield)
    path = Path(tempfile.gettempdir()) / f"tinytorch-tests-{os.getuid()}"
    with path.with_suffix(".queue").open("w") as queue, path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(queue, fcntl.LOCK_EX)  # a test that waits to be alone lets no other test start
        fcntl.flock(lock, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        return (yield)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "CI" not in os.environ or reporter is None:
        return
    reasons = [report.longrepr[2] for report in reporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    unexpected = [reason for reason in reasons if "only on" not in reason and "only where" not in reason]
    if unexpected and exitstatus == 0:
        reporter.write_line(f"skipped by accident: {'; '.join(unexpected)}", red=True)
        session.exitstatus = 1
