"""Plausible wrong solutions of module 06: exercise -> what is wrong -> a body, or (old, new) in the reference's body.

The exercise's own tests must reject every one.
"""

WRONG = {
    "sgd_update": {
        "climbs": ("param -=", "param +="),
        "a new array for the caller": ("param -= lr * grad", "param = param - lr * grad"),
        "scales the gradient itself": ("param -= lr * grad", "grad *= lr\nparam -= grad"),
        "lr is forgotten": ("param -= lr * grad", "param -= grad"),
        "returns the weights": ("param -= lr * grad", "return param - lr * grad"),
        "momentum is ignored": ("if momentum:", "if False:"),
        "the speed is an average": ("1 - dampening", "1 - momentum"),
        "dampening is ignored": ("(1 - dampening) * grad", "grad"),
        "dampening is what stays": ("1 - dampening", "dampening or 1"),
        "nesterov is ignored": ("grad + momentum * buffer if nesterov else buffer", "buffer"),
        "nesterov with the old speed": """\
if momentum:
    ahead = grad + momentum * buffer
    buffer *= momentum
    buffer += (1 - dampening) * grad
    grad = ahead if nesterov else buffer
param -= lr * grad""",
        "nesterov without the gradient": ("grad + momentum * buffer if", "momentum * buffer if"),
        "nesterov adds to the gradient itself": (
            "grad = grad + momentum * buffer if nesterov else buffer",
            "if nesterov:\n        grad += momentum * buffer\n    else:\n        grad = buffer",
        ),
        "the speed is not kept": ("buffer *= momentum", "buffer = buffer * momentum"),
        "the speed is the gradient": ("buffer += (1 - dampening) * grad", "buffer[...] = grad"),
        "the speed holds lr, with the old sign": """\
if momentum:
    buffer *= momentum
    buffer -= lr * grad
    param += buffer
else:
    param -= lr * grad""",
    },
    "adam_update": {
        "no correction": """\
beta1, beta2 = betas
exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad**2
param -= lr * exp_avg / (np.sqrt(exp_avg_sq) + eps)""",
        "only m is corrected": ("v = exp_avg_sq / (1 - beta2**step)", "v = exp_avg_sq"),
        "only v is corrected": ("m = exp_avg / (1 - beta1**step)", "m = exp_avg"),
        "corrected as if every step were the first": ("beta1**step", "beta1"),
        "v is corrected as if every step were the first": ("beta2**step", "beta2"),
        "counts from 0": ("beta1, beta2 = betas", "beta1, beta2 = betas\nstep += 1"),
        "eps is not corrected": (
            "(np.sqrt(v) + eps)",
            "((np.sqrt(exp_avg_sq) + eps) / math.sqrt(1 - beta2**step))",
        ),
        "eps under the root": ("(np.sqrt(v) + eps)", "np.sqrt(v + eps)"),
        "no root": ("np.sqrt(v)", "v"),
        "the betas swapped": ("beta1, beta2 = betas", "beta2, beta1 = betas"),
        "sums instead of averages": ("(1 - beta1) * grad", "grad"),
        "the square of the average": ("grad**2", "exp_avg**2"),
        "no square": ("grad**2", "abs(grad)"),
        "the gradient instead of m": ("lr * m", "lr * grad"),
        "climbs": ("param -=", "param +="),
        "new averages every time": ("exp_avg[...] =", "exp_avg ="),
        "a new average of squares every time": ("exp_avg_sq[...] =", "exp_avg_sq ="),
        "new weights for the caller": ("param -= lr", "param = param - lr"),
        "corrects the averages themselves": (
            "m = exp_avg / (1 - beta1**step)\nv = exp_avg_sq / (1 - beta2**step)",
            "exp_avg /= 1 - beta1**step\nexp_avg_sq /= 1 - beta2**step\nm, v = exp_avg, exp_avg_sq",
        ),
        "the gradient is squared in place": ("(1 - beta2) * grad**2", "(1 - beta2) * grad\ngrad *= grad"),
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
