import marimo

__generated_with = "0.25.2"
app = marimo.App(app_title="Draw a digit")

with app.setup(hide_code=True):
    from tito.milestone import use_own_tinytorch

    use_own_tinytorch(__file__)

    import marimo as mo
    import numpy as np
    from wigglystuff import Paint

    from tinytorch import Tensor, manual_seed, no_grad
    from tinytorch.datasets import Digits
    from tinytorch.nn import CrossEntropyLoss, Linear, ReLU, Sequential
    from tinytorch.nn.functional import softmax
    from tinytorch.optim import Adam
    from tinytorch.training import train_epoch
    from tinytorch.utils.data import DataLoader, TensorDataset

    SIDE, FINE = 8, 32  # pixels of an image that the network reads, and of the one that it is made from
    CANVAS = 320


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Draw a digit

    Your own network reads it after every stroke. Draw it large. Which digits does it confuse? Look at the picture that it gets: what
    has been lost?
    """)
    return


@app.function
def trained(seed):
    """A network that has learned to read the 1,437 training images of the digits, 8 by 8 pixels each."""
    manual_seed(seed)
    digits = Digits(train=True)
    data = TensorDataset(Tensor(digits.data).flatten(1).float() / 255, Tensor(digits.targets))
    net = Sequential(Linear(SIDE * SIDE, 64), ReLU(), Linear(64, 10))
    optimizer = Adam(net.parameters(), lr=3e-3)
    for _ in range(20):
        train_epoch(net, CrossEntropyLoss(), optimizer, DataLoader(data, batch_size=32, shuffle=True))
    return net


@app.function
def ink(drawing):
    """How dark an RGBA picture is on white paper: (H, W), from 0 to 1."""
    red, green, blue, opacity = np.asarray(drawing.convert("RGBA")).transpose(2, 0, 1) / 255
    return (1 - (red + green + blue) / 3) * opacity


@app.function
def as_digit(ink):
    """Make a drawing look like the images that the network has seen.

    The data set was made so, too: a digit that fills its image is turned into 32 by 32 dots of ink, and each pixel is the share
    of ink among 4 by 4 of them.

    Args:
        ink: (H, W), from 0 for paper to 1 for ink.

    Returns:
        (8, 8) float32, from 0 to 1; None if nothing is drawn.
    """
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.5), np.flatnonzero(ink.max(axis=0) > 0.5)
    if rows.size == 0:
        return None
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = digit.shape
    size = max(height, width) + -max(height, width) % FINE  # the next multiple
    paper = np.zeros((size, size))
    top, left = (size - height) // 2, (size - width) // 2
    paper[top : top + height, left : left + width] = digit
    dots = np.pad(blocks(paper, FINE) > 0.1, 1)
    dots = (
        dots[1:-1, 1:-1] | dots[:-2, 1:-1] | dots[2:, 1:-1] | dots[1:-1, :-2] | dots[1:-1, 2:]
    )  # as thick as a pen's line
    return blocks(dots, SIDE).astype(np.float32)


@app.function
def blocks(image, count):
    """Shrink a square image to (count, count): each number is the mean of a block."""
    size = len(image) // count
    return image.reshape(count, size, count, size).mean(axis=(1, 3))


@app.function
def reading(net, image):
    """HTML: what the network sees, what it reads, and how sure it is of each digit."""
    with no_grad():
        probabilities = softmax(net(Tensor(image.reshape(1, -1))), dim=-1).numpy()[0]
    best = int(probabilities.argmax())
    squares = "".join(
        f'<rect x="{column}" y="{row}" width="1" height="1" fill="black" opacity="{image[row, column]:.2f}"/>'
        for row in range(SIDE)
        for column in range(SIDE)
    )
    seen = (
        f'<svg viewBox="0 0 {SIDE} {SIDE}" style="width: 10rem; background: white; border: 1px solid gray" role="img"'
        f' aria-label="The image of 8 by 8 pixels that the network reads">{squares}</svg>'
    )
    bars = "".join(
        f'<tr><th scope="row">{digit}</th><td style="width: 14rem"><div style="width: {100 * share:.1f}%; height: 0.8rem;'
        f' background: {"#d55e00" if digit == best else "#0072b2"}"></div></td><td>{share:.1%}</td></tr>'
        for digit, share in enumerate(probabilities)
    )
    return mo.Html(
        f'<div aria-live="polite" style="display: flex; flex-wrap: wrap; gap: 2rem"><div>{seen}'
        f'<p style="font-size: 1.5rem">It reads <b>{best}</b>.</p></div><table>{bars}</table></div>'
    )


@app.cell(hide_code=True)
def _():
    seed = mo.ui.number(0, 99, value=0, label="Random seed of the network")
    seed
    return (seed,)


@app.cell(hide_code=True)
def _(seed):
    net = trained(seed.value)
    return (net,)


@app.cell(hide_code=True)
def _():
    paint = Paint(width=CANVAS, height=CANVAS, brush=False, color_picker=False)
    canvas = mo.ui.anywidget(paint)
    canvas
    return (canvas,)


@app.cell(hide_code=True)
def _(canvas, net):
    canvas.value  # so that this cell runs again after each stroke
    _image = as_digit(ink(canvas.widget.get_pil()))
    mo.md("Nothing is drawn yet.") if _image is None else reading(net, _image)
    return


@app.cell(hide_code=True)
def _():
    number = mo.ui.number(0, 359, value=0, label="Without a mouse: read test image number")
    mo.vstack([mo.md("## An image that the network has not seen"), number])
    return (number,)


@app.cell(hide_code=True)
def _(net, number):
    _test = Digits(train=False)
    mo.vstack([mo.md(f"It shows a {_test.targets[number.value]}."), reading(net, _test.data[number.value] / 255)])
    return


if __name__ == "__main__":
    app.run()
