"""The benchmark of the device's own convolution: both ways are what they are called."""

from dataclasses import replace

import pytest

from benchmarks import device_convolution
from benchmarks.device_convolution import CONVOLUTIONS, WAYS, compare
from benchmarks.layer_cases import ACTIVITIES, LAYERS
from chainrule.engine.device_convolution import DeviceConvolution
from chainrule.engine.jax_namespace import JAX

SMALL = replace(LAYERS["pointwise"], shape=(2, 2, 3), batch=16)


def test_every_convolution_is_timed():
    assert set(CONVOLUTIONS) >= {"conv1d", "conv3", "stride", "groups", "depthwise", "transposed"}
    assert not {"maxpool", "dense"} & set(CONVOLUTIONS)


def test_one_way_is_the_devices_and_the_other_is_not(monkeypatch):
    taken, before = [], JAX.own_convolution

    class Watched(DeviceConvolution):
        def convolve(self, *given):
            taken.append("device")
            return super().convolve(*given)

    monkeypatch.setitem(WAYS, "device", Watched)
    rows = compare(SMALL, 1, 0.001)
    assert [row[1] for row in rows] == list(ACTIVITIES)
    assert len(taken) >= len(ACTIVITIES)
    assert JAX.own_convolution is before
    taken.clear()
    monkeypatch.setitem(WAYS, "device", lambda: None)
    compare(SMALL, 1, 0.001)
    assert taken == []


@pytest.mark.parametrize(("wrong", "said"), [
    (["--cases", "maxpool"], "'maxpool' is not one of"), (["--rounds", "0"], "at least 1"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(wrong, said, capsys):
    with pytest.raises(SystemExit):
        device_convolution.main(wrong)
    assert said in capsys.readouterr().err
