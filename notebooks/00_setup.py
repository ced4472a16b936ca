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
    from tito.lesson import close, measure, show


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Module 00: Setup

    How fast is your machine? There are two answers: how fast it computes, and how fast it can move data to the processor. In this
    course you make programs many times faster, and each time one of these two numbers tells you how much further you can go. In
    under an hour you measure both, and see how the course works.

    **When you are done:** I can ...

    - solve an exercise, read what its test says, and complete a module;
    - count the operations of a matrix product and the bytes of a copy;
    - time a function so that the number means something;
    - configure and check my environment, and say what my machine can do.

    **You need:** Python and a little NumPy. **It unlocks:** Module 01, the tensor.
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

    This page is a notebook: a list of cells, stored in one Python file, `notebooks/00_setup.py`. Every idea takes four steps:

    | step | what you see | what you do |
    |:---|:---|:---|
    | **explain** | a question, and an example with real numbers | follow along with a pencil |
    | **implement** | a function whose body is `raise NotImplementedError(...)` | replace that line with your code |
    | **test** | a cell right below, named `test_...` | nothing: it runs whenever the function's cell runs |
    | **explore** | a slider or a menu | predict first, then move it |

    Run a cell with Ctrl-Enter (Cmd-Enter on a Mac). In a new notebook every test says `Not done yet` and names the exercise it
    waits for. Once your code runs but gives a wrong result, the same place shows the check that failed, and then a `TIP`.
    Save with Ctrl-S. Then open a second terminal in the folder that `tito init` created, with the course's environment active:

    ```
    tito module test 00        # run all tests on what you saved, including some that are not in the notebook
    tito module complete 00    # test, export your functions to tinytorch/machine.py, unlock Module 01
    tito system doctor         # something behaves strangely? this looks for the cause
    ```

    Every module you complete adds a file to `tinytorch/`, and later modules import it. By the end, that folder is a
    machine-learning framework that you wrote.

    ## 2. Why did that cell run? I didn't touch it

    When the cell that *defines* a name has run, every cell that reads the name runs again, so the page is never out of date. That is
    why the order of the cells doesn't matter, and why only one cell may define a name. Try it: the next cell defines a slider, and the
    one below reads it. **Predict**: if you double the side of a square matrix, by what factor does its memory grow? Then drag.
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

    A neural network spends most of its time on matrix products. We count **floating-point operations** (FLOP): one multiplication
    or one addition of two numbers. Take a row of length 2 times a column of length 2, with a running sum that starts at 0:

    $$\begin{pmatrix} 1 & 2 \end{pmatrix} \begin{pmatrix} 3 \\ 4 \end{pmatrix} = 1 \cdot 3 + 2 \cdot 4 = 11$$

    | step | running sum | operations so far |
    |:---|---:|---:|
    | multiply 1 by 3 | 0 | 1 |
    | add it | 3 | 2 |
    | multiply 2 by 4 | 3 | 3 |
    | add it | 11 | 4 |

    That was one entry of a result. Now let $A$ have shape $(m, k)$ and $B$ shape $(k, n)$. How long is a row of $A$? How many
    entries does $A B$ have? That is your first exercise.
    """)
    return


@app.function
def matmul_flops(m: int, k: int, n: int) -> int:
    """Count the floating-point operations of a matrix product, with a running sum that starts at 0.

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
    WHY: operations divided by seconds is a machine's speed; a wrong count is a wrong speed.
    TIP: for the sizes that fail, write out one entry of the result. How many steps does its table have, and how many tables are there?
    """
    close(matmul_flops(1, 2, 1), 4, "a (1, 2) row times a (2, 1) column, the table above")
    close(matmul_flops(2, 2, 2), 16, "a (2, 2) times a (2, 2) matrix")
    close(matmul_flops(2, 3, 4), 48, "a (2, 3) times a (3, 4) matrix")
    ### BEGIN HIDDEN TESTS
    close(matmul_flops(7, 1, 1), 14, "a (7, 1) column times a (1, 1) matrix")
    close(matmul_flops(1, 1000, 1), 2000, "a (1, 1000) row times a (1000, 1) column")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 4. How long does a function take?

    Read the clock, call the function, read the clock again. What could go wrong? Here is one function, called six times:

    | call | 1 | 2 | 3 | 4 | 5 | 6 |
    |:---|---:|---:|---:|---:|---:|---:|
    | ms | 40.0 | 2.1 | 2.0 | 9.6 | 2.2 | 2.1 |

    The first call is **cold**: it pays for what happens only once, such as allocating memory and starting threads. It tells you
    nothing about the thousandth call. During the fourth call another program woke up. The mean of the five warm calls is
    $18.0 / 5 = 3.6$ ms, a time that none of them took. Sort them, 2.0, 2.1, **2.1**, 2.2, 9.6, and take the one in the middle:
    the **median** is 2.1 ms, and would still be if the interruption had been ten times as long.

    How do you test a stopwatch? Not with real time, which differs from run to run. So the clock is an argument: any function that
    returns the time. `work_lasting`, which is given, makes a fake task that takes exactly as long as you say, and a matching clock.
    """)
    return


@app.function
# not exported
def work_lasting(durations):
    """A fake task, a fake clock that only the task advances, and the list of durations so far."""
    calls = []

    def work():
        calls.append(durations[len(calls) % len(durations)])

    return work, lambda: sum(calls), calls


@app.function
def median_seconds(function: Callable, rounds: int = 5, clock: Callable = time.perf_counter) -> float:
    """How long a call of a function typically takes, once it is warm.

    Args:
        function: what to time; it is called without arguments, `rounds` + 1 times.
        rounds: how many calls to time, at least 1.
        clock: function that returns the time in seconds.

    Returns:
        The median of the timed calls, in seconds; for an even number of them, the mean of the middle two.

    >>> now = [0.0]
    >>> def work():
    ...     now[0] += 2.0
    >>> median_seconds(work, clock=lambda: now[0])
    2.0

    Steps:
        1. Make one call that doesn't count.
        2. Time each of the next `rounds` calls separately, and keep every time.
        3. Return the median.

    Hint: read the clock right before a call and right after it. The module `statistics` is already imported.
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
    """WHAT: one cold call, then `rounds` calls that are timed separately; the result is their median.
    WHY: every claim in this course that something is faster rests on this function.
    TIP: the message lists how long the calls took, in order, on the test's clock. Which of them count, and which is in the middle once they are sorted?
    """
    work, clock, calls = work_lasting([50.0, 4.0, 3.0, 30.0, 1.0, 2.0])
    seconds = median_seconds(work, rounds=5, clock=clock)
    assert len(calls) == 6, f"rounds=5 means one cold call and five timed ones, 6 calls; there were {len(calls)}"
    close(seconds, 3.0, f"the calls took {calls}, and the first was cold")
    work, clock, calls = work_lasting([1.0, 7.0, 9.0, 8.0])
    close(median_seconds(work, rounds=3, clock=clock), 8.0, f"the calls took {calls}, and the first was cold")
    work, clock, calls = work_lasting([50.0, 1.0, 4.0])
    close(median_seconds(work, rounds=2, clock=clock), 2.5, f"an even number of rounds; the calls took {calls}")
    work, clock, calls = work_lasting([1.0])
    median_seconds(work, clock=clock)
    assert len(calls) == 6, f"without rounds= there are five rounds, so 6 calls; there were {len(calls)}"
    ### BEGIN HIDDEN TESTS
    work, clock, calls = work_lasting([9.0, 5.0])
    close(median_seconds(work, rounds=1, clock=clock), 5.0, f"a single round; the calls took {calls}")
    assert len(calls) == 2, f"a single round: one cold call and one timed one, 2 calls; there were {len(calls)}"
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 5. How many bytes does a copy move?

    `y[:] = x` fills one array with the numbers of another. It doesn't add or multiply anything, but it still takes time: the
    numbers must travel. **Bandwidth** is how many bytes travel between memory and processor per second, in either direction.

    Follow a single float32, 4 bytes, on its way. It starts in `x`, in memory. Only the processor can move it. It ends up in `y`,
    which is also in memory. Count every byte that passes between memory and processor.
    """)
    return


@app.function
def copied_bytes(x: np.ndarray) -> int:
    """Bytes that travel between memory and processor when `y[:] = x` runs.

    Args:
        x: array of any shape and dtype; `y` is another array of the same shape and dtype.

    Returns:
        The number of bytes, an int.

    >>> copied_bytes(np.zeros(3, dtype=np.float32))
    24

    Steps:
        1. How many bytes do the numbers of `x` take?
        2. How often does each of them travel?

    Hint: an array knows how many numbers it holds, how many bytes each takes, and how many they take in total.
    """
    ### BEGIN SOLUTION
    return 2 * x.nbytes
    ### END SOLUTION


@app.function
# points: 2
def test_copied_bytes():
    """WHAT: all bytes of a copy are counted, for every shape and every dtype.
    WHY: bytes divided by seconds is the bandwidth; forget half of them, and your memory looks half as fast as it is.
    TIP: count the numbers along all axes, then the bytes of one number (its dtype tells you), then the trips of each byte.
    """
    close(copied_bytes(np.zeros(3, dtype=np.float32)), 24, "three numbers of 4 bytes")
    close(copied_bytes(np.zeros((2, 5), dtype=np.float64)), 160, "2 x 5 numbers of 8 bytes")
    close(copied_bytes(np.zeros(7, dtype=np.int8)), 14, "seven numbers of 1 byte")
    close(copied_bytes(np.zeros(10, dtype=np.float32)[::2]), 40, "every second of ten: only five numbers are copied")
    ### BEGIN HIDDEN TESTS
    close(copied_bytes(np.zeros((2, 3, 4), dtype=np.float32)), 192, "2 x 3 x 4 numbers of 4 bytes")
    close(copied_bytes(np.array(1.0)), 16, "an array without axes holds one number")
    ### END HIDDEN TESTS


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## 6. Two numbers for one machine

    Now put the three together. To measure peak arithmetic speed, give the processor a lot of work on few numbers: the product of
    two 1024 x 1024 matrices is two billion operations on three matrices of 4 MiB. To measure bandwidth, give it nothing to
    compute: copy 64 MiB, more than most caches hold. (A **cache** is a small, fast memory inside the processor; data that fits in
    it doesn't show how fast main memory is.) With round numbers:

    | | you count | your stopwatch says | so the machine does |
    |:---|---:|---:|---:|
    | product | 2.0e9 operations | 0.020 s | 100 GFLOP/s, $10^9$ operations a second |
    | copy | 1.0e8 bytes | 0.005 s | 20 GB/s, $10^9$ bytes a second |

    The function below is given. Read it: each line calls something you wrote, or looks up a fact.
    """)
    return


@app.function
def machine_facts(size: int = 1024, nbytes: int = 2**26, clock: Callable = time.perf_counter) -> dict:
    """What this machine is and how fast it is; takes about half a second.

    Args:
        size: the matrices of the product are (size, size); large, so that arithmetic takes most of the time.
        nbytes: how many bytes to copy; more than the caches hold, so that memory takes most of the time.
        clock: function that returns the time in seconds.

    Returns:
        dict with "gflops" (float32 matrix product, 1e9 operations per second), "gbps" (copy, 1e9 bytes per second, read and
        written), "cores" (as the operating system counts them), and the strings "python", "numpy" and "system".

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
    """WHAT: with a clock that advances one second each time it is read, each speed equals its count.
    WHY: later modules compare every kernel with these two numbers.
    TIP: the function is given. If this fails, look at the exercises above: does median_seconds use the clock it was given?
    """
    seconds = iter(range(1000))
    facts = machine_facts(size=50, nbytes=10**6, clock=lambda: next(seconds))
    close(facts["gflops"] * 1e9, matmul_flops(50, 50, 50), "one product per second")
    close(facts["gbps"] * 1e9, copied_bytes(np.zeros(10**6, dtype=np.uint8)), "one copy per second")
    assert facts["cores"] == os.cpu_count(), f"machine_facts counts {facts['cores']} cores, the system {os.cpu_count()}"
    assert facts["numpy"] == np.__version__, f"this is NumPy {np.__version__}, not {facts['numpy']}"


@app.cell(hide_code=True)
def _():
    matrix_size = mo.ui.slider(2, 120, step=2, value=8, label="matrix size $n$", show_value=True)
    mo.md(f"""
    ### Explore: do you wait for arithmetic or for memory?

    Take the machine of the example: 100 GFLOP/s, 20 GB/s. While it computes, an $n \\times n$ product must at least read two
    matrices and write one, $3n^2$ numbers of 4 bytes. You wait for the slower of the two. **Predict**: which is it for small $n$,
    and which for large $n$? Then find the size at which both take equally long. Why is there only one?

    {matrix_size}
    """)
    return (matrix_size,)


@app.function(hide_code=True)
def explore_bound(n, gflops=100, gbps=20):
    """Markdown: the least time that an (n, n) product takes, for its operations and for its bytes."""
    operations, nbytes = matmul_flops(n, n, n), 3 * n * n * 4
    compute_us, memory_us = operations / gflops / 1e3, nbytes / gbps / 1e3
    slower = "arithmetic" if compute_us > memory_us else "memory"
    bottleneck = "both" if math.isclose(compute_us, memory_us) else slower
    return mo.md(f"""
| n = {n} | how much | at least |
|:---|---:|---:|
| arithmetic | {operations:,} operations | {compute_us:.3f} µs |
| memory | {nbytes:,} bytes | {memory_us:.3f} µs |

You wait for **{bottleneck}**: the product does {operations / nbytes:.2f} operations per byte, and the machine {gflops / gbps:.0f} while one byte travels.
""")


@app.cell(hide_code=True)
def _(matrix_size):
    show(explore_bound, matrix_size.value)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Measure: what can your machine do?

    The product does two billion operations on three matrices of 4 MiB. The copy moves 64 MiB out of memory and back into it, and
    computes nothing. **Predict**: which takes longer on your machine, and by what factor? How many MiB do all the arrays take
    together? How many operations can your processor do while one byte travels: 1, 10 or 100? Then press the button.
    """)
    return


@app.function(hide_code=True)
def measure_machine(size=1024, nbytes=2**26):
    """Markdown: the facts of this machine, with the time and the memory it took to measure them."""
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
|:---|---:|---:|---:|
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
    The last line is your machine's **balance**. A computation that does fewer operations than that for every byte it moves waits
    for memory, and a faster processor wouldn't help it. One that does more waits for arithmetic. Products of large matrices
    are of the second kind; most other operations in a network are of the first.

    Read your numbers with care. NumPy multiplies matrices on several cores but copies on one, so all cores together may move more
    than your GB/s. If your processor's cache holds both arrays of the copy, you measured the cache. And press the button again:
    the numbers change, especially while a browser is busy. Compare only what you measured side by side.

    ## Complexity

    | | operations | bytes moved, at least | operations per byte |
    |:---|:---|:---|:---|
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
    """A language model has 1e9 weights in float32. To write one word it reads every weight once from memory and does one
    multiplication and one addition with it; reading and computing overlap. How many seconds does a word take at least, at
    100 GFLOP/s and 20 GB/s?

    Hint: two times, one for each speed. Which of them decides?
    """
    ### BEGIN SOLUTION
    computing = 2 * 1e9 / 100e9
    reading = 4 * 1e9 / 20e9
    return max(computing, reading)
    ### END SOLUTION


@app.function
# points: 1
def test_answer_token_seconds():
    """WHAT: the least time for one word.
    WHY: a language model that writes for one reader spends its time reading weights, not computing with them.
    TIP: how many bytes is a float32? Nothing is written back. Two things that overlap take as long as the longer one.
    """
    seconds, one_weight = answer_token_seconds(), np.zeros(1, dtype=np.float32)
    assert seconds is not None, "answer_token_seconds returned None: is there a return statement?"
    delivered = seconds * 20e9  # bytes, in that time
    assert math.isclose(delivered, 1e9 * one_weight.nbytes), (
        f"memory delivers {delivered:.3g} bytes in {seconds} seconds"
    )


@app.cell(hide_code=True)
def question_cold_call():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** The first call of a function takes 40 ms, every other call 2 ms. Name two things that the first call may have
    paid for. Then describe a program whose user cares about the 40 ms and not about the 2 ms. What should you measure there?

    (To answer, open this cell: move the mouse over it, click the button with the three dots at its top right, and choose *Show code*.
    Write below the last line, above the closing quotes, and run the cell with Ctrl-Enter. In Jupyter, double-click this text.)

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def question_addition_bound():
    # points: 2, answered by hand
    mo.md(r"""
    **Question.** `np.add(a, b, out=c)` on float32 arrays of 100 million numbers: how many operations does it do for each byte it
    moves? With the numbers that *you* measured above, how many GFLOP/s can it reach at most, and what share of your peak is
    that? Would a processor with twice as many cores change your answer?

    (Open this cell in the same way, and write below the last line.)

    *Your answer:*
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Summary

    - A cell runs again when a name it reads has changed; tests run with the function they test.
    - Explain, implement, test, explore. Everyone starts at `Not done yet`.
    - Time a warm function several times, and take the median.
    - A machine has two speeds, for operations and for bytes. A computation waits for one of them; its operations per byte decide
      which.
    - `machine_facts()` measures both on your machine. Modules 14 and 18 use it again.

    **Next:** save, and run `tito module complete 00`. Module 01 builds the array that everything rests on.
    """)
    return


if __name__ == "__main__":
    app.run()
