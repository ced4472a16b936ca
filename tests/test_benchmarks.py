"""The benchmark runs and writes its table; it measures nothing when the two libraries compute different things."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from tinytorch.datasets import SmallTalk

if not (find_spec("torch") and find_spec("threadpoolctl")):
    pytest.skip("benchmarks: only where PyTorch is installed (make test-conformance)", allow_module_level=True)


def test_quick_run_writes_the_table(tmp_path, capsys):
    from benchmarks.__main__ import main
    from benchmarks.workloads import WORKLOADS

    path = tmp_path / "results.md"
    assert main(["--quick", "--output", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert text == capsys.readouterr().out
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.count("|") for row in rows] == [7] * (1 + len(WORKLOADS) + 4 + 2)
    assert [row.split(",")[0] for row in rows if "peak memory" in row] == [
        "| peak memory of 5 steps of the MLP",
        "| peak memory of 5 steps of the CNN",
        "| peak memory of 5 steps of the GPT",
    ]
    assert "numbers mean nothing" in text and "PyTorch 2" in text and "kernel" in text


def test_a_quick_run_leaves_the_results_alone(tmp_path, capsys, monkeypatch):
    from benchmarks import __main__ as program

    monkeypatch.setattr(program, "measure", lambda quick: "| table |\n")
    monkeypatch.setattr(program, "RESULTS", tmp_path / "results.md")
    assert program.main(["--quick"]) == 0 and capsys.readouterr().out == "| table |\n"
    assert not program.RESULTS.exists()
    assert program.main([]) == 0 and program.RESULTS.read_text(encoding="utf-8") == "| table |\n"


def test_different_losses_stop_it(tmp_path, capsys, monkeypatch):
    from benchmarks import __main__ as program
    from benchmarks.workloads import WORKLOADS

    def drifting(lib):
        step, count = WORKLOADS[0].start(lib), iter(range(100))
        return lambda: [loss + (1e-4 * next(count) if lib.__name__ == "tinytorch" else 0) for loss in step()]

    monkeypatch.setattr(program, "WORKLOADS", [replace(WORKLOADS[0], start=drifting)])
    path = Path(tmp_path / "results.md")
    assert program.main(["--quick", "--output", str(path)]) == 1
    assert not path.exists()
    assert "MLP, step 2: tinytorch [2." in capsys.readouterr().err


def test_a_disturbed_sample_is_told_from_a_quiet_one():
    from benchmarks.timing import Times, busy_elsewhere

    assert busy_elsewhere((0.0, 0.0, 10.0), (2.0, 1.0, 13.0)) == 1.0, (
        "three seconds of the machine, one of them ours, in two"
    )
    assert busy_elsewhere((0.0, 0.0, 10.0), (2.0, 2.0, 12.0)) == 0.0
    assert busy_elsewhere((0.0, 0.0, 0.0), (2.0, 1.5, 0.0)) == 0.25, "where only our own time is known"
    assert Times([1.0, 3.0, 2.0], [9.0]).milliseconds == 2000
    assert Times([1.0], [9.0, 9.0, 9.0, 9.0]).milliseconds == 9000, (
        "nearly everything was disturbed: nothing is dropped"
    )


def test_the_milestones_network_trains_as_in_pytorch(capsys, monkeypatch):
    """The same losses, and a table; a wrong backward pass shows in the second loss."""
    import tinytorch.vocabulary.spatial
    from benchmarks import cifar

    script = cifar.load()
    data, seconds = cifar.batches(script, 4, random=True)
    assert len(data) == 4 and data[0][0].shape == (cifar.BATCH, 3, 32, 32) and seconds > 0
    difference, _ = cifar.compare(script, data, block=2, threads=1)
    assert difference <= cifar.AGREE and "ratio" in capsys.readouterr().out
    monkeypatch.setattr(tinytorch.vocabulary.spatial, "batch_norm_gradient", lambda grad, normal, scale: grad * scale)
    difference, _ = cifar.compare(script, data, block=2, threads=1)
    assert difference > cifar.AGREE


def quick_tokenizers(monkeypatch, tmp_path):
    """The benchmark of tokenizers on NumPy's documentation, with a few merges."""
    from benchmarks import tokenizer

    monkeypatch.setenv("RAYON_NUM_THREADS", "1")
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))  # without tiny-shakespeare
    monkeypatch.setattr(tokenizer, "ROUNDS", 1)
    return tokenizer.main(["--merges", "5", "--characters", "3000", "--stream"])


def test_tokenizers_are_timed_and_goals_are_told(monkeypatch, tmp_path, capsys):
    from benchmarks import tokenizer

    monkeypatch.setattr(tokenizer, "GOALS", {("training", "first version"): 1e9, ("encoding", "tiktoken (Rust)"): 0.0})
    assert quick_tokenizers(monkeypatch, tmp_path) == 1
    out = capsys.readouterr().out
    assert out.startswith("NumPy's documentation, 3,000 characters, 5 merges\n")
    for line in (
        "training: first version: ",
        "training: tokenizers, one thread: ",
        "encoding: ours, with no known words: ",
    ):
        assert line in out
    assert out.count("missed") == 1 and out.count("reached") == 1 and out.count("encode_file: ") == 2
    monkeypatch.setattr(tokenizer, "GOALS", {})
    assert quick_tokenizers(monkeypatch, tmp_path) == 0


def test_tokenizers_that_differ_are_not_timed(monkeypatch, tmp_path):
    import tinytorch.tokenization

    learn = tinytorch.tokenization.learn_merges
    monkeypatch.setattr(tinytorch.tokenization, "learn_merges", lambda words, count: learn(words, count - 1))
    with pytest.raises(SystemExit, match="the two versions of module 10 learned different merges"):
        quick_tokenizers(monkeypatch, tmp_path)


def test_the_gpt_of_module_13_trains_as_pytorchs(tmp_path, capsys, monkeypatch):
    from benchmarks import shakespeare

    text = tmp_path / "talk.txt"
    text.write_text(SmallTalk().text[:5_000], encoding="utf-8")
    monkeypatch.setenv("TINYTORCH_TEXT", str(text))
    monkeypatch.setattr(sys, "path", [*sys.path])  # the milestone's folder is added to it
    monkeypatch.setattr(sys, "argv", ["shakespeare", "--steps", "10", "--block", "5", "--threads", "1"])
    monkeypatch.setattr(shakespeare, "GOAL", 1000)
    assert shakespeare.main() == 0  # the first losses agree
    assert "goal at most 1000" in capsys.readouterr().out
    monkeypatch.setattr(shakespeare, "AGREE", -1)
    assert shakespeare.main() == 1
    sys.modules.pop("language", None)
