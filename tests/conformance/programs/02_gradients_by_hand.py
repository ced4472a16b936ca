"""A network of two layers without autograd: every gradient is written out, with mm and t()."""

import numpy as np
import torch

dtype = torch.float
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
rng = np.random.default_rng(2)

n, d_in, hidden, d_out = 16, 6, 9, 2
x = torch.from_numpy(rng.normal(size=(n, d_in))).to(device).type(dtype)
y = torch.from_numpy(rng.normal(size=(n, d_out))).to(device=device, dtype=dtype)
w1 = torch.from_numpy(rng.normal(size=(d_in, hidden)) / 3).float()
w2 = torch.from_numpy(rng.normal(size=(hidden, d_out)) / 3).float()
start = w1.clone()

learning_rate = 4e-3
for t in range(50):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum().item()
    if t % 10 == 9:
        print(t, round(loss, 2))

    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h_relu = grad_y_pred.mm(w2.t())
    grad_h = grad_h_relu.clone()
    grad_h[h < 0] = 0
    grad_w1 = x.t().mm(grad_h)

    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2

moved = (w1 - start).norm()
dead = (h_relu == 0).all(dim=0).sum()
# autograd finds the same gradient
w1_leaf = w1.clone().requires_grad_()
(x.mm(w1_leaf).clamp(min=0).mm(w2) - y).pow(2).sum().backward()
h = x.mm(w1)
grad_h = (2.0 * (h.clamp(min=0).mm(w2) - y)).mm(w2.t())
grad_h[h < 0] = 0
same = torch.allclose(w1_leaf.grad, x.t().mm(grad_h), rtol=1e-4, atol=1e-4)
print("moved by", round(moved.item(), 3), "dead units:", int(dead), "same gradient:", same)
