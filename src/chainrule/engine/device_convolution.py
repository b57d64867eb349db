"""Convolution as a device's own library computes it: cuDNN's on a GPU, reached through XLA.

On a processor the ways of `ops/convolution.py` are taken (docs/decisions/0017); the tests compare
both there, and `benchmarks.device_convolution` times them on whatever device is at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from jax import lax

from chainrule.engine.namespace import Array

FORWARD = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC")}
TO_WEIGHT = {1: ("CWN", "IWO", "WNC"), 2: ("CHWN", "IHWO", "HWNC")}
"""Where batch (N), channels (C, I) and filters (O) stand, by the number of axes between. To the
weights examples are what is summed over: they take the place of the channels."""


class DeviceConvolution:
    """What `xp.own_convolution` gives on a device that has one; see there."""

    def convolve(
        self,
        x: Array,
        weight: Array,
        stride: Sequence[int],
        padding: Sequence[tuple[int, int]],
        spread: Sequence[int],
        dilation: Sequence[int],
        groups: int,
    ) -> Array:
        order = FORWARD[len(stride)]
        return lax.conv_general_dilated(
            x, weight, stride, padding, spread, dilation, order, feature_group_count=groups
        )

    def to_weight(
        self,
        x: Array,
        arrived: Array,
        kernel: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[tuple[int, int]],
        dilation: Sequence[int],
        groups: int,
    ) -> Array:
        axes = zip(
            x.shape[1:-1], arrived.shape[1:-1], kernel, stride, dilation, padding, strict=True
        )
        around = [
            (low, d * (k - 1) + s * (count - 1) + 1 - n - low)
            for n, count, k, s, d, (low, _) in axes
        ]
        order = TO_WEIGHT[len(stride)]
        return lax.conv_general_dilated(
            x, arrived, dilation, around, None, stride, order, batch_group_count=groups
        )
