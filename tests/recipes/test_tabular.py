"""The recipe: what is asked for is taken, the rest is decided by the data and said."""

import pytest

import chainrule as cr
from chainrule.data import as_table
from chainrule.errors import DataError, SettingError
from chainrule.recipes import choose_task, tabular_recipe, usable_columns


def column(values):
    return as_table({"y": values}).column("y")


@pytest.mark.parametrize(
    ("values", "loss", "task"),
    [
        (["a", "b"] * 20, None, "category"),
        ([0, 1] * 20, None, "category"),
        ([3.0, 7.0] * 20, None, "category"),
        ([0.5, 1.5] * 20, None, "number"),
        (list(range(40)), None, "number"),
        ([0, 1] * 20, "mse", "number"),
        ([0.5, 1.5] * 20, "cross_entropy", "category"),
        (list(range(5)), None, "number"),
    ],
)
def test_the_target_or_the_loss_decides_the_question(values, loss, task):
    assert choose_task(column(values), loss)[0] == task


def test_a_target_that_cannot_be_asked_for_is_refused():
    with pytest.raises(DataError, match="one value only, 'a'"):
        choose_task(column(["a"] * 20), None)
    with pytest.raises(DataError, match="one value only, '2'"):
        choose_task(column([2] * 20), None)
    with pytest.raises(DataError, match="holds text such as 'a'"):
        choose_task(column(["a", "b"]), "mae")
    with pytest.raises(SettingError, match="Did you mean 'huber'"):
        choose_task(column([1, 2]), "hubert")


@pytest.mark.parametrize(
    ("outputs", "task", "loss", "units"),
    [
        (3, "category", None, 3),
        (2, "category", None, 1),
        (2, "category", "cross_entropy", 2),
        (2, "category", "hinge", 1),
        (1, "number", None, 1),
    ],
)
def test_the_last_layer_fits_the_loss(outputs, task, loss, units):
    recipe = tabular_recipe(100, outputs, task, loss=loss)
    assert recipe.network.layers[-1].units == units


def test_sizes_grow_with_the_rows():
    units = [
        sum(layer.units for layer in tabular_recipe(rows, 1, "number").network.layers[:-1:2])
        for rows in (100, 5_000, 50_000)
    ]
    assert units == sorted(set(units))


def test_what_is_asked_for_is_taken_and_needs_no_reason():
    recipe = tabular_recipe(
        100,
        3,
        "category",
        hidden=(5, 4),
        activation="tanh",
        epochs=7,
        batch_size="full",
        learning_rate=0.5,
        optimizer="sgd",
        loss="cross_entropy",
    )
    layers = cr.nn.Dense(5), cr.nn.Tanh(), cr.nn.Dense(4), cr.nn.Tanh(), cr.nn.Dense(3)
    assert recipe.network == cr.Network(layers)
    assert recipe.optimizer == cr.optim.GradientDescent(0.5)
    assert (recipe.epochs, recipe.batch_size, recipe.reasons) == (7, None, ())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"activation": "rellu"}, "Did you mean 'relu'"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"loss": "hinge"}, "3 classes"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"batch_size": True}, "batch size is True"),
        ({"batch_size": "half"}, "batch size is 'half'"),
        ({"learning_rate": -1.0}, "learning_rate is -1"),
        ({"hidden": (0,)}, "Dense"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, reason):
    with pytest.raises(SettingError, match=reason):
        tabular_recipe(100, 3, "category", **settings)


def test_columns_that_teach_nothing_are_left_out_with_the_reason():
    table = as_table({"a": [1, 2], "b": [3, 3], "y": [0, 1]})
    assert usable_columns(table, "y") == {"a": "", "b": "one value only"}
    with pytest.raises(DataError, match=r"no column to learn 'y' from \(b: one value only\)"):
        usable_columns(as_table({"b": [3, 3], "y": [0, 1]}), "y")
