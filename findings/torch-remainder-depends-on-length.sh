#!/usr/bin/env bash
# A remainder in PyTorch is nan or a number, depending on how many numbers are beside it.
#
# 2147483647.0 % 1e-30 is nan in the first 32 of 40 equal numbers, which an AVX2 processor computes many at a time, and 1.08e-31 in the last 8
# and for one number alone. With ATEN_CPU_CAPABILITY=default, which turns that code off, none is nan; NumPy gives one answer for all. A test that
# compares single numbers with PyTorch does not see what a batch of them does.
#
# Seen with torch 2.13.0, numpy 2.4.6 (CPU), Python 3.11, Linux x86_64 with AVX2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
ATEN_CPU_CAPABILITY=avx2 "$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import torch

print("torch", torch.__version__, "numpy", np.__version__)
numbers = np.full(40, 2147483647.0, np.float32)
ours = numbers % np.float32(1e-30)
theirs = torch.from_numpy(numbers) % 1e-30
alone = torch.from_numpy(numbers[:1]) % 1e-30
print("numpy: one answer,", ours[0], "for all of", len(ours))
print("torch: nan for", int(theirs.isnan().sum()), "of 40;", alone.item(), "for one alone")
assert len(set(ours.tolist())) == 1 and np.isfinite(ours).all(), "numpy has changed"
assert 0 < int(theirs.isnan().sum()) < 40 and not alone.isnan().any(), "torch has changed"
PYTHON
