"""Recipes: from what the data are to a network, a loss and settings, each with its reason."""

from chainrule.recipes.tabular import Recipe, choose_task, tabular_recipe, usable_columns

__all__ = ["Recipe", "choose_task", "tabular_recipe", "usable_columns"]
