"""The loader together with all earlier modules: it feeds a network, and a run resumes inside an epoch bit for bit."""

import subprocess
import sys

import numpy as np
import pytest

from tinytorch.dataloader import DataLoader, Dataset, Normalize, RandomCrop, TensorDataset
from tinytorch.layers import Dropout, Flatten, Linear, ReLU, Sequential
from tinytorch.nn import CrossEntropyLoss
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor, manual_seed, rand, randn
from tinytorch.training import evaluate, load, save, train_epoch
from tinytorch.transforms import Compose, ToTensor
from tinytorch.utils.data import Subset, random_split
from tito.lesson import close


class Images(Dataset):
    """Images of scikit-learn's digits as uint8, with their class, transformed when they are read."""

    def __init__(self, images, classes, transform):
        self.images, self.classes, self.transform = images, classes, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index]), int(self.classes[index])


def test_digits():
    """WHAT: from uint8 images to at least 95 % of handwriting that the network hasn't learned from, normalized by the training part.
    WHY: all eight modules have a part in this number.
    TIP: look at one batch: shapes, dtypes, mean and spread of the images, and the classes.
    """
    datasets = pytest.importorskip(
        "sklearn.datasets", reason="the digits come with scikit-learn: pip install -e '.[data]'"
    )
    digits = datasets.load_digits()
    images = (digits.images * 15).astype(np.uint8)
    manual_seed(0)
    train, test = (part.indices for part in random_split(range(1797), [1300, 497]))
    pixels = images[train] / 255
    transform = Compose([ToTensor(), Normalize([pixels.mean()], [pixels.std()])])
    data = Images(images, digits.target, transform)
    loader = DataLoader(Subset(data, train), 50, shuffle=True, num_workers=1)
    x, y = next(iter(loader))
    assert x.shape == (50, 1, 8, 8) and x.dtype == np.float32 and y.dtype == np.int64
    assert abs(x.numpy().mean()) < 0.2 and 0.8 < x.numpy().std() < 1.2
    net = Sequential(Flatten(), Linear(64, 32), ReLU(), Linear(32, 10))
    optimizer = Adam(net.parameters(), lr=0.01)
    for _ in range(15):
        train_epoch(net, CrossEntropyLoss(), optimizer, loader)
    share = evaluate(net, CrossEntropyLoss(), DataLoader(Subset(data, test), 200))[1]
    assert share >= 0.95, f"held-out accuracy {share:.3f}"


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_resumes_inside_an_epoch(workers, tmp_path):
    """WHAT: stopped after 3 of 7 batches, saved, loaded in a new network: the weights after two more epochs are the same bits.
    WHY: a week of training is stopped more than once.
    TIP: does the loader's test pass? Then print the first number of each batch, for both runs.
    """
    manual_seed(1)
    data = TensorDataset(randn(40, 1, 6, 6), Tensor(np.arange(40) % 3))
    crop = RandomCrop(6, 1)

    def start(seed):
        manual_seed(seed)
        net = Sequential(Flatten(), Linear(36, 8), ReLU(), Dropout(0.3), Linear(8, 3))
        loader = DataLoader(
            data, 6, shuffle=True, num_workers=workers, collate_fn=lambda rows: (crop(rows.columns[0]), rows.columns[1])
        )
        return {"net": net, "optimizer": Adam(net.parameters(), lr=0.01), "loader": loader}

    def learn(run, most=99):
        for _, batch in zip(range(most), run["loader"], strict=False):
            train_epoch(run["net"], CrossEntropyLoss(), run["optimizer"], [batch])

    whole, stopped = start(5), start(5)
    for run in (whole, stopped):
        manual_seed(6)
        learn(run)
        if run is stopped:
            learn(run, 3)
            save({name: part.state_dict() for name, part in run.items()}, tmp_path / "run.ckpt")
            run = start(77)
            saved = load(tmp_path / "run.ckpt")
            for name, part in run.items():
                part.load_state_dict(saved[name])
            stopped = run
        learn(run)
        learn(run)
    for p, q in zip(whole["net"].parameters(), stopped["net"].parameters(), strict=True):
        assert np.array_equal(p.array, q.array), "the resumed run has other weights"


def test_normalizing_by_its_own_mean_hides_what_differs():
    """WHAT: dark and bright images are told apart if both are normalized by the training part's numbers, and not by their own.
    WHY: the test part must go through the very transform of the training part.
    TIP: compute the mean of one normalized image: is it always 0?
    """
    manual_seed(2)
    bright = Tensor((np.arange(200) % 2).astype(np.float32).reshape(-1, 1, 1, 1))
    images, y = rand(200, 1, 4, 4) * 0.2 + 0.8 * bright, Tensor(np.arange(200) % 2)
    train, test = images[:150], images[150:]
    normalize = Normalize([train.mean().item()], [train.array.std()])
    net = Sequential(Flatten(), Linear(16, 2))
    loader, optimizer = (
        DataLoader(TensorDataset(normalize(train), y[:150]), 30, shuffle=True),
        Adam(net.parameters(), 0.05),
    )
    for _ in range(10):
        train_epoch(net, CrossEntropyLoss(), optimizer, loader)
    own = [Normalize([image.mean().item()], [image.array.std()])(image) for image in test]
    shares = [
        evaluate(net, CrossEntropyLoss(), DataLoader([(x, int(c)) for x, c in zip(part, y[150:], strict=True)], 50))[1]
        for part in (normalize(test), own)
    ]
    assert shares[0] == 1.0 and shares[1] < 0.8, f"accuracy by the training part's mean, and by its own: {shares}"


def test_bad_data_stops_the_epoch_with_words():
    """WHAT: a class that the network doesn't have is an IndexError that names it; a loader without batches is a ValueError.
    WHY: one wrong label among 60,000 must be found, and an epoch of no steps looks like a very fast one.
    TIP: both come from earlier modules: do their tests pass?
    """
    x, net = randn(6, 2), Linear(2, 3)
    optimizer = Adam(net.parameters())
    for workers in (0, 1):
        loader = DataLoader(TensorDataset(x, Tensor([0, 1, 2, 0, 3, 1])), 2, num_workers=workers)
        with pytest.raises(IndexError, match="no class 3.*0 to 2"):
            train_epoch(net, CrossEntropyLoss(), optimizer, loader)
    few = DataLoader(TensorDataset(x, Tensor([0] * 6)), 10, drop_last=True)
    with pytest.raises(ValueError, match="no rows"):
        train_epoch(net, CrossEntropyLoss(), optimizer, few)


def test_batches_equal_the_tensors():
    """WHAT: a loader in order gives the rows of the tensors; their gradients add up to the whole batch's.
    WHY: loading must not change a number.
    TIP: compare the first batch with the first rows.
    """
    manual_seed(3)
    x, y = randn(23, 5), Tensor(np.arange(23) % 4)
    batches = list(DataLoader(TensorDataset(x, y), 5, num_workers=1))
    close(np.concatenate([rows.numpy() for rows, _ in batches]), x, "all rows", rtol=0, atol=0)
    net = Linear(5, 4)
    for rows, classes in batches:
        (CrossEntropyLoss()(net(rows), classes) * (len(classes) / 23)).backward()
    accumulated, net.weight.grad = net.weight.grad, None
    CrossEntropyLoss()(net(x), y).backward()
    close(accumulated, net.weight.grad, "the gradient of all batches", atol=1e-6)


def test_import_as_in_pytorch():
    """WHAT: `from tinytorch.utils.data import DataLoader`, `import tinytorch.utils.data`, and from `tinytorch` alone.
    WHY: a script for PyTorch runs after only its imports are changed.
    TIP: export the module with `tito module complete 08`.
    """
    for program in (
        "from tinytorch.utils.data import DataLoader",
        "import tinytorch.utils.data; tinytorch.utils.data.TensorDataset",
        "import tinytorch; tinytorch.utils.data.random_split",
        "from tinytorch.utils import data; data.WeightedRandomSampler",
        "from tinytorch import transforms; transforms.Compose",
    ):
        program = f"import sys; sys.path[:0] = {sys.path!r}; {program}"
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
        assert run.returncode == 0, f"{program}\n{run.stderr}"
