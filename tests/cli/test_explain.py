"""`chainrule explain`: the page of a network that is typed in, and one sentence for bad input."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.explain import explain
from chainrule.errors import ChainruleError
from tests.explanation.networks import WEIGHTS

PAGE = Path(__file__).parents[1] / "explanation" / "two_two_one.txt"
TYPED = {"--shape": "2-2-1", "--x": "0.05,0.10", "--y": "0.01"}


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(WEIGHTS))
    return str(path)


def run(**changed):
    """The command with options changed by name, `learning_rate` for --learning-rate."""
    options = TYPED | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    words = [word for pair in options.items() for word in pair]
    return CliRunner().invoke(explain, words)


def test_the_command_prints_the_page_of_the_library(weights):
    result = run(
        activation="sigmoid",
        output="sigmoid",
        loss="mse",
        weights=weights,
        optimizer="sgd",
        learning_rate="0.5",
    )
    assert result.exit_code == 0
    assert result.output == PAGE.read_text(encoding="utf-8")


def test_without_a_file_the_weights_come_from_the_seed():
    network = cr.Network([cr.nn.Dense(2), cr.nn.Tanh(), cr.nn.Dense(1)])
    page = cr.explain(network, [0.05, 0.10], 0.01, loss="huber", optimizer="adam", seed=3)
    result = run(activation="tanh", loss="huber", optimizer="adam", seed="3")
    assert result.output == str(page)
    assert run(activation="tanh", loss="huber", optimizer="adam", seed="4").output != str(page)


@pytest.mark.parametrize("activation", sorted(cr.nn.ACTIVATIONS))
def test_every_activation_can_be_typed(activation):
    result = run(activation=activation, output=activation)
    assert result.exit_code == 0
    assert "RESULT" in result.output


@pytest.mark.parametrize("loss", sorted(cr.losses.LOSSES))
@pytest.mark.parametrize("optimizer", sorted(cr.optim.OPTIMIZERS))
def test_every_loss_and_optimizer_can_be_typed(loss, optimizer):
    result = run(shape="2-3-2", y="1" if loss == "cross_entropy" else "1,1", loss=loss,
                 optimizer=optimizer)  # fmt: skip
    assert result.exit_code == 0
    assert "RESULT" in result.output


def test_classes_may_be_typed_as_probabilities():
    result = run(shape="2-2", y="0.3,0.7", loss="cross_entropy", output="softmax")
    assert result.exit_code == 0
    assert "softmax_o1 - t1" in result.output


BAD = {
    "a shape with a letter": ({"shape": "2-b-1"}, "--shape is '2-b-1'"),
    "a shape of one number": ({"shape": "2"}, "--shape is '2'"),
    "a shape with nothing": ({"shape": "2-0-1"}, "whole numbers above 0"),
    "a giant": ({"shape": "2-100000-100000-1"}, "takes up to 1,000,000"),
    "one input too few": ({"x": "0.05"}, "--x has 1 number and --shape 2-2-1 starts with 2 inputs"),
    "one target too many": ({"y": "1,2"}, "--y has 2 numbers and --shape 2-2-1 ends in 1 output"),
    "text as an input": ({"x": "0.05,a"}, "'a' is not a number"),
    "a decimal comma": (
        {"x": "0,05"},
        "no number begins as '05' does. Write decimals with a point",
    ),
    "a comma too many": ({"x": "0.05,0.1,"}, "'' is not a number"),
    "NaN as an input": ({"x": "0.05,nan"}, "--x holds nan"),
    "an infinite target": ({"y": "inf"}, "--y holds inf"),
    "an unknown activation": ({"activation": "sigmod"}, "Did you mean 'sigmoid'"),
    "an unknown output": ({"output": "sofmax"}, "Did you mean 'softmax'"),
    "an unknown loss": ({"loss": "cross_entropi"}, "Did you mean 'cross_entropy'"),
    "an unknown optimizer": ({"optimizer": "adan"}, "Did you mean 'adam'"),
    "a negative rate": ({"learning_rate": "-1"}, "learning_rate is -1.0"),
    "a rate that is no number": ({"learning_rate": "nan"}, "learning_rate is nan"),
    "a negative seed": ({"seed": "-1"}, "seed"),
    "a class that is not there": ({"shape": "2-3", "y": "3", "loss": "cross_entropy"}, "0 to 2"),
    "half a class": ({"shape": "2-3", "y": "0.5", "loss": "cross_entropy"}, "0 to 2"),
    "classes with one output": ({"y": "0", "loss": "cross_entropy"}, "an output for every class"),
    "no probability": ({"y": "3", "loss": "binary_cross_entropy"}, "numbers from 0 to 1"),
    "no sign": ({"y": "0", "loss": "hinge"}, "takes -1 or 1"),
    "an overflow": ({"y": "1e200"}, "which is not finite"),
    "no file": ({"weights": "nowhere.json"}, "nowhere.json does not exist"),
    "a folder": ({"weights": "."}, "is a folder"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused_in_one_sentence(kind):
    changed, said = BAD[kind]
    error = run(**changed).exception
    assert isinstance(error, ChainruleError)
    assert said in str(error)
    assert "\n" not in str(error)


FILES = {
    "no JSON": ("[1, 2", "is not JSON: line 1, column 6"),
    "an object": ('{"weight": 1}', "must hold a list of layers"),
    "a number": ("[1]", "where a layer should be"),
    "too few layers": (json.dumps(WEIGHTS[:1]), "have 1 layers and the network has 2"),
    "a layer turned": (
        json.dumps([WEIGHTS[0], {"weight": [[0.4, 0.45]], "bias": [0.6]}]),
        "a row for each input, a column for each neuron",
    ),
    "no bias": (json.dumps([WEIGHTS[0], {"weight": [[0.4], [0.45]]}]), "needs 'weight' and 'bias'"),
    "NaN": ('[{"weight": [[NaN, 1], [1, 1]], "bias": [0, 0]}, {"weight": [[1], [1]], "bias": [0]}]',
            "is nan at (0, 0)"),
    "text": ('[{"weight": "abc", "bias": [0, 0]}, {"weight": [[1], [1]], "bias": [0]}]',
             "must be numbers"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_of_weights_is_refused_in_one_sentence(kind, tmp_path):
    content, said = FILES[kind]
    path = tmp_path / "weights.json"
    path.write_text(content)
    error = run(weights=str(path)).exception
    assert isinstance(error, ChainruleError)
    assert said in str(error)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "weights.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not a text file" in str(run(weights=str(path)).exception)


def test_the_command_is_found_under_chainrule(capsys):
    from chainrule.cli import main

    assert main(["explain", "--shape", "2-1", "--x", "1,2", "--y", "1"]) == 0
    assert "E after the step" in capsys.readouterr().out
    assert main(["explain", "--shape", "2-1", "--x", "1", "--y", "1"]) == 2
    assert "chainrule: --x has 1 number" in capsys.readouterr().err
