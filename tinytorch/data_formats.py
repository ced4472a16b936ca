"""The formats of data sets' files: idx, as MNIST has it, and the pickles of CIFAR-10.

Copied by `tito export` from tito/templates/data_formats.py in the course's folder: edit that file instead.
"""

import io
import math
import pickle

import numpy as np

from .data_files import DataError


def read_idx(content: bytes, name: str, limit: int = 1 << 28) -> np.ndarray:
    """An array from a file in the idx format: two zeros, the type, the number of axes, their sizes, the bytes.

    Args:
        content: the file's bytes, unpacked.
        name: what an error calls it.
        limit: more elements than this are refused.

    Returns:
        A uint8 array, as the files of MNIST have it: (N, 28, 28) or (N,).

    Raises:
        DataError: it is not in the format, or longer or shorter than it says.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), "labels")
    array([7, 8, 9], dtype=uint8)
    """
    axes = content[3] if len(content) > 3 else 0
    start = 4 + 4 * axes
    if content[:3] != b"\0\0\x08" or not 1 <= axes <= 4 or len(content) < start:
        raise DataError(f"{name} is not an idx file of bytes: delete it and download it again")
    shape = tuple(np.frombuffer(content, ">u4", axes, 4).tolist())
    size = math.prod(shape)
    if size > limit or len(content) - start != size:
        raise DataError(
            f"{name} has {len(content) - start:,} bytes of data, and its header says {size:,}: delete it and download it again"
        )
    return np.frombuffer(content, np.uint8, size, start).reshape(shape).copy()


def read_batch(content: bytes, name: str) -> tuple[np.ndarray, list[int]]:
    """The images and labels of a file of CIFAR-10, which is a pickled dictionary.

    A pickle can call any function. This one is read with functions of our own for the few names that it needs (arrays, their dtypes,
    bytes), in every version of NumPy and of pickle; any other name is refused.

    Returns:
        Images (N, 3072), uint8: 1024 values of red, then green, then blue, row by row. And N labels.

    Raises:
        DataError: it is broken, asks for anything else, or lacks images or labels.
    """
    try:
        entries = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        entries = {key.decode() if isinstance(key, bytes) else key: value for key, value in entries.items()}
        images, labels = _as_array(entries["data"]), _as_array(entries["labels"]).tolist()
    except pickle.UnpicklingError as error:
        raise DataError(f"{name} can't be read ({error}): delete it and download it again") from None
    except Exception as error:  # a broken pickle can raise anything
        raise DataError(f"{name} is broken ({type(error).__name__}): delete it and download it again") from None
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != 3072:
        raise DataError(
            f"{name} has data of shape {images.shape} ({images.dtype}), and (N, 3072) of uint8 was expected"
        )
    return images, labels


class _StandIn:
    """What a pickle gets when it asks for one of NumPy's names. Instances and classes can't be changed by it."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError(f"{type(self).__name__} has no state")


class _DType(_StandIn):
    """numpy.dtype: of numbers only."""

    __slots__ = ("dtype",)

    def __init__(self, name: str | bytes, *_: object):
        self.dtype = np.dtype(name.decode() if isinstance(name, bytes) else name)
        if self.dtype.kind not in "iuf":
            raise pickle.UnpicklingError(f"it holds an array of {self.dtype}")

    def __setstate__(self, state: tuple) -> None:
        order = state[1].decode() if isinstance(state[1], bytes) else state[1]
        self.dtype = self.dtype.newbyteorder(order)


class _NDArray(_StandIn):
    """numpy.ndarray, as protocols 0 to 4 rebuild it: empty first, then its state."""

    __slots__ = ("array",)

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, is_fortran, data = state
        data = data.encode("latin1") if isinstance(data, str) else data
        self.array = np.frombuffer(data, dtype.dtype).reshape(shape, order="F" if is_fortran else "C")


class _Reconstruct(_StandIn):
    """numpy.core.multiarray._reconstruct(ndarray, (0,), b"b")."""

    def __new__(cls, kind: type, *_: object) -> _NDArray:
        return _NDArray()


class _FromBuffer(_StandIn):
    """numpy.core.numeric._frombuffer(buffer, dtype, shape, order), as protocol 5 rebuilds an array."""

    def __new__(cls, data: bytes, dtype: _DType, shape: tuple, order: str) -> _NDArray:
        rebuilt = _NDArray()
        rebuilt.__setstate__((1, shape, dtype, order == "F", bytes(data)))
        return rebuilt


class _Encode(_StandIn):
    """_codecs.encode, by which Python 3 pickles bytes in protocol 2."""

    def __new__(cls, text: str, encoding: str | bytes) -> bytes:
        if encoding not in ("latin1", b"latin1"):
            raise pickle.UnpicklingError("it encodes text")
        return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    NAMES = {
        "numpy.ndarray": _NDArray,
        "numpy.dtype": _DType,
        "numpy.core.multiarray._reconstruct": _Reconstruct,
        "numpy.core.numeric._frombuffer": _FromBuffer,
        "_codecs.encode": _Encode,
    }

    def find_class(self, module: str, name: str) -> type:
        full = f"{module}.{name}".replace("numpy._core.", "numpy.core.", 1)  # NumPy 2 renamed it
        if full not in self.NAMES:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which data does not need")
        return self.NAMES[full]


def _as_array(value: object) -> np.ndarray:
    return value.array if isinstance(value, _NDArray) else np.asarray(value)
