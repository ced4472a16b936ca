"""Plausible wrong solutions of module 00: exercise -> what is wrong -> a body, or (old, new) in the reference's body.

The exercise's own tests must reject every one.
"""

WRONG = {
    "matmul_flops": {
        "forgets the additions": "return m * k * n",
        "the first addition is not counted": "return m * n * (2 * k - 1)",
        "one entry only": "return 2 * k",
        "counts the entries only": "return 2 * m * n",
        "every number once": "return m * k + k * n",
        "k squared": "return m * n * k**2",
    },
    "median_seconds": {
        "no cold call": ("function()\nseconds = []", "seconds = []"),
        "counts the cold call": (
            "function()\nseconds = []\nfor _ in range(rounds)",
            "seconds = []\nfor _ in range(rounds + 1)",
        ),
        "the cold call is one of the rounds": ("range(rounds)", "range(rounds - 1)"),
        "mean": """\
function()
start = clock()
for _ in range(rounds):
    function()
return (clock() - start) / rounds""",
        "the first warm call": ("statistics.median(seconds)", "seconds[0]"),
        "minimum": ("statistics.median", "min"),
        "the middle without sorting": ("statistics.median(seconds)", "seconds[rounds // 2]"),
        "the upper one of the two in the middle": ("statistics.median(seconds)", "sorted(seconds)[rounds // 2]"),
        "looks at the clock once before all rounds": """\
function()
seconds, start = [], clock()
for _ in range(rounds):
    function()
    seconds.append(clock() - start)
return statistics.median(seconds)""",
        "another clock": ("clock()", "time.perf_counter()"),
        "always five rounds": ("range(rounds)", "range(5)"),
        "times the clock and not the function": """\
function()
seconds = []
for _ in range(rounds):
    function()
    start = clock()
    seconds.append(clock() - start)
return statistics.median(seconds)""",
    },
    "copied_bytes": {
        "only what is read": "return x.nbytes",
        "numbers instead of bytes": "return 2 * x.size",
        "every number is a float32": "return 2 * 4 * x.size",
        "the first axis only": "return 2 * len(x) * x.itemsize",
        "reads the target, too": "return 3 * x.nbytes",
    },
    "answer_token_seconds": {
        "arithmetic alone": "return 2 * 1e9 / 100e9",
        "weights instead of bytes": "return max(2 * 1e9 / 100e9, 1e9 / 20e9)",
        "one after the other": "return 2 * 1e9 / 100e9 + 4 * 1e9 / 20e9",
        "writes them back": "return 2 * 4 * 1e9 / 20e9",
        "float64": "return 8 * 1e9 / 20e9",
    },
}
