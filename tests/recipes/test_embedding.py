"""Columns of many labels get learnt vectors; which ones, how wide, and what a new label gets."""

from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.data import as_table, fit_encoder
from chainrule.errors import SettingError
from chainrule.recipes import Choices, columns_to_embed, settled, tabular_recipe, with_tables
from chainrule.recipes.embedding import MANY, WIDTH
from tests.model.samples import model_with

LABELS = [f"town {i:03}" for i in range(MANY)]
TABLE = as_table({"x": [1.0, 2.0] * MANY, "town": LABELS * 2, "few": [*LABELS[1:], "town 001"] * 2})


def encoder(table=TABLE):
    return fit_encoder(table, ["x", "town"], table.column("x"), embedded=["town"])


def test_columns_are_embedded_from_so_many_labels_on_and_numbers_never_are():
    assert columns_to_embed(TABLE, ["x", "town", "few"]) == {"town": MANY}


def test_the_layer_stands_in_front_with_a_row_for_every_label_and_one_for_all_others():
    network = cr.Network([nn.Dense(1)])
    layer = nn.EmbedColumns((1,), (MANY + 1,), (WIDTH,))
    assert with_tables(network, encoder()) == cr.Network([layer, nn.Dense(1)])
    plain = fit_encoder(TABLE, ["x", "few"], TABLE.column("x"))
    assert with_tables(network, plain) is network


def test_the_recipe_says_why_and_a_simpler_network_has_an_input_a_label():
    recipe = tabular_recipe(100, 1, "numbers", Choices(), {"town": 1234})
    (said,) = [reason for reason in recipe.reasons if reason.startswith("town")]
    assert "1,234 labels" in said
    assert recipe.embedded == ("town",)
    assert recipe.with_hidden(3).embedded == ()


def test_a_line_has_an_input_a_label():
    recipe = tabular_recipe(100, 1, "numbers", Choices(hidden=()), {"town": 1234})
    assert recipe.embedded == ()
    assert recipe.linear
    assert not any("town" in reason for reason in recipe.reasons)
    assert not tabular_recipe(100, 1, "numbers").linear


def test_a_network_that_brings_the_layer_itself_is_refused():
    own = cr.Network([nn.Network([nn.EmbedColumns((1,), (3,), (2,))]), nn.Dense(1)])
    with pytest.raises(SettingError, match="EmbedColumns, which train puts in front itself"):
        tabular_recipe(100, 1, "numbers", Choices(network=own), {})


def test_what_is_new_gets_the_average_vector_only_where_training_had_nothing_like_it():
    made = encoder()
    layer = with_tables(cr.Network([nn.Dense(1)]), made)
    model = replace(model_with(layer, (2,)), network=layer, encoder=made)
    model = replace(model, params=model.params[0], state=model.state[0])
    table, after = (m.params[0][0]["table"] for m in (model, settled(model)))
    np.testing.assert_array_equal(after[:-1], table[:-1])
    np.testing.assert_allclose(after[-1], table[:-1].mean(axis=0), rtol=1e-6)
    fed = replace(made, codes=(made.codes[0], replace(made.codes[1], slot=True)))
    assert settled(replace(model, encoder=fed)).params is model.params
