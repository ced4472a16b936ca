"""Right and wrong solutions of module 06: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {}


WRONG = {
    "sgd_update": {
        "climbs": Wrong("", "", ("param -=", "param +=")),
        "a new array for the caller": Wrong("", "", ("param -= lr * grad", "param = param - lr * grad")),
        "scales the gradient itself": Wrong("", "", ("param -= lr * grad", "grad *= lr\nparam -= grad")),
        "lr is forgotten": Wrong("", "", ("param -= lr * grad", "param -= grad")),
        "returns the weights": Wrong("", "", ("param -= lr * grad", "return param - lr * grad")),
        "momentum is ignored": Wrong("", "", ("if momentum:", "if False:")),
        "the speed is an average": Wrong("", "", ("1 - dampening", "1 - momentum")),
        "dampening is ignored": Wrong("", "", ("(1 - dampening) * grad", "grad")),
        "dampening is what stays": Wrong("", "", ("1 - dampening", "dampening or 1")),
        "nesterov is ignored": Wrong("", "", ("grad + momentum * buffer if nesterov else buffer", "buffer")),
        "nesterov with the old speed": Wrong(
            "",
            "",
            """\
if momentum:
    ahead = grad + momentum * buffer
    buffer *= momentum
    buffer += (1 - dampening) * grad
    grad = ahead if nesterov else buffer
param -= lr * grad""",
        ),
        "nesterov without the gradient": Wrong("", "", ("grad + momentum * buffer if", "momentum * buffer if")),
        "nesterov adds to the gradient itself": Wrong(
            "",
            "",
            (
                "grad = grad + momentum * buffer if nesterov else buffer",
                "if nesterov:\n        grad += momentum * buffer\n    else:\n        grad = buffer",
            ),
        ),
        "the speed is not kept": Wrong("", "", ("buffer *= momentum", "buffer = buffer * momentum")),
        "the speed is the gradient": Wrong("", "", ("buffer += (1 - dampening) * grad", "buffer[...] = grad")),
        "the speed holds lr, with the old sign": Wrong(
            "",
            "",
            """\
if momentum:
    buffer *= momentum
    buffer -= lr * grad
    param += buffer
else:
    param -= lr * grad""",
        ),
    },
    "adam_update": {
        "no correction": Wrong(
            "",
            "",
            """\
beta1, beta2 = betas
exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad**2
param -= lr * exp_avg / (np.sqrt(exp_avg_sq) + eps)""",
        ),
        "only m is corrected": Wrong("", "", ("v = exp_avg_sq / (1 - beta2**step)", "v = exp_avg_sq")),
        "only v is corrected": Wrong("", "", ("m = exp_avg / (1 - beta1**step)", "m = exp_avg")),
        "corrected as if every step were the first": Wrong("", "", ("beta1**step", "beta1")),
        "v is corrected as if every step were the first": Wrong("", "", ("beta2**step", "beta2")),
        "counts from 0": Wrong("", "", ("beta1, beta2 = betas", "beta1, beta2 = betas\nstep += 1")),
        "eps is not corrected": Wrong(
            "",
            "",
            (
                "(np.sqrt(v) + eps)",
                "((np.sqrt(exp_avg_sq) + eps) / math.sqrt(1 - beta2**step))",
            ),
        ),
        "eps under the root": Wrong("", "", ("(np.sqrt(v) + eps)", "np.sqrt(v + eps)")),
        "no root": Wrong("", "", ("np.sqrt(v)", "v")),
        "the betas swapped": Wrong("", "", ("beta1, beta2 = betas", "beta2, beta1 = betas")),
        "sums instead of averages": Wrong("", "", ("(1 - beta1) * grad", "grad")),
        "the square of the average": Wrong("", "", ("grad**2", "exp_avg**2")),
        "no square": Wrong("", "", ("grad**2", "abs(grad)")),
        "the gradient instead of m": Wrong("", "", ("lr * m", "lr * grad")),
        "climbs": Wrong("", "", ("param -=", "param +=")),
        "new averages every time": Wrong("", "", ("exp_avg[...] =", "exp_avg =")),
        "a new average of squares every time": Wrong("", "", ("exp_avg_sq[...] =", "exp_avg_sq =")),
        "new weights for the caller": Wrong("", "", ("param -= lr", "param = param - lr")),
        "corrects the averages themselves": Wrong(
            "",
            "",
            (
                "m = exp_avg / (1 - beta1**step)\nv = exp_avg_sq / (1 - beta2**step)",
                "exp_avg /= 1 - beta1**step\nexp_avg_sq /= 1 - beta2**step\nm, v = exp_avg, exp_avg_sq",
            ),
        ),
        "the gradient is squared in place": Wrong(
            "", "", ("(1 - beta2) * grad**2", "(1 - beta2) * grad\ngrad *= grad")
        ),
    },
    "AdamW.decayed": {
        "L2 after all": Wrong(
            "",
            "",
            (
                'p.array *= 1 - group["lr"] * group["weight_decay"]\nreturn p.grad.array',
                "return super().decayed(p, group)",
            ),
        ),
        "both": Wrong("", "", ("return p.grad.array", "return super().decayed(p, group)")),
        "lr is forgotten": Wrong("", "", ('group["lr"] * group["weight_decay"]', 'group["weight_decay"]')),
        "a new array": Wrong(
            "",
            "",
            (
                'p.array *= 1 - group["lr"] * group["weight_decay"]',
                'p.array = p.array * (1 - group["lr"] * group["weight_decay"])',
            ),
        ),
        "only the decay stays": Wrong("", "", ('1 - group["lr"]', 'group["lr"]')),
        "grows": Wrong("", "", ("1 - group", "1 + group")),
        "the gradient decays": Wrong("", "", ("p.array *=", "p.grad.array *=")),
        "returns nothing": Wrong("", "", ("return p.grad.array", "return None")),
        "does nothing": Wrong("", "", ('p.array *= 1 - group["lr"] * group["weight_decay"]', "pass")),
    },
    "cosine_lr": {
        "a whole wave": Wrong("", "", ("math.pi *", "2 * math.pi *")),
        "a quarter of a wave": Wrong(
            "", "", "return eta_min + (base_lr - eta_min) * math.cos(math.pi / 2 * epoch / T_max)"
        ),
        "degrees": Wrong("", "", ("math.pi * epoch", "180 * epoch")),
        "not shifted": Wrong(
            "", "", ("(1 + math.cos(math.pi * epoch / T_max)) / 2", "math.cos(math.pi * epoch / T_max)")
        ),
        "not halved": Wrong("", "", (" / 2", "")),
        "no floor": Wrong("", "", "return base_lr * (1 + math.cos(math.pi * epoch / T_max)) / 2"),
        "the floor is added": Wrong("", "", ("(base_lr - eta_min)", "base_lr")),
        "upwards": Wrong("", "", ("1 + math.cos", "1 - math.cos")),
        "a straight line": Wrong("", "", "return base_lr + (eta_min - base_lr) * epoch / T_max"),
        "cut off at the floor": Wrong(
            "", "", "return max(eta_min, base_lr * (1 + math.cos(math.pi * epoch / T_max)) / 2)"
        ),
    },
    "answer_training_bytes": {
        "parameters only": Wrong("", "", ("4 * 4 *", "4 *")),
        "no gradients": Wrong("", "", ("4 * 4 *", "3 * 4 *")),
        "numbers, not bytes": Wrong("", "", ("4 * 4 *", "1 *")),
        "one average": Wrong("", "", ("4 * 4 *", "4 * 3 *")),
        "forgets the biases": Wrong("", "", "return 16 * (1000 * 500 + 500 * 10)"),
        "float64": Wrong("", "", ("4 * 4 *", "4 * 8 *")),
    },
}
