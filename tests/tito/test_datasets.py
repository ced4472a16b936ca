"""`tinytorch.datasets`: on small files in the official formats, which these tests make."""

import gzip
import io
import pickle
import tarfile

import numpy as np
import pytest

from tests.tito import helpers
from tests.tito.helpers import idx
from tests.tito.site import remote, serve
from tinytorch import data_files
from tinytorch.data_files import DataError
from tinytorch.dataloader import DataLoader, Dataset
from tinytorch.small_talk import held_out_questions, small_talk
from tinytorch.vocabulary.datasets import CIFAR10, MNIST, Digits, FashionMNIST, SmallTalk, TinyShakespeare
from tito.course import ROOT

RANDOM = np.random.RandomState(1)
TRAIN, TEST = (
    RANDOM.randint(0, 256, (12, 28, 28)).astype(np.uint8),
    RANDOM.randint(0, 256, (5, 28, 28)).astype(np.uint8),
)
TRAIN_LABELS, TEST_LABELS = np.arange(12, dtype=np.uint8) % 10, np.array([9, 0, 3, 3, 7], np.uint8)
COLOR = RANDOM.randint(0, 256, (6, 3, 32, 32)).astype(np.uint8)


def write_mnist(folder, train_labels=TRAIN_LABELS):
    helpers.write_mnist(folder, (TRAIN, train_labels), (TEST, TEST_LABELS))


def batch(images, labels) -> bytes:
    return pickle.dumps({b"data": images.reshape(len(images), 3072), b"labels": labels}, protocol=2)


def write_cifar(folder, labels=(3, 9)):
    folder.mkdir(parents=True)
    for number in range(1, 6):
        (folder / f"data_batch_{number}").write_bytes(batch(COLOR[number - 1 : number + 1], list(labels)))
    (folder / "test_batch").write_bytes(batch(COLOR[:1], [7]))


@pytest.fixture(params=["MNIST/raw", "MNIST", "mnist", "."])
def mnist_root(request, tmp_path):
    write_mnist(tmp_path / "data" / request.param)
    return tmp_path / "data"


def test_mnist_in_every_layout(mnist_root):
    train, test = MNIST(mnist_root), MNIST(str(mnist_root), train=False)
    assert isinstance(train, Dataset) and len(train) == 12 and len(test) == 5
    assert (train.data == TRAIN).all() and (test.data == TEST).all() and train.data.dtype == np.uint8
    assert (train.targets == TRAIN_LABELS).all() and train.targets.dtype == np.int64
    image, label = train[3]
    assert (image == TRAIN[3]).all() and image.shape == (28, 28) and label == 3 and type(label) is int
    assert (train[-1][0] == TRAIN[-1]).all()
    assert train.classes[3] == "3 - three" and train.class_to_idx["3 - three"] == 3
    assert repr(train) == "MNIST(12 images, train)" and repr(test) == "MNIST(5 images, test)"


def test_every_item_and_then_no_more(tmp_path):
    write_mnist(tmp_path / "MNIST")
    assert [label for _, label in MNIST(tmp_path, train=False)] == TEST_LABELS.tolist()
    with pytest.raises(IndexError):
        MNIST(tmp_path)[12]


def test_transforms_are_applied_and_cannot_change_the_data(tmp_path):
    write_mnist(tmp_path / "MNIST")

    def black(image):
        image[:] = 0
        return image

    data = MNIST(tmp_path, transform=black, target_transform=lambda label: label + 100)
    assert data[4][0].sum() == 0 and data[4][1] == 104 and (data.data == TRAIN).all()
    assert [label for _, label in data.__getitems__([0, 2])] == [100, 102]
    assert data.__getitems__([1])[0][0].sum() == 0
    data.transform = None
    assert [label for _, label in data.__getitems__([0, 2])] == [100, 102]


def test_a_batch_at_once_is_its_items(tmp_path):
    write_mnist(tmp_path / "MNIST")
    data = MNIST(tmp_path)
    for (image, label), (expected, number) in zip(
        data.__getitems__([5, 0, 11]), [data[5], data[0], data[11]], strict=True
    ):
        assert (image == expected).all() and label == number and type(label) is int


def test_in_a_loader(tmp_path):
    write_mnist(tmp_path / "MNIST")
    images, labels = next(iter(DataLoader(MNIST(tmp_path), batch_size=4)))
    assert images.shape == (4, 28, 28) and labels.tolist() == [0, 1, 2, 3] and (images.numpy() == TRAIN[:4]).all()


def test_fashion_is_not_taken_for_mnist(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw")
    with pytest.raises(DataError, match="^FashionMNIST is not in .*FashionMNIST.raw: pass download=True$"):
        FashionMNIST(tmp_path)
    write_mnist(tmp_path / "FashionMNIST" / "raw")
    assert FashionMNIST(tmp_path).classes[9] == "Ankle boot" and len(FashionMNIST(tmp_path)) == 12


@pytest.mark.parametrize("inside", [True, False])
def test_cifar10(inside, tmp_path):
    write_cifar(tmp_path / "cifar-10-batches-py")
    root = tmp_path / "cifar-10-batches-py" if inside else tmp_path
    train, test = CIFAR10(root), CIFAR10(root, train=False)
    assert train.data.shape == (10, 32, 32, 3) and len(test) == 1 and test.targets.tolist() == [7]
    assert train.targets.tolist() == [3, 9] * 5
    image, label = train[0]
    assert (image == COLOR[0].transpose(1, 2, 0)).all() and train.classes[label] == "cat"
    assert (train[9][0] == COLOR[5].transpose(1, 2, 0)).all()


def test_shakespeare(tmp_path, monkeypatch):
    text = "".join(chr(97 + i % 26) for i in range(1003))
    files = (remote(text.encode(), "http://127.0.0.1/", name="input.txt"),)
    shakespeare = data_files.DataSet("TinyShakespeare", "", "tinyshakespeare", files, "", "")
    monkeypatch.setattr(data_files, "CATALOGUE", (shakespeare,))
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_bytes(text.encode())
    train, val = TinyShakespeare(tmp_path), TinyShakespeare(tmp_path, train=False)
    assert train.text + val.text == text and len(train) == 902 and len(val) == 101
    assert train[1] == "b" and train[:3] == "abc" and [*val] == [*val.text]
    assert repr(train) == "TinyShakespeare(902 characters, train)"
    (tmp_path / "tinyshakespeare" / "input.txt").write_bytes(b"another text")
    with pytest.raises(DataError, match="has 12 bytes instead of 1,003"):
        TinyShakespeare(tmp_path)


def test_small_talk_needs_no_files(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "cache"))
    train, val = SmallTalk(), SmallTalk(tmp_path, train=False, download=True)
    assert isinstance(train, Dataset) and train.text == small_talk() and val.text == small_talk(train=False)
    assert len(train) == len(train.text) and train[1] == train.text[1] and train[:3] == "A: "
    assert [*val] == [*val.text] and repr(val) == f"SmallTalk({len(val):,} characters, test)"
    assert train.questions == val.questions == held_out_questions()
    train.questions.clear()
    assert SmallTalk().questions == val.questions and not [*tmp_path.iterdir()]


def test_digits():
    pytest.importorskip("sklearn", reason="the digits: only where scikit-learn is installed (pip install -e '.[data]')")
    from sklearn.datasets import load_digits

    all_images = load_digits().images
    for split in ("mixed", "writers"):
        train, test = Digits(split=split), Digits(train=False, split=split)
        assert len(train) == 1437 and len(test) == 360 and train.data.shape == (1437, 8, 8)
        assert train.data.dtype == np.uint8 and train.data.max() == 255 and train.data.min() == 0
        both = np.concatenate([train.data, test.data]) * (16 / 255)
        assert sorted(map(bytes, np.round(both).astype(np.uint8))) == sorted(map(bytes, all_images.astype(np.uint8)))
        assert {*test.targets} == {*range(10)} and train.classes[3] == "3"
    assert (np.round(Digits(train=False, split="writers").data * (16 / 255)) == all_images[1437:]).all()
    assert (Digits().data == Digits().data).all()
    assert Digits(train=False).targets[:12].tolist() == load_digits().target[MIXED].tolist()
    with pytest.raises(ValueError, match='^split is \'x\': choose "mixed" or "writers"$'):
        Digits(split="x")


def test_the_accuracies_of_both_splits_as_book_and_docstring_say():
    neighbors = pytest.importorskip("sklearn.neighbors", reason="the digits: only where scikit-learn is installed")
    percent = {}
    for split in ("mixed", "writers"):
        (x, y), (x_test, y_test) = (
            (data.data.reshape(len(data), 64), data.targets)
            for data in (Digits(split=split), Digits(train=False, split=split))
        )
        percent[split] = f"{100 * neighbors.KNeighborsClassifier(3).fit(x, y).score(x_test, y_test):.1f}"
    assert percent == {"mixed": "98.1", "writers": "96.7"}
    page = " ".join((ROOT / "book" / "data.md").read_text(encoding="utf-8").split())
    assert (
        "98.1 % of the first test part right and 96.7 % of the second" in page and "98.1 % and 96.7 %" in Digits.__doc__
    )


MIXED = np.random.RandomState(0).permutation(1797)[1437:][:12]


def test_as_many_labels_as_images(tmp_path):
    write_mnist(tmp_path / "MNIST", TRAIN_LABELS[:-1])
    with pytest.raises(DataError, match="^MNIST has 12 images and 11 labels: "):
        MNIST(tmp_path)


@pytest.mark.parametrize(
    ("write", "label"), [(write_mnist, 10), (write_mnist, 255), (write_cifar, 10), (write_cifar, -1)]
)
def test_labels_out_of_range(write, label, tmp_path):
    if write is write_mnist:
        write(tmp_path / "MNIST", np.array([0] * 7 + [label] + [0] * 4, np.uint8))
        kind, index = MNIST, 7
    else:
        write(tmp_path / "cifar-10-batches-py", (0, label))
        kind, index = CIFAR10, 1
    reason = f"^{kind.__name__} has the label {label} at index {index}, and labels go from 0 to 9: "
    with pytest.raises(DataError, match=reason):
        kind(tmp_path)


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST, CIFAR10, TinyShakespeare])
def test_what_is_not_there_says_what_to_do(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "cache"))
    with pytest.raises(RuntimeError, match=rf"pass download=True or run `tito data download {kind.__name__}`$"):
        kind()
    assert not (tmp_path / "cache").exists()


def archive_of_cifar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"):
            content = batch(COLOR[:2], [1, 2])
            header = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return packed.getvalue()


def test_download(tmp_path, monkeypatch):
    """The archives of both formats, from a site on loopback, with the hashes of these files."""
    pytest.importorskip("requests", reason="downloads: only where requests is installed (pip install -e '.[data]')")
    monkeypatch.setenv("NO_PROXY", "*")
    mnist, cifar = data_files.data_set("MNIST"), data_files.data_set("CIFAR10")
    arrays = TRAIN, TRAIN_LABELS, TEST, TEST_LABELS
    with serve() as site:
        files = []
        for file, array in zip(mnist.files, arrays, strict=True):
            packed = gzip.compress(idx(array), mtime=0)
            files.append(
                remote(
                    packed, site.url(file.name, packed), name=file.name, members=file.members, unpacked=file.unpacked
                )
            )
        packed, [tar] = archive_of_cifar(), cifar.files
        tar = remote(packed, site.url(tar.name, packed), name=tar.name, members=tar.members, unpacked=tar.unpacked)
        small = [data_files.DataSet("MNIST", "", mnist.folder, tuple(files), "", "")]
        small += [data_files.DataSet("CIFAR10", "", cifar.folder, (tar,), "", "")]
        monkeypatch.setattr(data_files, "CATALOGUE", tuple(small))
        assert (MNIST(tmp_path, download=True).data == TRAIN).all()
        assert (MNIST(tmp_path, train=False, download=True).targets == TEST_LABELS).all()
        assert len(CIFAR10(tmp_path, download=True)) == 10 and len(CIFAR10(tmp_path, train=False)) == 2
        assert len(site.requests) == 5
    assert (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").is_file()  # as torchvision keeps them
