"""Right and wrong solutions of module 07: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "batches": {
        "the last piece is dropped": Wrong(
            "", "", ("range(0, len(x), batch_size)", "range(0, len(x) - batch_size + 1, batch_size)")
        ),
        "always in order": Wrong("", "", ("default_generator().permutation(len(x)) if shuffle else ", "")),
        "always shuffled": Wrong("", "", (" if shuffle else np.arange(len(x))", "")),
        "rows and targets are shuffled apart": Wrong(
            "", "", ("yield x[rows], y[rows]", "yield x[rows], y[np.sort(rows)]")
        ),
        "rows are drawn, not walked through": Wrong(
            "",
            "",
            (
                "default_generator().permutation(len(x))",
                "default_generator().integers(0, len(x), len(x))",
            ),
        ),
        "its own random numbers": Wrong(
            "", "", ("default_generator().permutation", "np.random.default_rng().permutation")
        ),
        "the same order in each epoch": Wrong(
            "", "", ("default_generator().permutation", "np.random.default_rng(0).permutation")
        ),
        "pieces are shuffled, not rows": Wrong(
            "",
            "",
            """\
starts = np.arange(0, len(x), batch_size)
if shuffle:
    default_generator().shuffle(starts)
for start in starts:
    yield x[start : start + batch_size], y[start : start + batch_size]""",
        ),
        "backwards": Wrong("", "", ("default_generator().permutation(len(x))", "np.arange(len(x))[::-1]")),
    },
    "clip_grad_norm_": {
        "tensor by tensor": Wrong(
            "",
            "",
            """\
tensors = [parameters] if isinstance(parameters, Tensor) else parameters
grads = [p.grad.array for p in tensors if p.grad is not None]
norm = math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))
for grad in grads:
    grad *= min(1, max_norm / (np.linalg.norm(grad) + 1e-6))
return Tensor(norm)""",
        ),
        "number by number": Wrong("", "", ("grad *= scale", "np.clip(grad, -max_norm, max_norm, out=grad)")),
        "the sum of the lengths": Wrong(
            "",
            "",
            (
                "math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))",
                "sum(np.linalg.norm(grad.astype(np.float64)) for grad in grads)",
            ),
        ),
        "no root": Wrong("", "", ("math.sqrt(sum(", "float(sum(")),
        "short gradients grow": Wrong("", "", (" >= 1:", " == math.inf:")),
        "nan stays where it is": Wrong(
            "",
            "",
            (
                "if not (scale := max_norm / (norm + 1e-6)) >= 1:",
                "if (scale := max_norm / (norm + 1e-6)) < 1:",
            ),
        ),
        "the squares overflow": Wrong("", "", (", dtype=np.float64", "")),
        "new arrays": Wrong("", "", ("grad *= scale", "grad = grad * scale")),
        "the length after": Wrong("", "", ("return Tensor(norm)", "return Tensor(min(norm, max_norm))")),
        "a plain number": Wrong("", "", ("return Tensor(norm)", "return norm")),
        "every tensor must have a gradient": Wrong("", "", (" if p.grad is not None", "")),
        "no single tensor": Wrong(
            "", "", ("[parameters] if isinstance(parameters, Tensor) else parameters", "parameters")
        ),
        "walks through the parameters twice": Wrong(
            "",
            "",
            (
                "tensors = [parameters] if isinstance(parameters, Tensor) else parameters",
                "tensors = [parameters] if isinstance(parameters, Tensor) else parameters\nlist(tensors)",
            ),
        ),
    },
    "train_epoch": {
        "old gradients stay": Wrong("", "", ("optimizer.zero_grad()", "pass")),
        "cleared before each piece": Wrong(
            "",
            "",
            (
                "loss = loss_fn(model(x), y)",
                "optimizer.zero_grad()\n        loss = loss_fn(model(x), y)",
            ),
        ),
        "the sum of the pieces": Wrong("", "", ("(loss * (len(y) / size)).backward()", "loss.backward()")),
        "the mean of the pieces": Wrong("", "", ("len(y) / size", "1 / len(pieces)")),
        "divided by accumulate": Wrong("", "", ("len(y) / size", "1 / accumulate")),
        "one graph for all pieces": Wrong(
            "",
            "",
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
        ),
        "the last group is lost": Wrong(
            "",
            "",
            (
                "while pieces := list(islice(data, accumulate)):",
                "while len(pieces := list(islice(data, accumulate))) == accumulate:",
            ),
        ),
        "a step for each piece": Wrong(
            "",
            "",
            (
                "(len(y) / size)).backward()",
                "(len(y) / size)).backward()\n        optimizer.step()",
            ),
        ),
        "not in training mode": Wrong("", "", ("model.train()", "pass")),
        "clips after the step": Wrong(
            "",
            "",
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
        "never clips": Wrong("", "", ("if max_norm is not None:", "if False:")),
        "the schedule stands still": Wrong("", "", ("scheduler.step()", "pass")),
        "the schedule moves once in an epoch": Wrong(
            "",
            "",
            (
                "    if scheduler is not None:\n        scheduler.step()\n    rows += size\nreturn",
                "    rows += size\nif scheduler is not None:\n    scheduler.step()\nreturn",
            ),
        ),
        "the schedule moves for each piece": Wrong(
            "",
            "",
            (
                "rows += size",
                "rows += size\n    [scheduler.step() for _ in pieces[1:]]",
            ),
        ),
        "the mean over batches": Wrong("", "", ("return per_row(total, rows)", "return total / batch")),
        "the loss of the last batch": Wrong("", "", ("return per_row(total, rows)", "return loss.item()")),
        "a tensor, with its graph": Wrong("", "", ("total + loss.item() * len(y)", "total + loss * len(y)")),
        "learns from nan": Wrong("", "", ("if not math.isfinite(loss.item()):", "if False:")),
        "does not say which batch": Wrong("", "", ("batch {batch} is", "a batch is")),
        "counts steps, not batches": Wrong("", "", (", batch + 1", ", batch")),
    },
    "evaluate": {
        "dropout stays on": Wrong("", "", ("model.eval()", "pass")),
        "graphs are built": Wrong("", "", ("with no_grad():", "if True:")),
        "left in eval mode": Wrong("", "", ("module.training = mode", "pass")),
        "one mode for all": Wrong("", "", ("module.training = mode", "model.train(modes[0][1])")),
        "always back to training": Wrong("", "", ("module.training = mode", "model.train()")),
        "not restored after an error": Wrong(
            "",
            "",
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
        "the mean over batches": Wrong("", "", ("* len(y)\n            rows += len(y)", "\n            rows += 1")),
        "the sum over rows": Wrong(
            "", "", ("return per_row(total, rows), per_row(score, rows)", "return total, score")
        ),
        "the metric over batches": Wrong(
            "", "", ("score += metric(out, y) * len(y)", "score += metric(out, y) * rows")
        ),
        "tensors": Wrong("", "", ("loss_fn(out, y).item()", "loss_fn(out, y)")),
    },
    "EarlyStopping.step": {
        "counts bad epochs in all": Wrong(
            "",
            "",
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
            "",
            "",
            """\
self.epoch += 1
if value < getattr(self, "last", math.inf):
    self.best, self.best_epoch = value, self.epoch
    self.best_state = None if model is None else model.state_dict()
self.last = value
return self.epoch - self.best_epoch >= self.patience""",
        ),
        "one epoch too late": Wrong("", "", (">= self.patience", "> self.patience")),
        "larger is better": Wrong(
            "", "", ("value < self.best - self.min_delta", "value > self.best or self.epoch == 1")
        ),
        "small gains count": Wrong("", "", (" - self.min_delta", "")),
        "nan is better": Wrong(
            "", "", ("if value < self.best - self.min_delta:", "if not value >= self.best - self.min_delta:")
        ),
        "keeps the network itself": Wrong("", "", ("model.state_dict()", "dict(model.named_tensors())")),
        "keeps the last weights": Wrong(
            "",
            "",
            (
                "return self.epoch",
                "self.best_state = model and model.state_dict()\nreturn self.epoch",
            ),
        ),
        "epochs from 0": Wrong(
            "",
            "",
            (
                "self.best, self.best_epoch = value, self.epoch",
                "self.best, self.best_epoch = value, self.epoch - 1",
            ),
        ),
        "says nothing": Wrong("", "", ("return self", "self")),
    },
    "answer_steps": {
        "the last step is forgotten": Wrong("", "", ("-(-50_000 // 512)", "50_000 // 512")),
        "batches instead of steps": Wrong("", "", ("-(-50_000 // 512)", "-(-50_000 // 64)")),
        "the other way round": Wrong("", "", "return 98, 8"),
        "rounded down twice": Wrong("", "", ("-(-50_000 // 512)", "50_000 // 64 // 8")),
        "one more than needed": Wrong("", "", ("512 // 64", "512 // 64 + 1")),
    },
}
