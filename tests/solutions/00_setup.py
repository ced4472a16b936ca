"""Right and wrong solutions of module 00: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "matmul_flops": {
        "one entry times the number of entries": """\
one_entry = k + k
return one_entry * (m * n)""",
        "multiplications and additions apart": """\
multiplications = m * n * k
additions = m * k * n
return multiplications + additions""",
        "counted in a loop": """\
count = 0
for _ in range(m * n):
    for _ in range(k):
        count += 2
return count""",
    },
    "median_seconds": {
        "NumPy's median": """\
function()
seconds = np.zeros(rounds)
for i in range(rounds):
    before = clock()
    function()
    after = clock()
    seconds[i] = after - before
return float(np.median(seconds))""",
        "times the cold call as well, and drops it": """\
seconds = []
for _ in range(rounds + 1):
    start = clock()
    function()
    seconds.append(clock() - start)
return statistics.median(seconds[1:])""",
        "sorted by hand": """\
function()
seconds = []
while len(seconds) < rounds:
    seconds.append(-clock())
    function()
    seconds[-1] += clock()
seconds.sort()
middle = rounds // 2
if rounds % 2:
    return seconds[middle]
return (seconds[middle - 1] + seconds[middle]) / 2""",
        "a helper for one call": """\
def one_call():
    start = clock()
    function()
    return clock() - start

one_call()
return statistics.median([one_call() for _ in range(rounds)])""",
        "one reading of the clock between two calls": """\
function()
readings = [clock()]
for _ in range(rounds):
    function()
    readings.append(clock())
return statistics.median(after - before for before, after in zip(readings, readings[1:]))""",
    },
    "copied_bytes": {
        "numbers times bytes of one, twice": "return x.size * x.itemsize * 2",
        "read and written": """\
y = np.empty_like(x)
return x.nbytes + y.nbytes""",
        "product of the sizes": "return int(2 * np.prod(x.shape) * x.dtype.itemsize)",
    },
}


WRONG = {
    "matmul_flops": {
        "forgets the additions": Wrong(
            "missing term", "You count one kind of operation. Which other kind does the table have?", "return m * k * n"
        ),
        "the first addition is not counted": Wrong(
            "off by one", "Does your count agree with a running sum that starts at 0?", "return m * n * (2 * k - 1)"
        ),
        "one entry only": Wrong("missing term", "That is one entry of the result. How many are there?", "return 2 * k"),
        "counts the entries only": Wrong(
            "missing term", "How much work is one entry when the row of A gets longer?", "return 2 * m * n"
        ),
        "every number once": Wrong(
            "wrong formula", "You count the numbers that go in. How often is each of them used?", "return m * k + k * n"
        ),
        "k squared": Wrong("wrong formula", "What happens to your count when k doubles?", "return m * n * k**2"),
        "the sizes are added": Wrong("wrong formula", "How many entries does a table have?", "return 2 * k * (m + n)"),
        "prints it": Wrong(
            "no return", "The number is on the screen. What does the caller get?", "print(2 * m * k * n)"
        ),
    },
    "median_seconds": {
        "no cold call": Wrong(
            "missing case",
            "Your first timed call is the first call of all. What did that one have to pay for?",
            ("function()\nseconds = []", "seconds = []"),
        ),
        "counts the cold call": Wrong(
            "off by one",
            "How many times do you take the median of, and which of them was cold?",
            (
                "function()\nseconds = []\nfor _ in range(rounds)",
                "seconds = []\nfor _ in range(rounds + 1)",
            ),
        ),
        "the cold call is one of the rounds": Wrong(
            "off by one",
            "With rounds=5, how many calls do you time?",
            ("range(rounds)", "range(rounds - 1)"),
        ),
        "mean": Wrong(
            "wrong formula",
            "How far does a single slow call move your result?",
            """\
function()
start = clock()
for _ in range(rounds):
    function()
return (clock() - start) / rounds""",
        ),
        "mean of single times": Wrong(
            "wrong formula",
            "How far does a single slow call move your result?",
            ("statistics.median", "statistics.mean"),
        ),
        "the first warm call": Wrong(
            "ignored argument",
            "Which of your timed calls have a say in the result?",
            ("statistics.median(seconds)", "seconds[0]"),
        ),
        "minimum": Wrong(
            "wrong formula",
            "Is a call usually as fast as the fastest one?",
            ("statistics.median", "min"),
        ),
        "the middle without sorting": Wrong(
            "wrong order",
            "The one in the middle of what order?",
            ("statistics.median(seconds)", "seconds[rounds // 2]"),
        ),
        "the upper one of the two in the middle": Wrong(
            "missing case",
            "What do you do with an even number of rounds?",
            ("statistics.median(seconds)", "sorted(seconds)[rounds // 2]"),
        ),
        "reads the clock once before all rounds": Wrong(
            "accumulation",
            "Which calls lie between the two readings that you subtract?",
            """\
function()
seconds, start = [], clock()
for _ in range(rounds):
    function()
    seconds.append(clock() - start)
return statistics.median(seconds)""",
        ),
        "another clock": Wrong(
            "ignored argument",
            "Whose clock do you read? The caller passes one.",
            ("clock()", "time.perf_counter()"),
        ),
        "always five rounds": Wrong(
            "ignored argument",
            "What changes in your function when the caller asks for 3 rounds?",
            ("range(rounds)", "range(5)"),
        ),
        "times the clock and not the function": Wrong(
            "wrong order",
            "What happens between your two readings of the clock?",
            """\
function()
seconds = []
for _ in range(rounds):
    function()
    start = clock()
    seconds.append(clock() - start)
return statistics.median(seconds)""",
        ),
        "before minus after": Wrong(
            "sign",
            "Can a call take less than no time?",
            ("clock() - start", "start - clock()"),
        ),
        "returns all times": Wrong(
            "wrong shape",
            "The caller wants one number. How many do you return?",
            ("statistics.median(seconds)", "seconds"),
        ),
        "keeps the median to itself": Wrong(
            "no return",
            "You compute the median. What does the caller get?",
            ("return statistics.median(seconds)", "middle = statistics.median(seconds)"),
        ),
    },
    "copied_bytes": {
        "only what is read": Wrong(
            "missing term", "A byte leaves memory. Does its journey end there?", "return x.nbytes"
        ),
        "numbers instead of bytes": Wrong("missing term", "Do you count numbers, or bytes?", "return 2 * x.size"),
        "every number is a float32": Wrong(
            "hard-coded", "How many bytes does a number of another dtype take?", "return 2 * 4 * x.size"
        ),
        "the first axis only": Wrong(
            "hard-coded", "How many numbers does an array with two axes hold?", "return 2 * len(x) * x.itemsize"
        ),
        "reads the target as well": Wrong("duplicate", "Who needs the old numbers of y?", "return 3 * x.nbytes"),
        "the size of the Python object": Wrong(
            "wrong formula",
            "Your number includes Python's own bookkeeping. Does a copy move that?",
            """\
import sys

return 2 * sys.getsizeof(x)""",
        ),
        "copies it": Wrong(
            "wrong formula", "You were asked how many bytes move. What do you return?", "return x.copy()"
        ),
    },
    "answer_token_seconds": {
        "arithmetic alone": Wrong(
            "missing case",
            "The weights must reach the processor first. How long does that take?",
            "return 2 * 1e9 / 100e9",
        ),
        "weights instead of bytes": Wrong(
            "wrong factor",
            "Bandwidth counts bytes. What do you count?",
            "return max(2 * 1e9 / 100e9, 1e9 / 20e9)",
        ),
        "one after the other": Wrong(
            "wrong formula",
            "Does the arithmetic wait until everything is read?",
            "return 2 * 1e9 / 100e9 + 4 * 1e9 / 20e9",
        ),
        "writes them back": Wrong(
            "duplicate",
            "In which direction do the weights travel here?",
            "return 2 * 4 * 1e9 / 20e9",
        ),
        "float64": Wrong("wrong factor", "How many bytes does one of these weights take?", "return 8 * 1e9 / 20e9"),
        "milliseconds": Wrong("wrong factor", "In which unit is your answer?", "return 4 * 1e9 / 20e9 * 1000"),
    },
}


# what tests/mutate.py does to a reference without changing what it returns -> why
EQUIVALENT = {
    "answer_token_seconds": {
        **dict.fromkeys(
            (
                "computing = 2 * 1000000000.0 / 100000000000.0 -> computing = 2 / 1000000000.0 / 100000000000.0",
                "computing = 2 * 1000000000.0 / 100000000000.0 -> computing = 2 * 1000000000.0 / 200000000001.0",
                "computing = 2 * 1000000000.0 / 100000000000.0 -> computing = 1 * 1000000000.0 / 100000000000.0",
                "computing = 2 * 1000000000.0 / 100000000000.0 -> computing = 3 * 1000000000.0 / 100000000000.0",
                "computing = 2 * 1000000000.0 / 100000000000.0 -> computing = 2 * 2000000001.0 / 100000000000.0",
            ),
            "reading still takes longer, and only the longer time is returned",
        ),
        "return max(computing, reading) -> return max(reading, computing)": "the larger of two has no order",
    },
}
