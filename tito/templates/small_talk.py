"""Small Talk, a corpus written for this course: dialogues, facts and sums about one small village, made by the grammar below.

Eight people and eight animals live there, and what is true of them is in the tables PEOPLE and ANIMALS. TOPICS has the sentences
that state a fact, ask for it, or doubt it. The text is drawn from these with a fixed seed, so it is the same everywhere.

Of each fact, one question is held out: the training part states the fact and asks for it in other words, but never in those. A few
sums are never asked in the training part, only stated. A model that answers these questions has learned more than its text.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

TRAIN_BYTES, VALIDATION_BYTES = 400_000, 40_000  # each part has this many or a few more
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
NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
)  # fmt: skip


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
    says: tuple[str, ...]  # the first begins with {Who}
    asks: tuple[tuple[str, str], ...]  # (question, answer)
    doubt: str = ""  # the answer is yes or no, and then the first sentence
    again: str = ""  # asks for more about a subject that was just named


TOPICS = {
    "home": Topic(
        _PEOPLE["home"],
        says=("{Who} lives in the {what}.", "The {what} is {who}'s home."),
        asks=(
            ("Where does {who} live?", "{Who} lives in the {what}."),
            ("Where is {who}'s home?", "{Who} lives in the {what}."),
            ("Who lives in the {what}?", "{Who} lives in the {what}."),
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
            ("Who works as {a_what}?", "{Who} is {a_what}."),
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
            ("Who has {a_what}?", "{Who} has {a_what}."),
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
            ("Who eats {what}?", "{Who} eats {what}."),
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
            ("Who wears {a_what} hat?", "{Who} wears {a_what} hat."),
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
            ("Who says {what}?", "{Who} says {what}."),
            ("Which animal says {what}?", "{Who} says {what}."),
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
            ("Who eats {what}?", "{Who} eats {what}."),
            ("Which animal eats {what}?", "{Who} eats {what}."),
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
            ("Who sleeps {what}?", "{Who} sleeps {what}."),
            ("Which animal sleeps {what}?", "{Who} sleeps {what}."),
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
        says=("{Who} comes before {what}.", "{What} comes after {who}.", "Today is {who}, so tomorrow is {what}."),
        asks=(
            ("Which day comes after {who}?", "{What} comes after {who}."),
            ("If today is {who}, what is tomorrow?", "Tomorrow is {what}."),
            ("Which day comes before {what}?", "{Who} comes before {what}."),
            ("If tomorrow is {what}, what is today?", "Today is {who}."),
        ),
    ),
}

SUMS = [(a, "plus", b) for a in range(1, 10) for b in range(1, 10)]
SUMS += [(a, "minus", b) for a in range(1, 11) for b in range(1, a + 1)]
HELD_OUT_SUMS = (  # stated in the training part, but never asked for
    (2, "plus", 7), (3, "plus", 5), (4, "plus", 3), (4, "plus", 9), (5, "plus", 4), (6, "plus", 2), (6, "plus", 9),
    (7, "plus", 1), (7, "plus", 6), (8, "plus", 3), (8, "plus", 5), (9, "plus", 8),
    (5, "minus", 2), (6, "minus", 4), (7, "minus", 3), (8, "minus", 1), (8, "minus", 6), (9, "minus", 4), (9, "minus", 7),
    (10, "minus", 7),
)  # fmt: skip
SUM_ASKS = ("What is {sum}?", "How much is {sum}?")
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

# kind of paragraph -> its share
SHARES = {"facts": 8, "doubts": 3, "statements": 4, "sums": 2, "stated_sums": 2, "story": 2, "joke": 1}


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


def _sum(a: int, operation: str, b: int, digits: bool) -> tuple[str, str]:
    """A sum, and the sentence that states it, in digits or in words.

    >>> _sum(3, "plus", 4, True), _sum(9, "minus", 9, False)
    (('3 + 4', '3 + 4 = 7.'), ('nine minus nine', 'Nine minus nine is zero.'))
    """
    result = a + b if operation == "plus" else a - b
    if digits:
        asked = f"{a} {'+' if operation == 'plus' else '-'} {b}"
        return asked, f"{asked} = {result}."
    asked = f"{NUMBERS[a]} {operation} {NUMBERS[b]}"
    return asked, f"{_capital(asked)} is {NUMBERS[result]}."


# Questions: asked in the training part, or held out


@dataclass(frozen=True)
class Question:
    """A question and its one right answer."""

    kind: str  # "fact", "doubt" (the answer is yes or no) or "sum"
    text: str
    answer: str
    held_out: bool
    who: str = ""  # whom a fact is about
    topic: str = ""


def _questions() -> list[Question]:
    """Every question of the grammar, besides those of stories and jokes, and those by pronoun."""
    return [*_facts(), *_doubts(), *_sums()]


def _facts() -> Iterator[Question]:
    """One question of each fact is held out. Neighbors in a table differ in which one it is."""
    for shift, (name, topic) in enumerate(TOPICS.items()):
        for row, (who, what) in enumerate(topic.values.items()):
            for form, sentences in enumerate(topic.asks):
                text, answer = (_fill(sentence, who, what) for sentence in sentences)
                yield Question("fact", text, answer, form == (row + shift) % len(topic.asks), who, name)


def _doubts() -> Iterator[Question]:
    """For every fourth subject a question with the answer yes is held out, for as many others one with the answer no."""
    for shift, (name, topic) in enumerate(TOPICS.items()):
        values = list(topic.values.values())
        for row, (who, truth) in enumerate(topic.values.items() if topic.doubt else ()):
            held_out = {0: truth, 2: values[(row + 3) % len(values)]}.get((row + shift) % 4)
            statement = _fill(topic.says[0].replace("{Who}", "{who}"), who, truth)
            for what in dict.fromkeys(values):
                answer = f"{'Yes' if what == truth else 'No'}, {statement}"
                yield Question("doubt", _fill(topic.doubt, who, what), answer, what == held_out, who, name)


def _sums() -> Iterator[Question]:
    for terms in SUMS:
        for digits in (True, False):
            asked, answer = _sum(*terms, digits)
            for question in SUM_ASKS:
                yield Question("sum", question.format(sum=asked), answer, terms in HELD_OUT_SUMS)


def held_out_questions(kind: str | None = None) -> list[tuple[str, str]]:
    """The questions that the training part never asks, as (question, answer). "A: " and "B: " are only in the text.

    Args:
        kind: "fact" for who, what, where and so on; "doubt" for yes or no; "sum" for arithmetic; None for all.

    Raises:
        ValueError: there is no such kind.

    >>> held_out_questions("fact")[0]
    ('Where does Ada live?', 'Ada lives in the lighthouse.')
    """
    if kind not in (None, "fact", "doubt", "sum"):
        raise ValueError(f'kind is {kind!r}: choose "fact", "doubt" or "sum", or None for all')
    return [(q.text, q.answer) for q in _questions() if q.held_out and kind in (None, q.kind)]


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
        self.facts, self.sums = (deck(q for q in asked if q.kind == kind) for kind in ("fact", "sum"))
        yes, no = (deck(q for q in asked if q.kind == "doubt" and q.answer.startswith(word)) for word in ("Yes", "No"))
        self.answers = deck((yes, no))
        self.statements = deck((t, who, sentence) for t in TOPICS.values() for who in t.values for sentence in t.says)
        self.topics = {
            who: deck(topic for topic in TOPICS.values() if topic.again and who in topic.values)
            for who in (*_PEOPLE["name"], *_ANIMALS["name"])
        }
        self.stated_sums = deck(_sum(*terms, digits)[1] for terms in SUMS for digits in (True, False))
        self.story_sums = deck(terms for terms in SUMS if terms not in HELD_OUT_SUMS)
        self.people, self.things = deck(_PEOPLE["name"]), deck(THINGS)
        self.jokes, self.openings, self.closings = deck(JOKES), deck(OPENINGS), deck(CLOSINGS)
        self.lengths, self.manners = deck((1, 2, 3)), deck(("opening", "closing", *6 * [""]))
        self.kinds = deck(kind for kind, share in SHARES.items() for _ in range(share))

    def paragraph(self) -> str:
        return getattr(self, f"_{self.kinds.draw()}")()

    def _facts(self) -> str:
        """A question, then often another by pronoun, sometimes with a greeting or thanks."""
        first = self.facts.draw()
        exchanges = [(first.text, first.answer)]
        if first.who in self.topics and self.lengths.draw() > 1:
            topic = self._other_topic(first.who, TOPICS[first.topic])
            exchanges.append(tuple(_by_pronoun(s, topic, first.who) for s in (topic.again, topic.says[0])))
        match self.manners.draw():
            case "opening":
                exchanges.insert(0, self.openings.draw())
            case "closing":
                exchanges.append(self.closings.draw())
        return _dialogue(*exchanges)

    def _doubts(self) -> str:
        return _dialogue(*((q.text, q.answer) for q in (self.answers.draw().draw() for _ in range(2))))

    def _statements(self) -> str:
        return "".join(self._statement() + "\n" for _ in range(self.lengths.draw()))

    def _statement(self) -> str:
        """A sentence, and another about the same subject where a pronoun can refer to it."""
        topic, who, sentence = self.statements.draw()
        line = _fill(sentence, who, topic.values[who])
        if sentence == topic.says[0] and who in self.topics:
            other = self._other_topic(who, topic)
            line += " " + _by_pronoun(other.says[0], other, who)
        return line

    def _other_topic(self, who: str, topic: Topic) -> Topic:
        while (other := self.topics[who].draw()) is topic:
            pass
        return other

    def _sums(self) -> str:
        return _dialogue(*((q.text, q.answer) for q in (self.sums.draw() for _ in range(2))))

    def _stated_sums(self) -> str:
        return "".join(self.stated_sums.draw() + "\n" for _ in range(4))

    def _story(self) -> str:
        who, thing, (a, operation, b) = self.people.draw(), self.things.draw(), self.story_sums.draw()
        statement = _sum(a, operation, b, digits=False)[1].removesuffix(".")
        if operation == "plus":
            event, question, result = "finds", "How many is that?", a + b
        else:
            event, question, result = "loses", "How many are left?", a - b
        asked = f"{who} has {_count(a, thing)} and {event} {NUMBERS[b]}. {question}"
        return _dialogue((asked, f"{statement}, so {who} has {_count(result, thing)}."))

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
    """The training part, 400 kB, or the validation part, 40 kB: paragraphs with an empty line between them, in ASCII.

    The validation part asks each of `held_out_questions()` once, among others that are drawn as in the training part.

    >>> print(small_talk()[:105])
    A: Where does the pig sleep?
    B: The pig sleeps on the sofa.
    A: And what does it eat?
    B: It eats homework.
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
