"""One diagram for each module: the idea that the rest of it builds on.

They are SVG in the colour of the text around them, so they can be read on light and on dark pages, and on paper; what is
accented is also drawn in another way, so that no reader depends on seeing a colour.
"""

import math
from html import escape

import marimo as mo

WIDTH = 480  # units; on a phone a unit is about three quarters of a pixel, so 14 is the smallest text that can be read there
ACCENT, SECOND = "#2a86c8", "#c8641e"  # each has a contrast above 3:1 with a white and with a nearly black page


def diagram(slug: str) -> mo.Html:
    """The diagram of a module, as inline SVG.

    Args:
        slug: the module's name in `tito/course.py`, such as "tensor".
    """
    draw = DIAGRAMS[slug]
    drawing = Drawing()
    caption = draw(drawing)
    return mo.Html(drawing.figure(" ".join((draw.__doc__ or "").split()), caption))


class Drawing:
    """Shapes on a sheet that is `WIDTH` wide and as high as what is on it."""

    def __init__(self):
        self.shapes, self.bottom = [], 0

    def add(self, shape: str, bottom: float) -> None:
        self.shapes.append(shape)
        self.bottom = max(self.bottom, bottom)

    def text(self, x, y, words, anchor="middle", size=14, bold=False) -> None:
        weight = ' font-weight="bold"' if bold else ""
        place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"'
        self.add(f'<text {place} fill="currentColor" stroke="none"{weight}>{escape(words)}</text>', y + 6)

    def box(self, x, y, width, height, words="", color="currentColor", dashed=False) -> None:
        """A rounded box; of several lines of words, each is on its own line."""
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        fill = "none" if color == "currentColor" else f'{color}" fill-opacity="0.16'
        size = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4"'
        self.add(f'<rect {size} fill="{fill}" stroke="{color}"{dashes}/>', y + height + 2)
        lines = words.split("\n") if words else []
        for i, line in enumerate(lines):
            self.text(x + width / 2, y + height / 2 + 5 + 18 * (i - (len(lines) - 1) / 2), line)

    def cells(self, x, y, rows, size=34, color="currentColor") -> None:
        """A grid of numbers, as an array is drawn."""
        for i, row in enumerate(rows):
            for j, number in enumerate(row):
                self.box(x + j * size, y + i * size, size, size, str(number), color)

    def arrow(self, *points, color="currentColor", dashed=False) -> None:
        """A line along points (x, y), with a head at its end."""
        (x0, y0), (x1, y1) = points[-2:]
        angle = math.atan2(y1 - y0, x1 - x0)
        sides = [(x1 - 9 * math.cos(angle + turn), y1 - 9 * math.sin(angle + turn)) for turn in (-0.45, 0.45)]
        self.line(*points, color=color, dashed=dashed)
        self.line(sides[0], (x1, y1), sides[1], color=color)

    def line(self, *points, color="currentColor", dashed=False) -> None:
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        path = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
        self.add(f'<polyline points="{path}" fill="none" stroke="{color}"{dashes}/>', max(y for _, y in points) + 2)

    def dot(self, x, y, color="currentColor") -> None:
        self.add(f'<circle cx="{x:.4g}" cy="{y:.4g}" r="3.5" fill="{color}" stroke="none"/>', y + 5)

    def figure(self, description: str, caption: str) -> str:
        view = f'viewBox="0 0 {WIDTH} {self.bottom:g}" role="img" aria-label="{escape(description)}"'
        style = "display: block; width: 100%; height: auto; stroke-width: 1.5; font-family: inherit"
        drawn = "".join(self.shapes)
        return (
            f'<figure class="diagram" style="max-width: 36rem; margin: 1.5rem 0"><svg {view} style="{style}">{drawn}</svg>'
            f'<figcaption style="margin-top: 0.5rem">{escape(caption)}</figcaption></figure>'
        )


def _setup(on: Drawing) -> str:
    """Two boxes, memory and arithmetic, with an arrow between them: bytes per second. Beside the arithmetic: operations
    per second. Below, for a sum and for a matrix product of matrices of 1000 by 1000, the bytes and the operations."""
    on.box(10, 20, 130, 60, "memory")
    on.box(280, 20, 190, 60, "arithmetic:\noperations per second", ACCENT)
    on.arrow((140, 50), (280, 50), color=SECOND)
    on.text(210, 42, "bytes")
    on.text(210, 68, "per second")
    n = 1000
    on.text(10, 118, f"A and B: {n} x {n}, float32", "start", bold=True)
    on.text(300, 118, "moved, at least", "end", bold=True)
    on.text(470, 118, "computed", "end", bold=True)
    for y, name, operations in ((142, "A + B", n * n), (164, "A @ B", 2 * n**3)):
        on.text(10, y, name, "start")
        on.text(300, y, f"{3 * n * n * 4 / 1e6:.0f} MB", "end")
        on.text(470, y, f"{operations / 1e6:,.0f} million", "end")
    return "Every computation waits for one of two things: for numbers to arrive, or for work to be done on them."


def _tensor(on: Drawing) -> str:
    """A row of memory with the numbers 0 to 5. Two notes read it: shape (2, 3) with strides (3, 1) gives the rows 0 1 2 and
    3 4 5; shape (3, 2) with strides (1, 3) gives the rows 0 3, 1 4 and 2 5. No number was moved."""
    on.text(240, 18, "memory")
    on.cells(138, 28, [range(6)], color=ACCENT)
    for x, shape, strides in ((10, (2, 3), (3, 1)), (310, (3, 2), (1, 3))):
        on.box(x, 92, 160, 48, f"shape {shape}\nstrides {strides}", dashed=True)
        on.arrow((240 + (x - 155) * 0.5, 64), (x + 80, 92))
        rows, columns = shape
        numbers = [[i * strides[0] + j * strides[1] for j in range(columns)] for i in range(rows)]
        on.cells(x + 80 - 17 * columns, 160, numbers)
    return "A tensor is memory and a note on how to read it. Two notes, one memory: nothing is copied."


def _curve(on: Drawing, x, y, title, f) -> None:
    """A small plot of a function on -2 ... 2."""
    on.box(x, y, 200, 120)
    points = [(x + 10 + i * 1.8, y + 60 - 24 * f(-2 + i * 0.04)) for i in range(101)]
    on.line(*points, color=ACCENT)
    on.text(x + 100, y + 142, title)


def _activations(on: Drawing) -> str:
    """Two plots. Left, two linear functions after one another: a straight line. Right, with a bend between them: a line
    with corners."""
    _curve(on, 20, 8, "linear, then linear", lambda x: 0.5 * (1.8 * x + 0.4) - 0.2 * (1.5 * x - 1))
    bent = lambda x: 1.8 * max(x + 1.2, 0) - 3.4 * max(x, 0) + 2.6 * max(x - 1, 0) - 1.2  # noqa: E731
    _curve(on, 260, 8, "linear, bend, linear", bent)
    return "However many linear layers follow each other, the result is one line. A bend between two of them makes corners."


def _layers(on: Drawing) -> str:
    """A tree. At the top Sequential; below it 0 Linear, 1 ReLU, 2 Linear; below each Linear its weight and bias. Under the
    tree the names that a walk over it gives: 0.weight, 0.bias, 2.weight, 2.bias."""
    on.box(180, 6, 120, 32, "Sequential")
    for x, name, inside in (
        (20, "0: Linear", ("weight", "bias")),
        (180, "1: ReLU", ()),
        (340, "2: Linear", ("weight", "bias")),
    ):
        on.line((240, 38), (x + 60, 70))
        on.box(x, 70, 120, 32, name)
        for i, leaf in enumerate(inside):
            on.line((x + 60, 102), (x + 26 + 68 * i, 134))
            on.box(x - 8 + 72 * i, 134, 64, 32, leaf, ACCENT)
            on.text(x + 24 + 72 * i, 196, f"{name[0]}.{leaf}", bold=True)
            on.arrow((x + 24 + 72 * i, 166), (x + 24 + 72 * i, 182))
    return "A network is a tree of modules. One walk over it finds every tensor, and names it by its way."


def _losses(on: Drawing) -> str:
    """Three scores become three probabilities, the probability of the right class becomes one number, the loss. A second
    arrow leads from the scores to the loss directly."""
    scores = [2.0, 1.0, 0.1]
    total = sum(math.exp(score) for score in scores)
    shares = [math.exp(score) / total for score in scores]
    for x, title, numbers, digits in ((10, "scores", scores, 1), (190, "probabilities", shares, 2)):
        on.text(x + 50, 18, title)
        for i, number in enumerate(numbers):
            on.box(x + 20, 28 + 34 * i, 60, 34, f"{number:.{digits}f}", ACCENT if i == 0 else "currentColor")
    on.arrow((94, 79), (206, 79))
    on.text(150, 71, "softmax")
    on.arrow((272, 45), (382, 45))
    on.text(327, 37, "-log p")
    on.text(427, 18, "loss")
    on.box(384, 28, 86, 34, f"{-math.log(shares[0]):.3f}", SECOND)
    on.arrow((60, 132), (60, 158), (427, 158), (427, 64), dashed=True)
    on.text(243, 150, "from the scores, in one step")
    on.text(10, 184, "Shaded: the right class.", "start")
    return "The loss is the surprise at the right answer. The dashed path gives the same number, and stays accurate where the other one breaks."


def _autograd(on: Drawing) -> str:
    """A graph: a = 2 and b = 3 are multiplied, c = 4 is added, the result is 10. Arrows forward carry numbers; dashed arrows
    backward carry gradients: 1 at the result, 1 at the product and at c, 3 at a and 2 at b."""
    a, b, c = 2, 3, 4
    for x, y, words, color in (
        (10, 14, f"a = {a}", "currentColor"),
        (10, 94, f"b = {b}", "currentColor"),
        (170, 54, f"a * b = {a * b}", "currentColor"),
        (170, 134, f"c = {c}", "currentColor"),
        (360, 94, f"a * b + c = {a * b + c}", ACCENT),
    ):
        on.box(x, y, 70 if x == 10 else 90 if x == 170 else 114, 34, words, color)
    for start, end, gradient in (
        ((80, 31), (170, 63), b),
        ((80, 111), (170, 79), a),
        ((260, 71), (360, 103), 1),
        ((260, 151), (360, 119), 1),
    ):
        on.arrow(start, end)
        shift = -12 if end[1] > start[1] else 12
        on.arrow((end[0], end[1] + shift), (start[0], start[1] + shift), color=SECOND, dashed=True)
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        on.text(middle[0] + 4, middle[1] + (shift - 6 if shift < 0 else shift + 16), str(gradient), bold=True)
    on.text(417, 84, "1", bold=True)
    on.text(10, 190, "Solid: numbers, forwards. Dashed: gradients, backwards.", "start")
    return "Each operation knows only how much its own inputs move its own result. Sent backwards, that is every gradient there is."


def _optimizers(on: Drawing) -> str:
    """Three times the same valley. Short steps have not reached its ground after eight steps; fitting ones are there; long
    ones jump from side to side and climb out."""
    for x0, title, lr in ((5, "too short", 0.1), (165, "it fits", 0.6), (325, "too long", 2.08)):
        middle = x0 + 75
        on.line(*[(middle + u, 20 + 120 - 120 * (u / 70) ** 2) for u in range(-70, 71, 2)])
        place, path = -0.56, []
        for _ in range(8):
            path.append((middle + 70 * place, 140 - 120 * place**2))
            place -= lr * place  # the slope of place**2 / 2
        on.line(*path, color=ACCENT, dashed=True)
        for point in path:
            on.dot(*point, color=SECOND)
        on.text(middle, 166, title)
    return "One valley, the same beginning, eight steps: all that differs is how far a step goes."


def _training(on: Drawing) -> str:
    """A loop of five boxes: batch, forward, loss, backward, step, and back to the next batch. Apart from it, a box for
    held-out rows, with an arrow to a second loss that no step follows."""
    names = ["batch", "forward", "loss", "backward", "step"]
    for i, name in enumerate(names):
        on.box(6 + 97 * i, 20, 80, 36, name, ACCENT if i > 2 else "currentColor")
        if i:
            on.arrow((97 * i - 11, 38), (6 + 97 * i, 38))
    on.arrow((434, 56), (434, 82), (46, 82), (46, 56))
    on.text(240, 76, "the next batch")
    on.box(6, 116, 130, 44, "held-out rows", dashed=True)
    on.arrow((136, 138), (200, 138))
    on.box(200, 120, 80, 36, "loss", dashed=True)
    on.text(292, 143, "measured, no step follows", "start")
    return "The upper loop learns. The lower row says whether to believe it."


def _dataloader(on: Drawing) -> str:
    """A chain of four boxes: order, items, batch, network. The order is lists of indices; items are read and
    transformed; a batch is collated. A dashed frame around items and batch says that a thread may do this ahead of time. An
    arrow leads from the network back to the order: after the last batch, the next epoch."""
    names = [("order", "3 0 | 4 1 | 2"), ("items", "read, transform"), ("batch", "collate"), ("network", "train")]
    for i, (name, what) in enumerate(names):
        on.box(6 + 122 * i, 30, 96, 36, name, ACCENT if i == 0 else "currentColor")
        on.text(54 + 122 * i, 86, what)
        if i:
            on.arrow((122 * i - 20, 48), (6 + 122 * i, 48))
    on.box(117, 8, 240, 92, color=SECOND, dashed=True)
    on.text(237, 122, "a thread may do this ahead of time")
    on.arrow((420, 100), (420, 146), (54, 146), (54, 96))
    on.text(237, 140, "the next epoch", size=14)
    return "The order is drawn from a seed, so every batch can be repeated."


def _spatial(on: Drawing) -> str:
    """A picture of three by three numbers, 0 to 8. Its top left window of two by two has a frame. Below, the window 0 1 3 4 is a row;
    times the kernel, 1 0 0 -1 as a column, it gives -4: the top left number of the feature map of two by two on the right."""
    on.cells(6, 10, [[0, 1, 2], [3, 4, 5], [6, 7, 8]])
    on.cells(6, 10, [["", ""], ["", ""]], color=ACCENT)
    on.text(57, 132, "picture")
    on.cells(172, 27, [[0, 1, 3, 4]], color=ACCENT)
    on.arrow((114, 44), (164, 44), color=ACCENT)
    on.text(240, 84, "a window as a row")
    on.text(325, 50, "x", size=16)
    on.cells(342, 10, [[1], [0], [0], [-1]], 24, SECOND)
    on.text(354, 126, "kernel")
    on.arrow((370, 44), (396, 44))
    on.cells(402, 27, [[-4, -4], [-4, -4]])
    on.box(402, 27, 34, 34, color=ACCENT)
    on.text(436, 115, "feature map")
    return "Each window is a row, each filter a column: one matrix product computes the whole feature map."


def _tokenization(on: Drawing) -> str:
    """The word lower in four rows. First five bytes: l o w e r, with the ids 108 111 119 101 114. Then l o is one token, 256; then low
    is one, 257; then e r is one, 258. An arrow points down: encode."""
    steps = [("l", "o", "w", "e", "r"), ("lo", "w", "e", "r"), ("low", "e", "r"), ("low", "er")]
    ids = {"lo": 256, "low": 257, "er": 258} | {letter: ord(letter) for letter in "lower"}
    for row, tokens in enumerate(steps):
        y, x = 6 + 62 * row, 90
        for token in tokens:
            width = 60 * len(token)
            on.box(x + 3, y, width - 6, 46, f"{token}\n{ids[token]}", ACCENT if len(token) > 1 else "currentColor")
            x += width
    on.text(400, 34, "bytes", "start")
    for row, pair in enumerate(("l + o", "256 + w", "e + r"), start=1):
        on.text(400, 34 + 62 * row, pair, "start")
    on.arrow((66, 10), (66, 234), color=SECOND)
    on.text(58, 124, "encode", "end")
    return "Each row merges one pair into one token, in the order in which the pairs were learned. The ids of the last row go to the network."


def _embeddings(on: Drawing) -> str:
    """Three ids, 2, 0 and 2, on the left; in the middle a table of four rows, numbered 0 to 3; on the right three vectors. Arrows lead
    from each id to its row, twice to row 2, and on to the vectors. Dashed arrows lead back: row 2 adds up two gradients."""
    rows = [[1, 2], [3, 4], [5, 6], [7, 8]]
    on.text(27, 22, "ids")
    on.text(220, 22, "table")
    on.text(420, 22, "vectors")
    for i, number in enumerate((2, 0, 2)):
        y = 50 + 48 * i
        color = ACCENT if number == 2 else "currentColor"
        on.cells(10, y, [[number]], color=color)
        on.cells(386, y, [rows[number]], color=color)
        on.arrow((46, y + 17), (178, 53 + 34 * number), color=color)
        on.arrow((258, 53 + 34 * number), (382, y + 17), color=color)
    for i, row in enumerate(rows):
        on.cells(188, 36 + 34 * i, [row], color=ACCENT if i == 2 else "currentColor")
    on.arrow((420, 186), (420, 214), (222, 214), (222, 176), color=SECOND, dashed=True)
    on.text(320, 234, "gradients: row 2 adds up both of its uses")
    return "An embedding picks rows of a table. Backwards, each row gets the sum of the gradients of all its uses."


def _attention(on: Drawing) -> str:
    """A query on the left is compared with four keys: it, with the cat, drank, the milk and was. The scores become weights by softmax: 0.1,
    0.1, 0.7 and 0.1, drawn as bars. Four values, times their weights, add up to the result on the right."""
    on.box(6, 86, 54, 36, "it", ACCENT)
    on.text(33, 142, "query")
    on.text(130, 22, "keys")
    on.text(236, 22, "weights")
    on.text(338, 22, "values")
    for i, (word, weight) in enumerate((("cat", 0.1), ("drank", 0.1), ("milk", 0.7), ("was", 0.1))):
        y, color = 34 + 44 * i, ACCENT if weight > 0.5 else "currentColor"
        on.box(96, y, 68, 34, word, color)
        on.arrow((62, 104), (94, y + 17), color=color)
        on.box(190, y + 5, 90 * weight, 24, color=color)
        on.text(200 + 90 * weight, y + 22, str(weight), "start")
        on.box(316, y, 44, 34, f"v{i}", color)
        on.arrow((362, y + 17), (398, 104), color=color)
    on.box(402, 86, 70, 36, "result", ACCENT)
    on.text(236, 232, "scores, then softmax")
    return "Each word asks a question of all words. Softmax of the scores says how much of each value it gets."


def _transformers(on: Drawing) -> str:
    """From bottom to top runs a thick line, the stream. At the bottom, tokens and positions enter it. In a dashed frame, times L, two branches
    leave the stream to the right, each through a norm: one to attention, the other to an MLP. Each comes back to a plus sign on the stream. At the
    top, after a last norm, come the scores of all tokens, and a dashed arrow back to the bottom: the chosen token is added to the text."""
    on.box(120, 300, 130, 34, "tokens + positions")
    on.line((185, 300), (185, 62), color=ACCENT)
    on.box(140, 76, 330, 206, dashed=True)
    on.text(462, 98, "L blocks", "end", bold=True)
    for y, name in ((246, "attention"), (146, "MLP")):
        on.arrow((185, y), (232, y), color=ACCENT)
        on.box(232, y - 17, 60, 34, "norm")
        on.arrow((292, y), (318, y))
        on.box(318, y - 17, 90, 34, name, SECOND)
        on.arrow((363, y - 17), (363, y - 42), (195, y - 42), color=ACCENT)
        on.box(175, y - 52, 20, 20, "+", ACCENT)
    on.box(120, 28, 130, 34, "norm, scores")
    on.arrow((250, 45), (300, 45))
    on.box(300, 28, 120, 34, "next token", SECOND)
    on.arrow((120, 45), (60, 45), (60, 317), (118, 317), dashed=True)
    on.text(52, 180, "write", "end")
    return "Blocks read a stream of vectors and add to it; at its end, each token of the vocabulary gets a score. One is chosen, and all starts again."


DIAGRAMS = {
    "setup": _setup,
    "tensor": _tensor,
    "activations": _activations,
    "layers": _layers,
    "losses": _losses,
    "autograd": _autograd,
    "optimizers": _optimizers,
    "training": _training,
    "dataloader": _dataloader,
    "spatial": _spatial,
    "tokenization": _tokenization,
    "embeddings": _embeddings,
    "attention": _attention,
    "transformers": _transformers,
}
