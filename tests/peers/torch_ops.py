"""Every primitive once more in PyTorch: computes the numbers of tests/reference/ops.json.

`python -m tests.peers.torch_ops` writes the file; `make test-peers` only compares.
"""

import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.ops.oracles import cotangents, is_float
from tests.ops.samples import SAMPLES, Case

FILE = Path(__file__).parent.parent / "reference" / "ops.json"
CASES = 3
LARGEST = 24


def reduced(function):
    """A reduction of PyTorch with the axes that ours take."""

    def call(x, *, axis, keepdims):
        axes = tuple(range(x.ndim)) if axis is None else axis
        return function(x, dim=axes, keepdim=keepdims) if axes != () else function(x)

    return call


def indexed(x, *, index):
    """x[index]; PyTorch takes no negative steps, so its positions are looked up first."""
    places = np.arange(x.numel()).reshape(x.shape)[index]
    return x.reshape(-1)[torch.as_tensor(places.copy())]


def padded(x, *, widths):
    flat = [w for pair in reversed(widths) for w in pair]
    return F.pad(x, flat)


def looped(hidden, count, xs, weight):
    kept, products = [], []
    for x in xs:
        after = torch.tanh(hidden @ weight + x)
        kept.append(after)
        products.append(after * hidden * count)
        hidden, count = after, count + 1
    return hidden, count, torch.stack(kept), torch.stack(products)


def channels_first(x):
    return x.permute(0, -1, *range(1, x.ndim - 1))


def channels_last(x):
    return x.permute(0, *range(2, x.ndim), 1)


def surrounded(x, padding, value=0.0):
    """An image with its channels first, padded on every side by its own width."""
    return F.pad(x, [w for pair in reversed(padding) for w in pair], value=value)


def convolved(x, w, *b, stride, padding, dilation, groups):
    axes = w.ndim - 2
    call = F.conv1d if axes == 1 else F.conv2d
    weight = w.permute(axes + 1, axes, *range(axes)).contiguous()
    x = surrounded(channels_first(x), padding)
    return channels_last(call(x, weight, *b, stride=stride, dilation=dilation, groups=groups))


def spread_out(x, w, *b, size, stride, padding, dilation, groups):
    """PyTorch's transpose onto the padded size, of which the padding is cut off."""
    axes = w.ndim - 2
    call = F.conv_transpose1d if axes == 1 else F.conv_transpose2d
    weight = w.permute(axes + 1, axes, *range(axes)).contiguous()
    out = call(channels_first(x), weight, None, stride=stride, dilation=dilation, groups=groups)
    whole = [n + sum(p) for n, p in zip(size, padding, strict=True)]
    out = surrounded(out, [(0, n - m) for n, m in zip(whole, out.shape[2:], strict=True)])
    out = channels_last(surrounded(out, [(-low, -high) for low, high in padding]))
    return out + b[0] if b else out


def pooled_max(x, *, window, stride, padding):
    call = F.max_pool1d if x.ndim == 3 else F.max_pool2d
    return channels_last(call(surrounded(channels_first(x), padding, -1e9), window, stride))


def pooled_mean(x, *, window, stride, padding):
    """PyTorch's mean over the padded window, divided by the share that is no padding."""
    call = F.avg_pool1d if x.ndim == 3 else F.avg_pool2d
    total, share = (
        call(surrounded(part, padding), window, stride)
        for part in (channels_first(x), torch.ones_like(channels_first(x)))
    )
    return channels_last(total / share)


def grown(x, *, factor):
    mode = "linear" if x.ndim == 3 else "bilinear"
    return channels_last(F.interpolate(channels_first(x), scale_factor=factor, mode=mode))


def recurrent(kind, gates):
    """PyTorch's own layer on copied weights; with lengths its packed sequences."""

    def call(x, weight, again, bias, *rest, reverse, sequences):
        units, (batch, time, features) = again.shape[0], x.shape
        inner = rest[:1] if kind is torch.nn.GRU else ()
        lengths = rest[len(inner)] if len(rest) > len(inner) else None
        second = torch.zeros(gates * units, dtype=x.dtype)
        if inner:
            second = torch.cat([second[: 2 * units], inner[0]])
        copied = {"weight_ih_l0": weight.T, "weight_hh_l0": again.T, "bias_ih_l0": bias}
        copied["bias_hh_l0"] = second
        if reverse:
            copied |= {f"{name}_reverse": value for name, value in copied.items()}
        layer = kind(features, units, batch_first=True, bidirectional=reverse).to(x.dtype)
        counts = torch.full((batch,), time) if lengths is None else lengths
        packed = pack_padded_sequence(x, counts, batch_first=True, enforce_sorted=False)
        states, last = torch.func.functional_call(layer, copied, (packed,))
        last = (last[0] if kind is torch.nn.LSTM else last)[-1]
        if not sequences:
            return last
        states = pad_packed_sequence(states, batch_first=True, total_length=time)[0][..., -units:]
        counted = (torch.arange(time) < counts[:, None])[..., None]
        beyond = torch.zeros_like(last) if reverse else last
        return torch.where(counted, states, beyond[:, None])

    return call


def normalized(x, scale, offset, epsilon, shares, *, streams):
    axes = tuple(range(x.ndim - 1))
    p = shares.reshape(*shares.shape, *(1,) * (x.ndim - shares.ndim)).expand(x.shape)
    mean = (p * x).sum(axes) / p.sum(axes)
    variance = (p * (x - mean) ** 2).sum(axes) / p.sum(axes)
    return (x - mean) / torch.sqrt(variance + epsilon) * scale + offset, mean, variance


def layer_normalized(x, scale, offset, epsilon):
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * scale + offset, mean, variance


def split(x, heads):
    return x.reshape(*x.shape[:2], heads, x.shape[2] // heads).transpose(1, 2)


def allowed(q, k, valid, causal):
    """Which key a query may look at; True for all of a row that has none, to be set to 0."""
    every = torch.ones(q.shape[0], 1, q.shape[1], k.shape[1], dtype=torch.bool)
    if valid:
        every = every & valid[0][:, None, None, :]
    return torch.tril(every) if causal else every


def attended(q, k, v, *valid, heads, causal):
    mask = allowed(q, k, valid, causal)
    some = mask.any(-1, keepdim=True)
    out = F.scaled_dot_product_attention(
        *(split(x, heads) for x in (q, k, v)), attn_mask=mask | ~some
    )
    return (out * some).transpose(1, 2).reshape(*q.shape[:2], v.shape[2])


def looking(q, k, *valid, heads, causal):
    mask = allowed(q, k, valid, causal)
    some = mask.any(-1, keepdim=True)
    scores = split(q, heads) @ split(k, heads).mT / (q.shape[2] // heads) ** 0.5
    return torch.softmax(scores.masked_fill(~(mask | ~some), -torch.inf), -1) * some


FORMULAS = {
    "simple_rnn": recurrent(torch.nn.RNN, 1),
    "lstm": recurrent(torch.nn.LSTM, 4),
    "gru": recurrent(torch.nn.GRU, 3),
    "absolute": torch.abs,
    "add": torch.add,
    "residual": torch.add,
    "batch_norm": normalized,
    "layer_norm": layer_normalized,
    "affine": lambda x, w, b: F.linear(x, w.T, b),
    "attention": attended,
    "attention_weights": looking,
    "argmax": lambda x, *, axis: torch.argmax(x, dim=axis),
    "average_pool": pooled_mean,
    "binary_cross_entropy": lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
    "broadcast_to": lambda x, *, shape: torch.broadcast_to(x, shape),
    "cast": lambda x, *, dtype: x.to(getattr(torch, dtype)),
    "clip": lambda x, *, low, high: torch.clamp(x, low, high),
    "convolve": convolved,
    "cos": torch.cos,
    "cross_entropy": lambda z, p: F.cross_entropy(z, p, reduction="none"),
    "divide": torch.divide,
    "dot": lambda a, b: torch.dot(a.reshape(-1), b.reshape(-1)),
    "elu": lambda x, a: torch.where(x > 0, x, a * torch.expm1(x)),
    "equal": torch.eq,
    "erf": torch.erf,
    "exp": torch.exp,
    "expand_dims": lambda x, *, axis: torch.unsqueeze(x, axis),
    "expm1": torch.expm1,
    "flip": lambda x, *, axis: torch.flip(x, (axis,)),
    "gelu": F.gelu,
    "getitem": indexed,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "isfinite": torch.isfinite,
    "join": lambda *arrays, axis: torch.cat(arrays, dim=axis),
    "interpolate": grown,
    "label_cross_entropy": lambda z, i: F.cross_entropy(z, i.long(), reduction="none"),
    "leaky_relu": lambda x, a: torch.prelu(x.reshape(-1), a.reshape(1)).reshape(x.shape),
    "less": torch.lt,
    "less_equal": torch.le,
    "log": torch.log,
    "log1p": torch.log1p,
    "log_softmax": lambda x, *, axis: F.log_softmax(x, dim=axis),
    "logical_and": torch.logical_and,
    "logical_not": torch.logical_not,
    "logical_or": torch.logical_or,
    "logsumexp": lambda x, *, axis, keepdims: torch.logsumexp(x, dim=axis, keepdim=keepdims),
    "matmul": torch.matmul,
    "max": reduced(torch.amax),
    "max_pool": pooled_max,
    "maximum": torch.maximum,
    "mean": reduced(torch.mean),
    "min": reduced(torch.amin),
    "minimum": torch.minimum,
    "multiply": torch.multiply,
    "negative": torch.negative,
    "not_equal": torch.ne,
    "one_hot": lambda i, *, classes, dtype: F.one_hot(i.long(), classes).to(getattr(torch, dtype)),
    "pad": padded,
    "perceptron_criterion": lambda z, t: F.relu(-t * z),
    "pick": lambda x, i: torch.gather(x, -1, i.long()[..., None])[..., 0],
    "power": torch.pow,
    "power_of": lambda x, *, exponent: torch.pow(x, exponent),
    "relu": F.relu,
    "reshape": lambda x, *, shape: torch.reshape(x, shape),
    "scan_body": looped,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "silu": F.silu,
    "sin": torch.sin,
    "softmax": lambda x, *, axis: F.softmax(x, dim=axis),
    "softplus": F.softplus,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "squeeze": lambda x, *, axis: torch.squeeze(x, axis),
    "step": lambda x: (x > 0).to(x.dtype),
    "stop_gradient": torch.detach,
    "subtract": torch.subtract,
    "sum": reduced(torch.sum),
    "take": lambda x, i: x[i.long()],
    "tanh": torch.tanh,
    "transpose": lambda x, *, axes: x.permute(axes or tuple(range(x.ndim))[::-1]),
    "transposed_convolve": spread_out,
    "where": torch.where,
}


def small_cases(name: str) -> dict[int, Case]:
    """The first cases of a primitive with some numbers, but not many, by their seeds."""
    drawn = {seed: SAMPLES[name].make(random.Random(seed)) for seed in range(200)}
    small = {s: c for s, c in drawn.items() if all(0 < x.size <= LARGEST for x in c.arrays)}
    return {seed: small[seed] for seed in list(small)[:CASES]}


def computed(name: str, case: Case) -> dict:
    """Inputs, outputs and the gradient of the weighted outputs, as nested lists."""
    inputs = [torch.tensor(x, requires_grad=is_float(x)) for x in case.arrays]
    params = [x for x in inputs if x.requires_grad]
    out = FORMULAS[name](*inputs, **case.static)
    outputs = out if isinstance(out, tuple) else (out,)
    weights = cotangents(tuple(o.detach().numpy() for o in outputs))
    total = sum((o * torch.tensor(w)).sum() for o, w in zip(outputs, weights, strict=True))
    grads = gradients(total, params)
    return {
        "inputs": [x.tolist() for x in case.arrays],
        "outputs": [o.tolist() for o in outputs],
        "gradients": [g.tolist() for g in grads],
    }


def gradients(total, params):
    if not params or not total.requires_grad:
        return [torch.zeros_like(p) for p in params]
    found = torch.autograd.grad(total, params, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(found, params, strict=True)]


def all_computed() -> dict[str, dict[str, dict]]:
    """Name of the primitive, seed of the case, numbers."""
    return {
        name: {str(seed): computed(name, case) for seed, case in small_cases(name).items()}
        for name in sorted(FORMULAS)
    }


def write() -> None:
    """One line a case, so that a difference can be read."""
    lines = [
        f' "{name}": {{\n'
        + ",\n".join(f'  "{seed}": {json.dumps(numbers)}' for seed, numbers in cases.items())
        + "\n }"
        for name, cases in all_computed().items()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
