"""Reading idx files and the pickles of CIFAR-10, from what NumPy 1 and 2, Python 2 and 3 write."""

import io
import os
import pickle
import struct

import numpy as np
import pytest

from tests.tito.helpers import idx
from tito.templates.data_files import DataError
from tito.templates.data_formats import _Unpickler, read_batch, read_idx

IMAGES = np.random.RandomState(0).randint(0, 256, (4, 3072)).astype(np.uint8)
LABELS = [3, 0, 9, 9]


@pytest.mark.parametrize("shape", [(5,), (2, 3), (4, 28, 28), (0, 28, 28), (2, 2, 2, 2)])
def test_idx(shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    read = read_idx(idx(array), "file")
    assert read.shape == shape and read.dtype == np.uint8 and (read == array).all() and read.flags.writeable


GOOD = idx(np.zeros((2, 3), np.uint8))
BROKEN = {
    "empty": b"",
    "a header that ends": GOOD[:9],
    "cut off": GOOD[:-1],
    "longer": GOOD + b"x",
    "floats": b"\0\0\x0d" + GOOD[3:],
    "no axes": b"\0\0\x08\0x",
    "a text": b"<html></html>",
    "as large as the world": bytes([0, 0, 8, 3]) + b"\xff" * 12,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_idx_file_is_refused(content):
    with pytest.raises(DataError, match="^labels .*: delete it and download it again$"):
        read_idx(content, "labels")


def test_idx_has_a_limit():
    with pytest.raises(DataError, match="its header says 6"):
        read_idx(GOOD, "labels", limit=5)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("key", [str, str.encode], ids=["str", "bytes"])
@pytest.mark.parametrize(
    "layout", [np.copy, np.asfortranarray, lambda a: np.repeat(a, 2, 0)[::2]], ids=["C", "Fortran", "strided"]
)
@pytest.mark.parametrize("labels", [list, np.array, lambda a: np.array(a, ">i2")], ids=["list", "array", "big-endian"])
def test_a_batch_in_every_protocol_and_layout(protocol, key, layout, labels):
    content = pickle.dumps(
        {key("data"): layout(IMAGES), key("labels"): labels(LABELS), key("batch_label"): key("x")}, protocol
    )
    if protocol <= 2 or (protocol < 5 or layout is not np.copy):
        old = content.replace(
            b"numpy._core.multiarray\n", b"numpy.core.multiarray\n"
        )  # NumPy 1, where names end with a line
        assert (old != content) == (protocol <= 3)
    else:
        old = content
    for version in (content, old):
        images, read = read_batch(version, "data_batch_1")
        assert images.dtype == np.uint8 and (images == IMAGES).all() and read == LABELS


def test_the_names_of_both_versions_of_numpy():
    for core in ("numpy.core", "numpy._core"):
        for name in ("multiarray._reconstruct", "numeric._frombuffer"):
            module, _, function = f"{core}.{name}".rpartition(".")
            assert _Unpickler(io.BytesIO()).find_class(module, function)


def python_2() -> bytes:
    """The opcodes that Python 2 and NumPy 1 wrote, as in the official files: protocol 2, byte strings."""
    raw = IMAGES.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x04M\x00\x0c\x86"
        b"cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
    )
    labels = b"U\x06labels](" + b"".join(b"K" + bytes([label]) for label in LABELS) + b"e"
    return b"\x80\x02}q\x01(U\x04dataq\x02" + array + struct.pack("<I", len(raw)) + raw + b"tb" + labels + b"u."


def test_a_batch_of_python_2():
    content = python_2()
    with_pickle = pickle.loads(content, encoding="bytes")  # ours: no harm
    assert (with_pickle[b"data"] == IMAGES).all() and with_pickle[b"labels"] == LABELS
    images, labels = read_batch(content, "data_batch_1")
    assert (images == IMAGES).all() and labels == LABELS


class Calls:
    """Pickled, it is a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Calls(os.getcwd), r"(posix|nt)\.getcwd"),
        (Calls(print, "this must not be printed"), r"(builtins|__builtin__)\.print"),
        (Calls(np.load, "file"), r"numpy\.load"),
        (os.getcwd, r"(posix|nt)\.getcwd"),
        (slice(3), r"(builtins|__builtin__)\.slice"),
    ],
    ids=["getcwd", "print", "numpy.load", "a function alone", "slice"],
)
def test_a_pickle_that_would_call_anything_is_refused(protocol, value, name, capsys):
    content = pickle.dumps({"data": IMAGES, "labels": LABELS, "more": value}, protocol)
    with pytest.raises(
        DataError, match=rf"^data_batch_1 can't be read \(it asks for {name}, which data does not need\): "
    ):
        read_batch(content, "data_batch_1")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(
    "array", [np.array([{}]), np.array(["a"]), np.array([1j]), np.array([(1, 2)], "i4,i4")], ids=str
)
def test_arrays_of_anything_but_numbers_are_refused(protocol, array):
    with pytest.raises(DataError, match=r"^data_batch_1 can't be read \(it holds an array of "):
        read_batch(pickle.dumps({"data": array, "labels": LABELS}, protocol), "data_batch_1")


def test_a_pickle_cannot_change_what_reads_it():
    """BUILD sets attributes of what a name stands for; on our classes it must fail."""
    content = b"\x80\x02cnumpy\nndarray\nN}X\x05\x00\x00\x00extraK\x01s\x86b."
    with pytest.raises(DataError):
        read_batch(content, "data_batch_1")
    assert not hasattr(_Unpickler.NAMES["numpy.ndarray"], "extra")


WRONG = {
    "empty": b"",
    "a text": b"<html></html>",
    "cut off": pickle.dumps({"data": IMAGES, "labels": LABELS})[:-100],
    "a list": pickle.dumps([1, 2]),
    "without labels": pickle.dumps({"data": IMAGES}),
    "without images": pickle.dumps({"labels": LABELS}),
    "another shape": pickle.dumps({"data": IMAGES[:, 1:], "labels": LABELS}),
    "floats": pickle.dumps({"data": IMAGES / 2, "labels": LABELS}),
    "another object": pickle.dumps({"data": None, "labels": LABELS}),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_no_batch_is_refused(content):
    with pytest.raises(DataError, match="^data_batch_1 ") as caught:
        read_batch(content, "data_batch_1")
    assert "\n" not in str(caught.value)
