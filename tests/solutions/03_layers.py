"""Right and wrong solutions of module 03: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "xavier_uniform_": {
        "the standard deviation as bound": Wrong("", "", ("math.sqrt(6 / ", "math.sqrt(2 / ")),
        "the variance as bound": Wrong("", "", ("math.sqrt(6 / (fan_in + fan_out))", "2 / (fan_in + fan_out)")),
        "fan-in alone": Wrong("", "", ("(fan_in + fan_out)", "(2 * fan_in)")),
        "half of the variance": Wrong("", "", ("math.sqrt(6 / ", "math.sqrt(3 / ")),
        "positive numbers only": Wrong("", "", ("-bound, bound", "0, bound")),
        "normal instead of uniform": Wrong(
            "",
            "",
            """\
fan_in, fan_out = fan_in_and_out(tensor)
tensor.array[...] = math.sqrt(2 / (fan_in + fan_out)) * randn(*tensor.shape).array
return tensor""",
        ),
        "a new tensor": Wrong("", "", ("uniform_(tensor,", "uniform_(Tensor(tensor),")),
        "returns nothing": Wrong("", "", ("return uniform_", "uniform_")),
        "float64 creep": Wrong(
            "",
            "",
            """\
fan_in, fan_out = fan_in_and_out(tensor)
bound = math.sqrt(6 / (fan_in + fan_out))
tensor.array = np.random.default_rng().uniform(-bound, bound, tensor.shape)
return tensor""",
        ),
    },
    "kaiming_uniform_": {
        "fan-out": Wrong("", "", ("fan_in, _ =", "_, fan_in =")),
        "made for no activation": Wrong("", "", ("(1 + a**2) * fan_in", "2 * fan_in")),
        "the slope is ignored": Wrong("", "", ("(1 + a**2) * fan_in", "fan_in")),
        "the slope is not squared": Wrong("", "", ("a**2", "a")),
        "the standard deviation as bound": Wrong("", "", ("math.sqrt(6 / ", "math.sqrt(2 / ")),
        "Xavier's": Wrong("", "", ("fan_in, _ = fan_in_and_out(tensor)", "fan_in = sum(fan_in_and_out(tensor))")),
        "positive numbers only": Wrong("", "", ("-bound, bound", "0, bound")),
        "returns nothing": Wrong("", "", ("return uniform_", "uniform_")),
    },
    "linear": {
        "the weight is not transposed": Wrong("", "", ("weight.T", "weight.reshape(x.shape[-1], -1)")),
        "not unfolded": Wrong("", "", ("rows.reshape(*x.shape[:-1], len(weight))", "rows")),
        "no bias": Wrong("", "", ("rows += bias", "pass")),
        "always a bias": Wrong("", "", ("if bias is not None:", "if True:")),
        "folds the wrong axes": Wrong("", "", ("math.prod(x.shape[:-1]), x.shape[-1]", "len(x), -1")),
        "unfolds to three axes only": Wrong("", "", ("*x.shape[:-1]", "x.shape[0], -1")),
        "the bias changes": Wrong("", "", ("rows += bias", "bias += rows[0]; rows = rows + bias - rows[0]")),
        "float64 creep": Wrong("", "", ("rows.reshape", "rows.astype(np.float64).reshape")),
    },
    "dropout": {
        "survivors do not grow": Wrong("", "", ("1 / (1 - p) if p < 1 else 0.0", "1.0")),
        "survivors grow by 1 / p": Wrong("", "", ("1 / (1 - p) if p < 1", "1 / p if 0 < p < 1")),
        "p is the share that stays": Wrong("", "", (">= p", "< p")),
        "drops at work, too": Wrong("", "", ("if not training or p == 0:", "if False:")),
        "selects the wrong way round": Wrong("", "", ("x * scale, 0.0)", "0.0, x * scale)")),
        "scales at work instead": Wrong(
            "",
            "",
            """\
if not 0 <= p <= 1:
    raise ValueError(p)
return x * (rand(*x.shape) >= p).float() if training else x * (1 - p)""",
        ),
        "one mask for all rows": Wrong("", "", ("rand(*x.shape)", "rand(x.shape[-1])")),
        "one draw for each row": Wrong("", "", ("rand(*x.shape)", "rand(*x.shape[:-1], 1)")),
        "any p": Wrong("", "", ("if not 0 <= p <= 1:", "if False:")),
        "p = 1 is refused": Wrong("", "", ("0 <= p <= 1", "0 <= p < 1")),
        "divides by zero": Wrong("", "", (" if p < 1 else 0.0", "")),
        "behind apply's back": Wrong(
            "",
            "",
            (
                "where(rand(*x.shape) >= p, x * scale, 0.0)",
                "Tensor.wrap(np.where(rand(*x.shape).array >= p, x.array * np.float32(scale), np.float32(0)))",
            ),
        ),
        "the same mask every time": Wrong("", "", ("return where(rand", "manual_seed(0)\nreturn where(rand")),
        "exactly the first share": Wrong(
            "",
            "",
            (
                "rand(*x.shape) >= p",
                "Tensor(np.arange(math.prod(x.shape)).reshape(x.shape)) >= p * math.prod(x.shape)",
            ),
        ),
    },
    "Module.named_tensors": {
        "its own only": Wrong("", "", ("found += child.named_tensors(path + name)", "pass")),
        "one level only": Wrong(
            "",
            "",
            """\
found = list(vars(self).items())
for child_name, child in self.named_children():
    found += [(f"{child_name}.{name}", value) for name, value in vars(child).items()]
found = [(f"{prefix}.{name}" if prefix else name, value) for name, value in found]
return [(name, value) for name, value in found if isinstance(value, Parameter) or name.endswith("mean")]""",
        ),
        "the path is lost": Wrong("", "", ("child.named_tensors(path + name)", "child.named_tensors(name)")),
        "a dot at the root": Wrong("", "", ('f"{prefix}." if prefix else ""', 'f"{prefix}."')),
        "no dots": Wrong("", "", ('f"{prefix}." if prefix else ""', "prefix")),
        "every tensor": Wrong(
            "", "", ("isinstance(value, Parameter) or name in self.buffer_names", "isinstance(value, Tensor)")
        ),
        "no buffers": Wrong("", "", (" or name in self.buffer_names", "")),
        "children first": Wrong(
            "",
            "",
            """\
path = f"{prefix}." if prefix else ""
found = []
for name, value in vars(self).items():
    if isinstance(value, Module):
        found += value.named_tensors(path + name)
    elif isinstance(value, Parameter) or name in self.buffer_names:
        found.append((path + name, value))
return found""",
        ),
        "copies": Wrong("", "", ("(path + name, value)", "(path + name, Parameter(value))")),
    },
    "Module.state_dict": {
        "the tensors themselves": Wrong("", "", ("Tensor(tensor)", "tensor")),
        "a window on the same array": Wrong("", "", ("Tensor(tensor)", "Tensor.wrap(tensor.array)")),
        "everything becomes float32": Wrong("", "", ("Tensor(tensor)", "Tensor(tensor, dtype=np.float32)")),
        "float64 becomes float32": Wrong("", "", ("Tensor(tensor)", "Tensor(tensor.array)")),
        "no buffers": Wrong("", "", ("self.named_tensors()", "self.named_parameters()")),
    },
    "Module.load_state_dict": {
        "replaces the arrays": Wrong(
            "",
            "",
            (
                "own[name].array[...] = state[name].array",
                "own[name].array = state[name].array.copy()",
            ),
        ),
        "shares the arrays": Wrong(
            "", "", ("own[name].array[...] = state[name].array", "own[name].array = state[name].array")
        ),
        "missing names pass": Wrong("", "", ("strict and (missing or unexpected)", "strict and unexpected")),
        "unexpected names pass": Wrong("", "", ("strict and (missing or unexpected)", "strict and missing")),
        "always strict": Wrong("", "", ("strict and (missing or unexpected)", "missing or unexpected")),
        "never strict": Wrong("", "", ("misfits or (strict and (missing or unexpected))", "misfits")),
        "shapes are left to broadcasting": Wrong("", "", ("misfits or (strict", "(strict")),
        "shapes matter only when strict": Wrong(
            "",
            "",
            (
                "misfits or (strict and (missing or unexpected))",
                "strict and (misfits or missing or unexpected)",
            ),
        ),
        "does not say which": Wrong(
            "",
            "",
            (
                'f"missing: {missing}, unexpected: {unexpected}, other shape: {shapes}"',
                '"the names or the shapes do not fit"',
            ),
        ),
        "returns nothing": Wrong("", "", ("return missing, unexpected", "return None")),
        "copies while it checks": Wrong(
            "",
            "",
            """\
own = dict(self.named_tensors())
for name in state:
    if strict and name not in own:
        raise RuntimeError(f"unexpected: {name}")
    if name in own:
        if own[name].shape != state[name].shape:
            raise RuntimeError(f"other shape: {name}")
        own[name].array[...] = state[name].array
missing = [name for name in own if name not in state]
if strict and missing:
    raise RuntimeError(f"missing: {missing}")
return missing, [name for name in state if name not in own]""",
        ),
        "parameters only": Wrong("", "", ("self.named_tensors()", "self.named_parameters()")),
    },
    "answer_mlp_bytes": {
        "counts numbers, not bytes": Wrong("", "", ("4 * (", "1 * (")),
        "forgets the biases": Wrong("", "", "return 4 * (784 * 256 + 256 * 128 + 128 * 10)"),
        "float64": Wrong("", "", ("4 * (", "8 * (")),
        "biases as long as the input": Wrong("", "", "return 4 * (784 * 256 + 784 + 256 * 128 + 256 + 128 * 10 + 128)"),
        "adds instead of multiplying": Wrong("", "", "return 4 * (784 + 256 + 128 + 10)"),
    },
}
