"""Attention and the transformer block in PyTorch: the numbers of tests/reference/attention.json.

`python -m tests.peers.torch_attention` writes the file; `make test-peers` only compares.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

FILE = Path(__file__).parent.parent / "reference" / "attention.json"
BATCH, TIME, WIDTH, HEADS = 2, 3, 4, 2
LENGTHS = [3, 2]
CASES = ["plain", "causal", "padded", "cross", "block", "block causal", "block padded"]


def made(random: np.random.Generator, module: nn.Module) -> nn.Module:
    """The module in double precision, its parameters drawn."""
    module = module.double()
    for parameter in module.parameters():
        parameter.data = torch.tensor(random.normal(size=tuple(parameter.shape)))
    return module


def applied(name: str, module: nn.Module, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
    """The output of a case; True in PyTorch's masks is what may not be looked at."""
    future = torch.triu(torch.ones(TIME, TIME, dtype=torch.bool), 1) if "causal" in name else None
    beyond = torch.arange(TIME) >= torch.tensor(LENGTHS)[:, None] if "padded" in name else None
    if name.startswith("block"):
        return module(x, src_mask=future, src_key_padding_mask=beyond)
    seen = memory if name == "cross" else x
    return module(x, seen, seen, attn_mask=future, key_padding_mask=beyond)[0]


def numbers(name: str) -> dict[str, Any]:
    """Inputs, parameters, output, and the gradients of Σ cotangent · output."""
    random = np.random.default_rng(CASES.index(name))
    module = made(
        random,
        nn.TransformerEncoderLayer(WIDTH, HEADS, 6, 0.0, "gelu", batch_first=True, norm_first=True)
        if name.startswith("block")
        else nn.MultiheadAttention(WIDTH, HEADS, batch_first=True),
    )
    x, memory = (
        torch.tensor(random.normal(size=(BATCH, steps, WIDTH)), requires_grad=True)
        for steps in (TIME, 5)
    )
    out = applied(name, module, x, memory)
    cotangent = torch.tensor(random.normal(size=tuple(out.shape)))
    if "padded" in name:
        cotangent[1, LENGTHS[1] :] = 0
    (out * cotangent).sum().backward()
    arrays = {"x": x, "out": out, "cotangent": cotangent, "x gradient": x.grad}
    if name == "cross":
        arrays |= {"memory": memory, "memory gradient": memory.grad}
    return {
        **{key: array.tolist() for key, array in arrays.items()},
        "params": {key: p.tolist() for key, p in module.named_parameters()},
        "gradients": {key: p.grad.tolist() for key, p in module.named_parameters()},
    }


if __name__ == "__main__":
    lines = [f' "{name}": {json.dumps(numbers(name))}' for name in CASES]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
