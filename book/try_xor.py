import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="How many neurons does XOR take?")

# tinytorch is imported where it is used, so that the sliders are there before NumPy has loaded
with app.setup(hide_code=True):
    import math

    import marimo as mo

    START_HIDDEN, START_STEPS, START_SEED = 0, 200, 0


@app.function
def trained(hidden, steps, seed):
    """A network trained on XOR, and its loss: 2 inputs, `hidden` tanh units, 1 output; with no hidden units, one neuron."""
    from tinytorch import Tensor, manual_seed
    from tinytorch.nn import BCEWithLogitsLoss, Linear, Sequential, Tanh
    from tinytorch.optim import Adam

    manual_seed(seed)
    net = Sequential(Linear(2, hidden), Tanh(), Linear(hidden, 1)) if hidden else Linear(2, 1)
    x, y = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), Tensor([[0.0], [1.0], [1.0], [0.0]])
    loss_fn, optimizer = BCEWithLogitsLoss(), Adam(net.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(net(x), y).backward()
        optimizer.step()
    return net, loss_fn(net(x), y).item()


@app.function
def draw(net, loss, squares=20):
    """SVG: where the network says yes (orange), where it says no (blue), the four points, and how many of them are right."""
    from tinytorch import Tensor, no_grad

    blue, orange = "#0072b2", "#d55e00"
    low, size = -0.5, 2 / squares
    centers = [low + size * (i + 0.5) for i in range(squares)]
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    with no_grad():
        scores = net(
            Tensor([[a, b] for b in centers for a in centers] + [list(map(float, c)) for c in corners])
        ).tolist()
    shapes = []
    for i, (score,) in enumerate(scores[:-4]):
        left, top = i % squares * 14, (squares - 1 - i // squares) * 14
        sure = abs(math.tanh(score / 4))  # 0 at the boundary, 1 far from it
        color = orange if score > 0 else blue
        shapes.append(
            f'<rect x="{left}" y="{top}" width="14" height="14" fill="{color}" opacity="{0.08 + 0.5 * sure:.2f}"/>'
        )
    right = 0
    for (a, b), (score,) in zip(corners, scores[-4:], strict=True):
        x, y = (a - low) / size * 14, squares * 14 - (b - low) / size * 14
        wanted = a != b
        right += (score > 0) == wanted
        mark = (
            f'<path d="M{x - 6:g} {y - 6:g}l12 12m0 -12l-12 12" stroke="black" stroke-width="3"/>'
            if wanted
            else f'<circle cx="{x:g}" cy="{y:g}" r="6" fill="white" stroke="black" stroke-width="3"/>'
        )
        shapes.append(mark)
    verdict = f"{right} of 4 points right, loss {loss:.4f}"
    svg = f'<svg viewBox="0 0 {squares * 14} {squares * 14}" role="img" aria-label="{verdict}">{"".join(shapes)}</svg>'
    return f'<div style="max-width: 22rem">{svg}<p><b>{verdict}</b></p></div>'


@app.cell(hide_code=True)
def _():
    hidden = mo.ui.slider(0, 8, value=START_HIDDEN, label="hidden neurons", show_value=True)
    steps = mo.ui.slider(0, 200, step=10, value=START_STEPS, label="training steps", show_value=True)
    seed = mo.ui.slider(0, 19, value=START_SEED, label="random seed", show_value=True)
    mo.vstack([hidden, steps, seed])
    return hidden, seed, steps


@app.cell(hide_code=True)
def _(hidden, seed, steps):
    mo.Html(draw(*trained(hidden.value, steps.value, seed.value)))
    return


if __name__ == "__main__":
    app.run()
