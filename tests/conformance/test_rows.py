"""What first programs say about tensors, one line each, and short scripts: the same in both libraries, or refused by both."""

import ast

import numpy as np
import pytest
import torch

import tinytorch
from tests.conformance.compare import assert_same, check_script
from tests.conformance.scripts import refusal

# The last part of each line is the result. `x` is [1, 2, 3], `y` has the shape (2, 2, 3), `t` makes a tensor.
LINES = """
x == None
x != None
x == 'a'
y[:, -1, None, t([0, 1])]
y[t([0]), :, t([0])].shape
y[0, :, t([0, 1])].shape
y[:, 0, t([0, 1])].shape
y[None, t([0, 1]), 0].shape
y.T.shape
y.amax(dim=[-2])
y.amax(dim=[0, 1])
y.amin(dim=[0, 1])
y.mean(dim=[0, 1])
y.sum(dim=[0, 1])
torch.cat([torch.zeros(0), torch.ones(2, 3)])
torch.cat([torch.zeros(0, 2), torch.ones(2, 3)])
torch.cat([torch.zeros(0), torch.zeros(0)])
x.reshape(1, -2)
x.reshape(-1, -1)
list(t(3.0))
float(t(2.5).requires_grad_())
int(t(2.5))
2 ** x
2 ** t([1, 2])
np.array(x)
np.array(x, dtype='float64')
sum(t(3.0))
sum(x)
list(x)
3.0 in t(3.0)
4.0 in t(3.0)
t(3.0)[None]
np.asarray(x)
np.allclose(x, [1.0, 2.0, 3.0])
np.concatenate([x, x])
np.asarray(x.clone().requires_grad_())
torch.tensor([x[0].sum(), x[1].sum()])
torch.tensor([torch.ones(1).sum().requires_grad_() * 1, torch.ones(1).sum()])
torch.tensor([np.ones(2, 'float32'), np.ones(2, 'float32')])
torch.tensor(None)
torch.tensor('abc')
torch.tensor([None])
torch.tensor([[1, 2], [3]])
torch.full((4,), 40000.0, dtype=torch.float16).mean()
torch.ones(100000, dtype=torch.float16).mean()
F.mse_loss(torch.full((4,), 200.0, dtype=torch.float16), torch.zeros(4, dtype=torch.float16))
F.l1_loss(torch.full((4,), 40000.0, dtype=torch.float16), torch.zeros(4, dtype=torch.float16))
F.mse_loss(torch.ones(100000, dtype=torch.float16), torch.zeros(100000, dtype=torch.float16))
torch.tensor([2], dtype=torch.uint8).sigmoid()
torch.tensor([12], dtype=torch.int8).exp()
torch.tensor([200], dtype=torch.uint8).log()
torch.tensor([200, 100], dtype=torch.uint8).sum()
torch.tensor([True, True]).sum()
torch.tensor([True, False]).exp()
torch.tensor([True, False]).tanh()
torch.tensor([True, False]).sigmoid()
torch.tensor([1, 2], dtype=torch.int8).sqrt()
torch.tensor([1.0, 2.0], dtype=torch.float64).clone().dtype
nn.Parameter(torch.ones(2, dtype=torch.float64)).dtype
nn.Linear(2, 2).double()(torch.ones(1, 2, dtype=torch.float64)).dtype
nn.Linear(2, 2).double().weight.dtype
nn.Linear(0, 3)(torch.ones(2, 0)).shape
nn.Linear(3, 0)(torch.ones(2, 3)).shape
torch.where(t([True]), np.int64(2), torch.ones(1, dtype=torch.float16)).dtype
torch.tensor([True]) ** True
x.data
x.data.numpy()
torch.ones(2, device='cpu')
x.to('cpu')
x.to('cpu', dtype=torch.float64)
x.to(torch.float64)
x.to(t([1]))
x.cpu()
x.cuda()
x.to('cuda')
torch.ones(2, device='cuda')
torch.cuda.is_available()
nn.Linear(2, 2).to('cpu').weight.shape
[x.float().dtype, x.int().dtype, x.long().dtype, x.double().dtype, x.half().dtype, x.bool().dtype]
[torch.zeros(2, dtype=d).dtype for d in (torch.float, torch.int, torch.long, torch.double, torch.half, torch.bool)]
[f(2, dtype=torch.float64).dtype for f in (torch.zeros, torch.ones, torch.rand, torch.randn, torch.arange, torch.eye)]
torch.full((2,), 1, dtype=torch.float64)
torch.full((2,), 1)
torch.full((2,), 1.5)
torch.full((2,), True)
torch.full((2, 2), fill_value=2.0)
torch.full(size=(2, 2), fill_value=2.0)
torch.linspace(0, 1, 5, dtype=torch.float64)
torch.linspace(0, 1, 5)
torch.linspace(1, 5, 1)
torch.linspace(0, 1, steps=3)
torch.linspace(-3.14, 3.14, 2000)
torch.randint(0, 10, (3,)).dtype
torch.randint(10, (3,)).shape
torch.randint(0, 10, size=(3,)).shape
torch.randint(10, size=(3,)).shape
torch.randint(low=0, high=10, size=(3,)).shape
torch.randint(high=10, size=(3,)).shape
torch.randint(3, 4, (2,))
torch.randint(3, low=2, size=(2,))
torch.randint(1, (2,), dtype=torch.float32)
x.type()
t([1]).type()
x.type(torch.LongTensor)
x.type(torch.float64)
x.type('torch.LongTensor')
torch.FloatTensor([1, 2])
torch.FloatTensor(2, 3).shape
torch.LongTensor([1, 2])
torch.FloatTensor([1, 2]).dtype
torch.LongTensor(3).shape
torch.FloatTensor()
torch.Tensor(4, 2).shape
x.is_floating_point()
torch.ones(2).normal_().shape
torch.ones(2000).uniform_(2, 3).min() >= 2
torch.ones(2).copy_(t([1, 2]))
torch.ones(2, 2).copy_(t([1.0, 2.0]))
torch.ones(2, requires_grad=True).add_(1)
torch.ones(2, requires_grad=True).zero_()
torch.ones(2, requires_grad=True).normal_()
torch.ones(2, requires_grad=True).copy_(torch.ones(2))
torch.ones(2, requires_grad=True).__setitem__(0, 1.0)
t([1, 2]).add_(1.5)
t([1, 2]).div_(2)
t([1, 2]).mul_(2)
torch.ones(2).add_(torch.ones(2, dtype=torch.float64))
torch.ones(2).add_(torch.ones(3, 2))
torch.matmul(x, x)
torch.matmul(torch.ones(2, 3), x)
torch.dot(x, x)
torch.add(x, x, alpha=2)
torch.add(x, 1)
torch.sub(x, x)
torch.mul(x, 2)
torch.eq(x, x)
torch.normal(0.0, 1.0, (2, 3)).shape
torch.normal(0.0, 1.0, size=(2, 3)).shape
torch.normal(mean=0.0, std=0.01, size=(2, 3)).shape
torch.normal(torch.zeros(3), torch.ones(3)).shape
torch.normal(torch.zeros(3), 0.1).shape
torch.normal(2.0, torch.ones(3)).shape
torch.normal(torch.ones(3)).shape
torch.empty(2, 3).shape
torch.randn_like(x).shape
torch.rand_like(x).dtype
torch.randn(size=(2, 3)).shape
torch.rand(size=(2, 3)).shape
torch.zeros(size=(2, 3))
x.nelement()
x.log10()
nn.BCELoss()(t([0.5]), t([1.0]))
nn.Flatten(0, 1)(torch.ones(2, 3, 4)).shape
torch.optim.RMSprop([torch.ones(1, requires_grad=True)]).param_groups[0]['lr']
int(t(3))
'abc'[t(1)]
[1, 2, 3][t(2)]
range(t(3))
hex(t(10))
[1, 2, 3][t(1.0)]
f'{t(1.5):.3f}'
round(float(t(1.555)), 2)
torch.Generator().manual_seed(3) is not None
x.sum(axis=0, keepdims=True)
y.mean(axis=(0, 1), keepdims=True)
y.max(axis=1).values
y.max(axis=1, keepdims=True)[1]
y.argmax(axis=1, keepdims=True)
y.std(axis=1, keepdims=True)
y.var(axis=1)
torch.sum(y, axis=1)
torch.sum(y, 1, True)
torch.mean(y, dim=1, keepdim=True)
y.softmax(-1)
y.softmax(dim=-1).shape
y.log_softmax(-1).shape
x.norm()
y.norm(dim=1)
y.norm(2, 1, True)
y.norm(p=1)
y.norm(p=float('inf'))
y.norm(p=3, dim=0)
torch.norm(y)
torch.zeros(3).norm()
torch.is_tensor(x)
torch.is_tensor(1)
torch.Size([2, 3]) == (2, 3)
y.size()
y.size(1)
y.size(-1)
y.size(dim=1)
y.shape[0]
y.shape[-1]
nn.ReLU(inplace=True)(t([-1.0, 1.0]))
nn.CrossEntropyLoss(weight=t([1.0, 2.0, 3.0]), ignore_index=-100, label_smoothing=0.1)(y[0], t([0, -100]))
nn.CrossEntropyLoss()(y[0], torch.softmax(y[0], 1))
x.abs()
abs(-x)
x.any()
x.all()
(x > 1).any()
(x > 1).all()
(y > 3).all(dim=1)
(y > 3).any(1, keepdim=True)
y.argmin()
y.argmin(1)
y.argmax(dim=-1)
torch.bmm(y, y.transpose(1, 2))
torch.bmm(x, x)
torch.mm(y[0], y[0].t())
torch.mm(x, x)
y.chunk(2, 1)
y.chunk(3, dim=2)
y.chunk(4, 2)
torch.chunk(x, 2)
y.split(2, dim=2)
torch.split(x, 2)
torch.split(x, [1, 2])
x.split(5)
x.split([1, 1])
x.clone()
x.contiguous()
x.cos()
x.sin()
x.cumsum(0)
y.cumsum(dim=-1)
x.cumsum(-1)
t([1, 2]).cumsum(0)
t([True, True]).cumsum(0)
x.cumsum()
x.detach()
x.dim()
x / 2
torch.div(x, 2)
x.div(2, rounding_mode='floor')
t([-7]).div(2, rounding_mode='floor')
t([-7]).div(2, rounding_mode='trunc')
torch.einsum('i,i->i', x, x)
torch.einsum('bij,bij->b', y, y)
torch.einsum('i,j', x, x)
torch.einsum('ij->ji', y[0])
torch.einsum('ii', torch.ones(2, 2))
torch.einsum('bik,bjk->bij', y, y)
torch.einsum('...ij,...kj->...ik', y, y)
torch.equal(x, x)
torch.equal(x, y)
torch.erf(x)
torch.eye(2)
torch.eye(2, 3)
y[:1].expand(2, 2, 3)
t([[1.0], [2.0]]).expand(-1, 3)
x.expand(2, 3)
x.expand((2, 3))
x.expand(2)
y.flatten()
y.flatten(1)
y.flatten(0, 1)
t(1.0).flatten()
torch.flatten(y, 1)
x.floor()
(x / 2).ceil()
(x / 2).round()
t([0.5, 1.5, 2.5, -0.5]).round()
t([1.234]).round(decimals=1)
torch.full_like(x, 3)
torch.full_like(x, 3, dtype=torch.int64)
torch.zeros_like(x)
torch.ones_like(t([1]))
torch.zeros_like(x, dtype=torch.int64)
torch.ones_like(x, requires_grad=True).requires_grad
y.gather(2, t([[[0], [1]], [[2], [0]]]))
torch.gather(y[0], 1, t([[0], [2]]))
y[0].gather(1, t([[0], [3]]))
x.isfinite()
x.isnan()
torch.isnan(t([float('nan')]))
t([1]).isfinite()
x.log()
x.log1p()
y.logsumexp(1)
y.logsumexp(dim=(0, 1))
torch.logsumexp(y, -1, keepdim=True)
t([float('-inf')] * 2).logsumexp(0)
x.masked_fill(x > 1, 0)
x.masked_fill(t([True, False, True]), float('-inf'))
t([1, 2]).masked_fill(t([True, False]), 5)
t([1, 2]).masked_fill(t([True, False]), 5.5)
x.max()
x.min()
y.max(1)
y.min(dim=2, keepdim=True)
torch.max(x, x * 2)
torch.min(x, 2 * x)
x.max(x)
torch.max(y, 1)[0]
x.max(0)
y.max(dim=1).values
y.max(dim=1).indices
torch.minimum(x, t(2.0))
torch.maximum(x, t(2.0))
t(3.0).max(0)
t(3.0).max()
t([3, 1]).max(0)
torch.multinomial(t([0.0, 1.0, 0.0]), 1)
torch.multinomial(t([[0.0, 1.0], [1.0, 0.0]]), 3, replacement=True)
torch.multinomial(t([-1.0, 1.0]), 1)
torch.multinomial(t([1.0, 1.0]), 3)
x.numel()
torch.numel(x)
torch.outer(x, x)
y.permute(2, 0, 1).shape
y.permute((2, 0, 1)).shape
torch.permute(y, (2, 0, 1)).shape
x.pow(2)
torch.pow(x, 2)
torch.pow(2, x)
x.prod()
y.prod(1)
y.prod(dim=1, keepdim=True)
t([2, 3]).prod()
t([True, True]).prod()
t(2.0).prod(0)
x.reciprocal()
x.rsqrt()
t([2]).reciprocal()
x.relu()
(-x).relu()
x.repeat(2)
x.repeat(2, 2)
x.repeat(2, 1).shape
y.repeat(1, 2, 1).shape
y.repeat(2)
torch.zeros(3).scatter_add(0, t([0, 0, 2]), x)
torch.zeros(2, 3).scatter_add(0, t([[0, 1, 0]]), torch.ones(1, 3))
torch.zeros(3).scatter_add_(0, t([0, 0, 2]), x)
x.sigmoid()
(-x).sign()
t([-2, 0]).sign()
torch.sign(t(0.0))
x.sort()
x.sort(descending=True)
torch.sort(y, 1)
torch.sort(y, dim=2, descending=True)
torch.sort(t([2.0, 1.0, 2.0, 1.0]), stable=True)
t([float('nan'), 1.0, 2.0]).sort(descending=True)
t([3, 1]).sort()
x.sqrt()
x.square()
y.squeeze()
torch.squeeze(torch.ones(1, 2))
torch.squeeze(torch.ones(1, 2, 1), 0)
x.unsqueeze(0)
torch.unsqueeze(x, -1)
torch.unsqueeze(x, dim=1)
x.std()
y.std()
y.std(1)
y.std(dim=1, unbiased=False)
y.std(1, keepdim=True)
x.std(unbiased=False)
y.var((0, 1))
y.var(dim=0, correction=0)
torch.std(y, 0)
y.var(0, False)
x.var(False)
t([1.0]).std()
y[0].t()
x.t()
torch.t(y[0])
x.tanh()
torch.tanh(x)
y.t()
x.topk(2)
y.topk(2, dim=1)
x.topk(2, largest=False)
torch.topk(x, 1).indices
y.topk(1)[1]
x.topk(5)
y.tril()
y.triu()
torch.tril(torch.ones(3, 3))
torch.triu(torch.ones(3, 3), diagonal=1)
torch.tril(torch.ones(3, 3), -1)
torch.ones(2, 3, dtype=torch.bool).tril()
x.tril()
x.unbind()
y.unbind(1)
torch.unbind(y, dim=-1)
[a.shape for a in y]
t([3, 1, 1]).unique()
torch.unique(t([3, 1, 1]), return_counts=True)
torch.unique(t([3, 1, 1]), return_inverse=True)
t([[3, 1], [1, 3]]).unique(return_inverse=True)
x.view(3, 1)
x.view(-1)
y.view(2, -1)
y.view((2, 6))
y.view(4, -1).shape
y.view_as(y)
torch.where(x > 1, x, 0.0)
torch.where(x > 1, x, -x)
torch.where(x > 1)[0]
x.where(x > 1, t(0.0))
torch.where(x > 1, 1.0, 0.0)
torch.where(x > 1, 1, 0)
t([True, False]) & t([True, True])
t([True, False]) | t([False, False])
~t([True, False])
t([5]) & t([3])
t([5]) | 2
~t([5])
t([7]) % 4
t([-7]) % 4
t([-7]) // 2
t([-7.5]) % 2
t([-7.5]) // 2
7 % t([4])
7 // t([2])
t([True]) ^ t([True])
10 // x
x % 2
+x
x.float() & x
x < 2
x <= 2
x > 2
x >= 2
x == 2
x != 2
x.lt(2)
x.le(2)
x.gt(2)
x.ge(2)
x.ne(2)
torch.gt(x, 2)
torch.lt(x, x)
2 > x
F.one_hot(t([0, 2]))
F.one_hot(t([[0, 2]]), 4)
F.one_hot(t([0, 2]), num_classes=5)
F.one_hot(t([3]), 2)
F.one_hot(x)
F.normalize(y)
F.normalize(y, dim=-1)
F.normalize(x, dim=0)
F.normalize(y, p=1, dim=2)
F.pad(x, (1, 2))
F.pad(y, (1, 0, 0, 1))
F.pad(x, (1, 1), value=9.0)
F.pad(x, (1, 1), 'constant', 2)
F.pad(t([1]), (1, 0))
F.pad(x, (0, 0, 1, 1))
torch.from_numpy(np.ones(2)).dtype
torch.from_numpy(np.arange(2))
torch.as_tensor([1, 2])
torch.as_tensor(np.ones(2, 'float32'))
torch.as_tensor(x) is x
torch.as_tensor([1], dtype=torch.float32)
torch.arange(5.0)
torch.arange(0, 1, 0.1)
torch.arange(5, dtype=torch.float32)
torch.arange(1, 10, 2)
torch.arange(10, 0, -3)
torch.arange(start=0, end=3)
torch.arange(3, requires_grad=False)
torch.tensor([[1, 2]], dtype=torch.float)
torch.tensor(5)
torch.tensor(True)
torch.tensor([1.5, True])
torch.tensor([])
torch.tensor(x)
torch.tensor(np.int32(3))
torch.tensor((1, 2))
torch.tensor(range(3))
torch.stack((x, x))
torch.stack([x, x], dim=1)
torch.cat((x, x))
torch.cat([y, y], -1).shape
x.tolist()
x.item() if x.numel() == 1 else 0
t(2).item()
t([[2.0]]).item()
x.item()
bool(x)
bool(t([]))
len(y)
len(x)
len(t(1.0))
y.ndim
y.dim()
y.is_contiguous()
y.T.is_contiguous()
y.stride()
x.is_leaf
x.grad_fn
x.requires_grad
x.grad
torch.zeros(2, 3)[:, None].shape
y[..., 0].shape
y[0, 0, 0]
y[-1]
y[:, ::2].shape
y[y > 2]
y[[0, 1]]
y[:, [0, 1]].shape
y[t([[0, 1], [1, 0]])].shape
x[x > 1]
x[t(1)]
y[0][1:]
y[t([True, False])]
x[True].shape
x[[True, False, True]]
y[:, :, range(2)].shape
y[range(2), [0, 1]].shape
torch.tensor([1.0, 2.0]).unsqueeze(0).squeeze(0)
torch.tensor([1, 2]).float().mean()
torch.randperm(5).sort()[0]
torch.randperm(4).dtype
x.mul(2).add(1).sub(1).div(2)
x.neg()
torch.neg(x)
x.minimum(x)
x.maximum(x)
x.matmul(x)
x.outer(x)
x.exp()
torch.exp(x)
torch.log(x)
torch.abs(-x)
torch.sqrt(x)
torch.square(x)
torch.clamp(x, 0, 2)
torch.clamp(x, min=2)
x.clamp(max=2)
torch.sigmoid(x)
torch.relu(-x)
torch.floor(x)
torch.argmax(x)
torch.argmin(y, dim=0)
torch.amax(y, 1)
torch.amin(y, (0, 1))
torch.cumsum(x, 0)
torch.cumsum(x, dim=0)
torch.prod(x)
torch.any(x > 1)
torch.all(x > 1)
torch.allclose(x, x)
torch.isfinite(x)
torch.rsqrt(x)
torch.reciprocal(x)
torch.log1p(x)
torch.log10(x)
torch.cos(x)
torch.sin(x)
torch.round(x)
torch.ceil(x)
torch.eq(x, 1)
torch.ne(x, 1)
torch.masked_fill(x, x > 1, 0.0)
torch.clone(x)
torch.detach(x)
torch.transpose(y, 0, 1).shape
torch.reshape(x, (3, 1))
torch.scatter_add(torch.zeros(3), 0, t([0, 1, 2]), x)
torch.var(x)
torch.min(x)
torch.max(x)
torch.full_like(x, 2.0).sum(dtype=torch.float64)
x.sum(dtype=torch.int64)
x.mean(dtype=torch.float64)
z = torch.zeros(3); z[0] = 1; z
z = torch.ones(3); z[1] = 5.0; z
z = torch.ones(2, 2); z[:, 0] = t([5.0, 6.0]); z
z = torch.ones(3); z[z > 0] = 0; z
z = torch.ones(3); z[t([0, 2])] = t([3.0, 4.0]); z
z = torch.ones(2, 2); z[t([0, 1]), t([1, 0])] = 7; z
z = torch.zeros(3, dtype=torch.int64); z[0] = 1.7; z
z = torch.zeros(3); z[0] = t([5.0]); z
z = torch.zeros(3); z[9] = 1.0
z = torch.zeros(3); z[:] = t([1.0, 2.0])
z = torch.zeros(3); z[...] = 3; z
z = t([1.0, float("nan")]); z[z.isnan()] = 0.0; z
z = torch.zeros(2, 2); z[0].fill_(9); z
z = torch.zeros(2, 2); z[0, 1].fill_(9); z
z = torch.zeros(2, 2); z.T.add_(torch.arange(2.0)); z
z = torch.zeros(2, 2); z.T[0] = 5; z
z = torch.zeros(3); z[1] += 5; z[t([0, 0])] += 1; z[z > 4] *= 2; z
z = torch.ones(2); z += 1; z -= 2; z *= 3; z /= 4; z **= 2; z
z = torch.ones(2); [z.zero_(), z.fill_(3), z.add_(1), z.sub_(1), z.mul_(2), z.div_(4), z.clamp_(max=0.5)]
z = torch.ones(2); z.add_(torch.ones(2), alpha=3); z.sub_(1, alpha=2); z.copy_(z * 2); z
z = torch.ones(2); z.neg_().abs_().exp_().sqrt_().square_().pow_(2).round_(); z
z = torch.ones(2); z.floor_().relu_().tanh_().sigmoid_().masked_fill_(z > 9, 0); z
g = torch.Generator(); torch.equal(torch.rand(3, generator=g.manual_seed(0)), torch.rand(3, generator=g.manual_seed(0)))
g = torch.Generator(); [torch.randn(2, generator=g).shape, torch.randint(0, 2, (2,), generator=g).shape]
g = torch.Generator(); [torch.randperm(3, generator=g).shape, torch.normal(0.0, 1.0, (2,), generator=g).shape]
g = torch.Generator(); torch.multinomial(torch.ones(3), 2, generator=g).shape
g = torch.Generator(); [torch.zeros(2).normal_(generator=g).shape, torch.zeros(2).uniform_(generator=g).shape]
c = torch.cuda.is_available(); torch.ones(2).to("cuda" if c else "cpu")
torch.ones(2, device=torch.device("cpu")).to(torch.device("cpu"), torch.float64)
[str(torch.device("cpu")), repr(torch.device("cpu")), torch.device("cpu").type, torch.ones(1).device.type]
a, b = t([1.0, 2.0]); [a, b]
[torch.FloatTensor([1, 2]), torch.LongTensor([1, 2]), torch.DoubleTensor([1]), torch.BoolTensor([1])]
[x.type(), t([1]).type(), t([True]).type(), x.half().type(), x.double().type(), x.int().type(), x.to(torch.uint8).type()]
x.to(torch.int8).type()
x.type_as(t([1]))
x.expand_as(y)
(x.requires_grad_() // 2).sum().backward()
"""


def value_of(line: str, lib):
    """The value of a line; an error if it refuses."""
    names = {"torch": lib, "nn": lib.nn, "F": lib.nn.functional, "t": lib.tensor, "np": np}
    names |= {"x": lib.tensor([1.0, 2.0, 3.0]), "y": lib.arange(12.0).reshape(2, 2, 3)}
    *before, last = ast.parse(line).body
    try:
        exec(compile(ast.Module(before, []), line, "exec"), names)
        if not isinstance(last, ast.Expr):
            exec(compile(ast.Module([last], []), line, "exec"), names)
            return None
        return eval(compile(ast.Expression(last.value), line, "eval"), names)
    except Exception as error:
        return error


@pytest.mark.filterwarnings("ignore")  # PyTorch's own
@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_line(line):
    with np.errstate(all="ignore"):
        ours, theirs = value_of(line, tinytorch), value_of(line, torch)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch refuses: {theirs}"
    elif isinstance(ours, Exception):
        raise ours
    else:
        assert_same(ours, theirs)


ROWS = {}


def row(script):
    """Decorator: run a script in both libraries."""
    ROWS[script.__name__] = script
    return script


def leaf(lib, *numbers):
    return lib.tensor(numbers or (1.0, 2.0, 3.0), requires_grad=True)


def refused(step):
    return refusal(step) == "refused"


@row
def data_shares_memory(lib):
    x = leaf(lib)
    (x * x).sum().backward()
    x.data -= 0.1 * x.grad
    a = x.data.numpy().copy()
    x.data = lib.ones(3) * 5
    x.data[0] = 7
    x.data.zero_() if 0 else None
    return x, a, x.requires_grad, x.is_leaf, x.data.requires_grad, x.grad.data


@row
def data_in_place(lib):
    x = leaf(lib)
    x.data.mul_(2)
    x.data.clamp_(0, 4)
    x.data += 1
    x.grad = lib.ones(3)
    x.grad.data.zero_()
    return x, x.grad


@row
def a_loop_that_subtracts(lib):
    net = lib.nn.Linear(3, 1)
    with lib.no_grad():
        for p in net.parameters():
            p.fill_(0.5)
    ids = [id(p) for p in net.parameters()]
    for _ in range(3):
        loss = ((net(lib.ones(2, 3)) - 1) ** 2).mean()
        net.zero_grad()
        loss.backward()
        with lib.no_grad():
            for p in net.parameters():
                p -= 0.1 * p.grad
    return net.weight, net.bias, ids == [id(p) for p in net.parameters()], loss


@row
def a_loop_with_sub_(lib):
    w = leaf(lib)
    for _ in range(3):
        (w * w).sum().backward()
        with lib.no_grad():
            w.sub_(0.1 * w.grad)
            w.grad.zero_()
    return w, w.grad


@row
def a_leaf_that_records_refuses(lib):
    x = leaf(lib)

    def a():
        y = x
        y += 1

    return [
        refused(a),
        refused(lambda: x.zero_()),
        refused(lambda: x.mul_(2)),
        refused(lambda: x.__setitem__(0, 1.0)),
        refused(lambda: x.clamp_(0)),
        refused(lambda: x.copy_(x)),
        refused(lambda: x.uniform_()),
        refused(lambda: x.fill_(1)),
        x,
    ]


@row
def a_saved_array_changed_by_add(lib):
    x = leaf(lib)
    c = lib.ones(3)
    y = (x * c).sum()
    c.add_(1)
    return refused(lambda: y.backward())


@row
def a_saved_array_changed_by_assignment(lib):
    x = leaf(lib)
    c = lib.ones(3)
    y = (x * c).sum()
    c[0] = 5
    return refused(lambda: y.backward())


@row
def a_saved_leaf_changed_under_no_grad(lib):
    x = leaf(lib)
    y = (x * x).sum()
    with lib.no_grad():
        x.mul_(2)
    return refused(lambda: y.backward())


@row
def an_array_that_no_rule_needs_may_change(lib):
    x = leaf(lib)
    c = lib.ones(3)
    y = (x + c).sum()
    c.add_(1)
    y.backward()
    return x.grad


@row
def a_saved_array_changed_through_a_view(lib):
    x = leaf(lib)
    c = lib.ones(2, 3)
    y = (x * c).sum()
    c[0].zero_()
    return refused(lambda: y.backward())


@row
def in_place_on_a_result(lib):
    x = leaf(lib)
    y = x * 2
    y += 1
    y *= 3
    y[0] = 0
    y[1] += x[2]
    y[1] *= 2
    y.sum().backward()
    return y, x.grad, y.requires_grad


@row
def in_place_to_zero(lib):
    x = leaf(lib)
    y = x * 2
    y.add_(x)
    y.div_(2)
    y.zero_()
    y.sum().backward()
    return y, x.grad


@row
def copying_into_a_result(lib):
    x = leaf(lib)
    y = x * 2
    y.copy_(lib.ones(3))
    y.sum().backward()
    return y, x.grad


@row
def filling_a_buffer(lib):
    x = leaf(lib)
    buf = lib.zeros(2, 3)
    buf[0] = x * x
    buf[1] = x
    (buf * 2).sum().backward()
    return buf, x.grad, buf.requires_grad, buf.is_leaf


@row
def adding_into_a_buffer(lib):
    x = leaf(lib)
    buf = lib.zeros(3)
    for i in range(3):
        buf[i] += x[i] * x[0]
    buf.sum().backward()
    return buf, x.grad


@row
def assigning_to_a_mask(lib):
    x = leaf(lib)
    y = x * 1
    y[x > 1.5] = 0
    y.sum().backward()
    return y, x.grad


@row
def assigning_tensors_to_a_mask(lib):
    x = leaf(lib)
    y = lib.zeros(3)
    y[lib.tensor([True, False, True])] = x[:2]
    (y * lib.arange(3.0)).sum().backward()
    return y, x.grad


@row
def assigning_to_a_list_of_places(lib):
    x = leaf(lib)
    y = lib.zeros(3, 3)
    y[[0, 2], [1, 1]] = x[:2]
    (y * y).sum().backward()
    return y, x.grad


@row
def in_place_keeps_the_object(lib):
    x = lib.ones(3)
    y = x
    y += 1
    y -= 0.5
    y *= 2
    y /= 4
    y **= 2
    return x, y is x


@row
def in_place_keeps_the_dtype(lib):
    x = lib.tensor([1, 2])
    return refused(lambda: x.__iadd__(1.5)), refused(lambda: x.__itruediv__(2)), x


@row
def adding_at_an_index(lib):
    x = lib.zeros(3)
    x[1] += 5
    x[lib.tensor([0, 0])] += 1
    x[x > 4] *= 2
    return x


@row
def numbers_of_a_loss(lib):
    loss = leaf(lib).sum()
    return float(loss), int(loss), f"{loss:.2f}", "%.1f" % loss, loss.item()  # noqa: UP031


@row
def numpy_and_gradients(lib):
    x = leaf(lib)
    return [
        refused(lambda: np.asarray(x)),
        refused(lambda: x.numpy()),
        refused(lambda: np.concatenate([x, x])),
        x.detach().numpy(),
        np.asarray(x.detach()),
        refused(lambda: np.allclose(x, [1.0, 2.0, 3.0])),
    ]


@row
def numpy_says_detach(lib):
    try:
        leaf(lib).numpy()
    except RuntimeError as e:
        return ".detach()" in str(e)


@row
def asarray_says_detach(lib):
    try:
        np.asarray(leaf(lib))
    except RuntimeError as e:
        return ".detach()" in str(e)


@row
def a_tensor_of_losses(lib):
    x = leaf(lib)
    r = lib.tensor([x.sum(), (x * x).sum()])
    return r, r.requires_grad


@row
def gradients_of_slices(lib):
    x = lib.tensor(np.arange(24.0, dtype="float32").reshape(2, 3, 4), requires_grad=True)
    (x[:, 1:, ::2] * 2).sum().backward()
    g = x.grad.clone()
    x.grad = None
    x[:, -1, None, lib.tensor([0, 0, 3])].sum().backward()
    return g, x.grad


@row
def inference_mode(lib):
    x = leaf(lib)
    with lib.inference_mode():
        a = x * 2

    @lib.inference_mode()
    def f():
        return x * 2

    @lib.inference_mode
    def g():
        return x * 2

    with lib.inference_mode(False):
        b = x * 2
    return a.requires_grad, f().requires_grad, b.requires_grad, g().requires_grad


@row
def switches(lib):
    x = leaf(lib)
    out = [lib.is_grad_enabled()]
    with lib.set_grad_enabled(False):
        out.append((x * 2).requires_grad)
    out.append(lib.is_grad_enabled())
    lib.set_grad_enabled(False)
    out.append((x * 2).requires_grad)
    lib.set_grad_enabled(True)
    with lib.no_grad(), lib.enable_grad():
        out.append((x * 2).requires_grad)
    with lib.set_grad_enabled(True):
        out.append((x * 2).requires_grad)
    return out


@row
def retain_grad(lib):
    x = leaf(lib)
    y = x * 2
    y.retain_grad()
    x.retain_grad()
    z = (y * y).sum()
    z.backward()
    return y.grad, x.grad


@row
def autograd_grad(lib):
    x, y = leaf(lib), leaf(lib)
    z = (x * x * y).sum()
    g = lib.autograd.grad(z, [x, y])
    return g[0], g[1], x.grad, y.grad


@row
def autograd_grad_of_one(lib):
    x = leaf(lib)
    return lib.autograd.grad((x**2).sum(), x)[0]


@row
def autograd_grad_of_a_result(lib):
    x = leaf(lib)
    h = x * 2
    z = (h * h).sum()
    return lib.autograd.grad(z, h, retain_graph=True)[0], lib.autograd.grad(z, x)[0]


@row
def autograd_grad_with_outputs(lib):
    x = leaf(lib)
    return lib.autograd.grad(x * x, x, grad_outputs=lib.tensor([1.0, 2.0, 3.0]))[0], lib.autograd.grad(
        [x.sum(), (x * x).sum()], x
    )[0]


@row
def autograd_grad_of_what_was_not_used(lib):
    x, y = leaf(lib), leaf(lib)
    return refused(lambda: lib.autograd.grad(x.sum(), y)), lib.autograd.grad(x.sum(), [x, y], allow_unused=True)[1]


@row
def hooks(lib):
    x = leaf(lib)
    y = x * 2
    seen = []
    h = y.register_hook(lambda g: seen.append(g.clone()))
    x.register_hook(lambda g: g * 10)
    y.sum().backward()
    h.remove()
    (x * 2).sum().backward()
    return seen, x.grad


@row
def grad_fn(lib):
    x = leaf(lib)
    y = x * 2
    return x.grad_fn is None, y.grad_fn is not None, y.is_leaf, x.is_leaf, y.detach().grad_fn is None


@row
def asking_for_a_gradient(lib):
    x = lib.ones(2)
    x.requires_grad_()
    a = x.requires_grad
    x.requires_grad = False
    b = (x * 2).requires_grad
    y = leaf(lib) * 2
    return (
        a,
        b,
        refused(lambda: y.requires_grad_(False)),
        refused(lambda: lib.tensor([1]).requires_grad_()),
        y.detach().requires_grad,
    )


@row
def gradients_add_up(lib):
    x = leaf(lib)
    x.sum().backward()
    x.grad = None
    x.sum().backward()
    x.grad.zero_()
    x.sum().backward()
    x.sum().backward()
    return x.grad


@row
def zero_grad_set_to_none(lib):
    net = lib.nn.Linear(2, 1)
    o = lib.optim.SGD(net.parameters(), lr=0.1)
    net(lib.ones(1, 2)).sum().backward()
    o.zero_grad(set_to_none=False)
    a = net.weight.grad
    o.zero_grad(set_to_none=True)
    return a, net.weight.grad


ELEMENTWISE = "sin cos log1p log10 erf reciprocal rsqrt floor ceil sign square relu sigmoid tanh neg abs exp sqrt round"
# name -> an op on a matrix, whose gradient is compared
GRADIENTS = {
    "cumsum": lambda lib, x: x.cumsum(1),
    "prod": lambda lib, x: x.prod(),
    "prod1": lambda lib, x: x.prod(1),
    "prodk": lambda lib, x: x.prod(0, keepdim=True),
    "norm": lambda lib, x: x.norm(),
    "norm1": lambda lib, x: x.norm(dim=1),
    "norm3": lambda lib, x: x.norm(3, 0),
    "norminf": lambda lib, x: x.norm(float("inf"), 1),
    "lse": lambda lib, x: x.logsumexp(1),
    "lse2": lambda lib, x: x.logsumexp((0, 1), keepdim=True),
    "var": lambda lib, x: x.var(),
    "var1": lambda lib, x: x.var(1),
    "std": lambda lib, x: x.std(0, keepdim=True),
    "max": lambda lib, x: x.max(),
    "max1": lambda lib, x: x.max(1).values,
    "min1": lambda lib, x: x.min(0)[0],
    "sort": lambda lib, x: x.sort(1)[0],
    "sortd": lambda lib, x: x.sort(0, descending=True)[0],
    "topk": lambda lib, x: x.topk(2)[0],
    "gather": lambda lib, x: x.gather(1, lib.tensor([[0, 0], [2, 1]])),
    "scatter": lambda lib, x: lib.zeros(2, 3).scatter_add(1, lib.tensor([[0, 0, 1], [2, 1, 1]]), x),
    "scatterself": lambda lib, x: x.scatter_add(1, lib.tensor([[0, 0, 1], [2, 1, 1]]), x),
    "tril": lambda lib, x: x.tril(),
    "triu": lambda lib, x: x.triu(1),
    "expand": lambda lib, x: x[None].expand(4, 2, 3),
    "repeat": lambda lib, x: x.repeat(2, 1, 2),
    "split": lambda lib, x: x.split(2, 1)[1],
    "chunk": lambda lib, x: x.chunk(2, 1)[0],
    "unbind": lambda lib, x: x.unbind(1)[2],
    "pad": lambda lib, x: lib.nn.functional.pad(x, (1, 2, 0, 1)),
    "normalize": lambda lib, x: lib.nn.functional.normalize(x),
    "einsum": lambda lib, x: lib.einsum("ij,kj->ik", x, x),
    "einsum2": lambda lib, x: lib.einsum("ij->j", x),
    "einsum3": lambda lib, x: lib.einsum("ij,ij->", x, x),
    "outer": lambda lib, x: lib.outer(x[0], x[1]),
    "mm": lambda lib, x: x.mm(x.t()),
    "bmm": lambda lib, x: x[None].bmm(x.T[None]),
    "dot": lambda lib, x: x[0].dot(x[1]),
    "matmul": lambda lib, x: x.matmul(x[0]),
    "mf": lambda lib, x: x.masked_fill(x > 1, 0.0),
    "where": lambda lib, x: lib.where(x > 1, x, 2 * x),
    "clone": lambda lib, x: x.clone(),
    "contig": lambda lib, x: x.T.contiguous(),
    "flatten": lambda lib, x: x.flatten(),
    "view": lambda lib, x: x.view(3, 2),
    "pow": lambda lib, x: 2**x,
    "powx": lambda lib, x: x**x,
    "mod": lambda lib, x: x % 0.7,
    "addalpha": lambda lib, x: x.add(x, alpha=3),
    "minimum": lambda lib, x: lib.minimum(x, x * 0 + 1),
    "to64": lambda lib, x: x.double() * 2,
    "half": lambda lib, x: x.half() * 2,
    "softmax": lambda lib, x: x.softmax(1),
    "ls": lambda lib, x: x.log_softmax(0),
    "clamp": lambda lib, x: x.clamp(0.6, 1.5),
    "unsq": lambda lib, x: x.unsqueeze(1).squeeze(),
    "cat": lambda lib, x: lib.cat([x, x * 2], 1),
    "stack": lambda lib, x: lib.stack([x, x * 2]),
    "iter": lambda lib, x: sum(r * r for r in x),
    "div": lambda lib, x: x.div(3),
    "relu_": lambda lib, x: (x - 1).relu_(),
    "cl": lambda lib, x: (x * 2).clamp_(max=2),
    "tohalf": lambda lib, x: x.to(lib.float64),
    "mean": lambda lib, x: x.mean(dim=[0, 1]),
    "sumd": lambda lib, x: x.sum(dtype=lib.float64),
}

GRADIENTS |= {
    "remainder": lambda lib, x: x % (x * 0.3 + 0.1),
    "clamp between tensors": lambda lib, x: x.clamp(x * 0 + 0.6, x * 0.5 + 0.7),
}
GRADIENTS |= {name: (lambda lib, x, name=name: getattr(x, name)()) for name in ELEMENTWISE.split()}


@pytest.mark.parametrize("name", ROWS)
def test_row(name):
    check_script(ROWS[name])


def gradient_script(name):
    """A script that takes the gradient of one of GRADIENTS."""

    def script(lib):
        x = lib.tensor([[0.5, 1.2, 2.5], [0.7, 3.0, 1.0]], requires_grad=True)
        out = GRADIENTS[name](lib, x)
        weights = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)).astype("float32")
        (out * lib.tensor(weights)).sum().backward()
        return out, x.grad

    return script


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradient(name):
    check_script(gradient_script(name))
