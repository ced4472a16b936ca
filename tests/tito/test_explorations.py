"""Explorations show what their text claims, whatever their controls are set to; a notebook's own run tries the defaults only."""

import runpy

import numpy as np
import pytest

from tito.course import ROOT
from tito.files import read

for name in ("matplotlib", "sklearn"):
    pytest.importorskip(name, reason="figures need the extra: pip install -e '.[data]'")


@pytest.fixture(scope="module")
def dataloader():
    return runpy.run_path(str(ROOT / "notebooks" / "08_dataloader.py"))


def crops(dataloader, workers):
    """The eight crops of the figure, without the image in front."""
    import matplotlib.pyplot as plt

    figure = dataloader["explore_crops"](3, 2, workers)
    pictures = [np.asarray(axis.images[0].get_array()).tobytes() for axis in figure.axes]
    plt.close(figure)
    return pictures[1:]


def test_crops_repeat_where_the_generator_does(dataloader):
    one_by_one, one_call, copies = (crops(dataloader, workers) for workers in (1, 0, 2))
    assert [len(one_by_one), len(one_call), len(copies)] == [8, 8, 8]
    assert len(set(one_by_one)) > 4
    assert len(set(one_call)) == 1, "one call draws once for the whole batch"
    assert copies[:4] == copies[4:] == one_by_one[:4], "the second worker must repeat the first one's numbers"


@pytest.mark.parametrize(("pixels", "lr", "learns"), [("0 to 255", 0.1, False), ("normalized", 0.1, True)])
def test_normalized_pixels_learn_where_others_do_not(dataloader, pixels, lr, learns):
    import matplotlib.pyplot as plt

    figure = dataloader["explore_normalization"](pixels, lr)
    losses = figure.axes[1].lines[0].get_ydata()
    plt.close(figure)
    assert (len(losses) == 10 and losses[-1] < 0.5) == learns, f"{pixels}, lr={lr}: losses {losses}"


@pytest.mark.parametrize(("size", "drop_last", "cells"), [(64, False, (938, 32, 0)), (64, True, (937, 64, 32))])
def test_batch_sizes(dataloader, size, drop_last, cells):
    row = "| " + " | ".join(map(str, cells))
    assert row in dataloader["explore_batch_size"](size, drop_last)._repr_markdown_(), row


@pytest.fixture(scope="module")
def spatial():
    return runpy.run_path(str(ROOT / "notebooks" / "09_spatial.py"))


def shown(figure, number):
    """The numbers that an image of a figure shows."""
    return np.asarray(figure.axes[number].images[0].get_array())


@pytest.mark.parametrize("place", [0, 17, 35])
def test_a_kernel_that_changes_nothing_shows_the_middle_of_the_picture(spatial, place):
    figure = spatial["explore_kernel"](7, place, [0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert (shown(figure, 2) == shown(figure, 0)[1:-1, 1:-1]).all()
    assert f"{shown(figure, 2).ravel()[place]:.3g}" in figure.axes[2].get_title()


@pytest.mark.parametrize(
    ("controls", "side", "reads"), [((8, 3, 3, 0, 1, 0), 2, (0, 1)), ((8, 5, 1, 2, 1, 15), 8, (1, 25))]
)
def test_windows_are_counted(spatial, controls, side, reads):
    figure = spatial["explore_windows"](*controls)
    assert (shown(figure, 0).min(), shown(figure, 0).max()) == reads
    assert shown(figure, 1).shape == (side, side)
    assert len(figure.axes[0].lines[0].get_xdata()) == controls[1] ** 2


def test_a_window_that_does_not_fit_is_a_sentence(spatial):
    assert "no window fits" in spatial["explore_windows"](4, 5, 1, 0, 3, 0)._repr_markdown_()


@pytest.mark.parametrize(
    ("layers", "kernel", "stride", "side"), [(3, 3, 1, 7), (1, 7, 1, 7), (3, 3, 2, 15), (6, 7, 2, 379)]
)
def test_receptive_fields_have_the_known_sizes(spatial, layers, kernel, stride, side):
    figure = spatial["explore_receptive_field"](layers, kernel, stride)
    assert shown(figure, 0).shape == (side, side) and (shown(figure, 0) > 0).all()


def test_a_patch_hides_what_a_trained_network_looks_at(spatial):
    untrained, trained = (spatial["explore_trained"](5, epochs, 3) for epochs in (0, 6))
    spread = [np.ptp(shown(figure, 6)) for figure in (untrained, trained)]
    assert spread[1] > 0.3 > 10 * spread[0], f"under the patch, probabilities range over {spread}"
    assert trained.axes[-1].get_title() == "reads 7"
    assert [axis.get_title() for axis in trained.axes[:6]] == ["filter"] * 6


@pytest.fixture(scope="module")
def tokenization():
    return runpy.run_path(str(ROOT / "notebooks" / "10_tokenization.py"))


def text_of(shown):
    return shown._repr_markdown_()


def test_merges_are_counted_step_by_step_by_both_rules(tokenization):
    explore = tokenization["explore_merges"]
    sentence = "the cat in the hat sat on that mat"
    smallest, first_seen = (text_of(explore(sentence, 6, rule)) for rule in ("smallest", "first seen"))
    assert "| 256 | `a` | `t` | `at` | 5 | 1 |" in smallest and "| 256 | `a` | `t` | `at` | 5 | 1 |" in first_seen
    assert "| 258 | `\u2423` | `th` | `\u2423th` | 2 | 2 |" in smallest
    assert "| 258 | `th` | `e` | `the` | 2 | 2 |" in first_seen
    assert "34 bytes, " in smallest and "Of 6 new tokens, both rules learn 4." in smallest
    everything = text_of(explore(sentence, 40, "smallest"))
    assert "`the` \u00b7 `\u2423cat` \u00b7 `\u2423in` \u00b7 `\u2423the` \u00b7 `\u2423hat`" in everything, (
        "with all merges each word is a token"
    )
    assert "34 bytes, 34 tokens. Of 0 new tokens, both rules learn 0." in text_of(explore(sentence, 0, "smallest"))
    assert "1 bytes, 1 tokens" in text_of(explore(" ", 5, "smallest"))


@pytest.mark.parametrize(("merges", "low", "high"), [(0, 0, 0), (500, 0.1, 0.6), (4000, 0.2, 0.8)])
def test_the_order_matters_for_many_words(tokenization, merges, low, high):
    share = int(text_of(tokenization["explore_order"](merges)).rpartition(": ")[2].rstrip("%."))
    assert low <= share / 100 <= high, share


def test_boundaries_and_languages_have_their_price(tokenization):
    rows = [line.strip("| ").split(" | ") for line in text_of(tokenization["explore_tokens"]("a b", 1000)).splitlines()]
    tokens = {row[0].strip('"'): int(row[3]) for row in rows[2:]}
    assert tokens["a b"] == 2 and tokens["8"] == 1
    greek, english = (next(n for text, n in tokens.items() if start in text) for start in ("Καλη", "Good"))
    assert greek > 2 * english
    plain = [
        line.strip("| ").split(" | ") for line in text_of(tokenization["explore_tokens"]("a b", 0)).splitlines()[2:]
    ]
    assert all(row[2] == row[3] for row in plain), "without merges, the tokens are the bytes"


def test_vocabularies_trade_length_for_memory(tokenization):
    text = text_of(tokenization["measure_vocabulary"](merges=(2, 10)))
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if " merges | " in line and "ratio" not in line]
    lengths = [int(row[2].replace(",", "")) for row in rows]
    assert len(rows) == 5 and lengths == sorted(lengths, reverse=True) and lengths[0] > 2 * lengths[-1]
    assert [line.split(" | ")[0] for line in text.splitlines()[-2:]] == ["| 2", "| 10"]
    assert [row[4] for row in rows] == ["128 KiB", "256 KiB", "512 KiB", "1,024 KiB", "2,048 KiB"]


def test_the_readme_shows_what_the_tokenizer_does(tokenization):
    from tinytorch.datasets import SmallTalk
    from tito.lesson import shown_tokens

    tokenizer = tokenization["BPETokenizer"].train(SmallTalk().text, 756)
    shown = shown_tokens(tokenizer.tokens[id] for id in tokenizer.encode("How many r are in strawberry?"))
    assert f'After 500 merges of the course\'s corpus, "How many r are in strawberry?" is {shown} |' in read(
        ROOT / "README.md"
    )


@pytest.fixture(scope="module")
def embeddings():
    return runpy.run_path(str(ROOT / "notebooks" / "11_embeddings.py"))


def nearest(embeddings, word, epochs):
    """The words that the figure's bars name, the most similar first."""
    figure = embeddings["explore_words"](word, epochs)
    return [label.get_text() for label in figure.axes[1].get_yticklabels()][::-1]


NUMBERS = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}


def test_words_that_are_used_alike_come_near_each_other(embeddings):
    """What the text asks to predict, each before and after an epoch."""
    assert len(set(nearest(embeddings, "seven", 1)[:5]) & NUMBERS) == 5
    assert len(set(nearest(embeddings, "seven", 0)[:5]) & NUMBERS) < 3, "before training"
    assert nearest(embeddings, "she", 1)[0] == "he"
    days = {"monday", "tuesday", "wednesday", "thursday", "saturday", "sunday"}
    assert len(days & set(nearest(embeddings, "friday", 1)[:6])) >= 5


def test_with_more_epochs_the_cat_is_nearer_to_what_it_says(embeddings):
    (words, early), (_, late) = (embeddings["trained_words"](epochs) for epochs in (1, 4))
    cat, dog, meow = (words.index(word) for word in ("cat", "dog", "meow"))
    assert late[cat] @ late[meow] > early[cat] @ early[meow] and late[cat] @ late[dog] < early[cat] @ early[dog]


def test_similarities_within_a_group_are_higher(embeddings):
    grid = shown(embeddings["explore_words"]("seven", 1), 0)
    assert grid.shape == (12, 12) and np.allclose(np.diag(grid), 1, atol=1e-5)
    means = grid.reshape(4, 3, 4, 3).mean(axis=(1, 3))  # of numbers, animals, foods and days, within and between
    assert np.diag(means).min() > 0.75 > 0.65 > means[~np.eye(4, dtype=bool)].max(), means


@pytest.mark.parametrize(("count", "width", "position"), [(40, 32, 20), (64, 64, 5), (8, 4, 63)])
def test_a_position_is_most_similar_to_itself(embeddings, count, width, position):
    figure = embeddings["explore_positions"](count, width, position)
    curve, place = figure.axes[1].lines[0].get_ydata(), min(position, count - 1)
    assert shown(figure, 0).shape == (count, width) and curve.argmax() == place
    assert np.isclose(curve.max(), width / 2)
    reach = min(place, count - 1 - place)
    assert np.allclose(curve[place - reach : place], curve[place + 1 : place + reach + 1][::-1]), "it is symmetric"


def curves(embeddings, *controls):
    return [line.get_ydata() for line in embeddings["explore_rotation"](*controls).axes[1].lines]


def angle(embeddings, *controls):
    """From the key's arrow to the query's."""
    query, key = (note.xy for note in embeddings["explore_rotation"](*controls).axes[0].texts if hasattr(note, "xy"))
    return (np.arctan2(*query[::-1]) - np.arctan2(*key[::-1])) % (2 * np.pi)


@pytest.mark.parametrize("key", [2, 17])
def test_rows_in_another_order_give_the_scores_of_the_other_layout(embeddings, key):
    interleaved, half_split, ordered = curves(embeddings, 5, key, 0)
    assert np.allclose(interleaved, ordered) and np.abs(interleaved - half_split).max() > 3
    assert np.isclose(interleaved[0], half_split[0]), "at distance 0 nothing is turned, whatever the layout"
    assert np.allclose(interleaved, curves(embeddings, 5, 0, 0)[0]), "only the distance counts"


def test_moving_both_keeps_the_angle(embeddings):
    assert np.isclose(angle(embeddings, 5, 2, 0), angle(embeddings, 10, 7, 0))
    assert not np.isclose(angle(embeddings, 5, 2, 0), angle(embeddings, 6, 2, 0))
    far, near = angle(embeddings, 20, 0, 3), angle(embeddings, 0, 0, 3)
    assert np.isclose((far - near) % (2 * np.pi), 0.02), "pair 3 of 4 turns by 0.001 per position"


@pytest.fixture(scope="module")
def attention():
    return runpy.run_path(str(ROOT / "notebooks" / "12_attention.py"))


DICTIONARY = [[20, 30], [110, 10], [200, 25], [290, 5]]


def test_a_soft_dictionary_lies_between_the_mean_and_the_best_match(attention):
    """What the text asks to predict: sharpness 0, 12 half way, and two keys that are equal."""

    def result(entries, asked, sharpness):
        return float(attention["explore_dictionary"](entries, asked, sharpness).axes[1].get_title().split()[-1])

    assert result(DICTIONARY, 100, 0.0) == 17.5
    assert result(DICTIONARY, 65, 12.0) == pytest.approx(20, abs=0.1), "half way between 30 and 10"
    assert result([[20, 30], [20, 10], [200, 25], [290, 5]], 20, 12.0) == pytest.approx(20, abs=0.1)


def test_a_drawn_mask_gives_means_and_nothing(attention):
    words = ["a", "b", "c", "d", "e", "f"]

    def places(mask):
        return [bar.get_width() for bar in attention["explore_mask"](mask, words).axes[1].patches]

    assert np.allclose(places(np.tri(6)), [1, 1.5, 2, 2.5, 3, 3.5]), "the causal mask"
    assert np.allclose(places(np.eye(6)), range(1, 7)), "each reads itself"
    assert np.allclose(places(np.eye(6, k=-1)), range(6)), "each reads the word before: the first reads nothing, 0"


def test_without_the_scale_wide_scores_leave_no_slope(attention):
    def largest(width, temperature, way):
        bars = attention["explore_scale"](width, temperature).axes[0].patches
        return bars[8 * way].get_height()

    assert largest(512, 1.0, 1) > 0.9 > 0.5 > largest(512, 1.0, 0), "not scaled, scaled"
    assert largest(512, 0.1, 0) > 0.75, "a temperature of 0.1 makes the scaled one as sure"
    scaled, not_scaled = (line.get_ydata() for line in attention["explore_scale"](64, 1.0).axes[1].lines[:2])
    assert scaled.min() > 0.05 and not_scaled[-1] < 0.3 * not_scaled[0]


def test_heads_differ_after_training_and_never_read_ahead(attention):
    def heads(epochs):
        figure = attention["explore_heads"]("Who gets the salad? The salad is for", epochs)
        return np.stack([shown(figure, head) for head in range(4)])

    before, after = heads(0), heads(1)
    for grids in (before, after):
        assert grids.shape == (4, 9, 9) and (np.triu(grids, 1) == 0).all() and np.allclose(grids.sum(-1), 1, atol=1e-5)
    assert after.max(axis=-1).mean() > before.max(axis=-1).mean() + 0.1, "they have learned to choose"


def test_attention_grows_with_the_square_and_blocks_do_not(attention):
    last = text_of(attention["measure_attention"](rounds=1)).strip().splitlines()[-1].strip("| ").split(" | ")
    memory = [float(cell) for cell in last[2::2]]
    assert memory[0] > 1.7 and memory[1] > 1.7 and memory[2] < 1.3, last


@pytest.fixture(scope="module")
def transformers():
    return runpy.run_path(str(ROOT / "notebooks" / "13_transformers.py"))


PROMPT = "A: Where does Dan live? B:"


def bars(transformers, *controls):
    """The heights of the figure's bars, before and after, and its texts."""
    figure = transformers["explore_writing"](PROMPT, *controls)
    axes = figure.axes[0]
    heights = np.array([bar.get_height() for bar in axes.patches]).reshape(2, 12)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    return heights, labels, figure.get_suptitle(), axes.get_title(), axes.get_legend().get_texts()[1].get_text()


def test_the_losses_of_a_training_pass_those_of_a_blind_guess_and_a_bigram(transformers):
    """What the text says about losses of 3 and of less, and the bar that is shown beside them."""
    words, moments, bigram = transformers["trained_gpt"]()
    losses = [loss for _, loss, _ in moments]
    assert losses == sorted(losses, reverse=True) and abs(losses[0] - np.log(len(words))) < 0.05
    assert losses[1] > 3 > bigram > losses[3] > 1 > losses[4]
    assert f"bigram {bigram:.2f}" in bars(transformers, 2, 0, 1, 20, 1, 0)[3]


def test_filters_leave_fewer_words_and_a_low_temperature_one(transformers):
    (before, after), _, text, _, _ = bars(transformers, 4, 0, 1, 20, 1, 0)
    assert text == "A : Where does Dan live ? B :" and np.abs(after - before).max() < 0.03
    (before, after), _, _, _, left = bars(transformers, 4, 0, 1, 3, 1, 0)
    assert np.count_nonzero(after) == 3 and left == "after: 3 words left" and np.isclose(after.sum(), 1)
    (before, after), _, _, _, _ = bars(transformers, 4, 0, 1, 20, 0.3, 0)
    kept = np.count_nonzero(after)
    assert 1 <= kept < 12 and before[:kept].sum() >= 0.3 > before[: kept - 1].sum()
    (before, cold), (_, hot) = (bars(transformers, 4, 0, t, 20, 1, 0)[0] for t in (0.1, 3))
    assert cold[0] > before[0] > hot[0]


def test_a_trained_model_says_where_somebody_lives_but_not_who(transformers):
    """Sentences become good, and aren't true: nearly every seed names a village person, and few name Dan."""
    texts = [bars(transformers, 4, 6, 0.7, 20, 0.9, seed)[2].split(" B : ")[1] for seed in range(12)]
    assert sum(" lives in the " in text for text in texts) >= 6, texts
    assert sum(text.startswith("Dan lives") for text in texts) < 6, texts
    assert bars(transformers, 4, 6, 0.7, 20, 0.9, 3)[2] == bars(transformers, 4, 6, 0.7, 20, 0.9, 3)[2]
    assert " lives in the " not in bars(transformers, 0, 6, 0.7, 20, 0.9, 0)[2], "before training"


def test_the_logit_lens_first_sees_the_word_itself_and_then_the_next(transformers):
    sentence = "A: Where does Dan live? B: Dan lives in the tent."
    figure = transformers["explore_lens"](sentence)
    read = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    grid = np.array([text.get_text() for text in figure.axes[0].texts]).reshape(4, len(read))
    assert (grid[0] == read).mean() > 0.7, "before any block, a word is most like itself"
    right = (grid[:, :-1] == np.array(read[1:])).mean(axis=1)
    assert right[0] < 0.2 and right[-1] >= 0.5, f"shares of right next words: {right}"
    assert transformers["explore_lens"]("")


def test_what_is_kept_is_predicted_and_grows_with_depth_and_batch(transformers):
    text = transformers["measure_depth"](((1, 2), (2, 2), (2, 4)), 32)._repr_markdown_()
    rows = [[float(cell.split()[0]) for cell in line.strip("| ").split(" | ")] for line in text.splitlines()[2:]]
    assert len(rows) == 3
    for _, _, _, kept, peak, _ in rows:
        assert kept < peak
    assert rows[0][3] < rows[1][3] < rows[2][3] and rows[1][2] == rows[2][2]
