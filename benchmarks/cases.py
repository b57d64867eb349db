"""The dense networks that are timed: shapes, made-up data, work per step, and what is asked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Bar:
    """A line to reach and one to hope for; `floor` is what counts as passed."""

    floor: float
    aim: float | None = None


@dataclass(frozen=True)
class Case:
    """One network, its data and its bars.

    Attributes:
        widths: units from the inputs to the outputs. rows: training rows of an epoch.
        torch, sklearn: how many times faster than the peer. sgemm: share of the machine's rate of
            float32 products. bare: the most our step may take, in steps written with `jax.grad`.
        numpy: how many times faster than scikit-learn the NumPy engine has to be.
    """

    name: str
    widths: tuple[int, ...]
    activation: Literal["tanh", "relu"]
    loss: Literal["mse", "binary_cross_entropy", "cross_entropy"]
    batch: int
    rows: int
    torch: Bar
    sklearn: Bar
    bare: float
    sgemm: Bar | None = None
    numpy: float | None = None

    @property
    def title(self) -> str:
        """The shape in words."""
        return f"{'-'.join(map(str, self.widths))} {self.activation}, batch {self.batch}"

    @property
    def steps(self) -> int:
        """Optimizer steps in an epoch; rows are a multiple of the batch."""
        return self.rows // self.batch

    @property
    def operations(self) -> float:
        """Multiplications and additions a step, as 6 · batch · weights: three products a layer."""
        return 6.0 * self.batch * self._weights()

    @property
    def needed_operations(self) -> float:
        """The same without the gradient of the inputs, which nobody computes."""
        return self.operations - 2.0 * self.batch * self.widths[0] * self.widths[1]

    def _weights(self) -> int:
        return sum(a * b for a, b in zip(self.widths, self.widths[1:], strict=False))

    def data(self) -> tuple[Array, Array]:
        """Inputs (rows, in) float32 and targets (rows,): float32 for "mse", else int64 classes."""
        return self._draw(self.rows, 0)

    def validation(self) -> tuple[Array, Array]:
        """A tenth as many rows of the same kind, to judge by."""
        return self._draw(max(self.rows // 10, 1), 1)

    def _draw(self, rows: int, part: int) -> tuple[Array, Array]:
        teacher = np.random.default_rng(0).normal(size=(self.widths[0], self.widths[-1]))
        random = np.random.default_rng(1 + part)
        x = random.normal(size=(rows, self.widths[0])).astype("float32")
        score = x @ teacher + random.normal(size=(rows, self.widths[-1]))
        if self.loss == "mse":
            return x, np.sin(score[:, 0]).astype("float32")
        if self.loss == "binary_cross_entropy":
            return x, (score[:, 0] > 0).astype("int64")
        return x, score.argmax(axis=1)


SMALL = (30, 64, 32, 1)

CASES = {
    case.name: case
    for case in (
        Case(
            "toy", (2, 8, 8, 1), "tanh", "mse", batch=10, rows=1000,
            torch=Bar(20, 30), sklearn=Bar(15, 20), bare=1.3, numpy=1.8,
        ),
        Case(
            "small", SMALL, "relu", "binary_cross_entropy", batch=32, rows=2048,
            torch=Bar(11, 15), sklearn=Bar(11, 15), bare=1.15, numpy=1.8,
        ),
        Case(
            "single", SMALL, "relu", "binary_cross_entropy", batch=1, rows=1024,
            torch=Bar(40, 60), sklearn=Bar(28, 40), bare=1.45, numpy=1.8,
        ),
        Case(
            "digits", (784, 512, 256, 10), "relu", "cross_entropy", batch=128, rows=12800,
            torch=Bar(1.2, 1.4), sklearn=Bar(3.5), bare=1.15, sgemm=Bar(0.75, 0.85), numpy=1.5,
        ),
        Case(
            "wide", (1024, 4096, 4096, 10), "relu", "cross_entropy", batch=512, rows=1024,
            torch=Bar(1.0, 1.15), sklearn=Bar(1.4), bare=1.15, sgemm=Bar(0.85, 0.95),
        ),
    )
}  # fmt: skip
"""The rows of the table, by name."""
