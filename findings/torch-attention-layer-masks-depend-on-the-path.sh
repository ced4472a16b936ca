#!/usr/bin/env bash
# One MultiheadAttention, one batch, one mask: whether the result is a number depends on options that shouldn't matter.
#
# A sequence whose keys are all padding may read nothing. scaled_dot_product_attention returns 0 for it. MultiheadAttention returns nan
# with need_weights=True; with need_weights=False it returns numbers, except in eval mode under no_grad, where a fused path
# takes over and returns nan again. A model that trains well can so become nan at inference, on the same batch.
# And with is_causal=True, need_weights=False, the layer ignores attn_mask altogether: it may hide something else.
#
# Seen with torch 2.13.0 (CPU), Python 3.11, Linux x86_64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch

print("torch", torch.__version__)
torch.manual_seed(0)
layer, x = torch.nn.MultiheadAttention(4, 2, batch_first=True), torch.randn(1, 3, 4)
padding = torch.ones(1, 3, dtype=torch.bool)  # True hides: nothing may be read
seen = {}
for training in (True, False):
    layer.train(training)
    for recording in (True, False):
        for need_weights in (True, False):
            with torch.set_grad_enabled(recording):
                out, _ = layer(x, x, x, key_padding_mask=padding, need_weights=need_weights)
            seen[training, recording, need_weights] = out.isnan().any().item()
            print(f"training={training}, gradients={recording}, need_weights={need_weights}: nan {seen[training, recording, need_weights]}")
assert [key for key, is_nan in seen.items() if not is_nan] == [
    (True, True, False), (True, False, False), (False, True, False)
], "this has changed"
direct = torch.nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=~padding[:, None])
print("scaled_dot_product_attention of the same mask:", direct.abs().max().item())
assert (direct == 0).all(), "this has changed"

layer.train()
own_word_only = ~torch.eye(3, dtype=torch.bool)
causal = torch.triu(torch.ones(3, 3), 1).bool()


def read(mask, **options):
    return layer(x, x, x, attn_mask=mask, need_weights=False, **options)[0]


ignored = torch.equal(read(own_word_only, is_causal=True), read(causal, is_causal=True))
print("attn_mask is ignored with is_causal=True, need_weights=False:", ignored)
assert ignored and not torch.allclose(read(own_word_only), read(causal)), "this has changed"
PYTHON
