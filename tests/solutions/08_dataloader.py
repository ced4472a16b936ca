"""Right and wrong solutions of module 08: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "TensorDataset.__getitems__": {
        "a list, with an array as the index": """\
rows = np.array(indices)
columns = []
for tensor in self.tensors:
    columns.append(tensor[rows])
return Rows(columns)""",
        "arrays": "return Rows([Tensor(tensor.numpy()[indices]) for tensor in self.tensors])",
        "item by index": "return Rows(self[indices])",
    },
    "RandomSampler.__iter__": {
        "extended until it is long enough": """\
n = len(self.data_source)
if self.replacement:
    return iter([int(i) for i in self.random.integers(0, n, self.num_samples)])
order = []
while len(order) < self.num_samples:
    order += self.random.permutation(n).tolist()
return iter(order[: self.num_samples])""",
        "a generator": """\
n = len(self.data_source)
if self.replacement:
    yield from self.random.integers(n, size=self.num_samples).tolist()
    return
left = self.num_samples
while left > 0:
    yield from self.random.permutation(n).tolist()[:left]
    left -= n""",
        "shuffled in place": """\
n, total = len(self.data_source), self.num_samples
generator = self.random
if self.replacement:
    numbers = [int(generator.integers(n)) for _ in range(total)]
else:
    numbers = []
    for _ in range(total // n + 1):
        order = list(range(n))
        generator.shuffle(order)
        numbers.extend(order)
return iter(numbers[:total])""",
    },
    "default_collate": {
        "one branch after the other": """\
if isinstance(batch, Rows):
    return [column for column in batch.columns]
check_alike(batch)
item = batch[0]
if isinstance(item, Tensor):
    return stack(list(batch))
elif isinstance(item, np.ndarray):
    if item.dtype.kind not in "biuf":
        raise TypeError(f"no batch of {item.dtype}")
    return Tensor(np.stack(batch), dtype=item.dtype)
elif isinstance(item, np.generic):
    return Tensor(np.array(batch, dtype=item.dtype), dtype=item.dtype)
elif isinstance(item, bool) or isinstance(item, int):
    return Tensor(list(batch))
elif isinstance(item, float):
    return Tensor(np.array(batch), dtype=np.float64)
elif isinstance(item, (str, bytes)):
    return list(batch)
elif isinstance(item, dict):
    result = {}
    for key in item:
        result[key] = default_collate([d[key] for d in batch])
    return result
elif isinstance(item, (tuple, list)):
    return [default_collate([entry[i] for entry in batch]) for i in range(len(item))]
else:
    raise TypeError(type(item))""",
        "match": """\
if isinstance(batch, Rows):
    return list(batch.columns)
check_alike(batch)
match batch[0]:
    case Tensor():
        return stack(batch)
    case np.ndarray() | np.generic():
        array = np.array(batch)
        if array.dtype.kind in "USO":
            raise TypeError("not numbers")
        return Tensor(array, dtype=array.dtype)
    case float():
        return Tensor(batch, dtype=np.float64)
    case int():
        return Tensor(batch)
    case str() | bytes():
        return [*batch]
    case dict() as first:
        return {k: default_collate([item[k] for item in batch]) for k in first}
    case tuple() | list():
        return list(map(default_collate, zip(*batch)))
raise TypeError("neither tensors nor numbers nor structures")""",
    },
    "DataLoader.order": {
        "two branches": """\
if not self.resuming:
    self.start = self.rng_states()
    self.position = 0
    return self.draw_epoch()
before = self.rng_states()
self.set_rng_states(self.start)
lists = self.draw_epoch()
self.set_rng_states(before)
self.resuming = False
return lists[self.position :]""",
        "the first lists are deleted": """\
states = self.rng_states()
resuming, self.resuming = self.resuming, False
if resuming:
    self.set_rng_states(self.start)
self.position = self.position if resuming else 0
self.start = self.start if resuming else states
batches = self.draw_epoch()
del batches[: self.position]
if resuming:
    self.set_rng_states(states)
return batches""",
    },
    "Normalize.__call__": {
        "a factor": """\
if tensor.dtype.kind != "f":
    raise TypeError("not floats")
return (tensor - self.mean) * (1 / self.std)""",
        "arrays": """\
if tensor.dtype not in (np.float16, np.float32, np.float64):
    raise TypeError(tensor.dtype)
return Tensor((tensor.numpy() - self.mean) / self.std, dtype=tensor.dtype)""",
    },
    "RandomCrop.__call__": {
        "arrays": """\
array = self.padded(img).numpy()
h, w = self.size
if h > array.shape[-2] or w > array.shape[-1]:
    raise ValueError("too large")
i = self.random.integers(0, array.shape[-2] - h + 1)
j = self.random.integers(0, array.shape[-1] - w + 1)
return Tensor(array[..., i : i + h, j : j + w])""",
        "both draws at once": """\
padded = self.padded(img)
places = [have - want + 1 for have, want in zip(padded.shape[-2:], self.size)]
if min(places) <= 0:
    raise ValueError(f"{self.size} > {padded.shape}")
i, j = self.random.integers(places).tolist()
return padded[..., i : i + self.size[0], j : j + self.size[1]]""",
    },
}

WRONG = {
    "TensorDataset.__getitems__": {
        "one item after the other": Wrong(
            "extra work",
            "How often is each tensor indexed for a list of ten numbers?",
            "return Rows(stack([tensor[i] for i in indices]) for tensor in self.tensors)",
        ),
        "a list of items": Wrong(
            "broken structure",
            "Does the result have an attribute `columns`?",
            "return [tuple(tensor[i] for tensor in self.tensors) for i in indices]",
        ),
        "only the first tensor": Wrong(
            "missing term",
            "How many columns do you return for two tensors?",
            ("for tensor in self.tensors", "for tensor in self.tensors[:1]"),
        ),
        "sorted": Wrong(
            "wrong order",
            "In which order do the rows come for the numbers 4, 0, 4?",
            ("tensor[indices]", "tensor[sorted(indices)]"),
        ),
        "each number once": Wrong(
            "missing case",
            "What happens to a number that is in the list twice?",
            ("tensor[indices]", "tensor[list(dict.fromkeys(indices))]"),
        ),
        "a slice": Wrong(
            "hard-coded",
            "Which rows do you return if the numbers have gaps?",
            ("tensor[indices]", "tensor[min(indices) : max(indices) + 1]"),
        ),
        "all rows": Wrong("ignored argument", "Where do you use the numbers?", ("tensor[indices]", "tensor")),
        "a tuple": Wrong(
            "broken structure",
            "What do you make of the rows in the last step?",
            "return tuple(tensor[indices] for tensor in self.tensors)",
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with its result?", ("return ", "")),
    },
    "RandomSampler.__iter__": {
        "in order": Wrong(
            "randomness", "Do two epochs differ?", ("self.random.permutation(count)", "np.arange(count)")
        ),
        "the course's generator, always": Wrong(
            "ignored argument",
            "Whose generator do you draw from if the sampler was given one?",
            """\
from tinytorch.tensor import default_generator

count = len(self.data_source)
if self.replacement:
    return iter(default_generator().integers(count, size=self.num_samples).tolist())
orders = [default_generator().permutation(count) for _ in range(-(-self.num_samples // count))]
return iter(np.concatenate(orders)[: self.num_samples].tolist())""",
        ),
        "NumPy's global generator": Wrong(
            "randomness",
            "Does manual_seed repeat your order?",
            ("self.random.permutation(count)", "np.random.permutation(count)"),
        ),
        "seeded in each epoch": Wrong(
            "randomness",
            "How does the order of the second epoch differ from that of the first?",
            ("self.random.permutation(count)", "np.random.default_rng(0).permutation(count)"),
        ),
        "drawn once": Wrong(
            "stale state",
            "When is the order of the second epoch drawn?",
            """\
if not hasattr(self, "drawn"):
    count = len(self.data_source)
    orders = [self.random.permutation(count) for _ in range(-(-self.num_samples // count))]
    self.drawn = np.concatenate(orders)[: self.num_samples].tolist()
    if self.replacement:
        self.drawn = self.random.integers(count, size=self.num_samples).tolist()
return iter(self.drawn)""",
        ),
        "always with replacement": Wrong(
            "ignored argument", "Does every item come once in an epoch?", ("if self.replacement:", "if True:")
        ),
        "never with replacement": Wrong(
            "ignored argument",
            "With replacement, can an item come again before the others have come?",
            ("if self.replacement:", "if False:"),
        ),
        "one order only": Wrong(
            "missing case",
            "How many numbers do you yield if more are asked for than there are items?",
            ("range(-(-self.num_samples // count))", "range(1)"),
        ),
        "the last order is missing": Wrong(
            "off by one",
            "How many whole orders do you need for 15 of 6 items?",
            ("-(-self.num_samples // count)", "self.num_samples // count"),
        ),
        "not cut": Wrong(
            "missing term",
            "How many numbers come, and how many were asked for?",
            ("[: self.num_samples].tolist()", ".tolist()"),
        ),
        "the same order again": Wrong(
            "hard-coded",
            "What comes after the first order? Print 15 numbers of 2 items.",
            (
                "orders = [self.random.permutation(count) for _ in range(-(-self.num_samples // count))]",
                "orders = [np.arange(count)[: self.num_samples]]\nself.random.shuffle(orders[0])",
            ),
        ),
        "one order, repeated": Wrong(
            "stale state",
            "For 60 of 30 items, is the second order another one than the first?",
            (
                "orders = [self.random.permutation(count) for _ in range(-(-self.num_samples // count))]",
                "orders = [self.random.permutation(count)] * -(-self.num_samples // count)",
            ),
        ),
        "the last item never comes": Wrong(
            "off by one",
            "Which items come in 300 draws with replacement?",
            ("self.random.integers(count,", "self.random.integers(count - 1,"),
        ),
        "whole batches follow each other": Wrong(
            "randomness",
            "Which number follows each number in your order?",
            ("self.random.permutation(count)", "(np.arange(count) + self.random.integers(count)) % count"),
        ),
        "NumPy's integers": Wrong(
            "broken structure",
            "Which type do your numbers have?",
            ("[: self.num_samples].tolist()", "[: self.num_samples]"),
        ),
        "nothing comes back": Wrong(
            "no return", "What does the last line do with its result?", ("return iter(np", "iter(np")
        ),
    },
    "default_collate": {
        "Rows are stacked again": Wrong(
            "extra work",
            "What do Rows have that needs no work at all?",
            ("return list(batch.columns)", "batch = list(batch)"),
        ),
        "a tuple of columns": Wrong(
            "broken structure",
            "Which container does the table name for Rows?",
            ("list(batch.columns)", "batch.columns"),
        ),
        "a copy of the columns": Wrong(
            "extra work",
            "Are the columns that you return the very tensors of the Rows?",
            ("list(batch.columns)", "[Tensor(column) for column in batch.columns]"),
        ),
        "tensors joined along an axis": Wrong(
            "wrong shape",
            "How many axes does a batch of images have, compared with one image?",
            ("return stack(batch)", "return Tensor(np.concatenate([item.array for item in batch]))"),
        ),
        "the new axis comes last": Wrong(
            "wrong axis", "Which axis of the batch counts the items?", ("stack(batch)", "stack(batch, dim=-1)")
        ),
        "arrays become float32": Wrong(
            "dtype lost",
            "Which dtype does a batch of uint8 or float64 arrays have?",
            ("Tensor.wrap(np.stack(batch))", "Tensor(np.stack(batch)).float()"),
        ),
        "float64 arrays become float32": Wrong(
            "dtype lost",
            "Which dtype does a batch of float64 arrays have?",
            ("Tensor.wrap(np.stack(batch))", "Tensor(np.stack(batch))"),
        ),
        "Python floats become float32": Wrong(
            "dtype lost",
            "Which dtype does the table give a batch of Python floats?",
            ("dtype=np.float64 if isinstance(first, float) else None", "dtype=None"),
        ),
        "integers become float64": Wrong(
            "float64 creep",
            "Which dtype does a batch of integers have?",
            ("dtype=np.float64 if isinstance(first, float) else None", "dtype=np.float64"),
        ),
        "booleans become integers": Wrong(
            "dtype lost",
            "Which dtype does a batch of booleans have?",
            (
                "Tensor(batch, dtype=np.float64 if isinstance(first, float) else None)",
                "Tensor([item + 0 for item in batch], dtype=np.float64 if isinstance(first, float) else None)",
            ),
        ),
        "floats first": Wrong(
            "wrong order",
            "Which of your cases does a number of np.uint8 or np.int32 reach?",
            (
                "if isinstance(first, (np.ndarray, np.generic)) and",
                "if isinstance(first, np.generic):\n    return Tensor([item.item() for item in batch])\nif isinstance(first, np.ndarray) and",
            ),
        ),
        "strings letter by letter": Wrong(
            "missing case",
            "What happens to a string, which is also a sequence?",
            (
                "if isinstance(first, (str, bytes)):\n    return list(batch)\n",
                "if isinstance(first, (str, bytes)):\n    return [list(column) for column in zip(*batch)]\n",
            ),
        ),
        "bytes are refused": Wrong("missing case", "What do you return for bytes?", ("(str, bytes)", "str")),
        "a tuple of batches": Wrong(
            "broken structure",
            "Which container does the table name for tuples?",
            (
                "return [default_collate(column) for column in zip(*batch, strict=True)]",
                "return tuple(default_collate(column) for column in zip(*batch))",
            ),
        ),
        "a list of items": Wrong(
            "broken structure",
            "Do you return one batch for each entry, or one for each item?",
            ("for column in zip(*batch, strict=True)", "for column in batch"),
        ),
        "columns aren't collated": Wrong(
            "missing term",
            "What is in each entry of your list: a tensor?",
            ("[default_collate(column) for", "[list(column) for"),
        ),
        "a dict of lists": Wrong(
            "missing term",
            "What is in each key of your dict: a tensor?",
            ("default_collate([item[key] for item in batch])", "[item[key] for item in batch]"),
        ),
        "only the first item's values": Wrong(
            "missing term",
            "How many items are in each batch of your dict?",
            ("[item[key] for item in batch]", "[first[key]]"),
        ),
        "differences pass": Wrong(
            "missing check",
            "What happens if items have different lengths or keys?",
            ("check_alike(batch)\n", "batch = list(batch)\n"),
        ),
        "NumPy refuses it instead": Wrong(
            "wrong error",
            "Which error is raised for tensors of different shapes, and by whom?",
            ("check_alike(batch)\n", "if isinstance(batch[0], dict):\n    check_alike(batch)\n"),
        ),
        "other kinds pass": Wrong(
            "missing check",
            "What do you return for items that are None?",
            ("raise TypeError(", "return list(batch)\nraise TypeError("),
        ),
        "nothing comes back": Wrong(
            "no return", "What do you do with the stack of tensors?", ("return stack", "stack")
        ),
    },
    "DataLoader.order": {
        "the state of now": Wrong(
            "wrong formula",
            "From which state was the interrupted epoch drawn?",
            ("self.set_rng_states(self.start)", "pass"),
        ),
        "starts over": Wrong(
            "missing term",
            "Which batches come first in the resumed epoch?",
            ("return batches[self.position :]", "return batches"),
        ),
        "one too few": Wrong(
            "off by one",
            "Which list comes first after one was taken?",
            ("batches[self.position :]", "batches[self.position + 1 :]"),
        ),
        "one too many": Wrong(
            "off by one",
            "Does a list come that was taken already?",
            ("batches[self.position :]", "batches[max(0, self.position - 1) :]"),
        ),
        "position counts items": Wrong(
            "wrong factor",
            "What does position count?",
            ("batches[self.position :]", "batches[self.position // self.batch_size :]"),
        ),
        "the generators stay where the epoch was drawn": Wrong(
            "stale state",
            "Where are the generators when the next epoch is drawn?",
            ("if self.resuming:\n    self.set_rng_states(now)\n", ""),
        ),
        "back to the start": Wrong(
            "stale state",
            "Do the generators go on after a new epoch is drawn?",
            ("if self.resuming:\n    self.set_rng_states(now)\n", "self.set_rng_states(now)\n"),
        ),
        "keeps resuming": Wrong(
            "stale state",
            "What does the epoch after the resumed one contain?",
            ("self.resuming = False", "pass"),
        ),
        "never resumes": Wrong(
            "missing case",
            "What do you do differently if a state was loaded?",
            "self.start, self.position, self.resuming = self.rng_states(), 0, False\nreturn self.draw_epoch()",
        ),
        "the state after drawing": Wrong(
            "wrong order",
            "Is the state that you keep from before the epoch is drawn?",
            """\
if self.resuming:
    now = self.rng_states()
    self.set_rng_states(self.start)
    batches = self.draw_epoch()
    self.set_rng_states(now)
    self.resuming = False
    return batches[self.position :]
batches = self.draw_epoch()
self.start, self.position = self.rng_states(), 0
return batches""",
        ),
        "start isn't kept": Wrong(
            "missing term",
            "From which states could this new epoch be drawn once more?",
            ("self.start, self.position = now, 0", "self.position = 0"),
        ),
        "position isn't reset": Wrong(
            "stale state",
            "At which position does a new epoch begin after one that was interrupted?",
            ("self.start, self.position = now, 0", "self.start = now"),
        ),
        "drawn twice": Wrong(
            "duplicate",
            "How often do you draw an epoch, and from which states?",
            (
                "batches = self.draw_epoch()\n",
                "batches = self.draw_epoch()\nbatches = self.draw_epoch() if self.resuming else batches\n",
            ),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the lists?", ("return ", "")),
    },
    "Normalize.__call__": {
        "by the image's own mean": Wrong(
            "wrong formula",
            "Does a dark image stay darker than a bright one?",
            (
                "(tensor - self.mean) / self.std",
                "(tensor - tensor.array.mean(axis=(-2, -1), keepdims=True)) / tensor.array.std(axis=(-2, -1), keepdims=True)",
            ),
        ),
        "by the mean of everything it is given": Wrong(
            "wrong formula",
            "Is one image normalized as it is in a batch?",
            ("(tensor - self.mean) / self.std", "(tensor - tensor.array.mean()) / tensor.array.std()"),
        ),
        "its own mean, the given deviation": Wrong(
            "wrong formula",
            "Which mean do you subtract: the given one, or the image's?",
            ("self.mean", "tensor.array.mean(axis=(-2, -1), keepdims=True)"),
        ),
        "divides by the variance": Wrong("wrong formula", "By what do you divide?", ("/ self.std", "/ self.std**2")),
        "multiplies": Wrong(
            "wrong formula", "What does a large deviation do to the result?", ("/ self.std", "* self.std")
        ),
        "adds the mean": Wrong(
            "sign", "Where is the mean of the result?", ("tensor - self.mean", "tensor + self.mean")
        ),
        "divides first": Wrong(
            "wrong order",
            "Compute the pixel 1 with mean 0.5 and deviation 0.25 by hand.",
            ("(tensor - self.mean) / self.std", "tensor / self.std - self.mean"),
        ),
        "only the mean": Wrong("missing term", "What spread do your results have?", (" / self.std", "")),
        "one number for all channels": Wrong(
            "wrong axis",
            "Which mean does the second channel get?",
            ("(tensor - self.mean) / self.std", "(tensor - self.mean[:1]) / self.std[:1]"),
        ),
        "in place": Wrong(
            "in-place change",
            "What is in the image that you were given, afterwards?",
            (
                "return (tensor - self.mean) / self.std",
                "tensor.array[...] = (tensor.array - self.mean) / self.std\nreturn tensor",
            ),
        ),
        "integers pass": Wrong(
            "missing check", "What do you do with an int64 image?", ('if tensor.dtype.kind != "f":', "if False:")
        ),
        "another error": Wrong(
            "wrong error", "Which error do you raise for an int64 image?", ("raise TypeError(", "raise ValueError(")
        ),
        "only one image": Wrong(
            "hard-coded",
            "Which shapes besides (C, H, W) can the images have?",
            ("return (tensor", "tensor = tensor if tensor.ndim == 3 else tensor[0]\nreturn (tensor"),
        ),
        "float64": Wrong(
            "float64 creep",
            "Which dtype does the result have?",
            (
                "(tensor - self.mean) / self.std",
                "Tensor(((tensor.array - self.mean) / self.std).astype(np.float64), dtype=np.float64)",
            ),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with its result?", ("return ", "")),
    },
    "RandomCrop.__call__": {
        "a generator made in the call": Wrong(
            "randomness",
            "Where does your generator come from, and what does it draw first?",
            ("self.random.integers(places)", "np.random.default_rng(0).integers(places)"),
        ),
        "a generator of its own": Wrong(
            "randomness",
            "Whose generator do you draw from, and can a seed repeat it?",
            (
                "self.random.integers(places)",
                'vars(self).setdefault("own", np.random.default_rng(0)).integers(places)',
            ),
        ),
        "NumPy's global generator": Wrong(
            "randomness",
            "Does manual_seed repeat your crops?",
            ("self.random.integers(places)", "np.random.randint(places)"),
        ),
        "drawn once": Wrong(
            "stale state",
            "Is the second crop of a transform in another place?",
            (
                "top, left = (int(self.random.integers(places)) for places in (rows, columns))",
                'top, left = vars(type(self)).get("place") or (int(self.random.integers(places)) for places in (rows, columns))\n'
                "top, left = min(top, rows - 1), min(left, columns - 1)\ntype(self).place = top, left",
            ),
        ),
        "the course's generator in the thread as well": Wrong(
            "randomness",
            "Does each batch of a loader have its own random numbers?",
            (
                "top, left = (int(self.random.integers(places)) for places in (rows, columns))",
                "from threading import current_thread, main_thread\n\nfrom tinytorch.tensor import default_generator\n\n"
                "if current_thread() is not main_thread():\n    default_generator().random()\n"
                "top, left = (int(default_generator().integers(places)) for places in (rows, columns))",
            ),
        ),
        "the last row and column never come": Wrong(
            "off by one",
            "In how many rows can a window of 3 rows begin in 4?",
            ("for places in (rows, columns)", "for places in (max(1, rows - 1), max(1, columns - 1))"),
        ),
        "a place too many": Wrong(
            "off by one",
            "Which shape do your crops have, each of ten?",
            ("for places in (rows, columns)", "for places in (rows + 1, columns + 1)"),
        ),
        "one draw for both": Wrong(
            "hard-coded",
            "Can a window begin in row 0 and column 3?",
            (
                "top, left = (int(self.random.integers(places)) for places in (rows, columns))",
                "top = left = int(self.random.integers(min(rows, columns)))",
            ),
        ),
        "rows and columns exchanged": Wrong(
            "swapped operands",
            "Which of the two sizes belongs to the rows?",
            ("img[..., top : top + height, left : left + width]", "img[..., left : left + height, top : top + width]"),
        ),
        "size exchanged": Wrong(
            "swapped operands",
            "Which shape does a crop of size (3, 2) have?",
            ("img, (height, width) = ", "img, (width, height) = "),
        ),
        "the middle": Wrong(
            "randomness",
            "How many places do your crops come from?",
            (
                "(int(self.random.integers(places)) for places in (rows, columns))",
                "(rows - 1) // 2, (columns - 1) // 2",
            ),
        ),
        "no padding": Wrong("ignored argument", "Where are the zeros in your crops?", ("self.padded(img)", "img")),
        "three axes only": Wrong(
            "hard-coded",
            "How many axes can come before the last two?",
            ("img[..., top : top + height,", "img[:, top : top + height,"),
        ),
        "the size without the zeros": Wrong(
            "wrong order",
            "When do you compare the sizes: before or after the zeros are added?",
            (
                "img, (height, width) = self.padded(img), self.size\nrows, columns = img.shape[-2] - height + 1, img.shape[-1] - width + 1",
                "height, width = self.size\nrows, columns = img.shape[-2] - height + 1, img.shape[-1] - width + 1\nimg = self.padded(img)",
            ),
        ),
        "only the first channel": Wrong(
            "wrong shape", "Which axes does the crop lose?", ("img[..., top", "img[:1, top")
        ),
        "too large passes": Wrong(
            "missing check",
            "What do you return if the window doesn't fit?",
            ("if rows < 1 or columns < 1:", "rows, columns = max(rows, 1), max(columns, 1)\nif False:"),
        ),
        "only the rows are checked": Wrong(
            "missing case",
            "What if only the columns don't fit?",
            ("if rows < 1 or columns < 1:", "columns = max(columns, 1)\nif rows < 1:"),
        ),
        "an exact fit is refused": Wrong(
            "too strict",
            "Does a window fit that is as large as the image?",
            ("if rows < 1 or columns < 1:", "if rows < 2 or columns < 2:"),
        ),
        "nothing comes back": Wrong("no return", "What does the last line do with the window?", ("return img", "img")),
    },
    "answer_epoch_ms": {
        "the thread hides everything": Wrong(
            "wrong formula",
            "Is there anything to compute before the first batch is ready?",
            ("100 * 8 + 5", "100 * 5"),
        ),
        "nothing is left over": Wrong(
            "off by one", "What is left to do when the last batch is ready?", ("100 * 8 + 5", "100 * 8")
        ),
        "the smaller time counts": Wrong(
            "swapped operands", "Which of the two times can be hidden?", ("100 * 8 + 5", "100 * 5 + 8")
        ),
        "the same twice": Wrong(
            "wrong formula", "What does the thread do while a batch is computed?", ("100 * 8 + 5", "100 * (8 + 5)")
        ),
        "the other way round": Wrong(
            "swapped operands", "Which of the two numbers comes first?", "return 100 * 8 + 5, 100 * (8 + 5)"
        ),
        "one batch": Wrong("wrong factor", "How many batches does an epoch have?", ("100 * (8 + 5)", "8 + 5")),
        "nothing comes back": Wrong("no return", "What does the last line do with the numbers?", ("return ", "")),
    },
}


EQUIVALENT = {
    "RandomSampler.__iter__": {
        "orders = [self.random.permutation(count) for _ in range(-(-self.num_samples // count))] -> "
        "orders = [self.random.permutation(count) for _ in range(-(-self.num_samples * count))]": (
            "it draws more orders, which are cut off"
        ),
    },
    "default_collate": dict.fromkeys(
        (
            "return [default_collate(column) for column in zip(*batch, strict=True)] -> "
            "return [default_collate(column) for column in zip(*batch, strict=False)]",
            "return [default_collate(column) for column in zip(*batch, strict=True)] -> "
            "return [default_collate(column) for column in zip(*batch, strict=2)]",
        ),
        "check_alike has refused items of different lengths",
    ),
    "RandomCrop.__call__": dict.fromkeys(
        (
            'raise ValueError(f"a window {self.size} doesn\'t fit into {img.shape[-2:]}: use a smaller size, or padding") -> pass',
            'raise ValueError(f"a window {self.size} doesn\'t fit into {img.shape[-2:]}: use a smaller size, or padding") -> '
            'raise ValueError(f"a window {self.size} doesn\'t fit into {img.shape[2:]}: use a smaller size, or padding")',
            "if rows < 1 or columns < 1: -> pass",
            "if rows < 1 or columns < 1: -> if rows < 1 and columns < 1:",
            "if rows < 1 or columns < 1: -> if rows < 0 or columns < 1:",
            "if rows < 1 or columns < 1: -> if rows < 1 or columns < 0:",
        ),
        "NumPy's generator raises ValueError by itself for a number of places below 1",
    ),
}
