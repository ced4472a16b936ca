"""Right and wrong solutions of module 06: exercise -> what is special about it -> a body, or (old, new) in the reference's.

The exercise's own tests must accept every right one, and reject every wrong one.
"""

from tito.solutions import Wrong

RIGHT = {
    "sgd_update": {
        "in the order of the text, with [...]": """\
direction = grad
if momentum != 0:
    buffer[...] = momentum * buffer + (1 - dampening) * grad
    if nesterov:
        direction = grad + momentum * buffer
    else:
        direction = buffer
param[...] = param - lr * direction""",
        "an early return": """\
if not momentum:
    param -= lr * grad
    return
buffer *= momentum
buffer += grad - dampening * grad
if nesterov:
    param -= lr * grad
    param -= lr * momentum * buffer
else:
    param -= lr * buffer""",
        "whether there is a buffer, and out=": """\
direction = np.copy(grad)
if buffer is not None:
    np.add(momentum * buffer, (1 - dampening) * grad, out=buffer)
    direction = momentum * buffer + grad if nesterov else buffer
np.subtract(param, np.multiply(direction, lr), out=param)""",
    },
    "adam_update": {
        "in place": """\
beta1, beta2 = betas
exp_avg *= beta1
exp_avg += (1 - beta1) * grad
exp_avg_sq *= beta2
exp_avg_sq += (1 - beta2) * np.square(grad)
m_hat = exp_avg / (1 - beta1**step)
v_hat = exp_avg_sq / (1 - beta2**step)
param -= lr * (m_hat / (v_hat**0.5 + eps))""",
        "a step towards the gradient": """\
exp_avg += (1 - betas[0]) * (grad - exp_avg)
exp_avg_sq += (1 - betas[1]) * (grad * grad - exp_avg_sq)
root = np.sqrt(exp_avg_sq / (1 - betas[1] ** step))
param[:] = param - lr / (root + eps) * exp_avg / (1 - betas[0] ** step)""",
        "as Adam.update": """\
b1, b2 = betas
np.copyto(exp_avg, b1 * exp_avg + (1 - b1) * grad)
np.copyto(exp_avg_sq, b2 * exp_avg_sq + (1 - b2) * np.power(grad, 2))
r = math.sqrt(1 - b2**step)
param -= lr * r / (1 - b1**step) * (exp_avg / (np.sqrt(exp_avg_sq) + eps * r))""",
    },
    "AdamW.decayed": {
        "subtracts the decay": """\
p.array -= group["lr"] * group["weight_decay"] * p.array
return p.grad.array""",
        "np.multiply and names": """\
lr, decay = group["lr"], group["weight_decay"]
np.multiply(p.array, 1 - lr * decay, out=p.array)
return p.grad.numpy()""",
        "with [...]": """\
grad = p.grad.array
p.array[...] = p.array * (1.0 - group["weight_decay"] * group["lr"])
return grad""",
    },
    "cosine_lr": {
        "a share of the way": """\
angle = math.pi * epoch / T_max
share = (1 + math.cos(angle)) / 2
return share * base_lr + (1 - share) * eta_min""",
        "middle and half of the distance": """\
middle, half = (base_lr + eta_min) / 2, (base_lr - eta_min) / 2
return middle + half * np.cos(epoch / T_max * np.pi)""",
        "the square of half the angle": "return eta_min + (base_lr - eta_min) * math.cos(0.5 * math.pi * epoch / T_max) ** 2",
    },
}


STEP = "param -= lr * grad"
NESTEROV = "grad = grad + momentum * buffer if nesterov else buffer"
IN_PLACE = "Keep another name for the array, call your function, and print both. Has the old array changed?"
GRADIENT = "Print the gradient before and after the call. Is it still the same?"
UPHILL = "The gradient says which way the loss grows. Which way do you go?"
DECAY = 'p.array *= 1 - group["lr"] * group["weight_decay"]'
COSINE = "math.cos(math.pi * epoch / T_max)"

WRONG = {
    "sgd_update": {
        "climbs": Wrong("sign", UPHILL, ("param -=", "param +=")),
        "a new array for the caller": Wrong("in-place change", IN_PLACE, (STEP, "param = param - lr * grad")),
        "scales the gradient itself": Wrong("in-place change", GRADIENT, (STEP, "grad *= lr\nparam -= grad")),
        "lr is forgotten": Wrong("ignored argument", "How far do you go with lr=0?", (STEP, "param -= grad")),
        "returns the weights": Wrong("in-place change", IN_PLACE, (STEP, "return param - lr * grad")),
        "momentum is ignored": Wrong(
            "ignored argument", "What does your step do differently with momentum=0.9?", ("if momentum:", "if False:")
        ),
        "the speed is an average": Wrong(
            "wrong formula",
            "In the text, which share of the new gradient joins the speed when d is 0?",
            ("1 - dampening", "1 - momentum"),
        ),
        "dampening is ignored": Wrong(
            "ignored argument",
            "What does your step do differently with dampening=0.5?",
            ("(1 - dampening) * grad", "grad"),
        ),
        "dampening is what stays": Wrong(
            "swapped operands",
            "With a dampening of 0.75, is most of the gradient kept, or held back?",
            ("1 - dampening", "dampening or 1"),
        ),
        "nesterov is ignored": Wrong(
            "ignored argument",
            "What does your step do differently with nesterov=True?",
            ("grad + momentum * buffer if nesterov else buffer", "buffer"),
        ),
        "nesterov with the old speed": Wrong(
            "wrong order",
            "Nesterov looks ahead with the speed. Is it the new one when you use it?",
            """\
if momentum:
    ahead = grad + momentum * buffer
    buffer *= momentum
    buffer += (1 - dampening) * grad
    grad = ahead if nesterov else buffer
param -= lr * grad""",
        ),
        "nesterov without the gradient": Wrong(
            "missing term",
            "Of which two terms is Nesterov's direction the sum?",
            ("grad + momentum * buffer if", "momentum * buffer if"),
        ),
        "nesterov adds to the gradient itself": Wrong(
            "in-place change",
            GRADIENT,
            (NESTEROV, "if nesterov:\n        grad += momentum * buffer\n    else:\n        grad = buffer"),
        ),
        "the speed is not kept": Wrong("stale state", IN_PLACE, ("buffer *= momentum", "buffer = buffer * momentum")),
        "the speed is the gradient": Wrong(
            "accumulation",
            "What is left of the old speed after your update?",
            ("buffer += (1 - dampening) * grad", "buffer[...] = grad"),
        ),
        "the speed is not damped": Wrong(
            "missing term",
            "Gradients 2, 2, -2 with momentum 0.5: does the speed come out as in the text?",
            ("buffer *= momentum\n    buffer += ", "buffer += "),
        ),
        "the speed holds lr, with the old sign": Wrong(
            "wrong formula",
            "In the text, does the speed depend on lr?",
            """\
if momentum:
    buffer *= momentum
    buffer -= lr * grad
    param += buffer
else:
    param -= lr * grad""",
        ),
        "the speed moves without momentum": Wrong(
            "missing case", "Call it with momentum=0 and buffer=None. What should happen?", ("if momentum:", "if True:")
        ),
    },
    "adam_update": {
        "no correction": Wrong(
            "missing term",
            "How long is your first step, compared to lr?",
            """\
beta1, beta2 = betas
exp_avg[...] = beta1 * exp_avg + (1 - beta1) * grad
exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * grad**2
param -= lr * exp_avg / (np.sqrt(exp_avg_sq) + eps)""",
        ),
        "only m is corrected": Wrong(
            "missing term",
            "Both averages start at 0. Which of the two do you correct?",
            ("v = exp_avg_sq / (1 - beta2**step)", "v = exp_avg_sq"),
        ),
        "only v is corrected": Wrong(
            "missing term",
            "Both averages start at 0. Which of the two do you correct?",
            ("m = exp_avg / (1 - beta1**step)", "m = exp_avg"),
        ),
        "corrected as if every step were the first": Wrong(
            "ignored argument",
            "Where does the number of the step come into the divisor of m?",
            ("beta1**step", "beta1"),
        ),
        "v is corrected as if every step were the first": Wrong(
            "ignored argument",
            "Where does the number of the step come into the divisor of v?",
            ("beta2**step", "beta2"),
        ),
        "counts from 0": Wrong(
            "off by one",
            "Which number does step have at the first call?",
            ("beta1, beta2 = betas", "beta1, beta2 = betas\nstep += 1"),
        ),
        "eps is not corrected": Wrong(
            "wrong order",
            "Is eps added before or after the root is corrected?",
            ("(np.sqrt(v) + eps)", "((np.sqrt(exp_avg_sq) + eps) / math.sqrt(1 - beta2**step))"),
        ),
        "eps under the root": Wrong(
            "wrong order", "Is eps under the root in the formula?", ("(np.sqrt(v) + eps)", "np.sqrt(v + eps)")
        ),
        "no eps": Wrong(
            "ignored argument",
            "What does your step do where every gradient so far was 0?",
            ("(np.sqrt(v) + eps)", "np.sqrt(v)"),
        ),
        "no root": Wrong(
            "missing term", "If gradients are 10 times larger, does your step change?", ("np.sqrt(v)", "v")
        ),
        "the betas swapped": Wrong(
            "swapped operands",
            "Which of the two averages forgets faster?",
            ("beta1, beta2 = betas", "beta2, beta1 = betas"),
        ),
        "sums instead of averages": Wrong(
            "missing term", "If the gradient stays at 2, where does m end?", ("(1 - beta1) * grad", "grad")
        ),
        "the square of the average": Wrong("wrong formula", "Of what is v the average?", ("grad**2", "exp_avg**2")),
        "no square": Wrong("missing term", "Of what is v the average?", ("grad**2", "abs(grad)")),
        "the gradient instead of m": Wrong(
            "wrong formula",
            "Which of the two averages gives the direction, and where do you use it?",
            ("lr * m", "lr * grad"),
        ),
        "climbs": Wrong("sign", UPHILL, ("param -=", "param +=")),
        "new averages every time": Wrong("stale state", IN_PLACE, ("exp_avg[...] =", "exp_avg =")),
        "a new average of squares every time": Wrong("stale state", IN_PLACE, ("exp_avg_sq[...] =", "exp_avg_sq =")),
        "new weights for the caller": Wrong("in-place change", IN_PLACE, ("param -= lr", "param = param - lr")),
        "corrects the averages themselves": Wrong(
            "in-place change",
            "Does the next step start from m, or from the corrected m?",
            (
                "m = exp_avg / (1 - beta1**step)\nv = exp_avg_sq / (1 - beta2**step)",
                "exp_avg /= 1 - beta1**step\nexp_avg_sq /= 1 - beta2**step\nm, v = exp_avg, exp_avg_sq",
            ),
        ),
        "the gradient is squared in place": Wrong(
            "in-place change", GRADIENT, ("(1 - beta2) * grad**2", "(1 - beta2) * grad\ngrad *= grad")
        ),
    },
    "AdamW.decayed": {
        "L2 after all": Wrong(
            "wrong formula",
            "Does Adam's gradient still contain the penalty?",
            (f"{DECAY}\nreturn p.grad.array", "return super().decayed(p, group)"),
        ),
        "both": Wrong(
            "duplicate",
            "How often does a weight decay in one step: in its array, and in the gradient?",
            ("return p.grad.array", "return super().decayed(p, group)"),
        ),
        "lr is forgotten": Wrong(
            "missing term",
            "With lr=0 nothing should move. Does your weight decay?",
            ('group["lr"] * group["weight_decay"]', 'group["weight_decay"]'),
        ),
        "a new array": Wrong("in-place change", IN_PLACE, (DECAY, DECAY.replace("*= 1 - ", "= p.array * (1 - ") + ")")),
        "only the decay stays": Wrong(
            "missing term",
            "Which share of a weight is left when weight_decay is 0?",
            ('1 - group["lr"]', 'group["lr"]'),
        ),
        "grows": Wrong("sign", "Is your factor below 1?", ("1 - group", "1 + group")),
        "the gradient decays": Wrong(
            "swapped operands", "Which array should shrink?", ("p.array *=", "p.grad.array *=")
        ),
        "returns the weights": Wrong(
            "swapped operands",
            "Of what does Adam want the running averages?",
            ("return p.grad.array", "return p.array"),
        ),
        "no return": Wrong(
            "no return", "What does Adam get from you as its gradient?", ("return p.grad.array", "return None")
        ),
        "does nothing": Wrong("missing term", "Are the weights smaller after the call?", (DECAY, "pass")),
        "an empty array": Wrong(
            "empty result",
            "How many entries does the gradient have that you return?",
            ("return p.grad.array", "return p.grad.array[:0]"),
        ),
    },
    "cosine_lr": {
        "a whole wave": Wrong("wrong factor", "What is the angle after the last step?", ("math.pi *", "2 * math.pi *")),
        "a quarter of a wave": Wrong(
            "wrong factor",
            "What is the angle after the last step?",
            "return eta_min + (base_lr - eta_min) * math.cos(math.pi / 2 * epoch / T_max)",
        ),
        "degrees": Wrong(
            "wrong formula", "In which unit does math.cos want its angle?", ("math.pi * epoch", "180 * epoch")
        ),
        "not shifted": Wrong(
            "missing term", "What does your formula give where the cosine is -1?", (f"(1 + {COSINE}) / 2", COSINE)
        ),
        "not halved": Wrong("wrong factor", "What does your formula give at step 0?", (" / 2", "")),
        "no floor": Wrong(
            "ignored argument",
            "What does your formula give after the last step, when eta_min is 0.1?",
            f"return base_lr * (1 + {COSINE}) / 2",
        ),
        "the floor is added": Wrong(
            "missing term",
            "What does your formula give at step 0, when eta_min is 0.1?",
            ("(base_lr - eta_min)", "base_lr"),
        ),
        "upwards": Wrong(
            "sign", "What does your formula give at step 0, and after the last?", ("1 + math.cos", "1 - math.cos")
        ),
        "a straight line": Wrong(
            "wrong formula",
            "Halfway your formula is right. What does it give after a third of the steps?",
            "return base_lr + (eta_min - base_lr) * epoch / T_max",
        ),
        "cut off at the floor": Wrong(
            "wrong formula",
            "Between which two rates does your wave swing: down to eta_min, or down to 0?",
            f"return max(eta_min, base_lr * (1 + {COSINE}) / 2)",
        ),
        "one step early": Wrong(
            "off by one", "What does your formula give at step 0?", ("epoch / T_max", "(epoch + 1) / T_max")
        ),
        "no return": Wrong("no return", "What does a function give back that never says so?", ("return ", "")),
    },
    "answer_training_bytes": {
        "parameters only": Wrong(
            "missing term", "Besides the parameters, what does training with Adam keep?", ("4 * 4 *", "4 *")
        ),
        "no gradients": Wrong("missing term", "Which array does backward fill?", ("4 * 4 *", "3 * 4 *")),
        "numbers, not bytes": Wrong("wrong factor", "Did you count numbers, or bytes?", ("4 * 4 *", "1 *")),
        "one average": Wrong(
            "missing term", "How many running averages does Adam keep for each weight?", ("4 * 4 *", "4 * 3 *")
        ),
        "forgets the biases": Wrong(
            "missing term",
            "Which parameters does a Linear layer have besides its weight?",
            "return 16 * (1000 * 500 + 500 * 10)",
        ),
        "float64": Wrong("wrong factor", "How many bytes has a float32?", ("4 * 4 *", "4 * 8 *")),
    },
}
