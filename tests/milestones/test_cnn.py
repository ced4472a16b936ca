"""Milestone 04: digits are read at 98 % on every seed, CIFAR-10 in its short version; runs can be stopped and resumed."""

import json
import re
import runpy
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tinytorch.spatial
import tinytorch.vocabulary.spatial
import tito.resumable
from tests.milestones.evidence import PLANS, Case, place_with
from tests.milestones.run import command, run_script, write_small_cifar
from tinytorch import manual_seed
from tito import course, milestone, solutions
from tito.gates import ENOUGH_RUNS, EVIDENCE, Gate, evidence, judge
from tito.place import COURSE

CNN = course.find_milestone("cnn")
DIGITS, CIFAR = milestone.scripts(CNN, COURSE)
RUNS = {
    "01_lenet_digits": (DIGITS, "GATES"),
    "02_cnn_cifar10 --quick": (CIFAR, "QUICK"),
    "02_cnn_cifar10": (CIFAR, "FULL"),
}
TEST_IMAGES = 300
SHORT = ("--quick", "--seeds", "1")


@pytest.fixture(scope="module")
def scripts():
    """Script -> its names, "cnn" -> those of the module beside them, and "resumable" -> those of what trains."""
    sys.path.insert(0, str(CNN.path))
    names = {script: SimpleNamespace(**runpy.run_path(str(script))) for script in (DIGITS, CIFAR)}
    yield names | {"cnn": sys.modules["cnn"], "resumable": tito.resumable}
    sys.path.remove(str(CNN.path))
    sys.modules.pop("cnn", None)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with CIFAR-10's files, smaller ones, as `TINYTORCH_DATA`."""
    folder = tmp_path_factory.mktemp("data")
    write_small_cifar(folder / "cifar-10-batches-py", train=400, test=TEST_IMAGES)
    return {"TINYTORCH_DATA": str(folder)}


@pytest.fixture
def script(tmp_path):
    """CIFAR's script, in a workspace of its own."""
    return place_with(tmp_path / "mine").root / "milestones" / CNN.folder / CIFAR.name


def checksums(printed: str) -> list[str]:
    """Of the weights of each seed, from the table that a script prints."""
    return re.findall(r"^ *\d+ +[\d.]+ .* ([0-9a-f]{8})$", printed, re.MULTILINE)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, small):
    """What the short version prints when nothing stops it."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    run = run_script(place_with(folder).root / "milestones" / CNN.folder / CIFAR.name, *SHORT, **small)
    assert (folder / "milestones" / CNN.folder / "02_cnn_cifar10.png").stat().st_size > 20_000
    assert not list(folder.rglob("*.checkpoint"))
    return run.stdout


def stopped(script, small, after: str) -> str:
    """Press Ctrl-C as soon as a script prints a line that contains `after`; returns what it prints from then on."""
    process = subprocess.Popen(**command(script, *SHORT, **small), stdout=subprocess.PIPE, encoding="utf-8")
    for line in process.stdout:
        if after in line:
            process.send_signal(signal.SIGINT)
            break
    rest = process.stdout.read()
    assert process.wait() == 130, rest
    return rest


def test_digits_are_read_on_every_seed(tmp_path):
    run = run_script(place_with(tmp_path).root / "milestones" / CNN.folder / DIGITS.name, "--seeds", "2")
    rows = re.findall(r"^ +(\d) .* ([\d.]+)% +([\d.]+)% +[\d.]+ +[0-9a-f]{8}$", run.stdout, re.MULTILINE)
    assert [int(row[0]) for row in rows] == [0, 1]
    assert all(float(accuracy) >= 98 for _, accuracy, _ in rows)
    assert run.stdout.count("passes  ") == 12 and "GFLOP/s measured just now" in run.stdout
    assert "seed 0, epoch" not in run.stdout, "a table, without a line for each epoch"
    assert "6,138 weights" in run.stdout and "a perceptron with 6,160 weights" in run.stdout


def test_the_perceptron_has_as_many_weights(scripts):
    cnn, digits = scripts["cnn"], scripts[DIGITS]
    train, test = digits.parts(digits.Digits, normalize=False)
    task = cnn.Task(train, test, digits.Digits.classes, digits.network, None, shuffled=(0, 1))
    weights = cnn.count_weights(task.network())
    assert abs(cnn.count_weights(cnn.perceptron(task)) - weights) <= 0.02 * weights


def test_the_network_for_cifar_is_trained_within_20_tflop(scripts):
    cnn = scripts["cnn"]
    image = cnn.Images(np.zeros((1, 32, 32, 3), np.uint8), np.zeros(1, int), np.zeros(3), np.ones(3))
    forward = (30 * 30 * 24 * 3 * 9 + 15 * 15 * 64 * 24 * 9 + 7 * 7 * 128 * 64 * 9 + 10 * 128 * 9) * 2
    assert cnn.training_flops(scripts[CIFAR].network(), image) == 3 * forward
    assert 3 * forward * 50_000 * scripts[CIFAR].EPOCHS <= 20e12


def test_cifar_is_learned_from_files_in_the_official_format(uninterrupted):
    assert uninterrupted.count("passes  ") == 12 and "2,000 images" in uninterrupted
    assert f"Only {TEST_IMAGES} of the 10,000 test images" in uninterrupted
    epochs = re.findall(r"^seed 0, epoch (\d)/4: loss [\d.]+, .* img/s, \d+:\d\d left", uninterrupted, re.MULTILINE)
    assert epochs == ["1", "2", "3", "4"]
    assert "\r" not in uninterrupted and "\033" not in uninterrupted


def test_without_files_and_network_one_sentence_says_what_to_do(tmp_path):
    run = run_script(CIFAR, code=1, TINYTORCH_DATA=str(tmp_path), HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    assert "Traceback" not in run.stderr and "cifar-10-python.tar.gz wasn't downloaded" in run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems where a test can press Ctrl-C in another process")
def test_a_run_that_was_stopped_and_resumed_ends_with_the_same_weights(script, small, uninterrupted):
    told = stopped(script, small, after="epoch 2/4")
    assert "--seeds 1 --resume" in told and script.with_suffix(".checkpoint").exists()
    assert int(re.search(r"after step (\d+)", told)[1]) > 2 * 16, "in the third epoch"
    resumed = run_script(script, *SHORT, "--resume", **small)
    assert "epoch 3/4" in resumed.stdout and "epoch 2/4" not in resumed.stdout
    assert checksums(resumed.stdout) == checksums(uninterrupted) and len(checksums(uninterrupted)) == 1
    assert not script.with_suffix(".checkpoint").exists()


@pytest.mark.parametrize("title", ["seed 0", "seed 10, shuffled labels"])
def test_progress_on_a_terminal_is_one_line(title, scripts, capsys, monkeypatch):
    """It is redrawn within 80 columns, without colors, and the time that is left is readable."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    progress = scripts["resumable"].Progress(title, total=1000, every_epoch=True)
    progress.start -= 3661  # as if the first quarter took an hour
    progress.step("epoch 1/2", 250, 250, 1.23456, 0.5)
    progress.epoch("epoch 1/2", 500, 1.0, 0.5, 0.5)
    printed = capsys.readouterr().out
    assert printed.startswith(f"\r{title}, epoch 1/2 ") and "loss 1.235, 50.0%, 0 img/s, 183:0" in printed
    assert len(printed) == 80 and not set(printed[1:]) & set("\r\n\033")
    assert ("[####------------]" in printed) == (title == "seed 0")
    progress.end()
    assert capsys.readouterr().out == "\r" + 79 * " " + "\r"


class PressAt:
    """Ctrl-C, pressed after a step of a training."""

    def __init__(self, training, step):
        self.training, self.step = training, step

    @property
    def pressed(self) -> bool:
        return self.training.scheduler.last_epoch >= self.step


def small_training(scripts, seed):
    """160 random images in batches of 64, for 2 epochs: 6 steps."""
    cnn, cifar = scripts["cnn"], scripts[CIFAR]
    random = np.random.default_rng(0)
    pixels, labels = random.integers(256, size=(160, 32, 32, 3), dtype=np.uint8), random.integers(10, size=160)
    images = cnn.Images(pixels, labels, *cnn.moments(pixels), shift=4, mirror=True)
    recipe = scripts["resumable"].Recipe(2, 64, cifar.nn.functional.cross_entropy, cifar.optimizer, cifar.one_cycle)
    task = cnn.Task(images, images.part(20), "0123456789", cifar.network, recipe, shuffled=(0, 1))
    manual_seed(seed)
    return cnn.prepared(seed, task.network(), images, task)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_a_training_resumes_from_any_step(step, scripts, tmp_path):
    """Step 3 is the last one of an epoch."""
    resumable, whole = scripts["resumable"], small_training(scripts, seed=0)
    whole.run("whole", PressAt(whole, np.inf))
    part = small_training(scripts, seed=0)
    with pytest.raises(resumable.Interrupted):
        part.run("part", PressAt(part, step))
    assert part.scheduler.last_epoch == max(step, 4 if step == 3 else 0)
    resumable.save(part.state_dict(), tmp_path / "state")
    rest = small_training(scripts, seed=1)
    rest.load_state_dict(resumable.load(tmp_path / "state"))
    rest.run("rest", PressAt(rest, np.inf))
    assert scripts["cnn"].checksum(rest.net) == scripts["cnn"].checksum(whole.net)
    assert rest.curves == whole.curves


def test_only_its_own_checkpoint_is_resumed(scripts, tmp_path, monkeypatch):
    """Missing, damaged, or of another configuration: each ends with one sentence."""
    monkeypatch.setattr(sys, "argv", ["script.py", "--resume"])
    resumable, path = scripts["resumable"], tmp_path / "script.checkpoint"
    session = resumable.Session(path, {"run": "short", "seeds": 2}, resume=False)
    refused = {}
    for name in ("missing", "another", "same", "damaged", "foreign"):
        if name == "another":
            session._save(small_training(scripts, seed=0))
        elif name == "damaged":
            path.write_bytes(path.read_bytes()[:-100])
        elif name == "foreign":
            resumable.save({"weights": 1}, path)
        try:
            resumable.Session(path, {"run": "short", "seeds": 3 if name == "another" else 2}, resume=True)
        except SystemExit as end:
            refused[name] = str(end)
    again = "run python script.py, without --resume."
    assert refused == {
        "missing": f"There is no script.checkpoint to resume: {again}",
        "another": f"script.checkpoint is from a run with seeds 2, and this one has 3: {again}",
        "damaged": f"script.checkpoint is damaged: {again}",
        "foreign": f"script.checkpoint is damaged: {again}",
    }


def test_a_loss_that_is_not_finite_stops_the_run(script, small):
    text = script.read_text(encoding="utf-8")
    assert text.count("lr=0.2") == 1
    script.write_text(text.replace("lr=0.2", "lr=1e30"), encoding="utf-8")
    run = run_script(script, *SHORT, code=1, **small)
    assert re.fullmatch(r"The loss of step \d+ is nan or inf: .*\n", run.stderr)
    assert not script.with_suffix(".png").exists() and "passes" not in run.stdout


def gates_of(scripts, run) -> dict[str, Gate]:
    script, name = RUNS[run]
    return {gate.name: gate for gate in getattr(scripts[script], name)}


FORGETFUL = {
    "the batch's statistics are constants": lambda grad, normal, scale: scale * grad,
    "the gradient's mean stays": lambda grad, normal, scale: scale * (grad - normal * (grad * normal).mean(axis=0)),
    "nothing arrives": lambda grad, normal, scale: 0 * grad,
}


@pytest.mark.parametrize("wrong", [None, *FORGETFUL])
@pytest.mark.parametrize("script", [DIGITS, CIFAR], ids=lambda script: script.stem)
def test_a_wrong_gradient_of_batch_norm_fails_a_gate(wrong, script, scripts, monkeypatch):
    if wrong is not None:
        monkeypatch.setattr(tinytorch.vocabulary.spatial, "batch_norm_gradient", FORGETFUL[wrong])
    run = next(run for run, (of, _) in RUNS.items() if of == script)
    measured = before_training(scripts, script)
    gates = [gates_of(scripts, run)[name] for name in measured if name != "first loss"]
    assert all(gate.passes(measured[gate.name]) for gate in gates) == (wrong is None), measured


WRONG_CONVOLUTIONS = {
    "the kernel is flipped": lambda kernel: kernel[::-1, ::-1],
    "rows and columns are swapped": lambda kernel: kernel.swapaxes(0, 1),
    "a filter reads one channel": lambda kernel: kernel * (np.arange(kernel.shape[2]) == 0)[:, None],
}


@pytest.mark.parametrize("wrong", WRONG_CONVOLUTIONS)
def test_a_wrong_convolution_fails_a_gate(wrong, scripts, monkeypatch):
    """Forward and backward agree with each other, so that it learns; but it isn't the sum of products."""
    change = WRONG_CONVOLUTIONS[wrong]
    for name in ("correlate", "input_gradient"):
        correct = getattr(tinytorch.spatial, name)

        def changed(x, kernel, *options, correct=correct, **named):
            return correct(x, np.ascontiguousarray(change(kernel)), *options, **named)

        monkeypatch.setattr(tinytorch.spatial, name, changed)
    gates, measured = gates_of(scripts, "02_cnn_cifar10"), before_training(scripts, CIFAR)
    assert not gates["convolution error"].passes(measured["convolution error"])


WRONG_GRADIENTS = {
    "of the kernel, flipped": ("kernel_gradient", lambda grad: grad[::-1, ::-1]),
    "of the kernel, half": ("kernel_gradient", lambda grad: 0.5 * grad),
    "of the images, flipped": ("input_gradient", lambda grad: grad[:, ::-1, ::-1]),
    "of the images, none": ("input_gradient", lambda grad: 0 * grad),
}


@pytest.mark.parametrize("wrong", WRONG_GRADIENTS)
def test_a_wrong_gradient_of_a_convolution_fails_a_gate(wrong, scripts, monkeypatch):
    name, change = WRONG_GRADIENTS[wrong]
    correct = getattr(tinytorch.spatial, name)
    changed = lambda *arrays, **options: np.ascontiguousarray(change(correct(*arrays, **options)))  # noqa: E731
    monkeypatch.setattr(tinytorch.spatial, name, changed)
    gates, measured = gates_of(scripts, "02_cnn_cifar10"), before_training(scripts, CIFAR)
    assert not gates["gradient error"].passes(measured["gradient error"])
    assert gates["convolution error"].passes(measured["convolution error"])


def before_training(scripts, script) -> dict:
    """What is measured of a network before its training, on images of smooth noise."""
    cnn, side, channels = scripts["cnn"], *((8, 1) if script == DIGITS else (32, 3))
    random = np.random.default_rng(0)
    coarse = random.integers(256, size=(256, side // 4, side // 4, channels), dtype=np.uint8)
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    manual_seed(0)
    data = cnn.Images(images, random.integers(10, size=256), *cnn.moments(images))
    return cnn.before_training(scripts[script].network(), data)


def test_a_filter_that_is_never_trained_fails_a_gate(scripts):
    cnn, cifar = scripts["cnn"], scripts[CIFAR]
    net = cifar.network()
    start = {name: parameter.detach().numpy().copy() for name, parameter in net.named_parameters()}
    for parameter in net.parameters():
        parameter.array += np.random.default_rng(0).standard_normal(parameter.shape, np.float32)
    gate = gates_of(scripts, "02_cnn_cifar10")["filters turned"]
    assert gate.passes(cnn.movement(net, start)["filters turned"])
    net[4].weight.array[5] = 0.5 * start["4.weight"][5]  # as weight decay alone would leave it
    assert cnn.movement(net, start)["filters turned"] == 215 / 216
    assert not gate.passes(215 / 216)


def test_modes_that_do_not_differ_fail_gates(scripts, monkeypatch):
    """A batch norm that ignores its mode: with the batch's statistics always, with the running ones always."""
    cnn, gates = scripts["cnn"], gates_of(scripts, "02_cnn_cifar10")
    correct = tinytorch.vocabulary.spatial.norm_statistics

    def failing(training):
        def statistics(x, mean, var, now, *rest):
            return correct(x, mean, var, now if training is None else training, *rest)

        monkeypatch.setattr(tinytorch.vocabulary.spatial, "norm_statistics", statistics)
        net = small_training(scripts, seed=0).net
        images = small_training(scripts, seed=0).loader.dataset
        net(images.plain(range(100))[0])
        return {name for name, value in cnn.modes(net, images).items() if not gates[name].passes(value)}

    assert failing(None) == set()
    assert "alone against batch" in failing(True)
    assert failing(False) == {"train against eval"}


def test_a_mistake_on_record_fails_and_is_named(tmp_path):
    relu = solutions.wrong(course.find("02"))["relu"]
    why = next(why for why, wrong in relu.items() if "tells which numbers are positive" in wrong.sentence)
    place = place_with(tmp_path, Case(course.find("02"), "relu", why))
    run = run_script(place.root / "milestones" / CNN.folder / DIGITS.name, "--seeds", "1", code=1)
    assert f"tinytorch: {place.package} (yours)" in run.stdout
    assert "FAILS   " in run.stdout and "20 runs of the reference measured" in run.stdout
    assert "module 02, relu" in run.stdout and relu[why].sentence in run.stdout


def test_without_recorded_runs_one_sentence_says_what_to_do(script, small):
    script.with_name(EVIDENCE).unlink()
    run = run_script(script, code=1, **small)
    assert "copy the file again" in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("run", RUNS)
def test_the_record_agrees_with_the_gates(run, scripts):
    recorded, gates = evidence(CNN.path, run), list(gates_of(scripts, run).values())
    plan = PLANS[CNN.number][run]
    for gate in gates:
        assert len(recorded.reference[gate.name]) == plan.reference_seeds
        if plan.reference_seeds >= ENOUGH_RUNS:
            assert recorded.failure_rate(gate) < 1e-3, gate.name
    correct = [
        dict(zip(recorded.reference, values, strict=True)) for values in zip(*recorded.reference.values(), strict=True)
    ]
    assert judge(gates, correct, recorded)[0]
    caught = [m for m in recorded.mistakes if any(not all(map(g.passes, m.values[g.name])) for g in gates)]
    assert len(caught) >= len(recorded.mistakes) / 2


def test_the_record_has_every_run_and_nothing_else():
    assert set(json.loads((CNN.path / EVIDENCE).read_text(encoding="utf-8"))) == set(RUNS) == set(PLANS[CNN.number])


@pytest.mark.parametrize("script", [DIGITS, CIFAR], ids=lambda script: script.stem)
def test_its_needs_follow_from_its_imports(script):
    assert [module.number for module in milestone.needs(script)][-1] == "09"
