"""The course's corpus: it is the same everywhere, every sentence is true in its village, and what is held out is not in training."""

import hashlib
import random
import re
from collections import Counter

import pytest

from tinytorch import small_talk as corpus
from tinytorch.small_talk import DAYS, JOKES, NUMBERS, TOPICS, held_out_questions, small_talk
from tito.course import ROOT

TRAIN, VALIDATION = small_talk(), small_talk(train=False)
SHA256 = {
    True: "1fcb5e3c25487a3ec98a6cb8b7c0e0a02dbb4c4c98824aefce6fd77119a35bc8",
    False: "6ddb4a640cb5c4ddde28213910b2747eed5bac1e9cdf48ce22ce51903aec36ab",
}
BOTH = pytest.mark.parametrize("text", [TRAIN, VALIDATION], ids=["train", "validation"])
HELD_OUT = held_out_questions()


# Reading the text, without the functions that write it


def rows(table: str) -> list[list[str]]:
    return [re.split("  +", line.strip()) for line in table.strip().splitlines()]


def village() -> dict[tuple[str, str], str]:
    """(topic, who) -> what is true."""
    names = {"home": "home", "job": "job", "pet": "pet", "food": "food", "hat": "hat", "day": "day"}
    names |= {"sound": "sound", "meal": "meal", "bed": "bed", "legs": "legs"}
    truth = {}
    for table in (corpus.PEOPLE, corpus.ANIMALS):
        head, *entries = rows(table)
        truth |= {
            (names[column], row[0]): row[place]
            for row in entries
            for place, column in enumerate(head)
            if column in names
        }
    return truth | {("tomorrow", day): DAYS[(place + 1) % 7] for place, day in enumerate(DAYS)}


TRUTH = village()
PRONOUNS = {row[0]: row[1] for row in rows(corpus.PEOPLE)[1:]} | {row[0]: "it" for row in rows(corpus.ANIMALS)[1:]}
SLOTS = {
    "who": r"(?:the )?(?P<who>\w+)",
    "Who": r"(?:[Tt]he )?(?P<who>\w+)",
    "what": r"(?P<what>\w+(?: the \w+)?)",
    "What": r"(?P<what>\w+)",
    "a_what": r"an? (?P<what>\w+)",
    "she": r"(?P<who>she|he|it)",
    "her": r"(?P<who>her|his|its)",
}


def pattern(sentence: str) -> re.Pattern:
    """What a sentence of a topic looks like when it is filled."""
    parts = re.split(r"\{(\w+)\}", sentence)
    return re.compile("".join(SLOTS[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)))


# (pattern, topic): people and animals eat in the same words
SAYS = [(pattern(sentence), name) for name, topic in TOPICS.items() for sentence in topic.says]
ASKS = [(pattern(question), name) for name, topic in TOPICS.items() for question, _ in topic.asks]
DOUBTS = [(pattern(topic.doubt), name) for name, topic in TOPICS.items() if topic.doubt]
AGAIN = [(pattern(topic.again), name) for name, topic in TOPICS.items() if topic.again]
SMALL_TALK = {line for pairs in (JOKES, corpus.OPENINGS, corpus.CLOSINGS) for pair in pairs for line in pair}
WORDS = "|".join(NUMBERS)
SUM = re.compile(rf"(\d+) \+ (\d+) = (\d+)|({WORDS}) plus ({WORDS}) is ({WORDS})", re.IGNORECASE)
ASKED_SUM = re.compile(
    rf"(?:What|How much) is (?:(\d+) \+ (\d+)|({WORDS}) plus ({WORDS}))\?|Can you add (\d+|{WORDS}) and (\d+|{WORDS})\?"
)
STORY = re.compile(rf"(\w+) has ({WORDS}) (\w+?)s? and finds ({WORDS})\. How many is that\?")


def facts_in(sentence: str, subject: str = "") -> set[tuple[str, str, str]]:
    """Every (topic, who, what) that a sentence can mean; a pronoun is about the subject."""
    meanings = set()
    for form, topic in SAYS:
        if match := form.fullmatch(sentence):
            slots = match.groupdict()
            who, what = slots.get("who", ""), slots.get("what", "")
            if who.lower() in ("she", "he", "it"):
                assert PRONOUNS[subject] == who.lower(), sentence
                who = subject
            meanings |= {
                (topic, name, known)
                for (other, name), known in TRUTH.items()
                if other == topic and who in (name, "") and what.lower() in (known.lower(), "")
            }
    return meanings


def number(text: str) -> int:
    return int(text) if text.isdigit() else NUMBERS.index(text.lower())


def sums_in(statement: str) -> list[tuple[int, int]]:
    """The terms of each sum of a statement, after it was computed again."""
    terms = []
    for part in statement.removesuffix(".").split(", so "):
        a, b, result = (number(text) for text in SUM.fullmatch(part).groups() if text)
        assert a + b == result, statement
        terms.append((a, b))
    return terms


def terms_asked(question: str) -> tuple[int, int]:
    return tuple(number(term) for term in ASKED_SUM.fullmatch(question).groups() if term)


def paragraphs(text: str) -> list[list[str]]:
    return [paragraph.splitlines() for paragraph in text.removesuffix("\n").split("\n\n")]


def is_dialogue(lines: list[str]) -> bool:
    return lines[0].startswith(("A: ", "B: "))


def exchanges(text: str) -> list[tuple[str, str, str]]:
    """(what A says, what B answers, what B answered before)."""
    result = []
    for lines in filter(is_dialogue, paragraphs(text)):
        answers = ["", *(line[3:] for line in lines[1::2])]
        result += zip((line[3:] for line in lines[::2]), answers[1:], answers, strict=False)
    return result


def statements(text: str) -> list[str]:
    return [line for lines in paragraphs(text) if not is_dialogue(lines) for line in lines]


ASKED_IN_TRAINING = {question for question, *_ in exchanges(TRAIN)}


# The same everywhere


@pytest.mark.parametrize("train", [True, False])
def test_the_bytes_of_each_part(train):
    assert hashlib.sha256(small_talk(train).encode("ascii")).hexdigest() == SHA256[train]


def test_only_the_method_random_is_drawn_from(monkeypatch):
    """Python promises to keep its sequence, and not that of `choice`, `shuffle` and others."""

    class OnlyRandom:
        def __init__(self, seed):
            self.random = random.Random(seed).random

    monkeypatch.setattr(corpus, "Random", OnlyRandom)
    assert small_talk.__wrapped__(True) == TRAIN and small_talk.__wrapped__(False) == VALIDATION


def test_sizes():
    assert len(TRAIN) >= 300_000 and 0.09 < len(VALIDATION) / len(TRAIN) < 0.12
    assert 200 <= len({*re.findall(r"[a-z]+", TRAIN.lower())}) <= 400


@BOTH
def test_lines_are_short_ascii_and_end(text):
    assert text.isascii() and text.endswith("\n") and max(map(len, text.splitlines())) < 80
    assert not re.search(r"\n\n\n|  | \n|[{}]", text)


@BOTH
def test_a_dialogue_is_A_and_B_in_turn_and_nothing_else_has_speakers(text):
    for lines in paragraphs(text):
        speakers = [line[:3] for line in lines]
        if is_dialogue(lines):
            assert speakers == ["A: ", "B: "] * (len(lines) // 2), lines
        else:
            assert not {"A: ", "B: "} & {*speakers}, lines


# True in the village


@BOTH
def test_every_statement_is_a_true_fact_or_a_right_sum(text):
    for line in statements(text):
        if SUM.match(line):
            (a, b), *turned = sums_in(line)
            assert turned == [(b, a)] * (a != b), line
            continue
        subject, topics = "", []
        for sentence in re.split(r"(?<=\.) ", line):
            meanings = facts_in(sentence, subject)
            assert len(meanings) == 1, (line, meanings)
            [(topic, subject, _)] = meanings
            topics.append(topic)
        assert len(topics) == len({*topics}) <= 2, line


@BOTH
def test_every_answer_is_true_and_answers_its_question(text):
    kinds = Counter()
    for question, answer, before in exchanges(text):
        kind, right = check(question, answer, before)
        kinds[kind] += 1
        assert right, (question, answer, before)
    assert {*kinds} == {"fact", "doubt", "again", "sum", "story", "small talk"}


def check(question: str, answer: str, before: str) -> tuple[str, bool]:
    """Which kind of question this is, and whether it has the right answer."""
    if question in SMALL_TALK:
        return "small talk", answer in SMALL_TALK
    if ASKED_SUM.fullmatch(question):
        asked = terms_asked(question)
        return "sum", sums_in(answer) == [asked] and answer[0].isdigit() == any(map(str.isdigit, question))
    if match := STORY.fullmatch(question):
        who, a, thing, b = match.groups()
        result = number(a) + number(b)
        things = thing if result == 1 else thing + "s"
        return (
            "story",
            answer == f"{a} plus {b} is {NUMBERS[result]}, so ".capitalize() + f"{who} has {NUMBERS[result]} {things}.",
        )
    for form, topic in AGAIN:
        if match := form.fullmatch(question):
            [(_, subject, _)] = facts_in(before)
            possessive = {"she": "her", "he": "his", "it": "its"}[PRONOUNS[subject]]
            if (topic, subject) in TRUTH and match["who"] in (PRONOUNS[subject], possessive):
                return "again", facts_in(answer, subject) == {(topic, subject, TRUTH[topic, subject])}
    for form, topic in DOUBTS:
        if (match := form.fullmatch(question)) and (topic, match["who"]) in TRUTH:
            fact = topic, match["who"], TRUTH[topic, match["who"]]
            sentence = answer.removeprefix("Everyone knows that ")
            return "doubt", sentence != answer and facts_in(sentence) == {fact}
    [(topic, who, what)] = facts_asked(question)
    return "fact", facts_in(answer) == {(topic, who, what)}


def facts_asked(question: str) -> set[tuple[str, str, str]]:
    """Every (topic, who, what) that answers a question."""
    facts = set()
    for form, topic in ASKS:
        if match := form.fullmatch(question):
            facts |= {
                (topic, who, what)
                for (other, who), what in TRUTH.items()
                if other == topic and {"who": who, "what": what}.items() >= match.groupdict().items()
            }
    return facts


def test_an_answer_repeats_what_the_question_names_before_it_says_what_is_asked_for():
    for topic in TOPICS.values():
        for question, answer in topic.asks:
            assert answer in topic.says
            first, second = re.findall(r"(who|what)\}", answer.lower())
            named = "who" if "{who}" in question else "what"
            assert first == named != second, (question, answer)


def is_doubt(question: str) -> bool:
    return any(form.fullmatch(question) for form, _ in DOUBTS)


def suggestion(question: str) -> tuple[str, str, str]:
    """The (topic, who, what) that a yes-or-no question suggests."""
    [suggested] = {
        (topic, match["who"], match["what"])
        for form, topic in DOUBTS
        if (match := form.fullmatch(question)) and (topic, match["who"]) in TRUTH
    }
    return suggested


def test_a_question_has_the_same_answer_wherever_it_is_asked():
    answers = {}
    for question, answer, _ in exchanges(TRAIN) + exchanges(VALIDATION):
        if not question.startswith("And "):
            assert answers.setdefault(question, answer) == answer


@BOTH
def test_articles_and_plurals(text):
    for article, word in re.findall(r"\b(an?) (\w+)", text, re.IGNORECASE):
        assert (article.lower() == "an") == (word[0].lower() in "aeiou"), (article, word)
    things = "|".join(corpus.THINGS)
    for count, thing in re.findall(rf"\b({WORDS}) ((?:{things})s?)\b", text):
        assert (count == "one") != thing.endswith("s"), (count, thing)


# What is held out


def test_what_the_book_says_about_it():
    page = (ROOT / "book" / "data.md").read_text(encoding="utf-8").partition("## Small talk")[2].partition("\n## ")[0]
    shown = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    assert exchanges(shown) and statements(shown)
    test_every_statement_is_a_true_fact_or_a_right_sum(shown)
    for exchange in exchanges(shown):
        assert check(*exchange)[1], exchange
    for line in shown.splitlines():
        assert line in TRAIN, line
    assert "Whose pet is the pig?" in dict(HELD_OUT) and "A: Who has a pig?\n" in TRAIN and "Bob has a pig." in TRAIN
    assert f"{len(TRAIN) // 1000} kB to train and {len(VALIDATION) // 1000} kB to test" in page
    for kind in ("fact", "doubt", "sum"):
        assert f'| `"{kind}"` | {len(held_out_questions(kind))} |' in page


def test_training_asks_no_held_out_question():
    assert len(HELD_OUT) >= 100
    assert [question for question, _ in HELD_OUT if question in TRAIN] == []


def test_a_held_out_sum_is_asked_in_other_words_and_not_the_other_way_round():
    asked, held_out = ([*filter(ASKED_SUM.fullmatch, some)] for some in (ASKED_IN_TRAINING, dict(HELD_OUT)))
    for question in held_out:
        a, b = re.findall(rf"\d+|\b(?:{WORDS})\b", question)
        swapped = {a: b, b: a}
        assert "".join(swapped.get(part, part) for part in re.split(r"(\W)", question)) in held_out, question
        same_sum = [other for other in asked if terms_asked(other) == terms_asked(question)]
        assert sum(a in re.split(r"\W", other) for other in same_sum) == 2, question


def test_where_a_doubt_is_held_out_training_has_no_doubt_about_this_fact():
    asked = {suggestion(question) for question in ASKED_IN_TRAINING if is_doubt(question)}
    held_out = Counter(suggestion(question)[:2] for question, _ in held_out_questions("doubt"))
    assert {*held_out.values()} == {2}
    assert asked == {
        (topic, who, what)
        for topic in {topic for topic, _ in held_out}
        for who in TOPICS[topic].values
        for what in TOPICS[topic].values.values()
        if (topic, who) not in held_out
    }


def test_the_most_similar_question_of_training_has_another_answer():
    """Similar by the words in it: then a model cannot find the answer by looking up a question."""
    excluded = re.compile(r"And |.* finds ")  # what depends on an exchange before, or tells a story
    answers = {question: answer for question, answer, _ in exchanges(TRAIN) if not excluded.match(question)}
    words = {question: {*re.findall(r"\w+", question.lower())} for question in answers}
    for question, answer in HELD_OUT:
        own = {*re.findall(r"\w+", question.lower())}
        overlap = {other: len(own & some) / len(own | some) for other, some in words.items()}
        most_similar = [answers[other] for other in overlap if overlap[other] == max(overlap.values())]
        assert most_similar.count(answer) <= len(most_similar) / 2, (question, most_similar)


def test_validation_asks_each_held_out_question_once_with_its_answer():
    asked = Counter((question, answer) for question, answer, _ in exchanges(VALIDATION))
    assert {asked[pair] for pair in HELD_OUT} == {1}


def test_a_held_out_question_has_one_answer_which_is_right():
    assert len({question for question, _ in HELD_OUT}) == len(HELD_OUT)
    for question, answer in HELD_OUT:
        _, right = check(question, answer, "")
        assert right, (question, answer)


def test_kinds_of_held_out_questions():
    kinds = {kind: held_out_questions(kind) for kind in ("fact", "doubt", "sum")}
    assert [*kinds["fact"], *kinds["doubt"], *kinds["sum"]] == HELD_OUT
    for kind, pairs in kinds.items():
        assert {check(*pair, "")[0] for pair in pairs} == {kind}
    suggestions = [suggestion(question) for question, _ in kinds["doubt"]]
    are_true = Counter(TRUTH[topic, who] == what for topic, who, what in suggestions)
    assert are_true == {True: 18, False: 18} and len(kinds["fact"]) == 39 and len(kinds["sum"]) == 42
    with pytest.raises(ValueError, match='^kind is \'joke\': choose "fact", "doubt" or "sum", or None for all$'):
        held_out_questions("joke")


def test_training_states_every_fact_and_every_sum():
    facts, sums = set(), Counter()
    for line in statements(TRAIN):
        if SUM.match(line):
            sums.update((terms, line[0].isdigit()) for terms in sums_in(line))
        else:
            facts |= facts_in(re.match(r".+?\.", line)[0])
    assert {(topic, who, what) for (topic, who), what in TRUTH.items()} <= facts
    assert sums.keys() == {(terms, digits) for terms in corpus.SUMS for digits in (True, False)}


def test_training_asks_in_other_words_for_each_fact_that_is_held_out_and_in_these_words_for_others():
    asked = {question: facts_asked(question) for question in ASKED_IN_TRAINING}
    known = {fact for facts in asked.values() for fact in facts}
    for question, _ in held_out_questions("fact"):
        assert facts_asked(question) <= known, question
        forms = [form for form, _ in ASKS if form.fullmatch(question)]
        assert sum(any(form.fullmatch(other) for form in forms) for other in asked) >= 4, question


def test_training_has_every_word_and_every_character_of_what_is_held_out():
    assert {*VALIDATION} <= {*TRAIN}
    assert {*re.findall(r"\w+", str(HELD_OUT))} <= {*re.findall(r"\w+", TRAIN)}


def test_every_entity_occurs_often():
    words = Counter(re.findall(r"\w+", TRAIN.lower()))
    entities = {word.lower() for (_, who), what in TRUTH.items() for word in (who, what.split()[-1])}
    assert min(words[entity] for entity in entities) > 95
