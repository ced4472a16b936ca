"""Values as bytes, between a test and the student's code in another process. Nothing that arrives here can run code.

A message is one JSON tree, and the bytes of the arrays in it. Arrays are mirrored: each side keeps a twin of every array that has
passed, with the same views into the same memory, and what one side writes is in the other side's twin with the next message. So
`out is x`, `np.shares_memory` and "the input must not be changed" mean the same as in one process. Two copies of a page that are
brought in step by what has changed in it: Keleher et al., "TreadMarks", 1994.
"""

import builtins
import json
import struct
import weakref
from collections.abc import Callable
from itertools import count
from typing import Any, BinaryIO

import numpy as np

HEAD = struct.Struct(">II")  # bytes of JSON, bytes of memory
LONGEST_TEXT = 4 << 20
LARGEST = 64 << 20  # bytes of memory in a message
MOST = 256 << 20  # and of all the memory that is mirrored
KINDS = "biufc"  # bool, int, uint, float, complex
COLLECTIONS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
BASES = (*COLLECTIONS.values(), dict, str, bytes, int, float, complex)
TYPES = {
    **{t.__name__: t for t in (int, float, bool, str, complex, bytes, dict, *COLLECTIONS.values())},
    **{name: value for name, value in vars(np).items() if isinstance(value, type) and issubclass(value, np.generic)},
    **{n: value for n, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)},
    "ndarray": np.ndarray,
}
# functions besides the ufuncs that may be passed to a student's code, or come back
PLAIN = """amax amin argmax argmin argsort clip concatenate cumsum einsum expand_dims max mean min moveaxis pad prod ravel
repeat reshape roll sort split squeeze stack std sum swapaxes take tensordot tile transpose var where"""
FUNCTIONS = {name: value for name, value in vars(np).items() if isinstance(value, np.ufunc) or name in PLAIN.split()}
NAMES = {id(value): name for name, value in FUNCTIONS.items()}


class BrokenWire(Exception):
    """The other side has gone, or what it says makes no sense."""


class Refused(Exception):
    """A value that is sound, but must not come here."""


def read_frame(pipe: BinaryIO) -> tuple[bytes, bytes]:
    """One message's text and memory.

    Raises:
        BrokenWire: it is cut off, or larger than is allowed.
    """
    text, memory = HEAD.unpack(_read(pipe, HEAD.size))
    if text > LONGEST_TEXT or memory > LARGEST:
        raise BrokenWire(f"a message of {text + memory} bytes")
    return _read(pipe, text), _read(pipe, memory)


def _read(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise BrokenWire("it has ended")
    return data


class _Block:
    """A piece of memory that both sides have, and its bytes as both knew them last."""

    def __init__(self, owner: np.ndarray, known: bytes | None = None):
        self.owner = owner  # kept alive: its id must not become another's
        self.bytes = owner.ravel(order="K").view(np.uint8)
        self.known = known  # None until it was sent


class Mirror:
    """The arrays that have passed, and how values become messages.

    Args:
        side: 0 for the test's, 1 for the student's; each has its own numbers.
        ref: turns what is not data into a list that JSON can hold; it may raise TypeError.
        deref: the way back.
    """

    def __init__(self, side: int, ref: Callable[[Any], list], deref: Callable[..., Any]):
        self.side, self.ref, self.deref = side, ref, deref
        self.next = count(side, 2)
        self.blocks: dict[int, _Block] = {}
        self.block_of: dict[int, int] = {}  # id of an owner -> its number
        self.arrays: dict[int, tuple[np.ndarray, list]] = {}  # number -> array, and how it was described
        self.number_of: dict[int, int] = {}  # id of an array -> its number
        self.before: dict[int, bytes] = {}  # our memory that the other side has written to -> what was there
        self.forget_at = 100  # so many pieces of memory, at the test's side; the other one forgets when it is told to

    # out

    def pack(self, message: dict) -> bytes:
        """A message's bytes, with all memory that has changed since the last one.

        Raises:
            TypeError: something in it cannot travel.
            MemoryError: there is too much of it.
        """
        forgotten = self._unused() if self.side == 0 and len(self.blocks) > self.forget_at else []
        tree = self._tree(message)
        current = {number: block.bytes.tobytes() for number, block in self.blocks.items()}
        changed = {number: now for number, now in current.items() if now != self.blocks[number].known}
        header = {
            "tree": tree,
            "memory": [[number, len(data)] for number, data in changed.items()],
            "forget": forgotten,
        }
        text = json.dumps(header).encode()
        memory = b"".join(changed.values())
        if len(text) > LONGEST_TEXT or len(memory) > LARGEST:
            self.blocks = {number: block for number, block in self.blocks.items() if block.known is not None}
            self._number_again()
            raise MemoryError(f"a message of {len(text) + len(memory)} bytes is too large")
        for number, now in changed.items():
            self.blocks[number].known = now
        return HEAD.pack(len(text), len(memory)) + text + memory

    def _tree(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, str, float) or (kind is int and abs(value) < 2**53):
            return value
        if kind is int:
            return ["int", hex(value)]
        if kind in COLLECTIONS.values():
            return [kind.__name__, [self._tree(part) for part in value]]
        if kind is dict:
            return ["dict", [[self._tree(key), self._tree(part)] for key, part in value.items()]]
        if kind is slice or kind is range:
            return [kind.__name__, [self._tree(part) for part in (value.start, value.stop, value.step)]]
        if kind is complex:
            return ["complex", value.real, value.imag]
        if kind is bytes:
            return ["bytes", value.hex()]
        if value is ...:
            return ["..."]
        if not issubclass(kind, np.generic):
            for base in BASES:
                if issubclass(kind, base):  # a Counter, a namedtuple: what it holds counts
                    return self._tree(base(value))
        return self._numpy(value)

    def _numpy(self, value: Any) -> list:
        kind = type(value)  # an object may say that it is of another class
        if issubclass(kind, np.ndarray) and np.ndarray.dtype.__get__(value).kind in KINDS:
            return self._array(value)
        if issubclass(kind, np.generic) and value.dtype.kind in KINDS:
            return ["scalar", value.dtype.str, value.tobytes().hex()]
        if isinstance(value, np.dtype) and value.kind in KINDS:
            return ["dtype", value.str]
        if id(value) in NAMES:
            return ["function", NAMES[id(value)]]
        if isinstance(value, type) and TYPES.get(value.__name__) is value:
            return ["type", value.__name__]
        return self.ref(value)

    def _array(self, array: np.ndarray) -> list:
        number = self.number_of.get(id(array))
        if number is None:
            number = next(self.next)
            self.number_of[id(array)] = number
        owner = seen = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if not owner.flags.forc or owner.dtype.kind not in KINDS:  # memory with holes, or not of numbers: no twin
            if array.nbytes > LARGEST:
                raise MemoryError(f"an array of {array.nbytes} bytes is too large")
            owner = seen = np.array(array, subok=False)
        if id(owner) not in self.block_of:
            self._new_block(next(self.next), owner)
        offset = seen.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        described = [self.block_of[id(owner)], offset, list(seen.shape), list(seen.strides), seen.dtype.str]
        self.arrays[number] = (array, described)
        return ["array", number, *described]

    def _new_block(self, number: int, owner: np.ndarray) -> _Block:
        if owner.nbytes > LARGEST or owner.nbytes + sum(block.bytes.size for block in self.blocks.values()) > MOST:
            raise MemoryError(f"an array of {owner.nbytes} bytes is too large")
        self.block_of[id(owner)] = number
        self.blocks[number] = _Block(owner)
        return self.blocks[number]

    def written(self) -> bool:
        """Whether the other side has changed memory of ours, since this was asked last; what was put back does not count."""
        before, self.before = self.before, {}
        return any(n in self.blocks and self.blocks[n].bytes.tobytes() != known for n, known in before.items())

    def _unused(self) -> list[int]:
        """Forget the arrays that only this table still holds, and say which."""
        before = self.arrays.keys() | self.blocks.keys()
        arrays = {number: (weakref.ref(array), described) for number, (array, described) in self.arrays.items()}
        owners = {number: (weakref.ref(block.owner), block.known) for number, block in self.blocks.items()}
        self.arrays.clear()
        self.blocks.clear()
        for number, (owner, known) in owners.items():
            if (alive := owner()) is not None:
                self.blocks[number] = _Block(alive, known)
        for number, (array, described) in arrays.items():
            if (alive := array()) is not None:
                self.arrays[number] = (alive, described)
        self._number_again()
        self.forget_at = 100 + 2 * len(self.blocks)
        return sorted(before - self.arrays.keys() - self.blocks.keys())

    def _number_again(self) -> None:
        self.number_of = {id(array): number for number, (array, _) in self.arrays.items()}
        self.block_of = {id(block.owner): number for number, block in self.blocks.items()}

    # in

    def unpack(self, text: bytes, memory: bytes) -> Any:
        """A message, out of bytes that may be anybody's.

        Raises:
            BrokenWire: it is none.
            Refused: `deref` does not want something in it.
        """
        try:
            message, place = json.loads(text), 0
            if message["forget"] and self.side == 1:
                for number in message["forget"]:
                    self.arrays.pop(number, None)
                    self.blocks.pop(number, None)
                self._number_again()
            for number, size in message["memory"]:
                if type(number) is not int or type(size) is not int or not 0 <= size <= len(memory) - place:
                    raise ValueError("memory that is not there")
                self._receive(number, memory[place : place + size])
                place += size
            return self._value(message["tree"])
        except Refused:
            raise
        except Exception as error:  # any malformed bytes end here
            raise BrokenWire(f"{type(error).__name__}: {error}"[:300]) from None

    def _receive(self, number: int, data: bytes) -> None:
        if number % 2 == self.side:
            self.before.setdefault(number, self.blocks[number].known)
        block = self.blocks.get(number) or self._new_block(number, np.zeros(len(data), dtype=np.uint8))
        block.bytes[:] = np.frombuffer(data, dtype=np.uint8)
        block.known = data

    def _value(self, tree: Any) -> Any:
        if tree is None or type(tree) in (bool, str, float, int):
            return tree
        kind, *rest = tree
        if kind in COLLECTIONS:
            return COLLECTIONS[kind](self._value(part) for part in rest[0])
        if kind == "dict":
            return {self._value(key): self._value(part) for key, part in rest[0]}
        if kind in ("slice", "range"):
            return (slice if kind == "slice" else range)(*map(self._value, rest[0]))
        if kind == "array":
            return self._twin(*rest)
        return SIMPLE[kind](*rest) if kind in SIMPLE else self.deref(kind, *rest)

    def _twin(self, number: int, *described: Any) -> np.ndarray:
        array, before = self.arrays.get(number, (None, None))
        if array is None or before != list(described):
            block, offset, shape, strides, dtype = described
            # NumPy itself refuses a shape, strides or an offset that do not fit into this memory
            array = np.ndarray(tuple(shape), _dtype(dtype), self.blocks[block].bytes, offset, tuple(strides))
            self.arrays[number] = (array, list(described))
            self.number_of[id(array)] = number
        return array


def _dtype(name: str) -> np.dtype:
    dtype = np.dtype(name)
    if dtype.kind not in KINDS or dtype.fields or dtype.subdtype:
        raise ValueError(f"{name} is not a dtype")
    return dtype


# what becomes a value without asking anybody
SIMPLE = {
    "int": lambda digits: int(digits, 16),
    "complex": complex,
    "bytes": bytes.fromhex,
    "...": lambda: ...,
    "scalar": lambda dtype, data: np.frombuffer(bytes.fromhex(data), _dtype(dtype), 1)[0],
    "dtype": _dtype,
    "function": FUNCTIONS.__getitem__,
    "type": TYPES.__getitem__,
}
