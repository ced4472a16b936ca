"""Plausible wrong solutions of module 03: exercise -> what is wrong -> a body, or (old, new) in the reference's body.

The exercise's own tests must reject every one.
"""

WRONG = {
    "xavier_uniform_": {
        "the standard deviation as bound": ("math.sqrt(6 / ", "math.sqrt(2 / "),
        "the variance as bound": ("math.sqrt(6 / (fan_in + fan_out))", "2 / (fan_in + fan_out)"),
        "fan-in alone": ("(fan_in + fan_out)", "(2 * fan_in)"),
        "half of the variance": ("math.sqrt(6 / ", "math.sqrt(3 / "),
        "positive numbers only": ("-bound, bound", "0, bound"),
        "normal instead of uniform": """\
fan_in, fan_out = fan_in_and_out(tensor)
tensor.array[...] = math.sqrt(2 / (fan_in + fan_out)) * randn(*tensor.shape).array
return tensor""",
        "a new tensor": ("uniform_(tensor,", "uniform_(Tensor(tensor),"),
        "returns nothing": ("return uniform_", "uniform_"),
        "float64 creep": """\
fan_in, fan_out = fan_in_and_out(tensor)
bound = math.sqrt(6 / (fan_in + fan_out))
tensor.array = np.random.default_rng().uniform(-bound, bound, tensor.shape)
return tensor""",
    },
    "kaiming_uniform_": {
        "fan-out": ("fan_in, _ =", "_, fan_in ="),
        "made for no activation": ("(1 + a**2) * fan_in", "2 * fan_in"),
        "the slope is ignored": ("(1 + a**2) * fan_in", "fan_in"),
        "the slope is not squared": ("a**2", "a"),
        "the standard deviation as bound": ("math.sqrt(6 / ", "math.sqrt(2 / "),
        "Xavier's": ("fan_in, _ = fan_in_and_out(tensor)", "fan_in = sum(fan_in_and_out(tensor))"),
        "positive numbers only": ("-bound, bound", "0, bound"),
        "returns nothing": ("return uniform_", "uniform_"),
    },
    "linear": {
        "the weight is not transposed": ("weight.T", "weight.reshape(x.shape[-1], -1)"),
        "not unfolded": ("rows.reshape(*x.shape[:-1], len(weight))", "rows"),
        "no bias": ("rows += bias", "pass"),
        "always a bias": ("if bias is not None:", "if True:"),
        "folds the wrong axes": ("math.prod(x.shape[:-1]), x.shape[-1]", "len(x), -1"),
        "unfolds to three axes only": ("*x.shape[:-1]", "x.shape[0], -1"),
        "the bias changes": ("rows += bias", "bias += rows[0]; rows = rows + bias - rows[0]"),
        "float64 creep": ("rows.reshape", "rows.astype(np.float64).reshape"),
    },
    "dropout": {
        "survivors do not grow": ("1 / (1 - p) if p < 1 else 0.0", "1.0"),
        "survivors grow by 1 / p": ("1 / (1 - p) if p < 1", "1 / p if 0 < p < 1"),
        "p is the share that stays": (">= p", "< p"),
        "drops at work, too": ("if not training or p == 0:", "if False:"),
        "selects the wrong way round": ("x * scale, 0.0)", "0.0, x * scale)"),
        "scales at work instead": """\
if not 0 <= p <= 1:
    raise ValueError(p)
return x * (rand(*x.shape) >= p).float() if training else x * (1 - p)""",
        "one mask for all rows": ("rand(*x.shape)", "rand(x.shape[-1])"),
        "one draw for each row": ("rand(*x.shape)", "rand(*x.shape[:-1], 1)"),
        "any p": ("if not 0 <= p <= 1:", "if False:"),
        "p = 1 is refused": ("0 <= p <= 1", "0 <= p < 1"),
        "divides by zero": (" if p < 1 else 0.0", ""),
        "behind apply's back": (
            "where(rand(*x.shape) >= p, x * scale, 0.0)",
            "Tensor.wrap(np.where(rand(*x.shape).array >= p, x.array * np.float32(scale), np.float32(0)))",
        ),
        "the same mask every time": ("return where(rand", "manual_seed(0)\nreturn where(rand"),
        "exactly the first share": (
            "rand(*x.shape) >= p",
            "Tensor(np.arange(math.prod(x.shape)).reshape(x.shape)) >= p * math.prod(x.shape)",
        ),
    },
    "Module.named_tensors": {
        "its own only": ("found += child.named_tensors(path + name)", "pass"),
        "one level only": """\
found = list(vars(self).items())
for child_name, child in self.named_children():
    found += [(f"{child_name}.{name}", value) for name, value in vars(child).items()]
found = [(f"{prefix}.{name}" if prefix else name, value) for name, value in found]
return [(name, value) for name, value in found if isinstance(value, Parameter) or name.endswith("mean")]""",
        "the path is lost": ("child.named_tensors(path + name)", "child.named_tensors(name)"),
        "a dot at the root": ('f"{prefix}." if prefix else ""', 'f"{prefix}."'),
        "no dots": ('f"{prefix}." if prefix else ""', "prefix"),
        "every tensor": ("isinstance(value, Parameter) or name in self.buffer_names", "isinstance(value, Tensor)"),
        "no buffers": (" or name in self.buffer_names", ""),
        "children first": """\
path = f"{prefix}." if prefix else ""
found = []
for name, value in vars(self).items():
    if isinstance(value, Module):
        found += value.named_tensors(path + name)
    elif isinstance(value, Parameter) or name in self.buffer_names:
        found.append((path + name, value))
return found""",
        "copies": ("(path + name, value)", "(path + name, Parameter(value))"),
    },
    "Module.state_dict": {
        "the tensors themselves": ("Tensor(tensor)", "tensor"),
        "a window on the same array": ("Tensor(tensor)", "Tensor.wrap(tensor.array)"),
        "everything becomes float32": ("Tensor(tensor)", "Tensor(tensor, dtype=np.float32)"),
        "float64 becomes float32": ("Tensor(tensor)", "Tensor(tensor.array)"),
        "no buffers": ("self.named_tensors()", "self.named_parameters()"),
    },
    "Module.load_state_dict": {
        "replaces the arrays": (
            "own[name].array[...] = state[name].array",
            "own[name].array = state[name].array.copy()",
        ),
        "shares the arrays": ("own[name].array[...] = state[name].array", "own[name].array = state[name].array"),
        "missing names pass": ("strict and (missing or unexpected)", "strict and unexpected"),
        "unexpected names pass": ("strict and (missing or unexpected)", "strict and missing"),
        "always strict": ("strict and (missing or unexpected)", "missing or unexpected"),
        "never strict": ("misfits or (strict and (missing or unexpected))", "misfits"),
        "shapes are left to broadcasting": ("misfits or (strict", "(strict"),
        "shapes matter only when strict": (
            "misfits or (strict and (missing or unexpected))",
            "strict and (misfits or missing or unexpected)",
        ),
        "does not say which": (
            'f"missing: {missing}, unexpected: {unexpected}, other shape: {shapes}"',
            '"the names or the shapes do not fit"',
        ),
        "returns nothing": ("return missing, unexpected", "return None"),
        "copies while it checks": """\
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
        "parameters only": ("self.named_tensors()", "self.named_parameters()"),
    },
    "answer_mlp_bytes": {
        "counts numbers, not bytes": ("4 * (", "1 * ("),
        "forgets the biases": "return 4 * (784 * 256 + 256 * 128 + 128 * 10)",
        "float64": ("4 * (", "8 * ("),
        "biases as long as the input": "return 4 * (784 * 256 + 784 + 256 * 128 + 256 + 128 * 10 + 128)",
        "adds instead of multiplying": "return 4 * (784 + 256 + 128 + 10)",
    },
}
