"""Right and wrong solutions of module 03: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

NO_RETURN = "What does your function give back to its caller?"
BOUND = "Uniform numbers between -b and b: how does b depend on their variance?"
FACTOR = "Take p = 0.75 in the example: what does a survivor of 1 become?"
MASK = "Print two rows of your mask. How do they differ?"
TREE = "Write down the path of each tensor in the drawing. Which of them does your list have?"
COPY = "Change a parameter after the call. Does your dict change with it?"
LOADED = "After loading, is each parameter's array the same object as before?"

RIGHT = {
    "xavier_uniform_": {
        "variance first": """\
fan_in, fan_out = fan_in_and_out(tensor)
variance = 2 / (fan_in + fan_out)
bound = math.sqrt(3 * variance)
return uniform_(tensor, -bound, bound, generator)""",
        "std first, generator by name": """\
std = (2 / sum(fan_in_and_out(tensor))) ** 0.5
uniform_(tensor, a=-std * 3**0.5, b=std * 3**0.5, generator=generator)
return tensor""",
        "scaled numbers between 0 and 1": """\
fan_in, fan_out = fan_in_and_out(tensor)
bound = math.sqrt(6) / math.sqrt(fan_in + fan_out)
return constant_(tensor, bound * (2 * rand(*tensor.shape, generator=generator).array - 1))""",
    },
    "kaiming_uniform_": {
        "gain, std, bound": """\
fan_in, fan_out = fan_in_and_out(tensor)
gain = math.sqrt(2 / (1 + a**2))
std = gain / math.sqrt(fan_in)
return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std, generator)""",
        "the share of the text": """\
share = (1 + a * a) / 2
variance = 1 / (share * fan_in_and_out(tensor)[0])
bound = (3 * variance) ** 0.5
uniform_(tensor, -bound, bound, generator=generator)
return tensor""",
    },
    "linear": {
        "-1 for the rows": """\
rows = x.reshape(-1, x.shape[-1]) @ weight.T
if bias is not None:
    rows = rows + bias
return rows.reshape(x.shape[:-1] + (weight.shape[0],))""",
        "np.matmul": """\
leading, inputs = x.shape[:-1], x.shape[-1]
rows = np.matmul(np.reshape(x, (-1, inputs)), np.transpose(weight))
rows = rows.reshape(*leading, weight.shape[0])
return rows if bias is None else rows + bias""",
        "np.dot": """\
out = np.dot(x.reshape((-1, x.shape[-1])), weight.T).reshape((*x.shape[:-1], len(weight)))
if bias is None:
    return out
return out + bias""",
        "the weight on the left": """\
rows = (weight @ x.reshape(-1, weight.shape[1]).T).T
if bias is not None:
    rows = rows + bias
return rows.reshape(*x.shape[:-1], rows.shape[1])""",
        "tensordot folds by itself": """\
out = np.tensordot(x, weight, axes=(-1, 1))
return out if bias is None else out + bias""",
        "into an array of the final shape": """\
out = np.empty((math.prod(x.shape[:-1]), len(weight)), dtype=x.dtype)
np.matmul(x.reshape(len(out), x.shape[-1]), weight.T, out=out)
if bias is not None:
    out += bias
return out.reshape(*x.shape[:-1], -1) if out.size else out.reshape(*x.shape[:-1], len(weight))""",
    },
    "dropout": {
        "a mask of 0 and 1": """\
if not (p >= 0 and p <= 1):
    raise ValueError("p must be between 0 and 1")
if training and p == 1:
    return x * 0
if training and p > 0:
    mask = rand(*x.shape) >= p
    return x * mask.float() / (1 - p)
return x""",
        "keeps below 1 - p": """\
if p != p or p < 0 or p > 1:
    raise ValueError(f"{p} is not a probability")
if not training:
    return x
keep = 1 - p
if keep == 0:
    return zeros(*x.shape)
return where(rand(*x.shape) < keep, x / keep, 0.0)""",
        "a scaled mask": """\
if math.isnan(p) or not 0 <= p <= 1:
    raise ValueError(p)
if not training or p == 0:
    return x
mask = where(rand(*x.shape) > p, 1 / (1 - p) if p < 1 else 0.0, 0.0)
return x * mask""",
    },
    "Module.named_tensors": {
        "comprehensions": """\
dot = "." if prefix else ""
own = [(prefix + dot + name, value) for name, value in vars(self).items()
       if isinstance(value, Parameter) or name in self.buffer_names]
below = [pair for name, child in self.named_children() for pair in child.named_tensors(prefix + dot + name)]
return own + below""",
        "two passes over vars": """\
tensors = []
def path_to(name):
    return name if prefix == "" else prefix + "." + name
for name, value in vars(self).items():
    if name in self.buffer_names or isinstance(value, Parameter):
        tensors.append((path_to(name), value))
for name, value in vars(self).items():
    if isinstance(value, Module):
        tensors.extend(value.named_tensors(path_to(name)))
return tensors""",
        "a generator": """\
path = prefix + "." if prefix else ""
for name, value in vars(self).items():
    if isinstance(value, Parameter) or name in self.buffer_names:
        yield path + name, value
for name, child in self.named_children():
    yield from child.named_tensors(path + name)""",
    },
    "Module.state_dict": {
        "a loop": """\
state = {}
for name, tensor in self.named_tensors():
    state[name] = Tensor(tensor.array, dtype=tensor.dtype)
return state""",
        "copies of arrays": "return {name: Tensor.wrap(tensor.array.copy()) for name, tensor in self.named_tensors()}",
    },
    "Module.load_state_dict": {
        "sets": """\
own = dict(self.named_tensors())
missing, unexpected = sorted(set(own) - set(state)), sorted(set(state) - set(own))
wrong = [name for name in set(own) & set(state) if own[name].shape != state[name].shape]
if wrong:
    raise RuntimeError(f"wrong shape: {wrong}, missing: {missing}, unexpected: {unexpected}")
if strict and missing + unexpected:
    raise RuntimeError(f"missing: {missing}, unexpected: {unexpected}")
for name, tensor in own.items():
    if name in state:
        constant_(tensor, state[name].array)
return missing, unexpected""",
        "one loop to check": """\
own, missing, shapes = {}, [], []
for name, tensor in self.named_tensors():
    own[name] = tensor
    if name not in state:
        missing.append(name)
    elif tensor.shape != state[name].shape:
        shapes.append(name)
unexpected = [name for name in state if name not in own]
problems = shapes + missing + unexpected if strict else shapes
if problems:
    raise RuntimeError("do not match: " + ", ".join(problems))
for name in state:
    if name in own:
        np.copyto(own[name].array, state[name].array)
return (missing, unexpected)""",
    },
}


WRONG = {
    "xavier_uniform_": {
        "the standard deviation as bound": Wrong("wrong factor", BOUND, ("math.sqrt(6 / ", "math.sqrt(2 / ")),
        "the variance as bound": Wrong("wrong formula", BOUND, ("math.sqrt(6 / (fan_in + fan_out))", "2 / (fan_in + fan_out)")),
        "fan-in alone": Wrong("missing term", "Which two fans does Xavier's variance depend on?", ("(fan_in + fan_out)", "(2 * fan_in)")),
        "half of the variance": Wrong("wrong factor", "Compute the variance for shape (200, 400). Which bound does it need?", ("math.sqrt(6 / ", "math.sqrt(3 / ")),
        "positive numbers only": Wrong("sign", "What is the mean of your numbers?", ("-bound, bound", "0, bound")),
        "normal instead of uniform": Wrong("randomness", "How large can your largest number become?", """\
fan_in, fan_out = fan_in_and_out(tensor)
tensor.array[...] = math.sqrt(2 / (fan_in + fan_out)) * randn(*tensor.shape).array
return tensor"""),
        "a new tensor": Wrong("aliasing", "Which tensor do you fill, the caller's or another one?", ("uniform_(tensor,", "uniform_(Tensor(tensor),")),
        "no return": Wrong("no return", NO_RETURN, ("return uniform_", "uniform_")),
        "float64 creep": Wrong("float64 creep", "What is the dtype of the array after your call?", """\
fan_in, fan_out = fan_in_and_out(tensor)
bound = math.sqrt(6 / (fan_in + fan_out))
tensor.array = np.random.default_rng().uniform(-bound, bound, tensor.shape)
return tensor"""),
        "NumPy's own random numbers": Wrong("randomness", "Does manual_seed repeat your numbers?", """\
fan_in, fan_out = fan_in_and_out(tensor)
bound = math.sqrt(6 / (fan_in + fan_out))
return constant_(tensor, np.random.uniform(-bound, bound, tensor.shape))"""),
        "the generator is ignored": Wrong("ignored argument", "Which of your arguments do you never use?", (", generator)", ")")),
        "an empty tensor": Wrong("empty result", "Which tensor does the caller get back?", "return zeros(0, 1)"),
    },
    "kaiming_uniform_": {
        "fan-out": Wrong("wrong axis", "How many products does one output sum?", ("fan_in, _ =", "_, fan_in =")),
        "made for no activation": Wrong("ignored argument", "Which share of the mean square does your bound assume?", ("(1 + a**2) * fan_in", "2 * fan_in")),
        "the slope is ignored": Wrong("ignored argument", "Does your bound change with the slope?", ("(1 + a**2) * fan_in", "fan_in")),
        "the slope is not squared": Wrong("wrong formula", "By what does a slope multiply the square of a number?", ("a**2", "a")),
        "the standard deviation as bound": Wrong("wrong factor", BOUND, ("math.sqrt(6 / ", "math.sqrt(2 / "), heading="2. How large should an initial weight be?"),
        "Xavier's": Wrong("wrong formula", "Which direction did He and colleagues consider?", ("fan_in, _ = fan_in_and_out(tensor)", "fan_in = sum(fan_in_and_out(tensor))")),
        "positive numbers only": Wrong("sign", "What is the mean of your numbers?", ("-bound, bound", "0, bound")),
        "no return": Wrong("no return", NO_RETURN, ("return uniform_", "uniform_")),
        "a new tensor": Wrong("aliasing", "Which tensor do you fill, the caller's or another one?", ("uniform_(tensor,", "uniform_(Tensor(tensor),")),
        "normal instead of uniform": Wrong("randomness", "How large can your largest number become?", """\
fan_in, _ = fan_in_and_out(tensor)
return constant_(tensor, math.sqrt(2 / ((1 + a**2) * fan_in)) * randn(*tensor.shape, generator=generator).array)"""),
        "NumPy's own random numbers": Wrong("randomness", "Does manual_seed repeat your numbers?", """\
fan_in, _ = fan_in_and_out(tensor)
bound = math.sqrt(6 / ((1 + a**2) * fan_in))
return constant_(tensor, np.random.uniform(-bound, bound, tensor.shape))"""),
        "the generator is ignored": Wrong("ignored argument", "Which of your arguments do you never use?", (", generator)", ")")),
    },
    "linear": {
        "the leading axes are not folded": Wrong("extra work", "How many matrix products does NumPy do for an input of three axes?", """\
out = x @ weight.T
return out if bias is None else out + bias"""),
        "np.matmul of three axes": Wrong("extra work", "How many matrix products does NumPy do for an input of three axes?", """\
out = np.matmul(x, weight.T)
return out if bias is None else out + bias"""),
        "a loop over the batch": Wrong("extra work", "How often does your loop multiply by the weight?", """\
if x.ndim > 2:
    return np.array([linear(part, weight, bias) for part in x]).reshape(*x.shape[:-1], len(weight)).astype(x.dtype)
out = x @ weight.T
return out if bias is None else out + bias"""),
        "the weight is not transposed": Wrong("wrong axis", "The weight has one row per output. Which axis do you sum over?", ("weight.T", "weight.reshape(x.shape[-1], -1)")),
        "not unfolded": Wrong("wrong shape", "Which axes did x have, and which does your result have?", ("rows.reshape(*x.shape[:-1], len(weight))", "rows")),
        "no bias": Wrong("missing term", "Which of your arguments do you never use?", ("rows += bias", "pass")),
        "always a bias": Wrong("missing case", "What is x + None?", ("if bias is not None:", "if True:")),
        "folds the wrong axes": Wrong("wrong axis", "Which axis must keep its size when you fold?", ("math.prod(x.shape[:-1]), x.shape[-1]", "len(x), -1")),
        "unfolds to three axes only": Wrong("missing case", "How many axes can x have?", ("*x.shape[:-1]", "x.shape[0], -1")),
        "guesses the last axis of an empty batch": Wrong("missing case", "What should -1 be for an array without numbers?", ("len(weight))", "-1)")),
        "the bias changes": Wrong("in-place change", "What does bias hold after your function ran?", ("rows += bias", "bias += rows[0]; rows = rows + bias - rows[0]")),
        "the bias is subtracted": Wrong("sign", "Work out the first example by hand. What happens to the bias?", ("rows += bias", "rows -= bias")),
        "float64 creep": Wrong("float64 creep", "Which step of yours has another dtype than x?", ("rows.reshape", "rows.astype(np.float64).reshape")),
        "no return": Wrong("no return", NO_RETURN, ("return rows", "rows")),
        "an empty array": Wrong("empty result", "How many numbers does your result have?", "return np.zeros((0, 1), dtype=x.dtype)"),
    },
    "dropout": {
        "survivors are not scaled": Wrong("missing term", FACTOR, ("1 / (1 - p) if p < 1 else 0.0", "1.0")),
        "survivors grow by 1 / p": Wrong("wrong factor", FACTOR, ("1 / (1 - p) if p < 1", "1 / p if 0 < p < 1")),
        "p is the share that stays": Wrong("swapped operands", "With p = 0.2, what share of your result is 0?", (">= p", "< p")),
        "drops at inference": Wrong("ignored argument", "What does your function do when training is False?", ("if not training or p == 0:", "if False:")),
        "selects the wrong way round": Wrong("swapped operands", "Which entries does your mask keep, and which of them become 0?", ("x * scale, 0.0)", "0.0, x * scale)")),
        "scales at inference instead": Wrong("wrong order", "At inference nothing should be left to do. What does your function do there?", """\
if not 0 <= p <= 1:
    raise ValueError(p)
return x * (rand(*x.shape) >= p).float() if training else x * (1 - p)"""),
        "one mask for all rows": Wrong("randomness", MASK, ("rand(*x.shape)", "rand(x.shape[-1])")),
        "one draw for each row": Wrong("randomness", "Print two columns of your mask. How do they differ?", ("rand(*x.shape)", "rand(*x.shape[:-1], 1)")),
        "any p": Wrong("missing check", "What does your function do with p = 1.5?", ("if not 0 <= p <= 1:", "if False:")),
        "nan is a probability": Wrong("missing check", "Is nan < 0? Is nan > 1?", ("not 0 <= p <= 1", "p < 0 or p > 1")),
        "checks p in training only": Wrong("missing check", "What does your function do with p = 1.5 when training is False?", ("if not 0 <= p <= 1:", "if training and not 0 <= p <= 1:")),
        "p = 1 is refused": Wrong("too strict", "Which values of p does the text allow?", ("0 <= p <= 1", "0 <= p < 1")),
        "p = 0 is refused": Wrong("too strict", "Which values of p does the text allow?", ("0 <= p <= 1", "0 < p <= 1")),
        "divides by zero": Wrong("missing case", "What is your factor for p = 1?", (" if p < 1 else 0.0", "")),
        "hidden from apply": Wrong("graph cut", "Which of your steps does Tensor.apply not see?", ("where(rand(*x.shape) >= p, x * scale, 0.0)", "Tensor.wrap(np.where(rand(*x.shape).array >= p, x.array * np.float32(scale), np.float32(0)))")),
        "the same mask every time": Wrong("randomness", "Call your function twice. Which entries are dropped each time?", ("return where(rand", "manual_seed(0)\nreturn where(rand")),
        "NumPy's own random numbers": Wrong("randomness", "Which of your steps does manual_seed not know about?", ("rand(*x.shape)", "Tensor(np.random.rand(*x.shape))")),
        "exactly the first share": Wrong("randomness", MASK, ("rand(*x.shape) >= p", "Tensor(np.arange(math.prod(x.shape)).reshape(x.shape)) >= p * math.prod(x.shape)")),
        "no return": Wrong("no return", NO_RETURN, ("return where", "where")),
        "an empty tensor": Wrong("empty result", "How many numbers does your result have?", "return zeros(0, 1)"),
        "a wrong error": Wrong("wrong error", "Which error does the text ask for?", ("ValueError", "TypeError")),
    },
    "Module.named_tensors": {
        "its own only": Wrong("missing case", TREE, ("tensors += child.named_tensors(path + name)", "pass")),
        "one level only": Wrong("missing case", "How deep can the tree be, and how deep do you look?", """\
found = list(vars(self).items())
for child_name, child in self.named_children():
    found += [(f"{child_name}.{name}", value) for name, value in vars(child).items()]
found = [(f"{prefix}.{name}" if prefix else name, value) for name, value in found]
return [(name, value) for name, value in found if isinstance(value, Parameter) or name.endswith("mean")]"""),
        "the path is lost": Wrong("missing term", "What is the path to a child of a child?", ("child.named_tensors(path + name)", "child.named_tensors(name)")),
        "a dot at the root": Wrong("missing case", "What does your path look like when the prefix is empty?", ('f"{prefix}." if prefix else ""', 'f"{prefix}."')),
        "no dots": Wrong("missing term", "What comes between the names in a path?", ('f"{prefix}." if prefix else ""', "prefix")),
        "every tensor": Wrong("missing check", "Is each tensor of the drawing listed?", ("isinstance(value, Parameter) or name in self.buffer_names", "isinstance(value, Tensor)")),
        "no buffers": Wrong("missing case", "Which tensors does a module have besides its parameters?", (" or name in self.buffer_names", "")),
        "buffers that are not saved": Wrong("missing check", "Which buffers does the text ask for?", ("self.buffer_names", "self._persistent")),
        "children first": Wrong("wrong order", "In which order does PyTorch list a module's own tensors and its children's?", """\
path = f"{prefix}." if prefix else ""
found = []
for name, value in vars(self).items():
    if isinstance(value, Module):
        found += value.named_tensors(path + name)
    elif isinstance(value, Parameter) or name in self.buffer_names:
        found.append((path + name, value))
return found"""),
        "copies": Wrong("aliasing", "Is a tensor of your list the same object as the module's?", ("(path + name, value)", "(path + name, Parameter(value))")),
        "each tensor once": Wrong("missing case", "Under which names should a shared tensor be listed?", ("return tensors", "return [*{id(tensor): (name, tensor) for name, tensor in reversed(tensors)}.values()][::-1]")),
        "no return": Wrong("no return", NO_RETURN, ("return tensors", "tensors")),
        "nothing found": Wrong("empty result", TREE, "return []"),
    },
    "Module.state_dict": {
        "the tensors themselves": Wrong("aliasing", COPY, ("Tensor(tensor)", "tensor"), heading="Saving: a copy or a reference?"),
        "a view of the same array": Wrong("aliasing", COPY, ("Tensor(tensor)", "Tensor.wrap(tensor.array)"), heading="Saving: a copy or a reference?"),
        "everything becomes float32": Wrong("dtype lost", "Which dtypes went in, and which came out?", ("Tensor(tensor)", "Tensor(tensor, dtype=np.float32)"), heading="Saving: a copy or a reference?"),
        "float64 becomes float32": Wrong("dtype lost", "Which dtype does Tensor(...) choose for a float64 array?", ("Tensor(tensor)", "Tensor(tensor.array)"), heading="Saving: a copy or a reference?"),
        "no buffers": Wrong("missing case", "Which names does named_tensors give, and which do you have?", ("self.named_tensors()", "self.named_parameters()"), heading="Saving: a copy or a reference?"),
        "no return": Wrong("no return", NO_RETURN, ("return {", "{"), heading="Saving: a copy or a reference?"),
        "an empty dict": Wrong("empty result", "Which names does named_tensors give, and which do you have?", "return {}", heading="Saving: a copy or a reference?"),
    },
    "Module.load_state_dict": {
        "replaces the arrays": Wrong("aliasing", LOADED, ("own[name].array[...] = state[name].array", "own[name].array = state[name].array.copy()"), heading="Loading: all or nothing"),
        "shares the arrays": Wrong("aliasing", LOADED, ("own[name].array[...] = state[name].array", "own[name].array = state[name].array"), heading="Loading: all or nothing"),
        "missing names pass": Wrong("missing check", "What happens if the dict lacks a name?", ("strict and (missing or unexpected)", "strict and unexpected"), heading="Loading: all or nothing"),
        "unexpected names pass": Wrong("missing check", "What happens if the dict has a name too many?", ("strict and (missing or unexpected)", "strict and missing"), heading="Loading: all or nothing"),
        "always strict": Wrong("too strict", "What should strict=False allow?", ("strict and (missing or unexpected)", "missing or unexpected"), heading="Loading: all or nothing"),
        "never strict": Wrong("ignored argument", "What does your function do differently when strict is True?", ("mismatched or (strict and (missing or unexpected))", "mismatched"), heading="Loading: all or nothing"),
        "shapes are left to broadcasting": Wrong("missing check", "Can an array of another shape be written into yours?", ("mismatched or (strict", "(strict"), heading="Loading: all or nothing"),
        "shapes matter only when strict": Wrong("missing check", "Which problems does strict=False allow, and which not?", ("mismatched or (strict and (missing or unexpected))", "strict and (mismatched or missing or unexpected)"), heading="Loading: all or nothing"),
        "does not say which": Wrong("wrong error", "Which names does a reader of your message learn?", ('f"missing: {missing}, unexpected: {unexpected}, wrong shape: {shapes}"', '"the names or the shapes do not match"'), heading="Loading: all or nothing"),
        "names missing ones only": Wrong("wrong error", "Which names does a reader of your message learn?", ('f"missing: {missing}, unexpected: {unexpected}, wrong shape: {shapes}"', 'f"missing: {missing}" if missing else f"{unexpected}, {shapes}"'), heading="Loading: all or nothing"),
        "no return": Wrong("no return", NO_RETURN, ("return missing, unexpected", "return None"), heading="Loading: all or nothing"),
        "the lists are exchanged": Wrong("swapped operands", "Which of your two lists comes first?", ("return missing, unexpected", "return unexpected, missing"), heading="Loading: all or nothing"),
        "copies while it checks": Wrong("wrong order", "What has already changed when your function raises?", """\
own = dict(self.named_tensors())
for name in state:
    if strict and name not in own:
        raise RuntimeError(f"unexpected: {name}")
    if name in own:
        if own[name].shape != state[name].shape:
            raise RuntimeError(f"wrong shape: {name}")
        own[name].array[...] = state[name].array
missing = [name for name in own if name not in state]
if strict and missing:
    raise RuntimeError(f"missing: {missing}")
return missing, [name for name in state if name not in own]""", heading="Loading: all or nothing"),
        "parameters only": Wrong("missing case", "Which names does named_tensors give, and which do you load?", ("self.named_tensors()", "self.named_parameters()"), heading="Loading: all or nothing"),
        "a wrong error": Wrong("wrong error", "Which error does the text ask for?", ("RuntimeError", "KeyError"), heading="Loading: all or nothing"),
    },
    "answer_mlp_bytes": {
        "counts numbers, not bytes": Wrong("wrong factor", "The question asks for bytes. What did you count?", ("4 * (", "1 * (")),
        "forgets the biases": Wrong("missing term", "Which parameters does a linear layer have?", "return 4 * (784 * 256 + 256 * 128 + 128 * 10)"),
        "float64": Wrong("wrong factor", "How many bytes does a float32 take?", ("4 * (", "8 * (")),
        "biases as long as the input": Wrong("swapped operands", "Does a layer have a bias for each input, or for each output?", "return 4 * (784 * 256 + 784 + 256 * 128 + 256 + 128 * 10 + 128)"),
        "adds instead of multiplying": Wrong("wrong formula", "How many weights connect 784 inputs to 256 outputs?", "return 4 * (784 + 256 + 128 + 10)"),
        "no return": Wrong("no return", NO_RETURN, ("return 4", "4")),
    },
}  # fmt: skip

EQUIVALENT = {
    "dropout": {
        "if not training or p == 0: -> if not training or p == -1:": "p = 0 keeps every number, times 1",
        "scale = 1 / (1 - p) if p < 1 else 0.0 -> scale = 1 / (1 - p) if p < 1 else 1.0": "at p = 1 nothing is kept",
        "return where(rand(*x.shape) >= p, x * scale, 0.0) -> return where(rand(*x.shape) > p, x * scale, 0.0)": "a draw is equal to p once in 16 million",
    },
}  # fmt: skip
