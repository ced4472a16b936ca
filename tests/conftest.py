"""A test that is skipped by accident has not passed: in CI only those may be skipped that say where they run.

"only on" a system, or "only where" something is installed that another command of CI installs.
"""

import os


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "CI" not in os.environ or reporter is None:
        return
    reasons = [report.longrepr[2] for report in reporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    unexpected = [reason for reason in reasons if "only on" not in reason and "only where" not in reason]
    if unexpected and exitstatus == 0:
        reporter.write_line(f"skipped by accident: {'; '.join(unexpected)}", red=True)
        session.exitstatus = 1
