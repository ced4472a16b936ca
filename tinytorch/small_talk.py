"""Small Talk, a corpus written for this course: dialogues, facts and sums about one small village.

The tables PEOPLE and ANIMALS have what is true in the village, TOPICS has the sentences that state it and ask for it. The text is
drawn from these with a fixed seed, so it is the same on every machine.

Some questions are held out: the training part states what they ask for, or asks for it in other words, but it never asks these. A
model that answers them has learned more than its text by heart.

Copied by `tito export` from tito/templates/small_talk.py in the course's folder: edit that file instead.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

TRAIN_BYTES, VALIDATION_BYTES = 600_000, 60_000  # each part has this many or a few more
TRAIN_SEED, VALIDATION_SEED = 1, 2

PEOPLE = """
name  pronoun  home        job        pet    food    hat     day
Ada   she      lighthouse  pilot      owl    soup    red     Friday
Bob   he       bakery      dentist    pig    cake    white   Sunday
Cleo  she      castle      plumber    frog   rice    blue    Tuesday
Dan   he       tent        astronaut  goat   pizza   orange  Monday
Emma  she      cave        painter    cat    cheese  green   Thursday
Finn  he       houseboat   baker      duck   toast   yellow  Wednesday
Gina  she      treehouse   judge      dog    salad   purple  Saturday
Hugo  he       library     drummer    snail  jam     black   Friday
"""
ANIMALS = """
name   sound    meal      bed             legs
owl    hoo      popcorn   in the clock    two
dog    woof     bones     under the bed   four
frog   ribbit   flies     in the teapot   four
goat   maa      socks     on the roof     four
cat    meow     fish      on the piano    four
duck   quack    bread     in the bathtub  two
pig    oink     homework  on the sofa     four
snail  nothing  lettuce   in the mailbox  no
"""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _columns(table: str) -> dict[str, dict[str, str]]:
    """Column -> row's name -> entry."""
    head, *rows = [re.split("  +", line.strip()) for line in table.strip().splitlines()]
    return {column: {row[0]: row[place] for row in rows} for place, column in enumerate(head)}


_PEOPLE, _ANIMALS = _columns(PEOPLE), _columns(ANIMALS)


@dataclass(frozen=True)
class Topic:
    """What is true of each subject, and the sentences about it.

    In a sentence, {who} is the subject ("Ada", "the owl"), {Who} the same as its first word, {she} its pronoun, {what} what is true
    of it, {What} the same as its first word, and {a_what} the same with "a" or "an".
    """

    values: dict[str, str]  # subject -> what is true of it
    says: tuple[str, ...]  # the first begins with {Who}, if there is a question with a pronoun
    asks: tuple[tuple[str, str], ...]  # (question, answer)
    doubt: str = ""  # a yes-or-no question, which is answered by the first sentence
    again: str = ""  # a question with a pronoun, about a subject that was just named
    share: int = 1  # how many times as often as others


TOPICS = {
    "home": Topic(
        _PEOPLE["home"],
        says=("{Who} lives in the {what}.", "The {what} is {who}'s home."),
        asks=(
            ("Where does {who} live?", "{Who} lives in the {what}."),
            ("Where is {who}'s home?", "{Who} lives in the {what}."),
            ("Who lives in the {what}?", "The {what} is {who}'s home."),
            ("Whose home is the {what}?", "The {what} is {who}'s home."),
        ),
        doubt="Does {who} live in the {what}?",
        again="And where does {she} live?",
    ),
    "job": Topic(
        _PEOPLE["job"],
        says=("{Who} is {a_what}.", "The village {what} is {who}."),
        asks=(
            ("What is {who}'s job?", "{Who} is {a_what}."),
            ("What does {who} do all day?", "{Who} is {a_what}."),
            ("Who works as {a_what}?", "The village {what} is {who}."),
            ("Who is the village {what}?", "The village {what} is {who}."),
        ),
        doubt="Is {who} {a_what}?",
        again="And what is {her} job?",
    ),
    "pet": Topic(
        _PEOPLE["pet"],
        says=("{Who} has {a_what}.", "The {what} belongs to {who}."),
        asks=(
            ("What pet does {who} have?", "{Who} has {a_what}."),
            ("Which animal lives with {who}?", "{Who} has {a_what}."),
            ("Who has {a_what}?", "The {what} belongs to {who}."),
            ("Whose pet is the {what}?", "The {what} belongs to {who}."),
        ),
        doubt="Does {who} have {a_what}?",
        again="And what pet does {she} have?",
    ),
    "food": Topic(
        _PEOPLE["food"],
        says=("{Who} eats {what}.", "The {what} is for {who}."),
        asks=(
            ("What does {who} eat?", "{Who} eats {what}."),
            ("What is {who}'s favorite food?", "{Who} eats {what}."),
            ("Who eats {what}?", "The {what} is for {who}."),
            ("Who gets the {what}?", "The {what} is for {who}."),
        ),
        doubt="Does {who} eat {what}?",
        again="And what does {she} eat?",
    ),
    "hat": Topic(
        _PEOPLE["hat"],
        says=("{Who} wears {a_what} hat.", "The {what} hat belongs to {who}."),
        asks=(
            ("Which hat does {who} wear?", "{Who} wears {a_what} hat."),
            ("What color is {who}'s hat?", "{Who} wears {a_what} hat."),
            ("Who wears {a_what} hat?", "The {what} hat belongs to {who}."),
            ("Whose hat is {what}?", "The {what} hat belongs to {who}."),
        ),
        doubt="Does {who} wear {a_what} hat?",
        again="And which hat does {she} wear?",
    ),
    "day": Topic(
        _PEOPLE["day"],
        says=("{Who} dances on {what}.",),
        asks=(
            ("When does {who} dance?", "{Who} dances on {what}."),
            ("On which day does {who} dance?", "{Who} dances on {what}."),
        ),
        doubt="Does {who} dance on {what}?",
        again="And when does {she} dance?",
    ),
    "sound": Topic(
        _ANIMALS["sound"],
        says=("{Who} says {what}.", '"{What}," says {who}.'),
        asks=(
            ("What does {who} say?", "{Who} says {what}."),
            ("Which sound does {who} make?", "{Who} says {what}."),
            ("Who says {what}?", '"{What}," says {who}.'),
            ("Which animal says {what}?", '"{What}," says {who}.'),
        ),
        doubt="Does {who} say {what}?",
        again="And what does {she} say?",
    ),
    "meal": Topic(
        _ANIMALS["meal"],
        says=("{Who} eats {what}.", "Hide the {what} from {who}."),
        asks=(
            ("What does {who} eat?", "{Who} eats {what}."),
            ("What is {who}'s favorite food?", "{Who} eats {what}."),
            ("Who eats {what}?", "Hide the {what} from {who}."),
            ("Which animal eats {what}?", "Hide the {what} from {who}."),
        ),
        doubt="Does {who} eat {what}?",
        again="And what does {she} eat?",
    ),
    "bed": Topic(
        _ANIMALS["bed"],
        says=("{Who} sleeps {what}.", "That snoring {what} is {who}."),
        asks=(
            ("Where does {who} sleep?", "{Who} sleeps {what}."),
            ("Where can I find {who} at night?", "{Who} sleeps {what}."),
            ("Who sleeps {what}?", "That snoring {what} is {who}."),
            ("Which animal sleeps {what}?", "That snoring {what} is {who}."),
        ),
        doubt="Does {who} sleep {what}?",
        again="And where does {she} sleep?",
    ),
    "legs": Topic(
        _ANIMALS["legs"],
        says=("{Who} has {what} legs.",),
        asks=(
            ("How many legs does {who} have?", "{Who} has {what} legs."),
            ("How many shoes does {who} need?", "{Who} has {what} legs."),
        ),
        again="And how many legs does {she} have?",
    ),
    "tomorrow": Topic(
        dict(zip(DAYS, DAYS[1:] + DAYS[:1], strict=True)),
        says=(
            "After {who} comes {what}.",
            "Before {what} comes {who}.",
            "Today is {who}, so tomorrow is {what}.",
            "Today is {what}, so yesterday was {who}.",
        ),
        asks=(
            ("Which day comes after {who}?", "After {who} comes {what}."),
            ("Which day follows {who}?", "After {who} comes {what}."),
            ("Which day comes before {what}?", "Before {what} comes {who}."),
            ("What is the day before {what}?", "Before {what} comes {who}."),
        ),
        share=3,
    ),
}

SUMS = [(a, b) for a in range(1, 10) for b in range(1, 11 - a)]  # as far as fingers go
SUM_ASKS = ("What is {sum}?", "How much is {sum}?", "Can you add {} and {}?")

THINGS = ("apple", "egg", "spoon", "balloon", "book")

JOKES = (
    ("Why is the snail late?", "It is not late. It is a snail."),
    ("Have you seen my socks?", "Ask the goat."),
    ("Where is your homework?", "The pig was hungry."),
    ("Is the library quiet today?", "No. Hugo is at home."),
    ("Why does a dentist live in the bakery?", "Bob likes to be close to his work."),
    ("Is there a ghost on the piano?", "No, that is the cat."),
    ("Who ate my popcorn?", "It was the owl. It looked very wise."),
    ("May I take a bath?", "Only if the duck moves over."),
    ("Shall I make some tea?", "Please ask the frog first."),
    ("Did the mail come today?", "Yes, and the snail slept on it."),
    ("Do you hear the snail?", "No. It says nothing, and it says it slowly."),
    ("Where is the astronaut?", "Dan is in the tent, close to the stars."),
    ("Did the snail win the race?", "We will know on Sunday. It is still running."),
    ("Does the painter pay rent?", "No. Emma painted the cave, and the cave was happy."),
)
OPENINGS = (("Good morning.", "Good morning. What would you like to know?"), ("Hello.", "Hello. Ask me something."))
CLOSINGS = (
    ("Thank you.", "You are welcome."),
    ("Are you sure?", "Yes. Everyone in the village knows that."),
    ("Who told you that?", "The snail, very slowly."),
)

# kind of paragraph -> how many of 25
SHARES = {"facts": 11, "doubts": 2, "statements": 5, "sums": 3, "stated_sums": 2, "story": 1, "joke": 1}


# Sentences


def _fill(sentence: str, who: str, what: str, pronoun: bool = False) -> str:
    """A sentence of a topic about a person, an animal or a day, by name or by pronoun.

    >>> _fill("{Who} eats {what}.", "goat", "socks"), _fill("{Who} has {a_what}.", "Ada", "owl", pronoun=True)
    ('The goat eats socks.', 'She has an owl.')
    """
    she = _PEOPLE["pronoun"].get(who, "it")
    subject = she if pronoun else f"the {who}" if who in _ANIMALS["name"] else who
    return sentence.format(
        who=subject, Who=_capital(subject), what=what, What=_capital(what), a_what=_with_article(what),
        she=she, her={"she": "her", "he": "his", "it": "its"}[she],
    )  # fmt: skip


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _count(number: int, noun: str) -> str:
    return f"{NUMBERS[number]} {noun}" if number == 1 else f"{NUMBERS[number]} {noun}s"


def _sum(a: int, b: int, digits: bool) -> tuple[str, str]:
    """A sum without and with its result, in digits or in words.

    >>> _sum(3, 4, True), _sum(3, 4, False)
    (('3 + 4', '3 + 4 = 7'), ('three plus four', 'three plus four is seven'))
    """
    asked = f"{a} + {b}" if digits else f"{NUMBERS[a]} plus {NUMBERS[b]}"
    return asked, f"{asked} = {a + b}" if digits else f"{asked} is {NUMBERS[a + b]}"


def _both_ways(a: int, b: int, digits: bool) -> str:
    """A statement of a sum, and of the same sum the other way round.

    >>> _both_ways(3, 4, False)
    'Three plus four is seven, so four plus three is seven.'
    """
    first, second = (_sum(*terms, digits)[1] for terms in ((a, b), (b, a)))
    return _capital(f"{first}." if a == b else f"{first}, so {second}.")


# Questions: asked in the training part, or held out


@dataclass(frozen=True)
class Question:
    """A question and its one right answer."""

    kind: str  # "fact", "doubt" (for yes-or-no questions) or "sum"
    text: str
    answer: str
    held_out: bool
    who: str = ""  # whom a fact is about
    topic: Topic | None = None


def _questions() -> list[Question]:
    """Every question of the grammar, except for stories, jokes and those with a pronoun."""
    return [*_fact_questions(), *_doubt_questions(), *_sum_questions()]


def _fact_questions() -> Iterator[Question]:
    """Of about every second fact, one question is held out, and each wording of a topic is held out once."""
    for shift, topic in enumerate(TOPICS.values()):
        for row, (who, what) in enumerate(topic.values.items()):
            for wording, sentences in enumerate(topic.asks):
                text, answer = (_fill(sentence, who, what) for sentence in sentences)
                yield Question("fact", text, answer, wording == (row + shift) % 8, who, topic)


def _doubt_questions() -> Iterator[Question]:
    """Of every fourth subject, all of them are held out: one that suggests what is true, and one that suggests what is not."""
    for shift, topic in enumerate(TOPICS.values()):
        values = list(topic.values.values())
        for row, (who, truth) in enumerate(topic.values.items() if topic.doubt else ()):
            held_out = (row + shift) % 4 == 0
            answer = _fill(topic.says[0].replace("{Who}", "Everyone knows that {who}"), who, truth)
            for what in (truth, values[(row + 3) % len(values)]) if held_out else dict.fromkeys(values):
                yield Question("doubt", _fill(topic.doubt, who, what), answer, held_out, who, topic)


def _sum_questions() -> Iterator[Question]:
    """Of some sums, one wording is held out, in digits and in words, and also the other way round."""
    for a, b in SUMS:
        for digits in (True, False):
            asked, statement = _sum(a, b, digits)
            terms = (str(a), str(b)) if digits else (NUMBERS[a], NUMBERS[b])
            for wording, sentence in enumerate(SUM_ASKS):
                text = sentence.format(*terms, sum=asked)
                yield Question("sum", text, f"{_capital(statement)}.", wording == a * b % 7)


def held_out_questions(kind: str | None = None) -> list[tuple[str, str]]:
    """The questions that the training part never asks, as (question, answer). "A: " and "B: " are only in the text.

    Args:
        kind: "fact" for who, what, where and so on; "doubt" for yes-or-no questions; "sum" for arithmetic; None for all.

    Raises:
        ValueError: there is no such kind.

    >>> held_out_questions("fact")[0]
    ('Where does Ada live?', 'Ada lives in the lighthouse.')
    """
    if kind not in (None, "fact", "doubt", "sum"):
        raise ValueError(f'kind is {kind!r}: choose "fact", "doubt" or "sum", or None for all')
    return [(q.text, q.answer) for q in _questions() if q.held_out and kind in (None, q.kind)]


# The text


class _Deck:
    """Draws cards in random order, each of them once before any is drawn again.

    Of `Random`, only `random()` returns the same in every version of Python: `choice` and `shuffle` may change.
    """

    def __init__(self, random: Callable[[], float], cards: Iterable):
        self._cards, self._random, self._rest = list(cards), random, []

    def draw(self):
        self._rest = self._rest or self._cards.copy()
        return self._rest.pop(int(self._random() * len(self._rest)))


class _Writer:
    """Writes paragraphs: dialogues, and facts or sums that are stated, one a line."""

    def __init__(self, seed: int):
        random = Random(seed).random

        def deck(cards: Iterable) -> _Deck:
            return _Deck(random, cards)

        asked = [question for question in _questions() if not question.held_out]
        self.facts = deck(q for q in asked if q.kind == "fact" for _ in range(q.topic.share))
        self.doubts, self.sums = (deck(q for q in asked if q.kind == kind) for kind in ("doubt", "sum"))
        self.statements = deck(
            (topic, who, sentence)
            for topic in TOPICS.values()
            for who in topic.values
            for sentence in topic.share * topic.says
        )
        self.topics = {
            who: deck(topic for topic in TOPICS.values() if topic.again and who in topic.values)
            for who in (*_PEOPLE["name"], *_ANIMALS["name"])
        }
        self.stated_sums = deck(_both_ways(a, b, digits) for a, b in SUMS for digits in (True, False))
        self.story_sums = deck(SUMS)
        self.people, self.things = deck(_PEOPLE["name"]), deck(THINGS)
        self.jokes, self.openings, self.closings = deck(JOKES), deck(OPENINGS), deck(CLOSINGS)
        self.has_second, self.manners = deck((True, True, False)), deck(("opening", "closing", *10 * [""]))
        self.lengths = deck((1, 2, 3))
        self.kinds = deck(kind for kind, share in SHARES.items() for _ in range(share))

    def paragraph(self) -> str:
        return getattr(self, f"_{self.kinds.draw()}")()

    def _facts(self) -> str:
        """A question, often another with a pronoun, sometimes a greeting or thanks."""
        first = self.facts.draw()
        exchanges = [(first.text, first.answer)]
        if first.topic.again and self.has_second.draw():
            topic = self._other_topic(first.who, first.topic)
            exchanges.append(
                tuple(_by_pronoun(sentence, topic, first.who) for sentence in (topic.again, topic.says[0]))
            )
        manners = self.manners.draw()
        if manners == "opening":
            exchanges.insert(0, self.openings.draw())
        elif manners == "closing":
            exchanges.append(self.closings.draw())
        return _dialogue(*exchanges)

    def _doubts(self) -> str:
        return _dialogue(*((q.text, q.answer) for q in (self.doubts.draw() for _ in range(2))))

    def _sums(self) -> str:
        return _dialogue(*((q.text, q.answer) for q in (self.sums.draw() for _ in range(3))))

    def _statements(self) -> str:
        return "".join(self._statement() + "\n" for _ in range(self.lengths.draw()))

    def _statement(self) -> str:
        """A sentence. If it begins with a person or animal, a second one begins with the pronoun."""
        topic, who, sentence = self.statements.draw()
        line = _fill(sentence, who, topic.values[who])
        if topic.again and sentence == topic.says[0]:
            other = self._other_topic(who, topic)
            line += " " + _by_pronoun(other.says[0], other, who)
        return line

    def _other_topic(self, who: str, topic: Topic) -> Topic:
        while (other := self.topics[who].draw()) is topic:
            pass
        return other

    def _stated_sums(self) -> str:
        return "".join(self.stated_sums.draw() + "\n" for _ in range(3))

    def _story(self) -> str:
        who, thing, (a, b) = self.people.draw(), self.things.draw(), self.story_sums.draw()
        asked = f"{who} has {_count(a, thing)} and finds {NUMBERS[b]}. How many is that?"
        return _dialogue((asked, f"{_capital(_sum(a, b, False)[1])}, so {who} has {_count(a + b, thing)}."))

    def _joke(self) -> str:
        return _dialogue(self.jokes.draw())


def _by_pronoun(sentence: str, topic: Topic, who: str) -> str:
    return _fill(sentence, who, topic.values[who], pronoun=True)


def _dialogue(*exchanges: tuple[str, str]) -> str:
    """A paragraph in which A and B take turns.

    >>> _dialogue(("Hello.", "Ask me something."))
    'A: Hello.\\nB: Ask me something.\\n'
    """
    return "".join(f"A: {first}\nB: {second}\n" for first, second in exchanges)


@cache
def small_talk(train: bool = True) -> str:
    """The training part, 600 kB, or the validation part, 60 kB: paragraphs with an empty line between them, in ASCII.

    The validation part asks each of `held_out_questions()` once. Everything else in it is drawn as in the training part.

    >>> print(small_talk()[:71])
    A: Which day comes before Thursday?
    B: Before Thursday comes Wednesday.
    """
    writer = _Writer(TRAIN_SEED if train else VALIDATION_SEED)
    paragraphs = [] if train else [_dialogue(exchange) for exchange in held_out_questions()]
    size = sum(len(paragraph) + 1 for paragraph in paragraphs)
    while size < (TRAIN_BYTES if train else VALIDATION_BYTES):
        paragraphs.append(writer.paragraph())
        size += len(paragraphs[-1]) + 1
    if not train:
        order = _Deck(Random(VALIDATION_SEED).random, paragraphs)
        paragraphs = [order.draw() for _ in paragraphs]
    return "\n".join(paragraphs)
