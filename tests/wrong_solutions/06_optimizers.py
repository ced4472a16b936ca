"""Plausible wrong solutions of module 06: exercise -> what is wrong -> a body, or (old, new) in the reference's body.

The exercise's own tests must reject every one.
"""

WRONG = {
    "sgd_update": {
        "climbs": ("param -= scratch", "param += scratch"),
        "a new array for the caller": ("param -= scratch", "param = param - scratch"),
        "temporaries": ("np.multiply(grad, lr, out=scratch)\nparam -= scratch", "param -= lr * grad"),
        "scales the gradient itself": (
            "np.multiply(grad, lr, out=scratch)\nparam -= scratch",
            "grad *= lr\nparam -= grad",
        ),
        "lr is forgotten": ("np.multiply(grad, lr, out=scratch)\nparam -= scratch", "param -= grad"),
        "momentum is ignored": ("if momentum:", "if False:"),
        "the speed is an average": ("1 - dampening", "1 - momentum"),
        "dampening is ignored": (
            "np.multiply(grad, 1 - dampening, out=scratch)\n    buffer += scratch",
            "buffer += grad",
        ),
        "dampening is what stays": ("1 - dampening", "dampening or 1"),
        "nesterov is ignored": ("scratch if nesterov else buffer", "buffer"),
        "nesterov with the old speed": """\
if momentum:
    if nesterov:
        np.multiply(buffer, momentum, out=scratch)
        scratch += grad
    buffer *= momentum
    buffer += (1 - dampening) * grad
    grad = scratch if nesterov else buffer
param -= lr * grad""",
        "nesterov without the gradient": ("scratch += grad", "pass"),
        "the speed is not kept": ("buffer *= momentum", "buffer = buffer * momentum"),
        "the speed holds lr, with the old sign": """\
if momentum:
    buffer *= momentum
    buffer -= lr * grad
    param += buffer
else:
    param -= lr * grad""",
    },
    "adam_update": {
        "no correction": (
            "scratch += eps * root\nnp.divide(exp_avg, scratch, out=scratch)\nscratch *= lr * root / (1 - beta1**step)",
            "scratch += eps\nnp.divide(exp_avg, scratch, out=scratch)\nscratch *= lr",
        ),
        "only m is corrected": ("lr * root / (1 - beta1**step)", "lr / (1 - beta1**step)"),
        "only v is corrected": ("lr * root / (1 - beta1**step)", "lr * root"),
        "corrected as if every step were the first": ("beta1**step", "beta1"),
        "v is corrected as if every step were the first": ("beta2**step", "beta2"),
        "counts from 0": ("root = math.sqrt(1 - beta2**step)", "step += 1\nroot = math.sqrt(1 - beta2**step)"),
        "eps is not corrected": ("scratch += eps * root", "scratch += eps"),
        "eps under the root": (
            "np.sqrt(exp_avg_sq, out=scratch)\nscratch += eps * root",
            "np.add(exp_avg_sq, eps * root * root, out=scratch)\nnp.sqrt(scratch, out=scratch)",
        ),
        "no root": ("np.sqrt(exp_avg_sq, out=scratch)", "scratch[...] = exp_avg_sq"),
        "the betas swapped": ("beta1, beta2 = betas", "beta2, beta1 = betas"),
        "sums instead of averages": (
            "np.multiply(grad, 1 - beta1, out=scratch)\nexp_avg += scratch",
            "exp_avg += grad",
        ),
        "the square of the average": (
            "np.multiply(grad, grad, out=scratch)",
            "np.multiply(exp_avg, exp_avg, out=scratch)",
        ),
        "the gradient instead of m": ("np.divide(exp_avg, scratch", "np.divide(grad, scratch"),
        "corrects the averages themselves": """\
beta1, beta2 = betas
exp_avg *= beta1
exp_avg += (1 - beta1) * grad
exp_avg_sq *= beta2
exp_avg_sq += (1 - beta2) * grad * grad
exp_avg /= 1 - beta1**step
exp_avg_sq /= 1 - beta2**step
param -= lr * exp_avg / (np.sqrt(exp_avg_sq) + eps)""",
        "as it stands, with new arrays": """\
beta1, beta2 = betas
exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad * grad
param -= lr * (exp_avg / (1 - beta1**step)) / (np.sqrt(exp_avg_sq / (1 - beta2**step)) + eps)""",
        "the gradient is squared in place": (
            "np.multiply(grad, grad, out=scratch)",
            "grad *= grad\nscratch[...] = grad",
        ),
    },
    "AdamW.decayed": {
        "L2 after all": (
            'p.array *= 1 - group["lr"] * group["weight_decay"]\nreturn p.grad.array',
            "return super().decayed(p, group)",
        ),
        "both": ("return p.grad.array", "return super().decayed(p, group)"),
        "lr is forgotten": ('group["lr"] * group["weight_decay"]', 'group["weight_decay"]'),
        "a new array": (
            'p.array *= 1 - group["lr"] * group["weight_decay"]',
            'p.array = p.array * (1 - group["lr"] * group["weight_decay"])',
        ),
        "only the decay stays": ('1 - group["lr"]', 'group["lr"]'),
        "grows": ("1 - group", "1 + group"),
        "the gradient decays": ("p.array *=", "p.grad.array *="),
        "returns nothing": ("return p.grad.array", "return None"),
        "does nothing": ('p.array *= 1 - group["lr"] * group["weight_decay"]', "pass"),
    },
    "cosine_lr": {
        "a whole wave": ("math.pi *", "2 * math.pi *"),
        "a quarter of a wave": "return eta_min + (base_lr - eta_min) * math.cos(math.pi / 2 * epoch / T_max)",
        "degrees": ("math.pi * epoch", "180 * epoch"),
        "not shifted": ("(1 + math.cos(math.pi * epoch / T_max)) / 2", "math.cos(math.pi * epoch / T_max)"),
        "not halved": (" / 2", ""),
        "no floor": "return base_lr * (1 + math.cos(math.pi * epoch / T_max)) / 2",
        "the floor is added": ("(base_lr - eta_min)", "base_lr"),
        "upwards": ("1 + math.cos", "1 - math.cos"),
        "a straight line": "return base_lr + (eta_min - base_lr) * epoch / T_max",
        "cut off at the floor": "return max(eta_min, base_lr * (1 + math.cos(math.pi * epoch / T_max)) / 2)",
    },
    "answer_training_bytes": {
        "parameters only": ("4 * 4 *", "4 *"),
        "no gradients": ("4 * 4 *", "3 * 4 *"),
        "numbers, not bytes": ("4 * 4 *", "1 *"),
        "one average": ("4 * 4 *", "4 * 3 *"),
        "forgets the biases": "return 16 * (1000 * 500 + 500 * 10)",
        "float64": ("4 * 4 *", "4 * 8 *"),
    },
}
