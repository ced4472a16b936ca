"""Which loss for what: each on the same few scores, with its options, and its gradient."""

import torch
import torch.nn as nn
import torch.nn.functional as F

scores = [[2.0, -1.0, 0.5], [0.1, 0.2, -3.0], [-0.5, 1.5, 1.0], [0.0, 0.0, 0.0]]
classes = torch.tensor([0, 2, 1, 1])
gradients = {}


def look(name, loss_of):
    logits = torch.tensor(scores, requires_grad=True)
    loss = loss_of(logits)
    loss.backward()
    gradients[name] = logits.grad
    print(f"{name:>24}: {loss.item():.4f}, gradient {logits.grad[1].tolist()[0]:+.4f}")


look("cross-entropy", lambda z: F.cross_entropy(z, classes))
look("the same, in two steps", lambda z: F.nll_loss(F.log_softmax(z, dim=1), classes))
look("weights per class", lambda z: nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]))(z, classes))
look("smoothed", lambda z: nn.CrossEntropyLoss(label_smoothing=0.1)(z, classes))
padded = torch.tensor([0, -100, 1, -100])
look("some ignored", lambda z: nn.CrossEntropyLoss(ignore_index=-100)(z, padded))
soft = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
look("probabilities as targets", lambda z: F.cross_entropy(z, soft))
look("summed", lambda z: F.cross_entropy(z, classes, reduction="sum"))
hot = F.one_hot(classes, num_classes=3).float()
look("bce of sigmoid", lambda z: F.binary_cross_entropy(torch.sigmoid(z), hot))
look("bce with logits", lambda z: nn.BCEWithLogitsLoss()(z, hot))
look("by logsigmoid", lambda z: -(hot * F.logsigmoid(z) + (1 - hot) * F.logsigmoid(-z)).mean())
look("by softplus", lambda z: (F.softplus(z) - hot * z).mean())
look("mean squared", lambda z: F.mse_loss(z, hot))
look("absolute", lambda z: nn.L1Loss()(z, hot + 0.01))
look("smooth absolute", lambda z: F.smooth_l1_loss(z, hot))
look("cosine", lambda z: 1 - (F.normalize(z[:3], dim=1) * F.normalize(hot[:3], dim=1)).sum(1).mean())

assert torch.allclose(gradients["cross-entropy"], gradients["the same, in two steps"])
assert torch.allclose(gradients["bce of sigmoid"], gradients["bce with logits"], atol=1e-6)
assert torch.allclose(gradients["by logsigmoid"], gradients["by softplus"], atol=1e-6)
assert (gradients["some ignored"][1] == 0).all()
each = F.cross_entropy(torch.tensor(scores), classes, reduction="none")
print("per row:", each, "mean:", each.mean())
print("hot:", hot.type(torch.long).tolist())
