#!/usr/bin/env bash
# PyTorch's exact GELU of float64 has lost all its digits at -8.5.
#
# F.gelu computes x/2 (1 + erf(x / sqrt 2)). Far below zero erf is nearly -1, and the sum cancels: at -7 the sixth digit is wrong, at
# -8.5 the result is -0. With erfc, x/2 erfc(-x / sqrt 2), all digits are right, so a float64 reference value must not come from F.gelu.
#
# Seen with torch 2.13.0 (CPU), Python 3.11, Linux x86_64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import math

import torch

print("torch", torch.__version__)
wrong = {}
for x in (-5.0, -6.0, -7.0, -8.0, -8.5):
    found = torch.nn.functional.gelu(torch.tensor(x, dtype=torch.float64)).item()
    right = 0.5 * x * math.erfc(-x / math.sqrt(2))
    wrong[x] = abs(found - right) / abs(right)
    print(f"gelu({x}): {found:.10e}, right is {right:.10e}, off by {wrong[x]:.1e} of it")
assert wrong[-5.0] < 1e-10 and 1e-7 < wrong[-7.0] < 1e-4 and wrong[-8.5] == 1.0, "this has changed"
PYTHON
