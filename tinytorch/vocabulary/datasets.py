"""Data sets under torchvision's names: `Digits`, `MNIST`, `FashionMNIST`, `CIFAR10`; texts: `TinyShakespeare` and `SmallTalk`.

Where torchvision gives you an image of PIL, you get a NumPy array: uint8, (H, W) for gray images, (H, W, 3) for color.
`tito data list` shows what is on your machine; the book's page "Where data comes from" has the sources and licenses.

Copied by `tito export` from tito/templates/vocabulary/datasets.py in the course's folder: edit that file instead.
"""

import os
from collections.abc import Callable, Sequence

import numpy as np

from tinytorch import data_files, data_formats, small_talk
from tinytorch.dataloader import Dataset


class _Images(Dataset):
    """Images with labels, all of them in memory.

    Attributes:
        data: (N, H, W) or (N, H, W, 3), uint8.
        targets: (N,), int64: which of `classes` each image shows.
    """

    classes: list[str]

    def __init__(
        self,
        root: str | os.PathLike | None = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ):
        self.root, self.train = root, train
        self.transform, self.target_transform = transform, target_transform
        if download:
            self._download()
        self.data, targets = self._load()
        self.targets = np.array(targets, dtype=np.int64)
        self._check()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple:
        """An image, (H, W) or (H, W, 3), and its label, an int; each as its transform returns it."""
        image, target = self.data[index].copy(), int(self.targets[index])  # a copy: a transform may change it in place
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __getitems__(self, indices: Sequence[int]) -> list[tuple]:
        """Several items at once, as PyTorch's loader asks for a batch. Without transforms, one indexing step gets them all."""
        if self.transform is not None or self.target_transform is not None:
            return [self[index] for index in indices]
        return list(zip(self.data[indices], self.targets[indices].tolist(), strict=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} images, {'train' if self.train else 'test'})"

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.classes)}

    def _download(self) -> None:
        from tinytorch.data_download import download

        download(self.files, self.root)

    def _read(self, member: str) -> bytes:
        return data_files.read(data_files.data_set(self.files), member, self.root)

    def _check(self) -> None:
        """Refuse labels that don't fit the images or the classes."""
        name = type(self).__name__
        if len(self.data) != len(self.targets):
            raise data_files.DataError(
                f"{name} has {len(self.data):,} images and {len(self.targets):,} labels: its files don't belong together,"
                " so delete them and download them again"
            )
        outside = np.flatnonzero((self.targets < 0) | (self.targets >= len(self.classes)))
        if outside.size:
            raise data_files.DataError(
                f"{name} has the label {self.targets[outside[0]]} at index {outside[0]}, and labels go from 0 to"
                f" {len(self.classes) - 1}: delete its files and download them again"
            )


class MNIST(_Images):
    """The handwritten digits of LeCun, Cortes and Burges: 28x28, 60,000 to train and 10,000 to test, by different writers.

    Args:
        root: the folder to look in, with torchvision's `MNIST/raw/` or the files themselves. None is the cache folder of `tito data`.
        train: the part to train with, or the one to test with.
        transform: called with an image, a uint8 array (28, 28).
        target_transform: called with a label, an int.
        download: download what is missing.

    Raises:
        DataError: files are missing, broken, or can't be downloaded.

    Source: LeCun, Bottou, Bengio and Haffner (1998), and torchvision.datasets.MNIST
    """

    files = "MNIST"
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def _load(self) -> tuple[np.ndarray, np.ndarray]:
        part = "train" if self.train else "t10k"
        names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        images, labels = (data_formats.read_idx(self._read(name), name) for name in names)
        return images, labels


class FashionMNIST(MNIST):
    """Photos of clothes in MNIST's format, and harder. Arguments and errors as for `MNIST`; `root` has `FashionMNIST/raw/`.

    Source: Xiao, Rasul and Vollgraf (2017), and torchvision.datasets.FashionMNIST
    """

    files = "FashionMNIST"
    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class CIFAR10(_Images):
    """Color photos of ten things, (32, 32, 3), 50,000 to train and 10,000 to test. Arguments and errors as for `MNIST`.

    `root` has `cifar-10-batches-py/` or the archive that it comes in.

    Source: Krizhevsky (2009), and torchvision.datasets.CIFAR10
    """

    files = "CIFAR10"
    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

    def _load(self) -> tuple[np.ndarray, list[int]]:
        names = [f"data_batch_{number}" for number in range(1, 6)] if self.train else ["test_batch"]
        parts = [data_formats.read_batch(self._read(f"cifar-10-batches-py/{name}"), name) for name in names]
        pixels = np.concatenate([images for images, _ in parts]).reshape(-1, 3, 32, 32)
        labels = [label for _, some in parts for label in some]
        return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), labels  # (N, 3, 32, 32) -> (N, 32, 32, 3)


class Digits(_Images):
    """The 1,797 handwritten digits that come with scikit-learn, 8x8: 1,437 to train and 360 to test.

    Pixels are stretched from 0 .. 16 to 0 .. 255, as other images have them. `root` and `download` are only there so that you can
    swap data sets: nothing is downloaded.

    Args:
        split: "mixed" draws the test part from all writers, the same images every time. "writers" takes the last 360 images, which
            were written by people who wrote none of the others. That is harder: 3 nearest neighbors get 98.1 % and 96.7 % right.

    Raises:
        DataError: scikit-learn is not installed.
        ValueError: there is no such split.

    Source: Alpaydin and Kaynak (1998), the test part; sklearn.datasets.load_digits
    """

    classes = list("0123456789")

    def __init__(
        self,
        root: str | os.PathLike | None = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        split: str = "mixed",
    ):
        if split not in ("mixed", "writers"):
            raise ValueError(f'split is {split!r}: choose "mixed" or "writers"')
        self.split = split
        super().__init__(root, train, transform, target_transform)

    def _load(self) -> tuple[np.ndarray, np.ndarray]:
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise data_files.DataError(
                "the digits come with scikit-learn, which is not installed:"
                ' run pip install -e ".[data]" in the course\'s folder'
            ) from None
        digits = load_digits()
        # RandomState's numbers are the same in every version of NumPy
        order = np.random.RandomState(0).permutation(1797) if self.split == "mixed" else np.arange(1797)
        chosen = order[:1437] if self.train else order[1437:]
        return np.round(digits.images[chosen] * (255 / 16)).astype(np.uint8), digits.target[chosen]


class _Text(Dataset):
    """A text whose items are its characters.

    Attributes:
        text: all of the part.
    """

    text: str
    train: bool

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, index: int | slice) -> str:
        return self.text[index]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} characters, {'train' if self.train else 'test'})"


class TinyShakespeare(_Text):
    """40,000 lines of Shakespeare's plays, as one text: the first 90 % of its characters to train, the last 10 % to test.

    Its items are characters. Arguments and errors as for `MNIST`.

    Attributes:
        text: all of the part.

    Source: Karpathy, char-rnn (2015); the split is nanoGPT's
    """

    def __init__(self, root: str | os.PathLike | None = None, train: bool = True, download: bool = False):
        self.root, self.train = root, train
        if download:
            from tinytorch.data_download import download as fetch

            fetch("TinyShakespeare", root)
        text = data_files.read(data_files.data_set("TinyShakespeare"), "input.txt", root).decode("utf-8")
        start = int(0.9 * len(text))
        self.text = text[:start] if train else text[start:]


class SmallTalk(_Text):
    """Dialogues, facts and sums about a small village, written for this course by the grammar in tinytorch/small_talk.py.

    Its items are characters. A question is a line that begins with "A: ", and its answer, with "B: ", is the next line. `root` and
    `download` are only there so that you can swap data sets: nothing is downloaded.

    Attributes:
        text: all of the part: 600 kB to train, 60 kB to test.
        questions: the (question, answer) pairs that the training part never asks, and the test part asks once.
            `tinytorch.small_talk.held_out_questions("fact")` has those of one kind.

    >>> SmallTalk().questions[0]
    ('Where does Ada live?', 'Ada lives in the lighthouse.')
    """

    def __init__(self, root: str | os.PathLike | None = None, train: bool = True, download: bool = False):
        self.root, self.train = root, train
        self.text = small_talk.small_talk(train)
        self.questions = small_talk.held_out_questions()
