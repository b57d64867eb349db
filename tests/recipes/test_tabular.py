"""The recipe: what is asked for is taken, the rest is decided by the data and said."""

import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.recipes import SCHEDULES, Choices, tabular_recipe


@pytest.mark.parametrize(
    ("outputs", "task", "loss", "units"),
    [
        (3, "classes", None, 3),
        (2, "classes", None, 1),
        (2, "classes", "cross_entropy", 2),
        (2, "classes", "hinge", 1),
        (1, "numbers", None, 1),
        (3, "numbers", "mae", 3),
        (3, "answers", None, 3),
        (2, "answers", "hinge", 2),
    ],
)
def test_the_last_layer_fits_the_loss(outputs, task, loss, units):
    recipe = tabular_recipe(100, outputs, task, Choices(loss=loss))
    assert recipe.network.layers[-1].units == units


def test_sizes_grow_with_the_rows():
    units = [
        sum(layer.units for layer in tabular_recipe(rows, 1, "numbers").network.layers[:-1:2])
        for rows in (100, 5_000)
    ]
    assert units == sorted(set(units))


def test_what_is_asked_for_is_taken_and_needs_no_reason():
    asked = Choices(
        hidden=(5, 4),
        activation="tanh",
        epochs=7,
        batch_size="full",
        learning_rate=0.5,
        optimizer="sgd",
        loss="cross_entropy",
        patience=3,
        tol=0.1,
        max_time=9.0,
        weight_decay=0.25,
    )
    recipe = tabular_recipe(100, 3, "classes", asked)
    layers = cr.nn.Dense(5), cr.nn.Tanh(), cr.nn.Dense(4), cr.nn.Tanh(), cr.nn.Dense(3)
    assert recipe.network == cr.Network(layers)
    assert recipe.optimizer == cr.optim.GradientDescent(0.5, weight_decay=0.25)
    assert (recipe.epochs, recipe.batch_size, recipe.reasons) == (7, None, ())
    assert (recipe.patience, recipe.tol, recipe.max_time) == (3, 0.1, 9.0)


def test_dropout_and_batch_norm_stand_around_every_activation():
    recipe = tabular_recipe(100, 1, "numbers", Choices(hidden=(5,), dropout=0.2, batch_norm=True))
    expected = cr.nn.Dense(5), cr.nn.BatchNorm(), cr.nn.ReLU(), cr.nn.Dropout(0.2), cr.nn.Dense(1)
    assert recipe.network == cr.Network(expected)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_starts_from_the_rate_of_the_optimizer(name):
    recipe = tabular_recipe(100, 1, "numbers", Choices(schedule=name, learning_rate=0.25))
    assert recipe.optimizer.learning_rate == SCHEDULES[name](0.25)


def test_a_whole_network_is_taken_as_it_is():
    own = cr.Network([cr.nn.Dense(3), cr.nn.Tanh(), cr.nn.Dense(2)])
    assert tabular_recipe(100, 2, "numbers", Choices(network=own)).network is own


def test_an_optimizer_that_was_asked_for_is_not_given_a_decay():
    assert tabular_recipe(100, 1, "numbers", Choices(optimizer="adam")).optimizer == cr.optim.Adam()
    assert tabular_recipe(100, 1, "numbers").optimizer.weight_decay > 0


def test_other_hidden_layers_leave_the_rest_as_it_is():
    recipe = tabular_recipe(100, 3, "classes", Choices(hidden=(5, 4), learning_rate=0.5))
    other = recipe.with_hidden(7)
    assert other.network == cr.Network([cr.nn.Dense(7), cr.nn.ReLU(), cr.nn.Dense(3)])
    assert other.optimizer == recipe.optimizer


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"activation": "rellu"}, "Did you mean 'relu'"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"loss": "hinge"}, "3 classes"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"batch_size": True}, "batch size is True"),
        ({"batch_size": "half"}, "batch size is 'half'"),
        ({"learning_rate": -1.0}, "learning_rate is -1"),
        ({"weight_decay": -1.0}, "weight_decay is -1"),
        ({"hidden": (0,)}, "Dense"),
        ({"dropout": 1.5}, "Dropout"),
        ({"network": cr.Network([cr.nn.Dense(2)])}, r"end it in Dense\(3\)"),
        ({"network": cr.Network([cr.nn.Dense(3)]), "hidden": (3,)}, "Leave hidden out"),
        ({"optimizer": cr.optim.Adam(cr.optim.Cosine(0.1)), "schedule": "step"}, "of its own"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, reason):
    with pytest.raises(SettingError, match=reason):
        tabular_recipe(100, 3, "classes", Choices(**settings))


def test_several_answers_are_not_one_label():
    with pytest.raises(SettingError, match="binary_cross_entropy"):
        tabular_recipe(100, 3, "answers", Choices(loss="cross_entropy"))
