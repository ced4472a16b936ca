"""A test means the same in the student's process and outside of it; where it cannot, it fails."""

import numpy as np
import pytest

from tito.assignments.run import GIVEN, OWN, TRUSTED, WEAKER, Code, run, run_each
from tito.assignments.standin import _exception
from tito.assignments.wire import BrokenWire, Mirror

SETUP = Code("setup", "import math\nimport numpy as np", GIVEN)
CODE = """\
cache = np.zeros(3)
class Thing:
    shared = __array_ufunc__ = None
    def __init__(self, data=None): self.data = np.arange(6.0) if data is None else np.array(data); self.on = False
    def view(self): return Thing.of(self.data[::2])
    @classmethod
    def of(cls, data):
        thing = cls.__new__(cls)
        thing.data = data
        return thing
    def __add__(self, other): return Thing(self.data + getattr(other, "data", other))
    __radd__ = __add__
    def __getitem__(self, key): return self.data[key.data if isinstance(key, Thing) else key]
    def __gt__(self, other): return Thing(self.data > other)
    def __len__(self): return len(self.data)
    def all(self): return True
    def __iter__(self): return (Thing(x) for x in self.data)
    def __enter__(self): self.on = True; return self
    def __exit__(self, *error): self.on = False; return bool(error[0]) and False
class Child(Thing): pass
def same(x): return x
def copy(x): return np.array(x)
def kept(x): cache[:] = x; return cache
def fill(x, value): x[...] = value
def apply(f, *args, **options): return f(*args, **options)
def twice(f): return lambda x: f(f(x))
def total(items): return sum(items)
def first(items): return next(iter(items))
def numbers():
    yield 1
    yield 2
def fail(kind, text): raise kind(text)
def logarithm(x): return np.log(x)
def pair(x): return x, {"a": x, 2: [x.dtype, x.shape, None, ..., slice(1, 2), {1}]}
def cut(x): return x[1:], x.T, x[::-1], x.reshape(-1)
two = np.zeros(5 << 20), np.zeros(5 << 20)
def large(number=None): return two if number is None else two[number]
def tally(items): from collections import Counter; return Counter(items)
def point(): from collections import namedtuple; return namedtuple("Point", "x y")(1, [2, 3])
def own(): return np.zeros(3), (2, 3.5), "text", b"bytes", 1j, 2**70, float("nan"), np.float32(1.5), np.bool_(True), range(3)
"""
# what a test may say, each true or not, in one process as in two
TESTS = r"""
assert tally(["a", "b", "a"]) == {"a": 2, "b": 1}
assert tally([1, 1]) == {1: 1}, "must fail"
x, y = point(); assert (x, y) == (1, [2, 3]) and point() == (1, [2, 3])
x = np.arange(6.0); assert same(x) is x
x = np.arange(6.0); assert copy(x) is not x and not np.shares_memory(copy(x), x)
x = np.arange(6.0); y = same(x); x[0] = 7; assert y[0] == 7
x = np.arange(6.0); y = copy(x); x[0] = 7; assert y[0] == 0
x = np.arange(6.0); y = copy(x); x[0] = 7; assert y[0] == 7, "must fail"
x = np.arange(6.0).reshape(2, 3); a, b, c, d = cut(x); x[1, 2] = 50; assert a[0, 2] == b[2, 1] == c[0, 2] == d[5] == 50
x = np.arange(6.0).reshape(2, 3); a, b, c, d = cut(x); d[0] = -1; assert x[0, 0] == -1 and b[0, 0] == -1
x = np.asfortranarray(np.arange(6.0).reshape(2, 3)); assert same(x) is x and same(x).flags.f_contiguous
x = np.arange(6.0)[::-2]; y = same(x); assert y is x and y.strides == (-16,) and y.tolist() == [5, 3, 1]
x = np.zeros(0); assert same(x) is x and same(x[None]).shape == (1, 0)
x = np.array(2.0); assert same(x) is x and same(x).shape == ()
x = np.ones((1, 3), dtype=np.float32); assert same(x) is x and same(x).dtype == np.float32
x = np.broadcast_to(np.arange(3.0), (2, 3)); assert same(x).tolist() == x.tolist()
x = np.zeros(3); fill(x, 4); assert x.tolist() == [4, 4, 4]
x = np.zeros(3); fill(x[1:], 4); assert x.tolist() == [0, 4, 4]
x = np.zeros(3); fill(x, 4); assert x.tolist() == [0, 0, 0], "must fail"
a = kept(1.0); b = kept(2.0); assert a is b and a.tolist() == [2, 2, 2]
cache_before = kept(3.0).copy(); kept(5.0); assert cache_before[0] == 3
t = Thing(); v = t.view(); v.data[0] = 9; assert t.data[0] == 9
t = Thing(); a = t.data; t.data[0] = 9; assert a[0] == 9 and t.data is a
t = Thing([1.0, 2.0]); assert (t + 1).data.tolist() == (1 + t).data.tolist() == [2, 3] and (np.float32(1) + t).data[0] == 2
t = Thing([1.0, 2.0]); assert t[t > 1].tolist() == [2.0] and len(t) == 2 and [i.data.item() for i in t] == [1, 2]
t = Thing(); t.name, t.other = "n", Thing(); assert t.name == "n" and t.other is t.other and t.other is not t
assert isinstance(Thing(), Thing) and isinstance(Child(), Thing) and not isinstance(Thing(), Child) and issubclass(Child, Thing)
assert not isinstance(1, Thing) and not isinstance(Thing(), int) and not isinstance(np.ones(2), Thing)
t = Thing(); other = t\nwith t as inner: assert inner is other and t.on\nassert not t.on
t = Thing()\ntry:\n    with t: raise KeyError("k")\nexcept KeyError: pass\nassert not t.on
seen = []; assert apply(lambda *a, **k: seen.append((a, k)), 1, two=2) is None and seen == [((1,), {"two": 2})]
x = np.arange(3.0); seen = []; apply(seen.append, x); assert seen[0] is x
x = np.zeros(3); apply(lambda a: a.__setitem__(0, 5), x); assert x[0] == 5
assert apply(lambda t: t.data.sum(), Thing([1.0, 2.0])) == 3 and apply(np.add, 1, 2) == 3 and apply(apply, apply, max, 1, 2) == 2
assert twice(lambda x: x + 1)(5) == 7 and twice(twice(lambda x: 2 * x))(1) == 16
assert total([1, 2]) == 3 and total(iter([1, 2])) == 3 and total(n for n in (1, 2)) == 3 and first(iter("ab")) == "a"
assert list(numbers()) == [1, 2] and next(numbers()) == 1 and sum(numbers()) == 3 and [*zip(numbers(), "ab")] == [(1, "a"), (2, "b")]
n = numbers(); next(n); next(n); assert next(n, "end") == "end"
try: fail(ValueError, "why")\nexcept ValueError as error: assert str(error) == "why"
try: fail(KeyError, "k")\nexcept LookupError: pass
fail(ValueError, "goes on")
try: fail(ValueError, "not this")\nexcept KeyError: pass
try: apply(lambda: 1 / 0)\nexcept ZeroDivisionError as error: assert "division" in str(error)
try: apply(lambda x: x.nothing, 1)\nexcept AttributeError: pass
with np.errstate(divide="raise"): logarithm(np.zeros(1))
with np.errstate(divide="ignore"): assert logarithm(np.zeros(1))[0] == -np.inf
x = np.ones(2, dtype=np.float32); a, b = pair(x); assert a is x and b["a"] is x and b[2] == [np.dtype("f4"), (2,), None, ..., slice(1, 2), {1}]
a, b, c, d, e, f, g, h, i, j = own(); assert (b, c, d, e, f) == ((2, 3.5), "text", b"bytes", 1j, 2**70) and g != g and j == range(3)
h, i = own()[7:9]; assert type(h) is np.float32 and h == 1.5 and type(i) is np.bool_ and i
assert type(own()) is tuple and type(pair(np.ones(1))[1]) is dict
Thing.shared = Thing(); assert Thing.shared is Thing().shared; del Thing.shared
Thing.shared = len; assert Thing.shared is not None
assert math.isclose(same(0.1), 0.1) and same(-0.0) == 0 and math.copysign(1, same(-0.0)) == -1
assert same(float("inf")) == float("inf") and same(True) is True and same("é\\ud800") == "é\\ud800"
class Mine(Thing): pass\nassert isinstance(Mine(), Thing) and issubclass(Mine, Thing) and len(Mine()) == 6 and not isinstance(Thing(), Mine)
class Mine(Thing):\n    def __len__(self): return 77\nassert len(Mine()) == 77 and Mine([1.0]).data.tolist() == [1] and Mine.__name__ == "Mine"
n = 5; x = np.zeros(2)\nclass Mine(Thing):\n    def more(self): x[0] = n; return np.sum(x) + n\nassert Mine().more() == 10 and x[0] == 5
class Mine(Thing):\n    def __init__(self): super().__init__([1.0, 2.0])\nassert Mine().data.tolist() == [1, 2]
class Mine(Thing):\n    def __getitem__(self, key): raise KeyError("mine")\ntry: Mine()[0]\nexcept KeyError as error: assert "mine" in str(error)
class Mine(Thing): pass\nclass Other(Mine):\n    def own(self): return 3\nassert Other().own() == 3 and isinstance(Other(), Mine)
class Mine:\n    n = 3\nassert Mine().n == 3 and type(Mine()) is Mine
class Mine(Thing):\n    def own(self): return Mine\nassert issubclass(Mine().own(), Thing)
many = [copy(np.full(3, n)) for n in range(400)]; assert [int(a[0]) for a in many] == list(range(400))
for n in range(400): assert copy(np.full(3, n))[0] == n
nothing_of_this_name(3)
try: large()\nexcept MemoryError: pass\nx = np.arange(3.0); fill(x[1:], 7); assert x.tolist() == [0, 7, 7] and same(x) is x
try: large()\nexcept MemoryError: pass\nassert large(0).size == 5 << 20
assert len(same([np.ones(1)] * 3)) == 3
assert same({"k": (1, [2])}) == {"k": (1, [2])} and same(frozenset({1})) == frozenset({1})
""".strip().splitlines()
FAILING = ("must fail", "goes on", "not this", 'divide="raise"', "nothing_of")
# what must not be carried over, although it would pass beside the code
REFUSED = {
    "a comparison of an object": ("assert Thing([1.0]) > 0.5", "cannot say whether"),
    "what a comparison says of itself": ("assert (Thing([1.0]) > 0.5).all()", "cannot say whether"),
    "how long a comparison is": ("assert len(Thing([1.0]) > 0.5)", "cannot say whether"),
    "the parts of a comparison": ("assert [*(Thing([1.0]) > 0.5)]", "cannot say whether"),
    "an object's truth": ("assert Thing()", "cannot say whether"),
    "the same, caught": ("try: assert Thing()\nexcept Exception: pass", None),
    "equality of objects": ("assert Thing.__eq__ or True; t = Thing(); assert [t] == [Thing()]", "cannot"),
    "an array of objects": ("np.allclose(Thing([1.0]), 1)", ""),
    "an object of the test's own": ("class Mine: pass\nsame(Mine())", "cannot travel"),
    "an object array": ("same(np.array([Thing(), None]))", ""),
}


def ends(test: str, kinds=(TRUSTED, OWN), code: str = CODE, objects=None) -> list:
    """How a test ends in each of two ways."""
    body = "def test_it():\n    " + test.replace("\\n", "\n").replace("\n", "\n    ") + "\n\n\ntest_it()"
    cells = [SETUP, Code("code", code), *(Code("test_it", body, kind, objects) for kind in kinds)]
    return run_each([cells], None, 5.0)[0][2:]


def said(outcome) -> tuple:
    return outcome.error and (outcome.error[0], outcome.error[1].split("\n")[0])


def test_a_test_means_the_same_outside():
    body = [f"def test_it():\n    {t}\n\n\ntest_it()".replace("\\n", "\n    ") for t in TESTS]
    notebooks = [[SETUP, Code("code", CODE), Code("t", b, TRUSTED), Code("t", b, OWN)] for b in body]
    different = {}
    for test, outcomes in zip(TESTS, run_each(notebooks, None, 5.0), strict=True):
        outside, beside = map(said, outcomes[2:])
        expected = any(word in test for word in FAILING)
        if outside != beside or bool(outside) != expected:
            different[test] = outside, beside
    assert different == {}, "\n".join(f"{k}: {v}" for k, v in different.items())


@pytest.mark.parametrize("what", REFUSED)
def test_what_proves_nothing_is_refused(what):
    test, why = REFUSED[what]
    error = ends(test, (TRUSTED,))[0].error
    assert (error is None) if why is None else (error is not None and why in error[1]), error


LEARNED = frozenset({"Thing()", "Thing().data"})


@pytest.mark.parametrize(
    ("code", "test", "why"),
    [
        ("def f(x): return x", "f(1)", None),
        ("def f(x): return Thing()", "f(1)", "is expected: f(d) gave a Thing"),
        ("def f(x): return [1, Thing()]", "f(1)", "is expected: f(d) gave a Thing"),
        ("def f(x): return lambda: 1", "f(1)", "f(d) gave a function"),
        ("def f(x): return Thing()", "try: f(1)\nexcept Exception: pass", "f(d) gave a Thing"),
        ("def f(x): x[0] = 1", "f(np.zeros(3))", "an array was changed that the function was given"),
        ("def f(x): x[0] = 0", "f(np.zeros(3))", None),
        (
            "def f(g, x): x[0] += 1; g(x); x[0] -= 1",
            "x = np.zeros(3); seen = []; f(lambda x: seen.append(x[0]), x); assert seen == [1]",
            None,
        ),
        ("def f(g, x): x[0] += 1; g(x); x[0] -= 1", "f(lambda x: copy(x), np.zeros(3))", None),
        (
            "def f(g, x): x[0] += 1; g(x)",
            "f(lambda x: 1, np.zeros(3))",
            "an array was changed that the function was given",
        ),
        (
            "def f(x): x[0] = 1; raise ValueError(1)",
            "try: f(np.zeros(3))\nexcept ValueError: pass",
            "an array was changed that the function was given",
        ),
        ("def f(x): return x[0] == 0", "x = np.zeros(3); assert f(x); x[0] = 1; assert not f(x)", None),
    ],
)
def test_what_the_reference_does_not_do_is_refused(code, test, why):
    (end,) = ends(test, (TRUSTED,), f"{CODE}\n{code}", LEARNED)
    assert (end.error is None) if why is None else (end.error is not None and why in end.error[1]), end.error


def test_a_weaker_test_stands_beside_the_code_and_no_other_test_does():
    """What is left to those who deceive: the points of the weaker tests, and their texts."""
    spies = """\
import gc, sys
def f():
    frame, found = sys._getframe(), []
    while frame:
        found.append(repr(frame.f_code.co_consts))
        frame = frame.f_back
    worker = next(o for o in gc.get_objects() if type(o).__name__ == "Worker")
    found += [repr(vars(worker))] + [repr(o.__code__.co_consts) for o in worker.space.values() if hasattr(o, "__code__")]
    raise ValueError([w for w in ("secret" + str(n) for n in range(3)) if any(w in text for text in found)])
"""
    tests = [f"def test_{n}():\n    'secret{n}'\n    'so it is a constant', 'secret{n} again'\n    x = 'secret{n}'\n    f()\n\n\ntest_{n}()" for n in range(3)]  # fmt: skip
    kinds = (WEAKER, WEAKER, TRUSTED)
    cells = [SETUP, Code("f", spies), *(Code(f"test_{n}", tests[n], kinds[n]) for n in range(3))]
    found = [end.error[1] for end in run(cells, None, 5.0)[2:]]
    assert found == ["['secret0']", "['secret1']", "[]"]


def test_the_students_side_does_not_say_which_line_of_a_test_failed():
    error = _exception("ValueError", "why", [["<test_it>", 1, "test_it"], ["<code>", 2, "f"]])
    assert error.beyond == [["<code>", 2, "f"]] and str(error) == "why"


# The wire itself


def mirrors() -> tuple[Mirror, Mirror]:
    def nothing(*_):
        raise TypeError("no data")

    return Mirror(0, nothing, nothing), Mirror(1, nothing, nothing)


def sent(value, out: Mirror, into: Mirror):
    data = out.pack({"v": value})
    text = int.from_bytes(data[:4], "big")
    return into.unpack(data[8 : 8 + text], data[8 + text :])["v"]


def test_what_nobody_holds_is_forgotten():
    ours, theirs = mirrors()
    kept = np.ones(3)
    sent(kept, ours, theirs)
    for _ in range(1000):
        sent(np.zeros(3), ours, theirs)
        sent(np.zeros(3), theirs, ours)
    assert len(ours.blocks) < 400 and len(theirs.blocks) < 400
    assert sent(sent(kept, ours, theirs), theirs, ours) is kept


@pytest.mark.parametrize(
    ("tree", "memory", "announced"),
    [
        (["array", 1, 3, 0, [2], [8], "<f8"], bytes(8), [[3, 8]]),
        (["array", 1, 3, 8, [1], [8], "<f8"], bytes(8), [[3, 8]]),
        (["array", 1, 3, -8, [1], [8], "<f8"], bytes(16), [[3, 16]]),
        (["array", 1, 3, 0, [2], [-8], "<f8"], bytes(16), [[3, 16]]),
        (["array", 1, 3, 0, [-1], [8], "<f8"], bytes(16), [[3, 16]]),
        (["array", 1, 3, 0, [10**30], [0], "<f8"], bytes(16), [[3, 16]]),
        (["array", 1, 3, 0, [1], [8], "|O"], bytes(8), [[3, 8]]),
        (["array", 1, 3, 0, [1], [8], "<f8,<f8"], bytes(16), [[3, 16]]),
        (["array", 1, 3, 0, [1], [8], "<U2"], bytes(8), [[3, 8]]),
        (["array", 1, 5, 0, [1], [8], "<f8"], bytes(8), [[3, 8]]),
        (["array", 1, 3, 0, [1], [8], "<f8"], bytes(8), [[3, 9]]),
        (["array", 1, 3, 0, [1], [8], "<f8"], bytes(8), [[3, -8]]),
        (["array", 1, 3, 0, [1], [8], "<f8"], bytes(8), [["3", 8]]),
        (["scalar", "|O", "00" * 8], b"", []),
        (["function", "load"], b"", []),
        (["function", "fromfile"], b"", []),
        (["type", "object"], b"", []),
        (["type", "memmap"], b"", []),
        (["dtype", "|O"], b"", []),
        (["dict", [[["list", []], 1]]], b"", []),
        (["set", [["list", []]]], b"", []),
        (["handle", 1, "x"], b"", []),
        (["__import__", "os"], b"", []),
        ({"a": 1}, b"", []),
        ([], b"", []),
    ],
)
def test_what_makes_no_sense_is_refused(tree, memory, announced):
    import json

    ours, _ = mirrors()
    with pytest.raises(BrokenWire):
        ours.unpack(json.dumps({"tree": tree, "memory": announced, "forget": []}).encode(), memory)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[" * 100_000, b"null", b'{"tree": 1, "memory": 5, "forget": []}', b"\xff", b"9" * 10_000]
)
def test_no_message_at_all(text):
    with pytest.raises(BrokenWire):
        mirrors()[0].unpack(text, b"")


def test_what_the_other_side_has_written_is_known():
    ours, theirs = mirrors()
    x = np.zeros(3)
    twin = sent(x, ours, theirs)
    twin[0] = 5
    sent(1, theirs, ours)
    assert x.tolist() == [5, 0, 0] and ours.written() and not ours.written()
    twin[0] = 6
    sent(1, theirs, ours)
    twin[0] = 5
    sent(1, theirs, ours)
    assert not ours.written(), "it was put back"
    x[1] = 7
    assert sent(1, ours, theirs) == 1 and twin[1] == 7 and not ours.written() and not theirs.written()
