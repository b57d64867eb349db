"""A network as JSON: what is written is built, what is wrong is named with its layer."""

import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.recipes import read_network


def read(tmp_path, text):
    (tmp_path / "net.json").write_text(text)
    return read_network(tmp_path / "net.json")


def test_layers_are_built_with_their_settings(tmp_path):
    text = """[{"type": "Dense", "units": 8, "bias": false}, {"type": "LeakyReLU", "slope": 0.2},
               {"type": "Residual", "layer": {"type": "Dense", "units": 8}},
               {"type": "Network", "layers": [{"type": "Tanh"}, {"type": "Dense", "units": 3}]}]"""
    nn = cr.nn
    inner = cr.Network([nn.Tanh(), nn.Dense(3)])
    expected = [nn.Dense(8, bias=False), nn.LeakyReLU(0.2), nn.Residual(nn.Dense(8)), inner]
    assert read(tmp_path, text) == cr.Network(expected)
    assert read(tmp_path, f'{{"layers": {text}}}') == cr.Network(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[", "is no JSON"),
        ("[]", "must hold a list of layers"),
        ("3", "must hold a list of layers"),
        ("[3]", 'layer 1 must look like {"type"'),
        ('[{"type": "Dence", "units": 3}]', "layer 1: There is no layer 'Dence'. Did you mean 'De"),
        ('[{"type": "Dense", "unit": 3}]', "Did you mean 'units'"),
        ('[{"type": "Dense"}]', "layer 1, Dense: .*units"),
        ('[{"type": "Dense", "units": 0}]', "layer 1: Dense"),
        ('[{"type": "ReLU"}, {"type": "Dropout", "rate": 2}]', "layer 2: Dropout"),
        ('[{"type": "Dropout", "rate": "x"}]', "layer 1, Dropout"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_describes_no_network_is_refused(tmp_path, text, reason):
    with pytest.raises(SettingError, match=reason):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingError, match=r"net\.json cannot be read"):
        read_network(tmp_path / "net.json")
