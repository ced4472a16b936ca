"""Milestone 05: attention turns sequences around, GPTs learn in short versions; what they must not do fails a gate."""

import json
import math
import re
import runpy
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import tinytorch.embeddings
import tinytorch.transformers
from tests.milestones.evidence import PLANS, Case, place_with
from tests.milestones.run import command, run_script
from tinytorch import Tensor, manual_seed
from tinytorch.datasets import SmallTalk
from tinytorch.small_talk import held_out_questions
from tinytorch.tokenization import BPETokenizer, CharTokenizer
from tinytorch.transformers import GPT, Block, GPTConfig
from tito import course, milestone, solutions
from tito.files import read
from tito.gates import ENOUGH_RUNS, Gate, evidence, judge
from tito.place import COURSE

GPTS = course.find_milestone("transformer")
PROOF, PLAYS, DIALOGUE, WRITE = milestone.scripts(GPTS, COURSE)
RUNS = {
    "01_attention_proof": (PROOF, "GATES"),
    "02_tinygpt_shakespeare --quick": (PLAYS, "QUICK"),
    "03_dialogue --quick": (DIALOGUE, "QUICK"),
    "02_tinygpt_shakespeare": (PLAYS, "FULL"),
    "03_dialogue": (DIALOGUE, "FULL"),
}
SHORT = ("--quick", "--record", "record.json")
SHORT_STEPS = 80


@pytest.fixture(scope="module")
def scripts():
    """Script -> its names, and "language" -> those of the module beside them."""
    sys.path.insert(0, str(GPTS.path))
    names = {script: SimpleNamespace(**runpy.run_path(str(script))) for script in (PROOF, PLAYS, DIALOGUE)}
    yield names | {"language": sys.modules["language"]}
    sys.path.remove(str(GPTS.path))
    sys.modules.pop("language", None)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small text in the place of the plays: the talk of the course's village."""
    path = tmp_path_factory.mktemp("data") / "talk.txt"
    path.write_text(SmallTalk().text[:20_000], encoding="utf-8")
    return {"TINYTORCH_TEXT": str(path)}


def shortened(folder):
    """The script about the plays, in a workspace of its own, with few steps."""
    script = place_with(folder).root / "milestones" / GPTS.folder / PLAYS.name
    text = script.read_text(encoding="utf-8")
    assert text.count("QUICK_STEPS = 2_000, 1_000\n") == 1
    text = text.replace("QUICK_STEPS = 2_000, 1_000\n", f"QUICK_STEPS = 2_000, {SHORT_STEPS}\n")
    text = text.replace("SAMPLE_CHARS = 160\n", "SAMPLE_CHARS = 30\n")
    script.write_text(text, encoding="utf-8")
    return script


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, small):
    """What the shortened script prints when nothing stops it, and the folder that it ran in."""
    script = shortened(tmp_path_factory.mktemp("uninterrupted"))
    run = run_script(script, *SHORT, **small)
    assert script.with_suffix(".png").stat().st_size > 20_000
    assert not list(script.parent.glob("*.checkpoint"))
    return run.stdout, script.parent


def checksums(printed: str) -> list[str]:
    return re.findall(r"checksum of the weights ([0-9a-f]{8})$", printed, re.MULTILINE)


def test_attention_turns_sequences_around_on_every_seed(tmp_path):
    script = place_with(tmp_path).root / "milestones" / GPTS.folder / PROOF.name
    run = run_script(script, "--seeds", "2", "--seed", "3")
    rows = re.findall(r"^ +(\d) +([\d.]+)% +([\d.]+)% +([\d.]+)% .*$", run.stdout, re.MULTILINE)
    assert [int(row[0]) for row in rows] == [3, 4]
    assert all(float(right) >= 99 and float(without) <= 13 for _, right, without, _ in rows)
    assert run.stdout.count("passes  ") == 4 and script.with_suffix(".png").stat().st_size > 5_000


def test_a_gpt_shows_its_losses_and_samples(uninterrupted):
    printed, _ = uninterrupted
    assert re.search(r"^Memory .*keep_memory", printed, re.MULTILINE)
    steps = re.findall(
        r"^seed 0, step (\d+)/80: loss [\d.]+, held out [\d.]+, [\d,]+ chars/s, .* left$", printed, re.MULTILINE
    )
    assert [int(step) for step in steps] == list(range(8, SHORT_STEPS + 1, 8))
    assert printed.count("At a loss of 3.0, after ") == 1 and "\n    | " in printed
    assert re.search(r"^ +\d+ +\d+%  in exercises that you solved$", printed, re.MULTILINE)
    assert "\r" not in printed and "\033" not in printed and len(checksums(printed)) == 1
    before_the_gates = printed.partition("Losses, and what heads read")[0].splitlines()[2:]
    assert max(len(line) for line in before_the_gates if not line.startswith("    | ")) <= 80


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems where a test can press Ctrl-C in another process")
def test_a_run_that_was_stopped_and_resumed_ends_with_the_same_weights_and_samples(tmp_path, small, uninterrupted):
    script = shortened(tmp_path)
    process = subprocess.Popen(**command(script, *SHORT, **small), stdout=subprocess.PIPE, encoding="utf-8")
    for line in process.stdout:
        if "step 64/80" in line:  # the level of 3.0 is reached before, and must be kept
            process.send_signal(signal.SIGINT)
            break
    told = process.stdout.read()
    assert process.wait() == 130, told
    assert "--resume" in told and 64 < int(re.search(r"Stopped after step (\d+)", told)[1]) < SHORT_STEPS
    resumed = run_script(script, *SHORT, "--resume", **small).stdout
    assert "step 72/80" in resumed and "step 64/80" not in resumed
    assert checksums(resumed) == checksums(uninterrupted[0])
    assert resumed.partition("At a loss of")[2] == uninterrupted[0].partition("At a loss of")[2]
    assert not script.with_suffix(".checkpoint").exists()


def test_without_files_and_network_one_sentence_says_what_to_do(tmp_path):
    run = run_script(PLAYS, code=1, TINYTORCH_DATA=str(tmp_path), HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    assert "Traceback" not in run.stderr and "input.txt" in run.stderr


@pytest.mark.parametrize("content", [None, b"caf\xe9"])
def test_a_text_that_cannot_be_read_is_one_sentence(content, tmp_path):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    run = run_script(PLAYS, code=1, TINYTORCH_TEXT=str(path))
    assert "Traceback" not in run.stderr and run.stderr.count("\n") == 1


def test_the_page_continues_a_text_with_the_gpt_that_was_kept(uninterrupted, small):
    """As a plain program: every cell runs, with the GPT that the script left."""
    folder = uninterrupted[1]
    assert (folder / "02_tinygpt_shakespeare.gpt").exists()
    run = run_script(folder / WRITE.name, **small)
    assert "tinytorch: " in run.stdout


def test_progress_on_a_terminal_is_one_line(scripts, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    progress = tito_progress()
    progress.step("step 250/2,000", 250, 250, 1.23456, 0.5)
    printed = capsys.readouterr().out
    assert "chars/s" in printed and len(printed) == 80 and not set(printed[1:]) & set("\r\n\033")
    progress.say("a line of its own")
    assert capsys.readouterr().out.endswith("\ra line of its own\n")


def tito_progress():
    from tito.resumable import Progress

    return Progress("seed 0", total=1000, every_epoch=False, unit=("chars", 64))


# What is measured


def small_task(scripts, **changes):
    """A GPT of one layer, and a text of 3,000 characters of the village's talk."""
    language = scripts["language"]
    text = SmallTalk().text[:3000]
    tokenizer = CharTokenizer(text)
    ids = np.array(tokenizer.encode(text))
    shape = GPTConfig(tokenizer.vocab_size, block_size=16, n_layer=1, n_head=2, n_embd=16)
    recipe = language.recipe(20, batch_size=4, lr=1e-2, stages=2)
    task = language.Task(tokenizer, ids[:2500], ids[2500:], shape, recipe, "chars", lambda net: "", text[:10])
    return replace(task, **changes)


def failing(scripts, values: dict[str, float]) -> set[str]:
    """Which of the measured values fail their gates."""
    gates = {gate.name: gate for gate in scripts[PLAYS].FULL}
    return {name for name, value in values.items() if not gates[name].passes(value)}


def of_a_gpt(scripts, change=lambda net: None) -> dict[str, float]:
    """What is measured of a GPT's structure, once it has other weights than at first."""
    language, task = scripts["language"], small_task(scripts)
    manual_seed(0)
    net = GPT(task.config)
    measured = language.before_training(net, task)
    for parameter in net.parameters():
        parameter.array += 0.1 * np.random.default_rng(0).standard_normal(parameter.shape, np.float32)
    change(net)
    pieces = language.Windows(task.held_out, 16, 16)
    return measured | language.causality(net, pieces) | {"positions": language.told_apart(net, 3)}


def reads_the_future(self, x):
    normal = self.ln_1(x)
    x = x + self.attn(normal, normal, normal, need_weights=False)[0]
    return x + self.mlp(self.ln_2(x))


def reads_nothing(self, x):
    return x + self.mlp(self.ln_2(x))


def test_a_correct_gpt_passes(scripts):
    assert failing(scripts, of_a_gpt(scripts)) == set()


@pytest.mark.parametrize(("wrong", "gate"), [(reads_the_future, "earlier logits"), (reads_nothing, "later logits")])
def test_wrong_attention_fails_a_gate(wrong, gate, scripts, monkeypatch):
    monkeypatch.setattr(Block, "forward", wrong)
    change = lambda net: None  # noqa: E731
    if wrong is reads_nothing:  # its weights have no gradient, which is measured before
        monkeypatch.setattr(scripts["language"], "before_training", lambda net, task: {})
    assert failing(scripts, of_a_gpt(scripts, change)) == {gate}


def test_without_positions_a_gate_fails(scripts):
    def forget(net):
        net.wpe.weight.array[:] = 0

    assert failing(scripts, of_a_gpt(scripts, forget)) == {"positions"}


def test_loud_weights_fail_the_gate_of_the_first_loss(scripts, monkeypatch):
    correct = tinytorch.transformers.init_weights
    monkeypatch.setattr(tinytorch.transformers, "init_weights", lambda model: correct(model, std=1.0))
    language, task = scripts["language"], small_task(scripts)
    manual_seed(0)
    assert "first loss above ln V" in failing(scripts, language.before_training(GPT(task.config), task))


def test_a_wrong_gradient_fails_a_gate(scripts, monkeypatch):
    correct = tinytorch.embeddings.embedding_gradient
    monkeypatch.setattr(tinytorch.embeddings, "embedding_gradient", lambda *args: 0.5 * correct(*args))
    language, task = scripts["language"], small_task(scripts)
    manual_seed(0)
    assert failing(scripts, language.before_training(GPT(task.config), task)) == {"gradient error"}


def test_one_batch_is_learned_by_heart_unless_nothing_is_learned(scripts, monkeypatch):
    language, task = scripts["language"], small_task(scripts)
    task = replace(task, config=replace(task.config, n_embd=64))
    assert failing(scripts, {"one batch": language.one_batch(0, task)}) == set()
    monkeypatch.setattr(language.AdamW, "step", lambda self: None)
    assert failing(scripts, {"one batch": language.one_batch(0, task)}) == {"one batch"}


def test_a_bigram_costs_what_is_counted(scripts):
    """A fixed order costs nothing, and of random tokens none is better than another."""
    bigram = scripts["language"].bigram_loss
    cycle = np.arange(10_000) % 7
    assert bigram(cycle[:9000], cycle[9000:], 7) < 1e-3
    random = np.random.default_rng(0).integers(7, size=100_000)
    assert bigram(random[:90_000], random[90_000:], 7) == pytest.approx(math.log(7), abs=0.01)


def test_windows_have_the_next_token_as_the_target(scripts):
    windows = scripts["language"].Windows(np.arange(10), length=3, stride=3)
    assert len(windows) == 3
    x, y = windows.first(5)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]] and y.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_the_learning_rate_rises_and_falls(scripts):
    recipe = scripts["language"].recipe(100, batch_size=4, lr=0.5, stages=4)
    assert (recipe.items, recipe.epochs) == (100, 4)
    optimizer = recipe.optimizer(GPT(small_task(scripts).config))
    scheduler, rates = recipe.scheduler(optimizer, 100), []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates[0] == pytest.approx(0.05) and max(rates) == rates[10] == pytest.approx(0.5) and rates[-1] < 1e-3
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]


@pytest.mark.parametrize("tokenizer", [CharTokenizer("a few words"), BPETokenizer.train("a few words, a few", 260)])
def test_a_gpt_that_is_kept_comes_back(tokenizer, scripts, tmp_path):
    language = scripts["language"]
    net = GPT(GPTConfig(tokenizer.vocab_size, block_size=8, n_layer=1, n_head=1, n_embd=8))
    language.keep(tmp_path / "a.gpt", net, tokenizer)
    again, same = language.kept(tmp_path / "a.gpt")
    assert same.encode("few words") == tokenizer.encode("few words") and again.config == net.config
    assert language.checksum(again) == language.checksum(net)


def test_text_that_moves_the_cursor_is_replaced(scripts):
    assert scripts["language"].indented("a\x1b[2J\nb\r\n") == "    | a\ufffd[2J\n    | b\ufffd"


def test_an_answer_ends_with_the_line(scripts, monkeypatch):
    """It counts as right only if it is the whole expected line."""
    dialogue = scripts[DIALOGUE]
    tokenizer = BPETokenizer.train("A: Who?\nB: Ada.\n", 260)
    replies = iter(["Ada lives in the lighthouse."])
    names = vars(dialogue)["dialogue"].__globals__
    monkeypatch.setitem(names, "answer", lambda net, tokenizer, question: next(replies))
    right = dialogue.dialogue(None, tokenizer, ("Where?", "Ada lives in the lighthouse."))
    assert right == "A: Where?\nB: Ada lives in the lighthouse.   (right)"
    monkeypatch.setitem(names, "answer", lambda net, tokenizer, question: "Ada lives in the")
    assert dialogue.dialogue(None, tokenizer, ("Where?", "Ada lives in the lighthouse.")).endswith(
        "(wrong: Ada lives in the lighthouse.)"
    )


def test_the_page_quotes_right_answers_to_questions_that_were_held_out(scripts):
    """tests/tito/test_path.py compares them with what the quick run prints."""
    (quoted,) = re.findall(r"^```text\n(.*?)^```$", read(GPTS.path / "README.md"), re.MULTILINE | re.DOTALL)
    known = dict(held_out_questions())
    assert len(known) == 117
    assert quoted == "".join(f"A: {question}\nB: {known[question]}\n" for question in scripts[DIALOGUE].QUOTED)


def test_the_margin_of_an_answer_is_that_of_its_closest_token(scripts, monkeypatch):
    """Of a GPT whose logits are the same at each place: 2 for one token, 0.5 for the next, less for the others."""
    dialogue, tokenizer = scripts[DIALOGUE], BPETokenizer()
    logits = np.linspace(-1, 0, tokenizer.vocab_size, dtype=np.float32)
    logits[10], logits[65] = 2, 0.5
    net = lambda ids: Tensor(np.tile(logits, (1, ids.shape[1], 1)))  # noqa: E731
    monkeypatch.setitem(vars(dialogue)["margin"].__globals__, "answer", lambda *anything: "Yes.")
    assert dialogue.margin(net, tokenizer, ["Is it?"]) == 1.5


# The record


def gates_of(scripts, run) -> dict[str, Gate]:
    script, name = RUNS[run]
    return {gate.name: gate for gate in getattr(scripts[script], name)}


@pytest.mark.parametrize("run", RUNS)
def test_the_record_agrees_with_the_gates(run, scripts):
    recorded, gates = evidence(GPTS.path, run), list(gates_of(scripts, run).values())
    plan = PLANS[GPTS.number][run]
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


def test_a_mistake_on_record_fails_and_is_named(tmp_path):
    wrong = solutions.wrong(course.find("12"))["masked_softmax"]
    why = next(why for why, wrong in wrong.items() if wrong.sentence == "What does each row sum to?")
    place = place_with(tmp_path, Case(course.find("12"), "masked_softmax", why))
    run = run_script(place.root / "milestones" / GPTS.folder / PROOF.name, "--seeds", "1", code=1)
    assert "FAILS   " in run.stdout and "20 runs of the reference measured" in run.stdout
    assert "module 12, masked_softmax" in run.stdout and wrong[why].sentence in run.stdout


def test_the_record_has_every_run_and_nothing_else():
    recorded = json.loads((GPTS.path / "evidence.json").read_text(encoding="utf-8"))
    assert set(recorded) == set(RUNS) == set(PLANS[GPTS.number])


@pytest.mark.parametrize(("script", "last"), [(PROOF, "12"), (PLAYS, "13"), (DIALOGUE, "13"), (WRITE, "13")])
def test_its_needs_follow_from_its_imports(script, last):
    assert [module.number for module in milestone.needs(script)][-1] == last
