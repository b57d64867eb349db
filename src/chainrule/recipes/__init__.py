"""Recipes: from what the data are to a network, a loss and settings, each with its reason."""

from chainrule.recipes.embedding import columns_to_embed, settled, with_tables
from chainrule.recipes.network_file import read_network
from chainrule.recipes.tabular import EPOCHS, PATIENCE, SCHEDULES, Choices, Recipe, tabular_recipe
from chainrule.recipes.task import TASKS, choose_task, usable_columns

__all__ = [
    "EPOCHS",
    "PATIENCE",
    "SCHEDULES",
    "TASKS",
    "Choices",
    "Recipe",
    "choose_task",
    "columns_to_embed",
    "read_network",
    "settled",
    "tabular_recipe",
    "usable_columns",
    "with_tables",
]
