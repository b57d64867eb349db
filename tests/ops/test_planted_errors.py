"""A wrong derivative is noticed: errors are planted in every rule, one at a time.

Two kinds: what a rule returns is spoiled, and (long) one operation inside its source is changed.
"""

import ast
import inspect
import textwrap
from pathlib import Path

import numpy as np
import pytest

from chainrule.autodiff import PRIMITIVES
from tests.ops.oracles import DIFFERENTIABLE, check_derivative, fixed_cases, is_float


def without_first(cotangent):
    spoiled = np.array(cotangent)
    spoiled.reshape(-1)[:1] = 0
    return spoiled


ERRORS = {
    "sign": lambda c: -c,
    "one percent": lambda c: c * np.asarray(1.01, c.dtype),
    "nothing": np.zeros_like,
    "first number missing": without_first,
}


def spoiled(vjp, position, error):
    """The rule with an error planted in what it returns for one input."""

    def rule(xp, cotangent, out, *arrays, **static):
        given = list(vjp(xp, cotangent, out, *arrays, **static))
        if position < len(given) and given[position] is not None:
            right = given[position]
            given[position] = error(right() if callable(right) else right)
        return tuple(given)

    return rule


def is_noticed(name):
    """Whether the check that the tests use fails on one of the fixed cases."""
    for case in fixed_cases(name):
        try:
            check_derivative(name, case)
        except Exception:
            return True
    return False


def float_positions(name):
    longest = max((case.arrays for case in fixed_cases(name)), key=len)
    return [position for position, x in enumerate(longest) if is_float(x)]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_planted_error_in_what_a_rule_returns_is_noticed(name, monkeypatch):
    right = PRIMITIVES[name].vjp
    assert not is_noticed(name)
    for position in float_positions(name):
        for kind, error in ERRORS.items():
            monkeypatch.setattr(PRIMITIVES[name], "vjp", spoiled(right, position, error))
            assert is_noticed(name), f"{kind} in input {position} of {name} was not noticed"


SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
TURNED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq}


class Change(ast.NodeTransformer):
    """Changes the operation with the given number, counted in the order of the walk."""

    def __init__(self, number):
        self.number, self.seen, self.line = number, 0, ""

    def visit(self, node):
        node = self.generic_visit(node)
        changed = self.changed(node)
        if changed is None:
            return node
        self.seen += 1
        if self.seen - 1 != self.number:
            return node
        self.line = ast.unparse(node)
        return changed

    def changed(self, node):
        match node:
            case ast.BinOp(left, op, right) if type(op) in SWAPS:
                return ast.BinOp(left, SWAPS[type(op)](), right)
            case ast.Compare(left, [op], right) if type(op) in TURNED:
                return ast.Compare(left, [TURNED[type(op)]()], right)
            case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
                return operand
            case ast.Constant(value) if isinstance(value, float):
                return ast.Constant(value * 1.01)
        return None


def changed_rules(vjp):
    """The rule with one operation of its source changed, each in turn, with the old operation."""
    source = textwrap.dedent(inspect.getsource(vjp))
    number = 0
    while True:
        tree = ast.parse(source)
        change = Change(number)
        function = change.visit(tree.body[0])
        if change.seen <= number:
            return
        function.decorator_list = []
        made = dict(vjp.__globals__)
        module = ast.fix_missing_locations(ast.Module([function], []))
        exec(compile(module, Path(inspect.getfile(vjp)).name, "exec"), made)
        yield change.line, made[function.name]
        number += 1


ALIKE = {
    "absolute": ["cotangent * xp.sign(x)"],  # the sign is 1 or -1
    "batch_norm": ["1e-12"],  # shares that add up to 0 have no derivative
    "getitem": ["xp.name == 'numpy'"],  # the other engine's way is right too, but slower
    "label_cross_entropy": ["logits - xp.max(logits, axis=-1, keepdims=True)"],  # no overflow
    "matmul": ["a.ndim > 2"],  # the other way is right too, but slower
    "max": ["chosen / ties"],  # ties have no derivative; test_singular_points.py has them
    "max_pool": ["-math.inf"],  # padding is not the largest, be it below all numbers or above
    "min": ["chosen / ties"],
}
"""Changes that make no difference to a derivative."""


@pytest.mark.long
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_changed_operation_in_a_rule_is_noticed(name, monkeypatch):
    survivors = []
    for line, rule in changed_rules(PRIMITIVES[name].vjp):
        monkeypatch.setattr(PRIMITIVES[name], "vjp", rule)
        if not is_noticed(name):
            survivors.append(line)
    assert survivors == ALIKE.get(name, [])
