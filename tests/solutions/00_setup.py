"""Right and wrong solutions of module 00: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "matmul_flops": {
        "forgets the additions": Wrong("", "", "return m * k * n"),
        "the first addition is not counted": Wrong("", "", "return m * n * (2 * k - 1)"),
        "one entry only": Wrong("", "", "return 2 * k"),
        "counts the entries only": Wrong("", "", "return 2 * m * n"),
        "every number once": Wrong("", "", "return m * k + k * n"),
        "k squared": Wrong("", "", "return m * n * k**2"),
    },
    "median_seconds": {
        "no cold call": Wrong("", "", ("function()\nseconds = []", "seconds = []")),
        "counts the cold call": Wrong(
            "",
            "",
            (
                "function()\nseconds = []\nfor _ in range(rounds)",
                "seconds = []\nfor _ in range(rounds + 1)",
            ),
        ),
        "the cold call is one of the rounds": Wrong("", "", ("range(rounds)", "range(rounds - 1)")),
        "mean": Wrong(
            "",
            "",
            """\
function()
start = clock()
for _ in range(rounds):
    function()
return (clock() - start) / rounds""",
        ),
        "the first warm call": Wrong("", "", ("statistics.median(seconds)", "seconds[0]")),
        "minimum": Wrong("", "", ("statistics.median", "min")),
        "the middle without sorting": Wrong("", "", ("statistics.median(seconds)", "seconds[rounds // 2]")),
        "the upper one of the two in the middle": Wrong(
            "", "", ("statistics.median(seconds)", "sorted(seconds)[rounds // 2]")
        ),
        "looks at the clock once before all rounds": Wrong(
            "",
            "",
            """\
function()
seconds, start = [], clock()
for _ in range(rounds):
    function()
    seconds.append(clock() - start)
return statistics.median(seconds)""",
        ),
        "another clock": Wrong("", "", ("clock()", "time.perf_counter()")),
        "always five rounds": Wrong("", "", ("range(rounds)", "range(5)")),
        "times the clock and not the function": Wrong(
            "",
            "",
            """\
function()
seconds = []
for _ in range(rounds):
    function()
    start = clock()
    seconds.append(clock() - start)
return statistics.median(seconds)""",
        ),
    },
    "copied_bytes": {
        "only what is read": Wrong("", "", "return x.nbytes"),
        "numbers instead of bytes": Wrong("", "", "return 2 * x.size"),
        "every number is a float32": Wrong("", "", "return 2 * 4 * x.size"),
        "the first axis only": Wrong("", "", "return 2 * len(x) * x.itemsize"),
        "reads the target, too": Wrong("", "", "return 3 * x.nbytes"),
    },
    "answer_token_seconds": {
        "arithmetic alone": Wrong("", "", "return 2 * 1e9 / 100e9"),
        "weights instead of bytes": Wrong("", "", "return max(2 * 1e9 / 100e9, 1e9 / 20e9)"),
        "one after the other": Wrong("", "", "return 2 * 1e9 / 100e9 + 4 * 1e9 / 20e9"),
        "writes them back": Wrong("", "", "return 2 * 4 * 1e9 / 20e9"),
        "float64": Wrong("", "", "return 8 * 1e9 / 20e9"),
    },
}
