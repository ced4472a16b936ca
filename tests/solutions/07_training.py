"""Right and wrong solutions of module 07: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "batches": {
        "shuffle in place, a while loop": """\
if batch_size < 1:
    raise ValueError("batch_size must be at least 1")
if x.shape[0] != y.shape[0]:
    raise ValueError("different lengths")
order = np.arange(x.shape[0])
if shuffle:
    default_generator().shuffle(order)
i = 0
while i < len(order):
    yield x[order[i : i + batch_size]], y[order[i : i + batch_size]]
    i += batch_size""",
        "shuffled data first": """\
if len(x) != len(y):
    raise ValueError(f"{len(x)} != {len(y)}")
if batch_size <= 0:
    raise ValueError(f"batch_size={batch_size}")
n = len(x)
if shuffle:
    order = default_generator().permutation(n)
    x, y = x[order], y[order]
for start in range(0, n, batch_size):
    yield (x[start : start + batch_size], y[start : start + batch_size])""",
        "a list of row numbers": """\
assert_ok = len(x) == len(y) and batch_size >= 1
if not assert_ok:
    raise ValueError("bad input")
rows = list(range(len(x)))
if shuffle:
    rows = list(default_generator().permutation(rows))
while rows:
    now, rows = rows[:batch_size], rows[batch_size:]
    yield x[np.array(now)], y[np.array(now)]""",
        "sorted random numbers": """\
if len(x) != len(y) or batch_size < 1:
    raise ValueError
order = default_generator().random(len(x)).argsort() if shuffle else np.arange(len(x))
yield from ((x[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in range(0, len(x), batch_size))""",
    },
    "clip_grad_norm_": {
        "a factor of at most 1, always": """\
if isinstance(parameters, Tensor):
    parameters = [parameters]
grads = []
for p in parameters:
    if p.grad is not None:
        grads.append(p.grad.array)
total = 0.0
for g in grads:
    total += np.sum(g.astype(np.float64) ** 2)
norm = np.sqrt(total)
factor = np.minimum(1.0, max_norm / (norm + 1e-6))
for g in grads:
    g *= factor
return Tensor(norm)""",
        "the norm of the norms": """\
tensors = [parameters] if isinstance(parameters, Tensor) else list(parameters)
grads = [t.grad.array for t in tensors if t.grad is not None]
norm = np.linalg.norm([np.linalg.norm(np.float64(g).ravel()) for g in grads])
coefficient = max_norm / (norm + 1e-6)
if coefficient < 1 or np.isnan(coefficient):
    for g in grads:
        g[...] = g * coefficient
return Tensor(norm)""",
        "one long vector": """\
tensors = [parameters] if isinstance(parameters, Tensor) else parameters
grads = [p.grad.array for p in tensors if p.grad is not None]
if not grads:
    return Tensor(0.0)
norm = np.sqrt(
    np.square(np.concatenate([g.ravel() for g in grads]).astype(np.float64)).sum()
)
scale = max_norm / (norm + 1e-6)
if scale >= 1:
    return Tensor(norm)
for g in grads:
    np.multiply(g, scale, out=g)
return Tensor(float(norm))""",
    },
    "train_epoch": {
        "one batch after the other": """\
if accumulate <= 0:
    raise ValueError("accumulate must be positive")
model.train()
total_loss, total_rows, number = 0.0, 0, 0
iterator = iter(data)
while True:
    group = []
    for _ in range(accumulate):
        pair = next(iterator, None)
        if pair is None:
            break
        group.append(pair)
    if not group:
        break
    rows = sum([len(y) for _, y in group])
    optimizer.zero_grad()
    for x, y in group:
        loss = loss_fn(model(x), y)
        value = loss.item()
        if math.isnan(value) or math.isinf(value):
            raise FloatingPointError(f"loss {value} in batch number {number}")
        (loss * len(y) / rows).backward()
        total_loss += value * len(y)
        number += 1
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    if scheduler:
        scheduler.step()
    total_rows += rows
if total_rows == 0:
    raise ValueError("no data")
return total_loss / total_rows""",
        "all batches in a list, gradients cleared after the step": """\
if accumulate < 1:
    raise ValueError(accumulate)
batches_ = list(data)
if not batches_:
    raise ValueError("no batches")
model.train()
losses, counts = [], []
optimizer.zero_grad()
for start in range(0, len(batches_), accumulate):
    group = batches_[start : start + accumulate]
    size = sum(len(x) for x, _ in group)
    for k, (x, y) in enumerate(group):
        loss = loss_fn(model(x), y)
        if not np.isfinite(loss.item()):
            raise FloatingPointError(f"batch={start + k}: the loss is {loss.item()}")
        scaled = loss * (len(x) / size)
        scaled.backward()
        losses.append(loss.item() * len(x))
        counts.append(len(x))
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    optimizer.zero_grad()
    if scheduler is not None:
        scheduler.step()
return sum(losses) / sum(counts)""",
        "cleared with the first batch of a group": """\
if accumulate < 1:
    raise ValueError("accumulate")
model.train()
data, total, rows, batch = iter(data), 0.0, 0, 0
while pieces := [*islice(data, accumulate)]:
    size = sum(len(y) for _, y in pieces)
    for i, (x, y) in enumerate(pieces):
        loss = loss_fn(model(x), y)
        if not math.isfinite(loss.item()):
            raise FloatingPointError(str(batch))
        if i == 0:
            optimizer.zero_grad()
        (len(y) / size * loss).backward()
        total += loss.item() * len(y)
        batch += 1
    if max_norm is not None:
        clip_grad_norm_(list(model.parameters()), max_norm)
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    rows += size
return per_row(total, rows)""",
    },
    "evaluate": {
        "lists of what each batch costs": """\
modules = list(model.modules())
modes = [m.training for m in modules]
model.eval()
losses, scores, sizes = [], [], []
try:
    for x, y in data:
        with no_grad():
            out = model(x)
            losses.append(loss_fn(out, y).item() * len(x))
            scores.append(metric(out, y) * len(x))
        sizes.append(len(x))
finally:
    for m, mode in zip(modules, modes):
        m.training = mode
if not sizes:
    raise ValueError("no rows")
return sum(losses) / sum(sizes), sum(scores) / sum(sizes)""",
        "a list, and a tuple of weighted means": """\
before = {m: m.training for m in model.modules()}
loss_sum = metric_sum = 0.0
count = 0
try:
    model.eval()
    with no_grad():
        for x, y in data:
            n = y.shape[0]
            prediction = model(x)
            loss_sum = loss_sum + n * float(loss_fn(prediction, y).item())
            metric_sum = metric_sum + n * metric(prediction, y)
            count = count + n
    return (per_row(loss_sum, count), per_row(metric_sum, count))
finally:
    for m in before:
        m.training = before[m]""",
    },
    "EarlyStopping.step": {
        "a branch for each outcome": """\
self.epoch = self.epoch + 1
if self.best - value > self.min_delta:
    self.best = value
    self.best_epoch = self.epoch
    if model is not None:
        self.best_state = model.state_dict()
    return False
return self.epoch - self.best_epoch >= self.patience""",
        "a counter of bad epochs": """\
self.epoch += 1
if value < self.best - self.min_delta:
    self.best, self.best_epoch, self.bad = value, self.epoch, 0
    self.best_state = model.state_dict() if model else None
else:
    self.bad = getattr(self, "bad", 0) + 1
if self.bad >= self.patience:
    return True
else:
    return False""",
    },
}


WRONG = {
    "batches": {
        "the last batch is dropped": Wrong(
            "missing case",
            "How many of ten rows are in your batches of 4?",
            ("range(0, len(x), batch_size)", "range(0, len(x) - batch_size + 1, batch_size)"),
        ),
        "always in order": Wrong(
            "ignored argument",
            "In which order do the rows come in the second epoch?",
            ("default_generator().permutation(len(x)) if shuffle else ", ""),
        ),
        "always shuffled": Wrong(
            "ignored argument",
            "In which order do the rows come with shuffle=False?",
            (" if shuffle else np.arange(len(x))", ""),
        ),
        "rows and targets are shuffled apart": Wrong(
            "wrong order",
            "Is each row next to its own target?",
            ("yield x[rows], y[rows]", "yield x[rows], y[np.sort(rows)]"),
        ),
        "rows are drawn with replacement": Wrong(
            "duplicate",
            "How often does each row come in one epoch?",
            ("default_generator().permutation(len(x))", "default_generator().integers(0, len(x), len(x))"),
        ),
        "its own random numbers": Wrong(
            "randomness",
            "Does manual_seed reach the generator that you draw from?",
            ("default_generator().permutation", "np.random.default_rng().permutation"),
        ),
        "NumPy's random numbers": Wrong(
            "randomness",
            "Does manual_seed reach the generator that you draw from?",
            ("default_generator().permutation", "np.random.permutation"),
        ),
        "the same order in each epoch": Wrong(
            "randomness",
            "Does the second epoch have another order than the first?",
            ("default_generator().permutation", "np.random.default_rng(0).permutation"),
        ),
        "batches are shuffled, not rows": Wrong(
            "randomness",
            "Can the first and the last row ever be in one batch?",
            """\
if len(x) != len(y) or batch_size < 1:
    raise ValueError("lengths, or size")
starts = np.arange(0, len(x), batch_size)
if shuffle:
    default_generator().shuffle(starts)
for start in starts:
    yield x[start : start + batch_size], y[start : start + batch_size]""",
        ),
        "backwards": Wrong(
            "randomness",
            "Is the order of an epoch random?",
            ("default_generator().permutation(len(x))", "np.arange(len(x))[::-1]"),
        ),
        "nothing is refused": Wrong(
            "missing check",
            "What do 9 rows and 10 targets give?",
            ("if len(x) != len(y) or batch_size < 1:", "if False:"),
        ),
        "lengths are not compared": Wrong(
            "missing check", "What do 9 rows and 10 targets give?", ("len(x) != len(y) or ", "")
        ),
        "sizes below 1 pass": Wrong(
            "missing check", "How many batches of -1 rows are there?", (" or batch_size < 1", "")
        ),
        "batches of 1 are refused": Wrong(
            "off by one", "Which is the smallest batch size that makes sense?", ("batch_size < 1", "batch_size <= 1")
        ),
        "a list": Wrong(
            "extra work",
            "How many batches are in memory when the first one is used?",
            """\
if len(x) != len(y) or batch_size < 1:
    raise ValueError("lengths, or size")
order = default_generator().permutation(len(x)) if shuffle else np.arange(len(x))
pieces = [order[start : start + batch_size] for start in range(0, len(x), batch_size)]
return [(x[rows], y[rows]) for rows in pieces]""",
        ),
        "arrays": Wrong(
            "broken structure", "What can a network do with an array?", ("yield x[rows]", "yield x.array[rows]")
        ),
        "the data is shuffled in place": Wrong(
            "in-place change",
            "Are x and y still in their old order after an epoch?",
            (
                "for start in",
                "x.array[:], y.array[:] = x.array[order], y.array[order]\norder = np.arange(len(x))\nfor start in",
            ),
        ),
        "empty": Wrong(
            "empty result",
            "How many batches does an epoch have?",
            ("yield x[rows], y[rows]", "yield x[rows][:0], y[rows][:0]"),
        ),
        "nothing comes back": Wrong(
            "no return", "What do you do with each pair of rows?", ("yield x[rows]", "x[rows]")
        ),
    },
    "clip_grad_norm_": {
        "tensor by tensor": Wrong(
            "wrong formula",
            "How many norms does the whole gradient have?",
            """\
tensors = [parameters] if isinstance(parameters, Tensor) else parameters
grads = [p.grad.array for p in tensors if p.grad is not None]
norm = math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))
for grad in grads:
    grad *= min(1, max_norm / (np.linalg.norm(grad) + 1e-6))
return Tensor(norm)""",
        ),
        "entry by entry": Wrong(
            "wrong formula",
            "Does the gradient still point in the same direction?",
            ("grad *= scale", "np.clip(grad, -max_norm, max_norm, out=grad)"),
        ),
        "the sum of the norms": Wrong(
            "wrong formula",
            "Is the norm of (3, 4) and (12) together the sum of 5 and 12?",
            (
                "math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))",
                "sum(np.linalg.norm(grad.astype(np.float64)) for grad in grads)",
            ),
        ),
        "no root": Wrong("missing term", "What is the norm of (3, 4)?", ("math.sqrt(sum(", "float(sum(")),
        "small gradients grow": Wrong(
            "missing case",
            "What happens to a gradient whose norm is below the limit?",
            (" >= 1:", " == math.inf:"),
        ),
        "the factor without the small number": Wrong(
            "missing term", "What is your factor for a norm of 5e-6?", ("(norm + 1e-6)", "norm if norm else 1.0")
        ),
        "nan stays where it is": Wrong(
            "missing case",
            "What does your condition say when the norm is nan?",
            (
                "if not (scale := max_norm / (norm + 1e-6)) >= 1:",
                "if (scale := max_norm / (norm + 1e-6)) < 1:",
            ),
        ),
        "the squares overflow": Wrong(
            "numerical overflow", "What is the square of 1e30 in float32?", (", dtype=np.float64", "")
        ),
        "new arrays": Wrong(
            "in-place change",
            "Do the gradients of the parameters change, or only a copy?",
            ("grad *= scale", "grad = grad * scale"),
        ),
        "new gradients": Wrong(
            "in-place change",
            "Is each gradient still the same array as before?",
            """\
tensors = [parameters] if isinstance(parameters, Tensor) else parameters
tensors = [p for p in tensors if p.grad is not None]
norm = math.sqrt(sum(np.square(p.grad.array, dtype=np.float64).sum() for p in tensors))
if not (scale := max_norm / (norm + 1e-6)) >= 1:
    for p in tensors:
        p.grad = p.grad * scale
return Tensor(norm)""",
        ),
        "the norm after clipping": Wrong(
            "wrong order",
            "Is the norm that you return the one before clipping?",
            ("return Tensor(norm)", "return Tensor(min(norm, max_norm))"),
        ),
        "a plain number": Wrong(
            "broken structure", "What type does your function return?", ("return Tensor(norm)", "return norm")
        ),
        "a float64 tensor": Wrong(
            "float64 creep",
            "Which dtype does the norm have that you return?",
            ("return Tensor(norm)", "return Tensor.wrap(np.array(norm))"),
        ),
        "an axis is kept": Wrong(
            "wrong shape", "How many axes does a single number have?", ("return Tensor(norm)", "return Tensor([norm])")
        ),
        "every tensor must have a gradient": Wrong(
            "missing case", "What is the gradient of a tensor that took no part?", (" if p.grad is not None", "")
        ),
        "no single tensor": Wrong(
            "missing case",
            "What do you iterate over if you are given one tensor?",
            ("[parameters] if isinstance(parameters, Tensor) else parameters", "parameters"),
        ),
        "iterates over the parameters twice": Wrong(
            "stale state",
            "How often can you iterate over a generator?",
            (
                "tensors = [parameters] if isinstance(parameters, Tensor) else parameters",
                "tensors = [parameters] if isinstance(parameters, Tensor) else parameters\nlist(tensors)",
            ),
            heading="1. Batches: every row once",
        ),
        "empty": Wrong(
            "empty result", "How many numbers does your tensor hold?", ("return Tensor(norm)", "return Tensor([])")
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the norm?", ("return Tensor", "Tensor")
        ),
    },
    "train_epoch": {
        "old gradients stay": Wrong(
            "stale state", "What is in .grad before the first backward of a step?", ("optimizer.zero_grad()", "pass")
        ),
        "cleared before each batch": Wrong(
            "accumulation",
            "What is left of the first batch's gradient when the second one's is computed?",
            (
                "loss = loss_fn(model(x), y)",
                "optimizer.zero_grad()\n        loss = loss_fn(model(x), y)",
            ),
            heading="2. Accumulation: a large step in little memory",
        ),
        "the sum of the batches": Wrong(
            "wrong factor",
            "By how much does each batch of a step count?",
            ("(loss * (len(y) / size)).backward()", "loss.backward()"),
            heading="2. Accumulation: a large step in little memory",
        ),
        "the mean of the batches": Wrong(
            "wrong factor",
            "Do batches of 2 rows and of 1 row count the same?",
            ("len(y) / size", "1 / len(pieces)"),
            heading="2. Accumulation: a large step in little memory",
        ),
        "divided by accumulate": Wrong(
            "wrong factor",
            "Do batches of 2 rows and of 1 row count the same?",
            ("len(y) / size", "1 / accumulate"),
            heading="2. Accumulation: a large step in little memory",
        ),
        "one graph for all batches": Wrong(
            "extra work",
            "How many graphs are in memory when your backward begins?",
            """\
if accumulate < 1:
    raise ValueError(accumulate)
model.train()
data, total, rows, batch = iter(data), 0.0, 0, 0
while pieces := list(islice(data, accumulate)):
    size, whole = sum(len(y) for _, y in pieces), 0.0
    optimizer.zero_grad()
    for x, y in pieces:
        loss = loss_fn(model(x), y)
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"batch {batch}")
        whole = loss * (len(y) / size) + whole
        total, batch = total + loss.item() * len(y), batch + 1
    whole.backward()
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    rows += size
return per_row(total, rows)""",
            heading="2. Accumulation: a large step in little memory",
        ),
        "the last group is lost": Wrong(
            "missing case",
            "With 3 batches, 2 for each step, how many steps do you make?",
            (
                "while pieces := list(islice(data, accumulate)):",
                "while len(pieces := list(islice(data, accumulate))) == accumulate:",
            ),
        ),
        "a step for each batch": Wrong(
            "duplicate",
            "How many steps do you make for two batches and accumulate=2?",
            (
                "(len(y) / size)).backward()",
                "(len(y) / size)).backward()\n        optimizer.step()",
            ),
        ),
        "accumulate is not checked": Wrong(
            "missing check",
            "How many batches do you gather for accumulate=0?",
            (
                """\
if accumulate < 1:
    raise ValueError(f"accumulate is {accumulate}: gather at least 1 batch for a step")
""",
                "accumulate = max(accumulate, 1)\n",
            ),
        ),
        "accumulate=1 is refused": Wrong(
            "off by one", "Which is the smallest number of batches for a step?", ("accumulate < 1", "accumulate <= 1")
        ),
        "no rows pass": Wrong(
            "missing check",
            "What do you return if there was no batch?",
            ("return per_row(total, rows)", "return total / max(rows, 1)"),
        ),
        "not in training mode": Wrong(
            "stale state", "Which mode is the network in when it was evaluated before?", ("model.train()", "pass")
        ),
        "clips after the step": Wrong(
            "wrong order",
            "Which gradients does the optimizer see: clipped ones?",
            """\
if accumulate < 1:
    raise ValueError(accumulate)
model.train()
data, total, rows, batch = iter(data), 0.0, 0, 0
while pieces := list(islice(data, accumulate)):
    size = sum(len(y) for _, y in pieces)
    optimizer.zero_grad()
    for x, y in pieces:
        loss = loss_fn(model(x), y)
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"batch {batch}")
        (loss * (len(y) / size)).backward()
        total, batch = total + loss.item() * len(y), batch + 1
    optimizer.step()
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm)
    if scheduler is not None:
        scheduler.step()
    rows += size
return per_row(total, rows)""",
        ),
        "clips each batch": Wrong(
            "wrong order",
            "Which gradient do you clip: that of a batch, or that of the step?",
            (
                "(loss * (len(y) / size)).backward()",
                "(loss * (len(y) / size)).backward()\n"
                "        if max_norm is not None:\n            clip_grad_norm_(model.parameters(), max_norm)",
            ),
            heading="3. Clipping: one bad batch",
        ),
        "never clips": Wrong(
            "ignored argument", "Where does your loop use max_norm?", ("if max_norm is not None:", "if False:")
        ),
        "the scheduler never steps": Wrong(
            "ignored argument", "Where does your loop use the scheduler?", ("scheduler.step()", "pass")
        ),
        "the scheduler steps once in an epoch": Wrong(
            "off by one",
            "How often does the scheduler step in an epoch of two optimizer steps?",
            (
                "    if scheduler is not None:\n        scheduler.step()\n    rows += size\nreturn",
                "    rows += size\nif scheduler is not None:\n    scheduler.step()\nreturn",
            ),
        ),
        "the scheduler steps for each batch": Wrong(
            "duplicate",
            "How often does the scheduler step for two batches and accumulate=2?",
            ("rows += size", "rows += size\n    [scheduler.step() for _ in pieces[1:]]"),
        ),
        "the scheduler steps first": Wrong(
            "wrong order",
            "Which learning rate does the first step use?",
            (
                "    optimizer.step()\n    if scheduler is not None:\n        scheduler.step()\n",
                "    if scheduler is not None:\n        scheduler.step()\n    optimizer.step()\n",
            ),
        ),
        "the mean over batches": Wrong(
            "wrong factor",
            "What is the mean loss of batches of 4, 4 and 2 rows?",
            ("return per_row(total, rows)", "return total / batch"),
        ),
        "each batch counts once": Wrong(
            "wrong factor",
            "What is the mean loss of batches of 4, 4 and 2 rows?",
            ("total + loss.item() * len(y), batch + 1", "total + loss.item() * size / len(pieces), batch + 1"),
        ),
        "the loss of the last batch": Wrong(
            "wrong formula",
            "How many batches does the loss that you return describe?",
            ("return per_row(total, rows)", "return loss.item()"),
        ),
        "a tensor, with its graph": Wrong(
            "broken structure",
            "What type has the loss that you return, and what does it keep in memory?",
            ("total + loss.item() * len(y)", "total + loss * len(y)"),
        ),
        "learns from nan": Wrong(
            "missing check",
            "What happens to the weights when a loss is nan?",
            ("if not math.isfinite(loss.item()):", "if False:"),
        ),
        "inf passes": Wrong(
            "missing case",
            "Which losses besides nan are not finite?",
            ("if not math.isfinite(loss.item()):", "if math.isnan(loss.item()):"),
        ),
        "checks after the step": Wrong(
            "wrong order",
            "Has the step been made when you look at the loss?",
            (
                "        if not math.isfinite(loss.item()):\n",
                "        if not math.isfinite(loss.item()):\n            loss.backward()\n            optimizer.step()\n",
            ),
        ),
        "does not say which batch": Wrong(
            "wrong error", "Which batch does your error name?", ("batch {batch} is", "a batch is")
        ),
        "counts steps, not batches": Wrong(
            "off by one", "Which batch does your error name?", (", batch + 1", ", batch")
        ),
        "counts batches from 1": Wrong(
            "off by one",
            "From which number do you count batches?",
            ("total, rows, batch = iter(data), 0.0, 0, 0", "total, rows, batch = iter(data), 0.0, 0, 1"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the loss?", ("return per", "per")),
    },
    "evaluate": {
        "dropout stays on": Wrong(
            "stale state", "Which mode are the modules in while you measure?", ("model.eval()", "pass")
        ),
        "graphs are recorded": Wrong(
            "extra work", "Does the output of your network require a gradient?", ("with no_grad():", "if True:")
        ),
        "left in eval mode": Wrong(
            "stale state", "Which mode is the network in afterwards?", ("module.training = mode", "pass")
        ),
        "one mode for all": Wrong(
            "hard-coded",
            "Can one module be in another mode than the rest?",
            ("module.training = mode", "model.train(modes[0][1])"),
        ),
        "always back to training": Wrong(
            "hard-coded", "Which modules were in eval mode before?", ("module.training = mode", "model.train()")
        ),
        "not restored after an error": Wrong(
            "missing case",
            "Which of your lines run when the loss function raises?",
            """\
modes, total, score, rows = [(module, module.training) for module in model.modules()], 0.0, 0.0, 0
model.eval()
with no_grad():
    for x, y in data:
        out = model(x)
        total += loss_fn(out, y).item() * len(y)
        score += metric(out, y) * len(y)
        rows += len(y)
for module, mode in modes:
    module.training = mode
return per_row(total, rows), per_row(score, rows)""",
        ),
        "the mean over batches": Wrong(
            "wrong factor",
            "Do batches of 5 and of 2 rows count the same?",
            ("* len(y)\n            rows += len(y)", "\n            rows += 1"),
        ),
        "the sum over rows": Wrong(
            "missing term",
            "Does your loss grow with the number of rows?",
            ("return per_row(total, rows), per_row(score, rows)", "return total, score"),
        ),
        "the metric over batches": Wrong(
            "wrong factor",
            "By how many rows does each batch's metric count?",
            ("score += metric(out, y) * len(y)", "score += metric(out, y) * rows"),
        ),
        "always the accuracy": Wrong(
            "ignored argument", "Where do you call the metric?", ("metric(out, y)", "accuracy(out, y)")
        ),
        "tensors": Wrong(
            "broken structure", "Which type do the two results have?", ("loss_fn(out, y).item()", "loss_fn(out, y)")
        ),
        "no rows pass": Wrong(
            "missing check",
            "What do you return if there was no batch?",
            ("return per_row(total, rows), per_row(score, rows)", "return total / max(rows, 1), score / max(rows, 1)"),
        ),
        "the metric first": Wrong(
            "swapped operands",
            "Which of the two results comes first?",
            ("return per_row(total, rows), per_row(score, rows)", "return per_row(score, rows), per_row(total, rows)"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with the two means?", ("return per", "per")
        ),
    },
    "EarlyStopping.step": {
        "counts bad epochs in all": Wrong(
            "stale state",
            "What happens to your count when a new best value comes?",
            """\
self.epoch += 1
if value < self.best - self.min_delta:
    self.best, self.best_epoch = value, self.epoch
    self.best_state = None if model is None else model.state_dict()
else:
    self.bad = getattr(self, "bad", 0) + 1
return getattr(self, "bad", 0) >= self.patience""",
        ),
        "compares with the value before": Wrong(
            "wrong formula",
            "Is a value that is lower than the one before a new best?",
            """\
self.epoch += 1
if value < getattr(self, "last", math.inf):
    self.best, self.best_epoch = value, self.epoch
    self.best_state = None if model is None else model.state_dict()
self.last = value
return self.epoch - self.best_epoch >= self.patience""",
        ),
        "one epoch too late": Wrong(
            "off by one", "After how many bad epochs do you stop?", (">= self.patience", "> self.patience")
        ),
        "larger is better": Wrong(
            "sign",
            "Is a larger loss better?",
            ("value < self.best - self.min_delta", "value > self.best or self.epoch == 1"),
        ),
        "equal values count": Wrong(
            "off by one",
            "Is a loss that equals the best one an improvement?",
            ("value < self.best - self.min_delta", "value <= self.best - self.min_delta"),
        ),
        "small gains count": Wrong("ignored argument", "Where do you use min_delta?", (" - self.min_delta", "")),
        "small losses count": Wrong(
            "sign",
            "Must a new best be lower than the old one, or may it be higher?",
            ("best - self.min", "best + self.min"),
        ),
        "nan is better": Wrong(
            "missing case",
            "What does your condition say when the value is nan?",
            ("if value < self.best - self.min_delta:", "if not value >= self.best - self.min_delta:"),
        ),
        "keeps the network itself": Wrong(
            "aliasing",
            "Do the weights that you keep change when the network trains on?",
            ("model.state_dict()", "dict(model.named_tensors())"),
        ),
        "keeps the last weights": Wrong(
            "wrong order",
            "From which epoch are the weights that you keep?",
            ("return self.epoch", "self.best_state = model and model.state_dict()\nreturn self.epoch"),
        ),
        "keeps no weights": Wrong(
            "missing term",
            "What is in best_state after the best epoch?",
            ("self.best_state = None if model is None else model.state_dict()", "pass"),
        ),
        "needs a model": Wrong(
            "missing case", "What do you do without a model?", ("None if model is None else model", "model")
        ),
        "epochs from 0": Wrong(
            "off by one",
            "Which number does the first epoch have?",
            (
                "self.best, self.best_epoch = value, self.epoch",
                "self.best, self.best_epoch = value, self.epoch - 1",
            ),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with its result?", ("return self", "self")
        ),
    },
    "answer_steps": {
        "the last step is left out": Wrong(
            "off by one", "In which step are the last rows?", ("-(-50_000 // 512)", "50_000 // 512")
        ),
        "batches instead of steps": Wrong(
            "wrong formula", "How many batches are there in one step?", ("-(-50_000 // 512)", "-(-50_000 // 64)")
        ),
        "the other way round": Wrong("swapped operands", "Which of the two numbers comes first?", "return 98, 8"),
        "rounded down twice": Wrong(
            "off by one", "In which step are the last rows?", ("-(-50_000 // 512)", "50_000 // 64 // 8")
        ),
        "one more than needed": Wrong(
            "off by one", "How many rows do your batches have together?", ("512 // 64", "512 // 64 + 1")
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the numbers?", ("return ", "")),
    },
}


EQUIVALENT = {
    "batches": {
        "if len(x) != len(y) or batch_size < 1: -> if len(x) != len(y) or batch_size < 0:": (
            "for steps of 0, range raises ValueError by itself"
        ),
    },
    "clip_grad_norm_": {
        "if not (scale := (max_norm / (norm + 1e-06))) >= 1: -> if not (scale := (max_norm / (norm + 1e-06))) > 1:": (
            "multiplied by 1, a gradient stays what it is"
        ),
    },
    "train_epoch": dict.fromkeys(
        (
            "if accumulate < 1: -> pass",
            "raise ValueError(f'accumulate is {accumulate}: gather at least 1 batch for a step') -> pass",
            "if accumulate < 1: -> if accumulate < 0:",
        ),
        "without batches, per_row raises ValueError; for numbers below 0, islice does",
    ),
    "answer_steps": dict.fromkeys(
        (
            "return (512 // 64, -(-50000 // 512)) -> return (513 // 64, -(-50000 // 512))",
            "return (512 // 64, -(-50000 // 512)) -> return (512 // 63, -(-50000 // 512))",
            "return (512 // 64, -(-50000 // 512)) -> return (512 // 64, -(-50000 // 511))",
            "return (512 // 64, -(-50000 // 512)) -> return (512 // 64, -(-50000 // 513))",
            "return (512 // 64, -(-50000 // 512)) -> return (512 // 64, -(-49999 // 512))",
            "return (512 // 64, -(-50000 // 512)) -> return (512 // 64, -(-50001 // 512))",
        ),
        "the same two numbers",
    ),
}
