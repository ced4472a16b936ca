"""TinyTorch: a machine-learning framework, made of what the notebooks export.

Written by `tito export`: edit the notebooks instead.
"""

from tinytorch import _later
from tinytorch.activations import (
    log_softmax,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from tinytorch.tensor import (
    Tensor,
    arange,
    cat,
    manual_seed,
    maximum,
    ones,
    op,
    rand,
    randn,
    stack,
    tensor,
    where,
    zeros,
)
from tinytorch.training import (
    get_rng_state,
    load,
    save,
    set_rng_state,
)

try:
    from tinytorch.autograd import no_grad

    _later.explain_missing("tinytorch.autograd")
except Exception as error:
    _later.warn("tinytorch.autograd does not work, so there are no gradients", error)

try:
    _later.forget("tinytorch.vocabulary")
    from tinytorch.vocabulary.tensor import (
        BoolTensor,
        ByteTensor,
        DoubleTensor,
        FloatTensor,
        Generator,
        IntTensor,
        LongTensor,
        Size,
        abs,
        add,
        all,
        allclose,
        amax,
        amin,
        any,
        arange,
        argmax,
        argmin,
        as_tensor,
        bmm,
        bool,
        ceil,
        chunk,
        clamp,
        clone,
        cos,
        cumsum,
        detach,
        device,
        div,
        dot,
        double,
        einsum,
        empty,
        enable_grad,
        eq,
        equal,
        erf,
        exp,
        eye,
        flatten,
        float,
        float16,
        float32,
        float64,
        floor,
        from_numpy,
        full,
        full_like,
        gather,
        ge,
        gt,
        half,
        inference_mode,
        int,
        int8,
        int32,
        int64,
        is_grad_enabled,
        is_tensor,
        isfinite,
        isnan,
        le,
        linspace,
        log,
        log1p,
        log10,
        logsumexp,
        long,
        lt,
        masked_fill,
        matmul,
        max,
        mean,
        min,
        minimum,
        mm,
        mul,
        multinomial,
        ne,
        neg,
        norm,
        normal,
        numel,
        ones,
        ones_like,
        outer,
        permute,
        pow,
        prod,
        rand,
        rand_like,
        randint,
        randn,
        randn_like,
        randperm,
        reciprocal,
        reshape,
        round,
        rsqrt,
        scatter_add,
        set_grad_enabled,
        set_num_threads,
        set_printoptions,
        sign,
        sin,
        sort,
        split,
        sqrt,
        square,
        squeeze,
        std,
        sub,
        sum,
        t,
        tensor,
        topk,
        transpose,
        tril,
        triu,
        uint8,
        unbind,
        unique,
        unsqueeze,
        var,
        where,
        zeros,
        zeros_like,
    )
except Exception as error:
    _later.warn("tinytorch.vocabulary.tensor does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.training import load
except Exception as error:
    _later.warn("tinytorch.vocabulary.training does not work, so its names and methods are missing", error)

try:
    from tinytorch.vocabulary.transformers import keep_memory
except Exception as error:
    _later.warn("tinytorch.vocabulary.transformers does not work, so its names and methods are missing", error)

__getattr__ = _later.names_of(__name__)
