import marimo

__generated_with = "0.25.2"
app = marimo.App(app_title="Write with your GPT")

with app.setup(hide_code=True):
    from tito.milestone import use_own_tinytorch

    use_own_tinytorch(__file__)

    import html
    from pathlib import Path

    import marimo as mo
    import numpy as np
    from language import Windows, kept, recipe, text_loss

    from tinytorch import manual_seed
    from tinytorch.datasets import SmallTalk
    from tinytorch.tokenization import BPETokenizer
    from tinytorch.training import train_epoch
    from tinytorch.transformers import GPT, GPTConfig, generate, next_logits, next_token_probabilities
    from tinytorch.utils.data import DataLoader, RandomSampler
    from tito.picture import visible

    FOLDER = Path(__file__).parent
    QUICK = "a small GPT, trained now on the village's talk"
    STEPS, BATCH_SIZE = 600, 16  # of that one
    SHOWN, LEAST = 10, 0.001  # tokens in the table, and the smallest probability of one


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Write with your GPT

    It continues whatever you type. A low temperature keeps to the likeliest tokens, a high one takes chances. Top-k leaves only the k
    likeliest to choose from, and top-p the likeliest that together have the probability p. When does it start to repeat itself, and
    when does it stop making sense?
    """)
    return


@app.function
def talker():
    """A small GPT and its tokenizer, trained on the talk of the village for less than a minute."""
    text = SmallTalk().text
    tokenizer = BPETokenizer.train(text, 512)
    manual_seed(0)
    net = GPT(GPTConfig(tokenizer.vocab_size, block_size=64, n_layer=2, n_head=4, n_embd=64))
    plan = recipe(STEPS, BATCH_SIZE, lr=1e-2, stages=1)
    windows = Windows(np.array(tokenizer.encode(text)), net.config.block_size)
    drawn = RandomSampler(windows, replacement=True, num_samples=plan.items)
    loader = DataLoader(windows, batch_size=BATCH_SIZE, sampler=drawn)
    optimizer = plan.optimizer(net)
    steps = mo.status.progress_bar(loader, title="Your GPT learns to talk", total=STEPS)
    train_epoch(net, text_loss, optimizer, steps, max_norm=plan.max_norm, scheduler=plan.scheduler(optimizer, STEPS))
    return net.eval(), tokenizer


@app.function
def continued(net, tokenizer, prompt, count, temperature, top_k, top_p, seed):
    """HTML: the prompt, and what the GPT adds to it in another color."""
    ids = generate(net, tokenizer.encode(prompt), count, temperature, top_k, top_p, seed=seed)
    added = tokenizer.decode([*ids])
    return mo.Html(
        '<pre aria-live="polite" style="white-space: pre-wrap; font-size: 1rem">'
        f'{html.escape(prompt)}<b style="color: #0072b2">{html.escape(added)}</b></pre>'
    )


@app.function
def next_tokens(net, tokenizer, prompt, temperature, top_k, top_p):
    """HTML: a bar for each of the tokens that may come next, the likeliest first."""
    ids = tokenizer.encode(prompt)[-net.config.block_size :]
    shares = next_token_probabilities(next_logits(net, ids), temperature, top_k, top_p)
    likeliest = [id for id in np.argsort(-shares, kind="stable")[:SHOWN].tolist() if shares[id] >= LEAST]
    bars = "".join(
        f'<tr><th scope="row"><code>{html.escape(visible(tokenizer.decode([id])))}</code></th><td style="width: 14rem">'
        f'<div style="width: {100 * shares[id]:.1f}%; height: 0.8rem; background: #0072b2"></div></td><td>{shares[id]:.1%}</td></tr>'
        for id in likeliest
    )
    return mo.Html(f'<p>The token after your text:</p><table style="width: auto">{bars}</table>')


@app.cell(hide_code=True)
def _():
    _files = {
        "03_dialogue.gpt": "the talk of the village, as 03_dialogue.py trained it",
        "02_tinygpt_shakespeare.gpt": "Shakespeare, as 02_tinygpt_shakespeare.py trained it",
    }
    _choices = {label: name for name, label in _files.items() if (FOLDER / name).exists()} | {QUICK: ""}
    which = mo.ui.dropdown(_choices, value=next(iter(_choices)), label="What it learned from")
    which
    return (which,)


@app.cell(hide_code=True)
def _(which):
    net, tokenizer = kept(FOLDER / which.value) if which.value else talker()
    return net, tokenizer


@app.cell(hide_code=True)
def _(which):
    prompt = mo.ui.text_area(
        "ROMEO:\n" if "shakespeare" in which.value else "A: Where does Ada live?\nB:",
        label="Your text",
        full_width=True,
    )
    prompt
    return (prompt,)


@app.cell(hide_code=True)
def _(net):
    _size = net.config.vocab_size
    temperature = mo.ui.slider(0.1, 2.0, step=0.1, value=0.8, label="Temperature", show_value=True)
    top_k = mo.ui.slider(1, _size, value=_size, label="Top-k", show_value=True)
    top_p = mo.ui.slider(0.05, 1.0, step=0.05, value=1.0, label="Top-p", show_value=True)
    count = mo.ui.slider(10, 300, step=10, value=100, label="Tokens", show_value=True)
    seed = mo.ui.number(0, 999, value=0, label="Seed")
    mo.vstack([mo.hstack([temperature, count, seed], justify="start"), mo.hstack([top_k, top_p], justify="start")])
    return count, seed, temperature, top_k, top_p


@app.cell(hide_code=True)
def _(count, net, prompt, seed, temperature, tokenizer, top_k, top_p):
    def _shown():
        if not prompt.value:
            return mo.md("Type something: it needs at least one token to continue.")
        options = (temperature.value, top_k.value, top_p.value)
        try:
            text = continued(net, tokenizer, prompt.value, count.value, *options, seed.value)
        except ValueError as error:  # such as a character that Shakespeare's plays don't have
            return mo.md(f"`{error}`")
        return mo.vstack([text, next_tokens(net, tokenizer, prompt.value, *options)])

    _shown()
    return


if __name__ == "__main__":
    app.run()
