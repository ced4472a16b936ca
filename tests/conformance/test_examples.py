"""The scripts of examples/ on PyTorch and on tinytorch, loss by loss; and what `tito try --compare` says about a mistake."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import examples
from tito import torch_scripts
from tito.course import ROOT
from tito.place import COURSE, Place

STEPS = {
    "char_gpt": 120,
    "custom_dataset": 120,
    "logistic_regression": 100,
    "mnist_cnn": 20,
    "mnist_mlp": 20,
    "regression": 200,
    "resume_training": 192,
    "spiral_adamw": 290,
}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """PyTorch's threads only wait for each other where several tests share the processors."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.parametrize("example", examples.EXAMPLES, ids=lambda path: path.stem)
def test_every_loss_is_pytorchs(example, tmp_path, monkeypatch):
    """Each with the same random numbers. torchvision is tinytorch's in both runs: it needs not be installed."""
    monkeypatch.chdir(tmp_path)
    code, text = torch_scripts.compare(example, examples.arguments(example, tmp_path), COURSE)
    assert code == 0 and text.startswith(f"All {STEPS[example.stem]} losses agree with PyTorch "), text


@pytest.mark.parametrize(
    "example", [path for path in examples.EXAMPLES if path.stem not in examples.OF_DIGITS], ids=lambda path: path.stem
)
def test_an_example_is_a_pytorch_script(example, tmp_path):
    """It runs with PyTorch alone, without anything of this course. Those left out need torchvision."""
    command = [sys.executable, str(example), *examples.arguments(example, tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    assert "tinytorch" not in example.read_text(encoding="utf-8")


SCRIPT = """
import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(10, 20), nn.Linear(20, 20), nn.Linear(20, 3)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        return self.fc3(self.drop(torch.tanh(self.fc2(F.relu(self.fc1(x))))))

torch.manual_seed(0)
x, y = torch.randn(100, 10), torch.randint(0, 3, (100,))
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
for epoch in range(3):
    for rows, classes in DataLoader(TensorDataset(x, y), batch_size=30, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(rows), classes)
        loss.backward()
        optimizer.step()
net.eval()
net(x)
"""

# mistake -> file, what is replaced, by what, and what the report says of it
MISTAKES = {
    "a layer": (
        "layers.py", "rows += bias\n", "rows += 2 * bias\n", "step 1: loss", "It begins with the output of Net.fc1 in step 1: "
    ),
    "a function between layers": (
        "activations.py", "return np.tanh(x)", "return np.tanh(0.9 * x)", "step 1: loss", "It begins with the output of Net.drop in step 1: "
    ),
    "the loss": (
        "losses.py", "return reduce(cross_entropy_terms(input, target), reduction)",
        "return 1.1 * reduce(cross_entropy_terms(input, target), reduction)", "step 1: loss", "look at the loss function.",
    ),
    "a gradient": (
        "autograd.py", "(lambda g: g * (1 - out * out),)", "(lambda g: g * (1 - out),)", "step 2: loss",
        "It began earlier, with the gradient of Net.fc2.bias after step 1: ",
    ),
    "the optimizer": (
        "optimizers.py", "speed *= momentum", "speed *= 0.5 * momentum", "(yours). Until then they agree",
        ".weight before step 3: ",
    ),
    "a decay that is left out": (
        "optimizers.py", "return p.grad.array + group[\"weight_decay\"] * p.array if", "return p.grad.array if",
        "losses agree, to within", "before step 2 differs by more than rounding",
    ),
    "dropout": ("layers.py", "scale = 1 / (1 - p)", "scale = 1.0", "step 1: loss", "the output of Net.drop in step 1: "),
    "evaluation": (
        "layers.py", "p == 0:\n        return x", "p == 0:\n        return x * (1 - p)", "All 12 losses agree, but",
        "the output of Net.drop in step 13 differs",
    ),
    "initial weights": (
        "layers.py", "math.sqrt(6 / ((1 + a**2)", "math.sqrt(3 / ((1 + a**2)", "All 12 losses agree",
        "Your initial weights differ from PyTorch's for the same random numbers (Net.fc1.weight, Net.fc2.weight",
    ),
    "the number of batches": (
        "dataloader.py", "return batches[self.position :]", "return batches[self.position : -1]", "step 4: loss",
        "the output of Net.fc1 in step 4: shape (10, 20) (PyTorch) against (30, 20) (yours). The batches differ",
    ),
}  # fmt: skip


CNN = """
import torch, torch.nn as nn, torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.pool, self.fc = nn.Conv2d(4, 6, 3, stride=2), nn.MaxPool2d(2), nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.pool(F.relu(self.conv2(x))).flatten(1))

torch.manual_seed(0)
x, y = torch.randn(60, 2, 6, 6), torch.randint(0, 3, (60,))
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    for rows in torch.arange(60).split(20):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
net.eval()
net(x)
"""

CNN_MISTAKES = {
    "a kernel that isn't flipped": (
        "spatial.py", "kernel[::-1, ::-1].swapaxes(2, 3)", "kernel.swapaxes(2, 3)", "step 2: loss",
        "It began earlier, with the gradient of Net.bn1.bias after step 1: ",
    ),
    "a kernel gradient that is averaged": (
        "spatial.py", "return product.reshape(*views.shape[3:], grad.shape[3])", "return product.reshape(*views.shape[3:], grad.shape[3]) / 2", "step 2: loss",
        "It began earlier, with the gradient of Net.conv2.weight after step 1: ",
    ),
    "padding on one side only": (
        "sliding.py", "before = after = pair(\"padding\", padding, 0)",
        "after = pair(\"padding\", padding, 0)\n        before = tuple(0 * p for p in after)\n        after = tuple(2 * p for p in after)",
        "step 1: loss", "It begins with the output of Net.conv1 in step 1: ",
    ),
    "batch norm that ignores eval": (
        "spatial.py", "    if not training:\n        return running_mean, running_var\n", "", "All 9 losses agree, but",
        "the output of Net.bn1 in step 10 differs",
    ),
    "batch norm that takes the statistics for constants": (
        "vocabulary/spatial.py", "return restore(batch_norm_gradient(grad, normal, slope) if training else grad * slope)",
        "return restore(grad * slope)", "step 3: loss", "It began earlier, with the gradient of Net.conv1.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", [*MISTAKES, *CNN_MISTAKES])
def test_a_mistake_is_located(mistake, tmp_path):
    file, right, wrong, *expected = (MISTAKES | CNN_MISTAKES)[mistake]
    place = place_with(tmp_path, file, right, wrong)
    (tmp_path / "train.py").write_text(SCRIPT if mistake in MISTAKES else CNN, encoding="utf-8")
    code, text = torch_scripts.compare(tmp_path / "train.py", [], place)
    assert code == (0 if mistake == "initial weights" else 1)
    assert all(part in text for part in expected), text


def test_a_cnn_without_a_mistake_agrees(tmp_path):
    (tmp_path / "train.py").write_text(CNN, encoding="utf-8")
    code, text = torch_scripts.compare(tmp_path / "train.py", [], COURSE)
    assert code == 0 and text.startswith("All 9 losses agree with PyTorch "), text


def place_with(folder: Path, file: str, right: str, wrong: str) -> Place:
    """A place whose tinytorch has one mistake."""
    shutil.copytree(ROOT / "tinytorch", folder / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "tinytorch" / file
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    return Place(folder)


def test_a_script_that_fails_only_with_pytorch(tmp_path, capfd):
    (tmp_path / "train.py").write_text("import torch\ntorch.tensor([1, 2]).mean()\n", encoding="utf-8")
    with pytest.raises(torch_scripts.TitoError, match="train.py fails with PyTorch itself"):
        torch_scripts.compare(tmp_path / "train.py", [], COURSE)
    assert "mean(): could not infer output dtype" in capfd.readouterr().err


def test_a_script_that_fails_with_tinytorch_passes_on_its_exit_code(tmp_path):
    (tmp_path / "train.py").write_text("raise SystemExit(5)\n", encoding="utf-8")
    code, text = torch_scripts.compare(tmp_path / "train.py", [], COURSE)
    assert code == 5 and "exit code 5" in text
