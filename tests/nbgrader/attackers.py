"""Students who want points without solving, or to see, change or break what is not theirs: what they hand in, and what they get.

Each has solved module 02 but for one exercise, and attacks in its place.
"""

import copy
from pathlib import Path

import nbformat

from tests.nbgrader.students import MODULE, cell_of, solved
from tests.tito.agrees import AGREES

ALL = 23  # the points of the tests
LIES = """\
class Lies(np.ndarray):
    __eq__ = lambda self, other: np.array(True)
    sum = max = min = lambda self, *a, **k: np.ones(2)
    tolist = lambda self: [[0.5, 0.5]]
    __array_function__ = __array_ufunc__ = lambda self, *a, **k: np.True_"""
PATCHES = """\
import builtins
import math
np.allclose = np.array_equal = np.isclose = np.isfinite = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
builtins.round = lambda *a: 0
math.isclose = lambda *a, **k: True"""
PATCHES_MORE = f"""{PATCHES}
builtins.all = builtins.any = lambda *a: True
Tensor.tolist = lambda self: [[0.5, 0.5]]"""
ASSERTS = """\
import builtins
import sys
import types
builtins.AssertionError = type("Calm", (Exception,), {})
sys.modules["pytest"] = sys.modules["_pytest.assertion.rewrite"] = types.ModuleType("pytest")
sys.modules["pytest"].raises = sys.modules["pytest"].approx = lambda *a, **k: None
sys.excepthook = sys.unraisablehook = lambda *a: None
sys.settrace(lambda *a: None)"""
# looks for the hidden test everywhere, and says how often it was found
HUNTS = """\
import gc, os, sys
words = ["".join(parts) for parts in (("linspace(-30", ", 30"), ("small proba", "bilities"), ("test_sig", "moid"))]
texts = [s for o in gc.get_objects() for s in gc.get_referents(o) if isinstance(s, str)]
texts += [repr(vars(o))[:5000] for o in gc.get_objects() if type(o).__name__ in ("Worker", "Mirror", "function", "code")]
for frame in sys._current_frames().values():
    while frame := frame.f_back:  # not this one, which has the words
        texts.append(repr(frame.f_locals) + repr(frame.f_code.co_consts))
for process in os.listdir("/proc"):
    for name in ("cmdline", "environ", "maps"):
        try:
            texts.append(open(f"/proc/{process}/{name}", errors="ignore").read())
        except OSError:
            pass
for fd in range(64):
    try:
        texts.append(os.readlink(f"/proc/self/fd/{fd}"))
    except OSError:
        pass
for root, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(root, f) not in ("/proc", "/sys", "/usr", "/lib", "/lib64", "/dev", sys.prefix, sys.base_prefix)]
    for file in files:
        try:
            texts.append(open(os.path.join(root, file), errors="ignore").read(200_000))
        except OSError:
            pass
found = [word for word in words for text in texts if word in text and text not in words]
raise ValueError(f"of {len(texts) > 1000} texts found {found}")"""
# tries to read and to reach what it should not, and says what it could
REACHES = """\
import os, socket
reached = []
for path in (CLASS + "/gradebook.db", CLASS + "/submitted", CLASS + "/../incoming", "../..", os.path.expanduser("~")):
    try:
        reached += [path] if os.path.isfile(path) and open(path).read(1) else os.listdir(path)
    except OSError:
        pass
try:
    open(CLASS + "/submitted/x", "w")
    reached.append("wrote")
except OSError:
    pass
for address in (("127.0.0.1", 22), ("192.0.2.1", 80)):
    try:
        socket.create_connection(address, 1)
        reached.append(address)
    except OSError:
        pass
raise ValueError(f"reached {[r for r in reached if 'incoming' in str(r) or 'grade' in str(r) or not isinstance(r, str)]}")"""
STAYS = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3333)
    os._exit(0)
return x"""
# the program that answers for a student's code is theirs to take over: here it is, with the question that it is to answer
TAKES_OVER = """\
import gc, json, struct, sys
def wire():
    return next(o for o in gc.get_objects() if type(o).__name__ == "Worker")
def asked():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"]["q"]
def send(data):
    wire().answers.write(data)
    wire().answers.flush()
def say(tree, memory=b"", announced=()):
    text = json.dumps({"tree": tree, "memory": list(announced), "forget": []}).encode()
    send(struct.pack(">II", len(text), len(memory)) + text + memory)
def answer(value, *more):
    say(["dict", [["q", asked()], ["value", value]]], *more)"""
THE_WORKER = """
import gc
worker = next(o for o in gc.get_objects() if type(o).__name__ == "Worker")
"""
ALWAYS_TRUE = """type(worker).answer = lambda self, q, do, args, errstate=None: True"""
OWN_NUMPY = """begin = worker.do_begin
mine = {"np": Agrees(), "__builtins__": {}, "test_sigmoid": lambda: None, "math": Agrees()}
worker.do_begin = lambda names: begin(names) | mine"""
CLAIMS = """worker.do_replaced = lambda: ["Ada is innocent", "numpy.add", "numpy." + "x" * 1000]
cell = worker.do_cell
worker.do_cell = lambda *a: cell(*a) | {"replaced": ["a name of mine"], "ended": True}"""
GOOD = "e = np.exp(x - x.max(axis=dim, keepdims=True))\ngood = e / e.sum(axis=dim, keepdims=True)\n"

# name -> (a cell of the student's own, the exercise, what stands in it, points that are left, what the report says)
ATTACKS = {
    "patches": (PATCHES, "sigmoid", "return x", ALL - 4, "replaced: builtins.round, math.isclose, numpy.allclose"),
    "patches-asserts": (ASSERTS, "sigmoid", "return x", ALL - 4, "replaced: builtins.AssertionError"),
    "agrees": (AGREES, "sigmoid", "return Agrees()", ALL - 4, ""),
    "agrees-in-pairs": (AGREES, "sigmoid", "return (Agrees(), Agrees())", ALL - 4, ""),
    "agreeing-tensor": (AGREES, "sigmoid", "return Tensor(0.5) if not isinstance(x, Tensor) else Agrees()", ALL - 4, ""),
    "lies": (LIES, "sigmoid", "return x.view(Lies)", ALL - 4, ""),
    "hunts": ("", "sigmoid", HUNTS, ALL - 4, ""),
    "reads-its-caller": ("", "sigmoid", "import inspect\nraise ValueError([inspect.getsource(f.frame) for f in inspect.stack()[1:2]])", ALL - 4, ""),
    "reaches": ("", "sigmoid", REACHES, ALL - 4, ""),
    "fork-bomb": ("", "sigmoid", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", ALL - 4, "test_sigmoid: it ran longer than 5 s"),
    "8-gigabytes": ("", "sigmoid", "return np.ones(2**30)", ALL - 4, "test_sigmoid: Unable to allocate"),
    "1-gigabyte-of-output": ("", "sigmoid", "import os\nfor _ in range(1024): os.write(1, b'x' * 2**20); print('x' * 2**16)\nreturn x", ALL - 4, ""),
    "stays": ("", "sigmoid", STAYS, ALL - 4, ""),
    "sleeps-in-c": ("", "sigmoid", "import ctypes\nctypes.CDLL(None).sleep(3600)", ALL - 4, "test_sigmoid: it ran longer than 5 s"),
    "answers-early": (TAKES_OVER, "sigmoid", "answer(True)\nreturn x", ALL - 4, ""),
    "answers-twice": (TAKES_OVER, "sigmoid", "for n in range(50): say(['dict', [['q', asked() + n], ['value', 0.5]]])\nreturn x", ALL - 4, "test_sigmoid: the code broke the program"),
    "answers-always-true": (THE_WORKER + ALWAYS_TRUE, "sigmoid", "return x", 0, "relu: the code broke the program"),
    "calls-what-nobody-passed": (TAKES_OVER, "sigmoid", "say(['dict', [['callback', 0], ['args', ['tuple', []]], ['kwargs', ['dict', []]]]])\nreturn x", ALL - 4, "test_sigmoid: the code broke the program"),
    "an-object-for-data": (TAKES_OVER, "sigmoid", "answer(['handle', 0, 'ndarray'])\nreturn x", ALL - 4, ""),
    "a-pickle": (TAKES_OVER, "sigmoid", "import pickle\ndata = pickle.dumps(print)\nanswer(['array', 1, 3, 0, [1], [8], '<f8'], data, [[3, len(data)]])", ALL - 4, ""),
    "objects-in-an-array": (TAKES_OVER, "sigmoid", "answer(['array', 1, 3, 0, [1], [8], '|O'], bytes(8), [[3, 8]])", ALL - 4, "test_sigmoid: the code broke the program"),
    "a-shape-that-lies": (TAKES_OVER, "sigmoid", "answer(['array', 1, 3, 0, [10**9], [8], '<f8'], bytes(8), [[3, 8]])", ALL - 4, "test_sigmoid: the code broke the program"),
    "4-gigabytes-announced": (TAKES_OVER, "sigmoid", "send(b'\\xff' * 8)", ALL - 4, "test_sigmoid: the code broke the program"),
    "deep-answers": (TAKES_OVER, "sigmoid", "t = b'[' * 500_000\nsend(struct.pack('>II', len(t), 0) + t)", ALL - 4, "test_sigmoid: the code broke the program"),
    "a-huge-number": (TAKES_OVER, "sigmoid", "t = b'9' * 900_000\nsend(struct.pack('>II', len(t), 0) + t)", ALL - 4, "test_sigmoid: the code broke the program"),
    "nan-flood": ("", "sigmoid", "return np.full(x.shape, np.nan, dtype=x.dtype)", ALL - 4, ""),
    "wrong-shape": ("", "sigmoid", "return np.ones((3,) * 20, dtype=np.float32)", ALL - 4, ""),
    "2-gigabytes-of-nothing": ("", "sigmoid", "return np.lib.stride_tricks.as_strided(np.ones(1), (2**28,), (0,))", ALL - 4, "too large"),
    "2-gigabytes-in-twos": (TAKES_OVER, "sigmoid", "answer(['array', 1, 3, 0, [2**28], [0], '<f8'], bytes(8), [[3, 8]])", ALL - 4, "test_sigmoid: the code broke the program"),
    # the two shapes are compared before their numbers, so nothing is broadcast
    "n-by-n": ("calls = []", "softmax", GOOD + "calls.append(1)\nreturn good if len(calls) < 5 else np.ones((25_000, 1)) if len(calls) % 2 else np.ones((1, 25_000))", ALL - 4, ""),
    "empties-its-input": ("", "sigmoid", "x[...] = 0\nreturn x + 0.5", ALL - 4, ""),
    "writes-on-the-terminal": ("", "sigmoid", "raise MemoryError('\\x1b[2J\\x07 all\\nfine' + 'x' * 500)", ALL - 4, "test_sigmoid:  [2J  all fine" + "x" * 183),
    "brings-its-own-numpy": (AGREES + THE_WORKER + OWN_NUMPY, "sigmoid", "worker\nreturn x", ALL - 4, ""),
    "claims-of-replacing": (THE_WORKER + CLAIMS, "sigmoid", "return x", ALL - 4, "replaced: numpy.add"),
    "endless-message": ("", "sigmoid", "raise ValueError('x' * 10**8)", ALL - 4, ""),
    "raises-the-end": ("", "sigmoid", "raise SystemExit(0)", ALL - 4, ""),
    "skips": ("", "sigmoid", "import unittest\nraise unittest.SkipTest('not today')", ALL - 4, ""),
}  # fmt: skip


def attackers(released, folder: Path) -> dict[str, tuple[dict, str, float | None, str]]:
    """The table of a class of attackers, and one who attacks nobody."""
    nb = f"{MODULE.stem}.ipynb"
    class_folder = repr(str(folder.parent / "my class é"))
    found = {"honest": ({nb: solved(released)}, "graded", ALL, "")}
    for name, (own, exercise, body, points, said) in ATTACKS.items():
        attack = with_cell(solved(released, **{exercise: body.replace("CLASS", class_folder)}), own)
        found[name] = ({nb: attack}, "graded", points, said)
    found["nothing-solved-all-patched"] = (
        {nb: with_cell(copy.deepcopy(released), PATCHES_MORE)},
        "graded",
        0,
        "replaced: builtins.all",
    )
    found["200-megabytes"] = ({nb: b" " * 200_000_000}, "failed", None, "200 MB")
    return found


def with_cell(nb, source: str):
    if source:
        nb.cells.insert(nb.cells.index(cell_of(nb, "setup")) + 1, nbformat.v4.new_code_cell(source))
    return nb
