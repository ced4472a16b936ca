import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Module 00: Setup")

with app.setup(hide_code=True):
    import math
    import os
    import platform
    import statistics
    import time
    from collections.abc import Callable

    import marimo as mo
    import numpy as np

    from tito.diagrams import diagram
    from tito.lesson import measure, show


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 00: Setup

    How fast is your machine? There are two answers: how fast it computes, and how fast it moves numbers to where they can be
    computed with. In this course you will make programs many times faster, and each time one of these two numbers says how
    far you can still go. In under an hour you measure both, and learn on the way how the course works.

    **When you are done:** I can ...

    - solve an exercise, read what its test says, and hand the module in;
    - count the operations of a matrix product, and the bytes of a copy;
    - time a function so that the number means something;
    - configure and check my environment, and say what my machine can do.

    **You need:** Python, a little NumPy. **It unlocks:** Module 01, the tensor.
    """)
    return


@app.cell(hide_code=True)
def _():
    diagram("setup")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 1. How does this course work?

    This page is a notebook made of cells, and one Python file, `notebooks/00_setup.py`. Every idea takes four steps:

    | step | what you find | what you do |
    |---|---|---|
    | **explain** | a question, and an example with real numbers | compute along, with a pencil |
    | **implement** | a function whose body is `raise NotImplementedError(...)` | replace that line with your code |
    | **test** | a cell right below, whose name begins with `test_` | nothing: it runs when the function has run |
    | **explore** | something to move or to choose | predict first, then move it |

    Run a cell with Ctrl-Enter (Cmd-Enter on a Mac). A new notebook is full of red: `Not done yet` is normal, and says which
    exercise is waiting. Once your code runs and is wrong, the same place shows the line that failed, and then a `TIP`.
    Save with Ctrl-S. Then, in a second terminal, in the folder that `tito init` made and with the course's environment active:

    ```
    tito module test 00        # all tests of what you saved, and some that are not in the notebook
    tito module complete 00    # test, write your functions to tinytorch/machine.py, unlock Module 01
    tito system doctor         # something behaves strangely? this looks for the cause
    ```

    Every module you complete adds a file to `tinytorch/`, and later modules import it. In the end that folder is a
    machine-learning framework, and you have written it.

    ## 2. Why did that cell run? I did not touch it

    A cell that reads a name runs again as soon as the cell that *defines* the name has run: the page is never out of date. So
    the order of the cells does not matter, and every name is defined in one cell only. Explore it: the next cell defines a
    slider, the one below reads it. **Predict**: if you double the side of a square matrix, by what factor does its memory grow?
    Then drag.
    """)
    return


@app.cell
def _():
    side = mo.ui.slider(8, 2048, step=8, value=512, label="`side` of a square matrix", show_value=True)
    side
    return (side,)


@app.cell
def _(side):
    _numbers = side.value**2
    mo.md(f"{side.value} x {side.value} = **{_numbers:,} numbers**, in float32 **{4 * _numbers / 2**20:.2f} MiB**")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 3. How much work is a matrix product?

    The time of a neural network goes into matrix products. We count in *floating-point operations* (FLOP): one multiplication
    or one addition of two numbers. A row of length 2 times a column of length 2, with a running sum that starts at 0:

    $$\begin{pmatrix} 1 & 2 \end{pmatrix} \begin{pmatrix} 3 \\ 4 \end{pmatrix} = 1 \cdot 3 + 2 \cdot 4 = 11$$

    | step | running sum | operations so far |
    |---|---:|---:|
    | multiply 1 by 3 | 0 | 1 |
    | add it | 3 | 2 |
    | multiply 2 by 4 | 3 | 3 |
    | add it | 11 | 4 |

    That was one entry of a result. Now let $A$ have shape $(m, k)$ and $B$ shape $(k, n)$. How long is a row of $A$? How many
    entries does $A B$ have? This is your first exercise.
    """)
    return


@app.function
def matmul_flops(m: int, k: int, n: int) -> int:
    """Floating-point operations of a matrix product, counted with a running sum that starts at 0.

    Args:
        m, k, n: sizes; an (m, k) matrix times a (k, n) matrix.

    Returns:
        The number of multiplications and additions, an int.

    >>> matmul_flops(1, 2, 1)
    4

    Steps:
        1. Count the operations for one entry of the result.
        2. Count the entries.

    Hint: do the (2, 2) times (2, 2) product by hand first, and tick off every operation.
    """
    ### BEGIN SOLUTION
    return 2 * m * k * n
    ### END SOLUTION


@app.function
# points: 2
def test_matmul_flops():
    """WHAT: every multiplication and every addition of the product is counted.
    WHY: operations divided by seconds is the speed of a machine; a wrong count is a wrong speed.
    TIP: for the sizes that fail, write out one entry of the result. How many steps does its table have, and how many tables are there?
    """
    assert matmul_flops(1, 2, 1) == 4, "the table above"
    assert matmul_flops(2, 2, 2) == 16
    assert matmul_flops(2, 3, 4) == 48
    ### BEGIN HIDDEN TESTS
    assert matmul_flops(7, 1, 1) == 14, "a column times one number"
    assert matmul_flops(1, 1000, 1) == 2000, "a row times a column"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. How long does a function take?

    Look at the clock, call the function, look again. What could go wrong? Here is one function, called six times:

    | call | 1 | 2 | 3 | 4 | 5 | 6 |
    |---|---:|---:|---:|---:|---:|---:|
    | ms | 40.0 | 2.1 | 2.0 | 9.6 | 2.2 | 2.1 |

    The first call is **cold**: it pays for what happens only once, such as fetching memory and starting threads. What the
    thousandth call will cost, it does not tell. In the fourth call another program woke up. The *mean* of the five warm calls is
    $18.0 / 5 = 3.6$ ms, a time that none of them took. Sort them, 2.0, 2.1, **2.1**, 2.2, 9.6, and take the one in the middle:
    the *median* is 2.1 ms, and would be the same had the disturbance been ten times as long.

    How do you test a stopwatch? Not with real time, which is different every time. So the clock is an argument: any function
    that returns the time. `work_lasting` is given: it makes work that lasts exactly as long as you say, and a clock to match.
    """)
    return


@app.function
# not exported
def work_lasting(durations):
    """Work whose calls last `durations`, in turn, a clock that only they move, and the list of what the calls so far lasted."""
    calls = []

    def work():
        calls.append(durations[len(calls) % len(durations)])

    return work, lambda: sum(calls), calls


@app.function
def median_seconds(function: Callable, rounds: int = 5, clock: Callable = time.perf_counter) -> float:
    """How long a call of a function usually takes, once it is warm.

    Args:
        function: what to time; it is called without arguments, `rounds` + 1 times.
        rounds: how many calls are timed, at least 1.
        clock: function that returns the time in seconds.

    Returns:
        The median of the timed calls, in seconds; for an even number of them the mean of the two in the middle.

    >>> now = [0.0]
    >>> def work():
    ...     now[0] += 2.0
    >>> median_seconds(work, clock=lambda: now[0])
    2.0

    Steps:
        1. Make one call that does not count.
        2. Time each of the `rounds` calls that follow on its own, and keep every time.
        3. Return the median.

    Hint: look at the clock right before a call and right after it. The module `statistics` is imported already.
    """
    ### BEGIN SOLUTION
    function()
    seconds = []
    for _ in range(rounds):
        start = clock()
        function()
        seconds.append(clock() - start)
    return statistics.median(seconds)
    ### END SOLUTION


@app.function
# points: 4
def test_median_seconds():
    """WHAT: one cold call, then `rounds` calls that are timed one by one; the median of these.
    WHY: every claim in this course that something is faster rests on this function.
    TIP: the message lists what the calls lasted, in order, on the test's clock. Which of them may count, and which is in the middle once they are sorted?
    """
    work, clock, calls = work_lasting([50.0, 4.0, 3.0, 30.0, 1.0, 2.0])
    seconds = median_seconds(work, rounds=5, clock=clock)
    assert len(calls) == 6, f"one cold call and five timed ones make 6 calls, not {len(calls)}"
    assert seconds == 3.0, f"the calls lasted {calls}, the first was cold; got {seconds}"
    work, clock, calls = work_lasting([1.0, 7.0, 9.0, 8.0])
    seconds = median_seconds(work, rounds=3, clock=clock)
    assert seconds == 8.0, f"the calls lasted {calls}, the first was cold; got {seconds}"
    work, clock, calls = work_lasting([50.0, 1.0, 4.0])
    assert median_seconds(work, rounds=2, clock=clock) == 2.5, "an even number of rounds: no time is in the middle"
    ### BEGIN HIDDEN TESTS
    work, clock, calls = work_lasting([9.0, 5.0])
    assert median_seconds(work, rounds=1, clock=clock) == 5.0 and len(calls) == 2, "a single round"
    work, clock, calls = work_lasting([1.0])
    assert median_seconds(work, clock=clock) == 1.0 and len(calls) == 6, "five rounds when nobody says how many"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. How much does a copy move?

    `y[:] = x` fills an array with the numbers of another. It does not add or multiply anything, and still it takes time: the
    numbers must travel. *Bandwidth* is how many bytes travel between memory and processor in a second, in either direction.

    Follow a single float32, 4 bytes, on its way. It lies in `x`, which is in memory. Only the processor can move it. At the
    end it lies in `y`, which is in memory, too. Count every byte that passes between the two.
    """)
    return


@app.function
def copied_bytes(x: np.ndarray) -> int:
    """Bytes that travel between memory and processor when `y[:] = x` runs.

    Args:
        x: array of any shape and type; `y` is another one of the same shape and type.

    Returns:
        The number of bytes, an int.

    >>> copied_bytes(np.zeros(3, dtype=np.float32))
    24

    Steps:
        1. How many bytes do the numbers of `x` take?
        2. How often does each of them travel?

    Hint: an array knows how many numbers it holds, how many bytes each takes, and how many they take together.
    """
    ### BEGIN SOLUTION
    return 2 * x.nbytes
    ### END SOLUTION


@app.function
# points: 2
def test_copied_bytes():
    """WHAT: all bytes of a copy are counted, for every shape and every type of number.
    WHY: bytes divided by seconds is the bandwidth; forget half of them, and your memory looks half as fast as it is.
    TIP: count the numbers in all axes, then the bytes of one number (its type says how many), then the trips of each byte.
    """
    assert copied_bytes(np.zeros(3, dtype=np.float32)) == 24
    assert copied_bytes(np.zeros((2, 5), dtype=np.float64)) == 160, "ten numbers of 8 bytes"
    assert copied_bytes(np.zeros(7, dtype=np.int8)) == 14, "seven numbers of 1 byte"
    ### BEGIN HIDDEN TESTS
    assert copied_bytes(np.zeros((2, 3, 4), dtype=np.float32)) == 192, "three axes"
    assert copied_bytes(np.zeros(10, dtype=np.float32)[::2]) == 40, "only what is copied counts"
    assert copied_bytes(np.array(1.0)) == 16, "an array without axes holds one number"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Two numbers for one machine

    Put the three together. To find the peak of the *arithmetic*, give the processor much to do on few numbers: the product of
    two 1024 x 1024 matrices is two billion operations on three matrices of 4 MiB. To find the *bandwidth*, give it nothing to
    compute: copy 64 MiB, more than most caches hold. (A cache is a small, fast memory inside the processor; what fits into it
    does not show how fast the memory outside is.) With round numbers:

    | | you count | your stopwatch says | so the machine does |
    |---|---:|---:|---:|
    | product | 2.0e9 operations | 0.020 s | 100 GFLOP/s, $10^9$ operations a second |
    | copy | 1.0e8 bytes | 0.005 s | 20 GB/s, $10^9$ bytes a second |

    The function below is given. Read it: each line calls something you wrote, or looks a fact up.
    """)
    return


@app.function
def machine_facts(size: int = 1024, nbytes: int = 2**26, clock: Callable = time.perf_counter) -> dict:
    """What this machine is, and what it can do; takes about half a second.

    Args:
        size: the product is one of (size, size) matrices; large, so that arithmetic is what takes the time.
        nbytes: how much is copied; more than the caches hold, so that memory is what takes the time.
        clock: function that returns the time in seconds.

    Returns:
        dict with "gflops" (float32 matrix product, 1e9 operations per second), "gbps" (copy, 1e9 bytes per second, read and
        written), "cores" (as the system counts them), and the texts "python", "numpy" and "system".

    >>> list(machine_facts(size=128, nbytes=2**20))
    ['gflops', 'gbps', 'cores', 'python', 'numpy', 'system']
    """
    a, b, product = np.ones((3, size, size), dtype=np.float32)
    x, y = np.ones((2, nbytes), dtype=np.uint8)

    def copy():
        y[:] = x

    product_seconds = median_seconds(lambda: np.matmul(a, b, out=product), clock=clock)
    copy_seconds = median_seconds(copy, rounds=11, clock=clock)
    return {
        "gflops": matmul_flops(size, size, size) / product_seconds / 1e9,
        "gbps": copied_bytes(x) / copy_seconds / 1e9,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


@app.function
def test_machine_facts():
    """WHAT: on a clock that moves on by one second with every look, speed is just the count.
    WHY: later modules compare every kernel with these two numbers.
    TIP: the function is given. If this fails, look at the exercises above: does median_seconds use the clock it was given?
    """
    seconds = iter(range(1000))
    facts = machine_facts(size=50, nbytes=10**6, clock=lambda: next(seconds))
    assert math.isclose(facts["gflops"] * 1e9, matmul_flops(50, 50, 50)), "one product a second"
    assert math.isclose(facts["gbps"] * 1e9, copied_bytes(np.zeros(10**6, dtype=np.uint8))), "one copy a second"
    assert facts["cores"] == os.cpu_count() and facts["numpy"] == np.__version__


@app.cell(hide_code=True)
def _():
    matrix_size = mo.ui.slider(2, 120, step=2, value=8, label="matrix size $n$", show_value=True)
    mo.md(f"""
    ### Explore: which wins, arithmetic or memory?

    Take the machine of the example: 100 GFLOP/s, 20 GB/s. An $n \\times n$ product must at least read two matrices and write
    one, $3n^2$ numbers of 4 bytes, while it computes. The slower of the two decides. **Predict**: which is it for small
    $n$, and which for large $n$? Then find the size at which both take equally long. Why is there only one?

    {matrix_size}
    """)
    return (matrix_size,)


@app.function(hide_code=True)
def explore_bound(n, gflops=100, gbps=20):
    """Markdown: how long an (n, n) product takes at least, for its operations and for its bytes."""
    operations, moved = matmul_flops(n, n, n), 3 * n * n * 4
    computing, moving = operations / gflops / 1e3, moved / gbps / 1e3  # microseconds
    wins = "both" if math.isclose(computing, moving) else "arithmetic" if computing > moving else "memory"
    return mo.md(f"""
| n = {n} | how much | at least |
|---|---:|---:|
| arithmetic | {operations:,} operations | {computing:.3f} µs |
| memory | {moved:,} bytes | {moving:.3f} µs |

You wait for **{wins}**: {operations / moved:.2f} operations per byte, and the machine does {gflops / gbps:.0f} while one byte travels.
""")


@app.cell(hide_code=True)
def _(matrix_size):
    show(explore_bound, matrix_size.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what can your machine do?

    The product does two billion operations on three matrices of 4 MiB. The copy moves 64 MiB out of memory and into it again,
    and computes nothing. **Predict**: which takes longer on your machine, and by what factor? How many MiB of arrays are alive
    at once? How many operations can your processor do while one byte travels: 1, 10 or 100? Then press the button.
    """)
    return


@app.function(hide_code=True)
def measure_machine(size=1024, nbytes=2**26):
    """Markdown: the facts of this machine, with the time and the memory that it took to find them."""
    import tracemalloc

    tracemalloc.start()
    try:
        start = time.perf_counter()
        facts = machine_facts(size, nbytes)
        seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    product_ms = matmul_flops(size, size, size) / facts["gflops"] / 1e6
    copy_ms = copied_bytes(np.empty(nbytes, dtype=np.uint8)) / facts["gbps"] / 1e6
    return mo.md(f"""
| | time | memory | speed |
|---|---:|---:|---:|
| product, {size} x {size} | {product_ms:.1f} ms | {3 * 4 * size**2 / 2**20:.0f} MiB | {facts["gflops"]:.0f} GFLOP/s |
| copy of {nbytes / 2**20:.0f} MiB | {copy_ms:.1f} ms | {2 * nbytes / 2**20:.0f} MiB | {facts["gbps"]:.1f} GB/s |
| all of `machine_facts()` | {seconds:.2f} s | {peak / 2**20:.0f} MiB | |

**{facts["gflops"] / facts["gbps"]:.1f} operations** while one byte travels, on {facts["system"]}, {facts["cores"]} cores, Python {facts["python"]},
NumPy {facts["numpy"]}.
""")


@app.cell(hide_code=True)
def _():
    measure_button = mo.ui.run_button(label="Measure on this machine")
    measure_button
    return (measure_button,)


@app.cell(hide_code=True)
def _(measure_button):
    measure(measure_button, measure_machine)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The last line is your machine's *balance*. A computation that does fewer operations than that for every byte it moves waits
    for memory, and a faster processor would not help it. One that does more waits for arithmetic. Products of large matrices
    are of the second kind; most other things that a network does are of the first.

    Read your numbers with care. NumPy multiplies matrices with several cores but copies with one, so all cores together may
    move more than your GB/s. A processor whose cache holds both arrays of the copy has measured its cache. And press the button
    again: the numbers change, more so with a browser at work. Compare only what was measured side by side.

    ## Complexity

    | | operations | bytes moved, at least | operations per byte |
    |---|---:|---:|---:|
    | copy of $n$ numbers | 0 | $O(n)$ | 0 |
    | product of $n \times n$ matrices | $O(n^3)$ | $12 n^2$ in float32 | grows with $n$ |
    | `median_seconds` | `rounds` + 1 calls | `rounds` + 1 calls | that of the function |

    ## In production

    Your stopwatch is `torch.utils.benchmark.Timer`, in `torch/utils/benchmark/utils/timer.py`: its `blocked_autorange` warms up,
    repeats, and returns a `Measurement` with a `median`, which the documentation calls more robust than the mean. Its argument
    `timer` is your `clock`. Your count is `mm_flop` in `torch/utils/flop_counter.py`; a comment there admits that, strictly, the
    addition to 0 need not be counted. `python -m torch.utils.collect_env` prints the facts of a machine for a bug report.

    ## Questions
    """)
    return


@app.function
def answer_token_seconds():
    """A language model has 1e9 weights in float32. To write one word it reads every weight once from memory, and does one
    multiplication and one addition with it; reading and computing go on at the same time. How many seconds does a word take
    at least, at 100 GFLOP/s and 20 GB/s?

    Hint: two times, one for each speed. Which of them decides?
    """
    ### BEGIN SOLUTION
    return max(2 * 1e9 / 100e9, 4 * 1e9 / 20e9)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_token_seconds():
    """WHAT: the least time for one word.
    WHY: reading the weights, not computing with them, is what a language model spends its time on when it writes for one reader.
    TIP: how many bytes is a float32? Nothing is written back. Two things that go on at the same time take as long as the longer one.
    """
    one_weight = np.zeros(1, dtype=np.float32)
    delivered = answer_token_seconds() * 20e9  # bytes, in that time
    assert math.isclose(delivered, 1e9 * one_weight.nbytes), f"memory delivers {delivered:.3g} bytes in that time"


@app.cell(hide_code=True)
def question_cold_call():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The first call of a function takes 40 ms, all others 2 ms. Name two things that the first call may have
    paid for. Then describe a program whose user cares about the 40 ms and not about the 2 ms: what should be measured there?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_addition_bound():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** `np.add(a, b, out=c)` on float32 arrays of 100 million numbers: how many operations is that for each byte it
    moves? With the numbers that *you* measured above, how many GFLOP/s can it reach at most, and what share of your peak is
    that? Would a processor with twice as many cores change your answer?

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A cell runs again when a name that it reads has changed; tests run with the function they test.
    - Explain, implement, test, explore. `Not done yet` is where everybody starts.
    - Time a warm function several times, and take the median.
    - A machine has two speeds, for operations and for bytes. A computation waits for one of them, and operations per byte
      decide for which.
    - `machine_facts()` knows both for your machine. Modules 14 and 18 will ask it.

    **Next:** save, and hand in with `tito module complete 00`. Module 01 builds the array that everything rests on.
    """)
    return


if __name__ == "__main__":
    app.run()
