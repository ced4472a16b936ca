"""The program that runs a student's cells. It is started by `run.py`, which gives it one cell at a time.

It is a program of its own, which imports nothing of tito: whatever a student's code does to it, the grader goes on. Commands come
on standard input, one JSON object in each line, and the answers go where standard output went when it was started.
"""

import contextlib
import io
import json
import linecache
import os
import sys
import traceback
import types
import warnings

MOST = 20_000  # characters of output that are kept of one cell
FRAMES = 30


class Kept(io.TextIOBase):
    """What a cell prints, up to a limit."""

    def __init__(self):
        self.text = ""

    def writable(self):
        return True

    def write(self, text):
        if len(self.text) < MOST:
            self.text += text[: MOST - len(self.text)]
            if len(self.text) == MOST:
                self.text += "\n... (more was printed)\n"
        return len(text)


def main():
    limit(*map(int, sys.argv[1:5]))
    commands, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    space = notebook_module()
    for line in commands:
        command = json.loads(line)
        print(json.dumps(run(command["source"], command["name"], command["is_test"], space)), file=answers, flush=True)


def limit(seconds, memory, file, processes):
    """What the kernel holds a process to, and all that it starts. 0 processes: no limit, for a user who has others."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {"CPU": seconds, "AS": memory, "FSIZE": file, "CORE": 0, "NOFILE": 256} | (
        {"NPROC": processes} if processes else {}
    )
    for name, most in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # macOS has no limit for memory
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def notebook_module():
    """The notebook's own names, as a module, with what code that was written in Jupyter may ask for."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.In, module.Out, module.display, module.get_ipython = [""], {}, lambda *shown, **options: None, lambda: None
    return module.__dict__


def run(source, name, is_test, space):
    """Run a cell. Returns {"error": None or [type, text, frames], "printed": str}; frames are [file, line, function]."""
    file = f"<{name}>"
    if not is_test:  # for inspect.getsource; the text of a test is nobody's business
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    printed = Kept()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        try:
            exec(compile(source, file, "exec"), space)
            error = None
        except BaseException as problem:
            error = described(problem)
    return {"error": error, "printed": printed.text}


def described(problem):
    try:
        text = str(problem)
    except BaseException:
        text = "(its text cannot be shown)"
    frames = [[frame.filename, frame.lineno, frame.name] for frame in traceback.extract_tb(problem.__traceback__)]
    if isinstance(problem, SyntaxError):
        frames.append([problem.filename or "", problem.lineno or 1, ""])
    return [type(problem).__name__, text[:2000], frames[1:][:FRAMES]]


if __name__ == "__main__":
    main()
