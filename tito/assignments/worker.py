"""The program that runs a student's code, behind the walls. `judge.py` starts it, gives it the cells of a notebook, and then asks.

Tests call functions that live here, with values that come over a pipe and go back over it. Whatever the code does to this program,
only data leaves it: what it says is never more than a student's answer.
"""

import builtins
import contextlib
import io
import linecache
import operator
import os
import sys
import traceback
import types
import warnings
from itertools import count

START_OVER = 77  # how a process ends that is to be followed by another one
MOST = 20_000  # characters of output that are kept of one cell
FRAMES = 30
HERE = os.path.dirname(__file__)  # noqa: PTH120


class CappedOutput(io.TextIOBase):
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
    commands, answers = take_pipes()
    sys.path.insert(0, os.path.join(HERE, "..", ".."))  # noqa: PTH118
    from tito.assignments import merging, wire  # with them comes NumPy, whose memory counts

    del sys.path[0]
    with contextlib.suppress(
        Exception
    ):  # the course's, of which nearly every notebook imports something; module 00 has none
        import tinytorch  # noqa: F401
    worker = Worker(commands, answers, wire, merging.merged)
    if sys.platform == "linux":  # elsewhere, libraries may not survive a fork
        fork_for_each(worker, wire.BrokenWire)
    with contextlib.suppress(wire.BrokenWire):  # the judge has gone
        worker.serve()


def fork_for_each(worker, broken):
    """Serve each notebook in a process of its own, which has the imports done and knows nothing of the earlier ones.

    This process runs no student's code. It waits for the end of the other one: START_OVER begins the next, whatever else ends all.
    """
    question = 0
    while True:
        child = os.fork()
        if child == 0:
            with contextlib.suppress(broken):
                worker.serve(first=question)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != START_OVER:
            os._exit(0)
        question = 1  # the first one of a connection, which the judge has begun again


def take_pipes():
    """Standard input and output for us alone; what the code reads and prints there leads nowhere."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return pipes


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


def run(source, name, space, is_test=False, compiled=None):
    """Run a cell; `compiled` makes code of its text. Returns {"error": None or [type, text, frames], "printed": str}; frames are [file, line, function]."""
    file = f"<{name}>"
    if not is_test:  # for inspect.getsource; the text of a test stays hidden
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    printed = CappedOutput()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        try:
            exec((compiled or compile)(source, file, "exec"), space)
            error = None
        except BaseException as problem:
            error = described(problem)
    return {"error": error, "printed": printed.text}


def described(problem):
    frames = frames_of(problem)
    if isinstance(problem, SyntaxError):
        frames.append([problem.filename or "", problem.lineno or 1, ""])
    return [type(problem).__name__, text_of(problem), [*frames[1:], *getattr(problem, "beyond", [])][:FRAMES]]


def frames_of(problem):
    """Where it came up, without the lines of this program and of its like."""
    frames = [[frame.filename, frame.lineno, frame.name] for frame in traceback.extract_tb(problem.__traceback__)]
    return frames[:1] + [frame for frame in frames[1:] if not frame[0].startswith(HERE)]


def text_of(problem):
    try:
        return str(problem)[:2000]
    except BaseException:
        return "(its text cannot be shown)"


class Worker:
    """Answers one request after the other."""

    def __init__(self, commands, answers, wire, merged):
        self.commands, self.answers, self.wire, self.merged = commands, answers, wire, merged
        self.space = notebook_module()
        self.fresh()
        self.before = library()  # as it was before any code of the student's ran

    def fresh(self):
        """Nothing is known any more of what has passed."""
        self.objects, self.numbers = (
            {},
            {},
        )  # what was handed out stays alive, so that a number means one object for good
        self.theirs = {}  # id of one of the test's own objects here -> its number there
        self.next, self.mirror = count(), self.wire.Mirror(1, self.ref, self.deref)

    def ref(self, value):
        """What is not data stays here; the test gets a number for it."""
        if id(value) in self.theirs:
            return ["theirs", self.theirs[id(value)]]
        if id(value) not in self.numbers:
            number = next(self.next)
            self.objects[number], self.numbers[id(value)] = value, number
        return ["handle", self.numbers[id(value)], type(value).__name__[:60]]

    def deref(self, kind, number, what=""):
        if kind == "handle":
            return self.objects[number]
        proxy = self.iterator(number) if what == "iterator" else self.function(number, what)
        self.theirs[id(proxy)] = number
        self.objects[f"theirs {number}"] = proxy
        return proxy

    def function(self, number, name):
        """A function of the test: calling it asks the other side."""

        def theirs(*args, **kwargs):
            return self.ask_back({"callback": number, "args": args, "kwargs": kwargs})

        theirs.__name__ = theirs.__qualname__ = name
        return theirs

    def iterator(self, number):
        while (more := self.ask_back({"callback": number, "args": ("next",), "kwargs": {}})) is not None:
            yield more[0]

    def ask_back(self, message):
        self.send(self.mirror.pack(message))
        answer = self.serve(nested=True)
        if "error" in answer:
            kind, text = answer["error"]
            raise getattr(builtins, kind)(text)
        return answer["reply"]

    def send(self, packed):
        self.answers.write(packed)
        self.answers.flush()

    def serve(self, nested=False, first=0):
        """Answer until the judge has gone. `first`: the number of a question that another process has taken."""
        if first:
            self.send(self.mirror.pack({"q": first, "value": None}))
        while True:
            request = self.mirror.unpack(*self.wire.read_frame(self.commands))
            if nested and "do" not in request:
                return request
            try:
                answer = self.answer(**request)
                packed = self.mirror.pack({"q": request["q"], "value": answer})
            except BaseException as problem:
                kind = next((t.__name__ for t in type(problem).__mro__ if t.__module__ == "builtins"), "Exception")
                error = [kind, text_of(problem), frames_of(problem)[1:][-FRAMES:]]
                packed = self.mirror.pack({"q": request["q"], "error": error})
            self.send(packed)

    def answer(self, q, do, args, errstate=None):
        own = getattr(self, f"do_{do}", None)
        if own is not None:
            return own(*args)
        import numpy as np

        with np.errstate(**(errstate or {})):
            return ASKED[do](*args) if do in ASKED else getattr(operator, do)(*args)

    def do_start_over(self):
        if sys.platform == "linux":
            os._exit(START_OVER)
        self.fresh()
        self.space = notebook_module()

    def do_cell(self, source, name, kind, reference="", methods=()):
        def mixed(text, file, mode):
            return compile(self.merged(text, reference, methods), file, mode)

        ended = run(source, name, self.space, kind == "weaker", mixed if methods else None)
        if kind == "given":  # it may have imported more of the course's package
            self.before = library() | self.before
        return ended

    def do_begin(self, names):
        """A test begins: what it uses of the notebook."""
        self.fresh()
        return {name: self.space[name] for name in names if name in self.space}

    def do_replaced(self):
        """Which functions of the libraries are no longer their own."""
        return sorted(name for name, now in library().items() if self.before.get(name, now) != now)[:20]

    def do_define(self, text, name, names):
        """A class of the test, made here because it extends one of the student's."""
        space = {**self.space, **names}
        exec(compile(text, f"<class {name} of the test>", "exec"), space)
        return space[name]


def library():
    """The functions that tests and solutions rely on, and the methods of the course's classes: name -> id."""
    import math

    import numpy as np

    course = [module for name, module in list(sys.modules.items()) if name.startswith("tinytorch.")]
    places = {module.__name__: module for module in (builtins, math, np, np.linalg, np.testing, *course)}
    for module in course:
        own = {f"{module.__name__}.{name}": value for name, value in vars(module).items() if isinstance(value, type)}
        places |= {name: kind for name, kind in own.items() if kind.__module__ == module.__name__}
    return {
        f"{place}.{name}": id(value)
        for place, holder in places.items()
        for name, value in vars(holder).items()
        if callable(value)
    }


def call(function, args, kwargs):
    return function(*args, **kwargs)


def next_of(iterator):
    """None at its end: an exception would be taken for the student's own."""
    for value in iterator:
        return (value,)
    return None


ASKED = {
    "get": getattr,
    "set": setattr,
    "del": delattr,
    "call": call,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "len": len,
    "float": float,
    "list": list,
    "next": next_of,
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": lambda manager, *error: type(manager).__exit__(manager, *error),
}

if __name__ == "__main__":
    main()
