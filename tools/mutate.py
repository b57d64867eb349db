"""Changes the code of modules in small ways, one at a time, and sees whether their tests notice.

    python tools/mutate.py chainrule.model.container -- tests/model/test_file.py

What stands behind `--` is given to pytest. Every change is tried in a fork of a process that has
everything imported: the code of one function is replaced, and the tests run until the first fails.
Changes outside of functions are not tried. A change that no test notices is printed with its line.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import os
import random
import signal
import sys
import types
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECONDS = 120
SWAPPED: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Pow: ast.Mult,
}  # fmt: skip

VALUES: dict[type, Any] = defaultdict(tuple, {ast.Constant: (int, str, bytes), ast.Return: ast.AST})
"""The values that can be changed, by the kind of the node that has them."""


@dataclass(frozen=True)
class Change:
    """One small change: where, what, and the function's code with it."""

    module: str
    line: int
    what: str
    function: str
    code: types.CodeType


def changes_in(name: str) -> Iterator[Change]:
    """Every small change of the functions of a module."""
    path = Path(importlib.import_module(name).__file__ or "")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for way, node in functions(tree):
        count = sum(1 for _ in spots(node))
        for number in range(count):
            changed = copy.deepcopy(tree)
            inner = next(found for place, found in functions(changed) if place == way)
            line, what = apply(list(spots(inner))[number])
            with contextlib.suppress(SyntaxError, ValueError):
                whole = compile(ast.fix_missing_locations(changed), str(path), "exec")
                yield Change(name, line, what, way, code_of(whole, way))


def functions(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Functions and methods by their qualified names."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}.{inner.name}", inner


def spots(function: ast.FunctionDef) -> Iterator[tuple[Any, str, Any]]:
    """What can be changed: (node, field, index)."""
    for statement in function.body:
        for node in skipping_texts(statement):
            if isinstance(node, ast.Compare):
                yield from ((node, "ops", i) for i in range(len(node.ops)))
            elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign):
                yield node, "op", None
            elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
                yield node, "not", None
            elif isinstance(node, ast.If | ast.IfExp | ast.While):
                yield node, "test", True
                yield node, "test", False
            elif isinstance(getattr(node, "value", None), VALUES[type(node)]):
                yield node, "value", None
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                yield node, "call", None


def skipping_texts(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below one, without docstrings, types, and the texts of messages."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        return
    yield node
    for name, child in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for inner in child if isinstance(child, list) else [child]:
            if isinstance(inner, ast.AST) and not is_message(node, inner):
                yield from skipping_texts(inner)


def is_message(parent: ast.AST, node: ast.AST) -> bool:
    """Whether a constant is a sentence for the reader."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


def apply(spot: tuple[Any, str, Any]) -> tuple[int, str]:
    """Make the change, and say where and what it is."""
    node, field, index = spot
    before = ast.unparse(node)
    if field == "ops":
        node.ops[index] = SWAPPED[type(node.ops[index])]()
    elif field == "op":
        node.op = SWAPPED.get(type(node.op), ast.Sub)()
    elif field == "not":
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
    elif field == "test":
        node.test = ast.Constant(index)
    elif field == "call" or isinstance(node, ast.Return):
        node.value = ast.Constant(None)
    elif isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node.value, int):
        node.value += 1
    else:
        node.value = node.value + ("x" if isinstance(node.value, str) else b"x")
    return node.lineno, f"{before.splitlines()[0]:.60}  →  {ast.unparse(node).splitlines()[0]:.60}"


def code_of(whole: types.CodeType, way: str) -> types.CodeType:
    """The code of a function within that of its module."""
    code = whole
    for part in way.split("."):
        code = next(
            c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == part
        )
    return code


class Trials:
    """A plugin of pytest that runs the collected tests once for every change, each in a fork."""

    def __init__(self, changes: list[Change]) -> None:
        self.changes = changes
        self.missed = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = list(session.items)
        if first_failing(session, items, None) is not None:
            sys.exit("The tests fail without any change.")
        for number, change in enumerate(self.changes, 1):
            failing = first_failing(session, items, change)
            if failing is None:
                self.missed += 1
                say(f"{change.module}:{change.line} {change.function}: {change.what}")
            elif failing < len(items):
                items.insert(0, items.pop(failing))
            if number % 50 == 0 or number == len(self.changes):
                say(f"{number - self.missed} of {number} changes noticed")
        return True


def say(line: str) -> None:
    """Print beside pytest, which keeps the output to itself."""
    os.write(2, f"{line}\n".encode())


def first_failing(session: pytest.Session, items: list[Any], change: Change | None) -> int | None:
    """The place of the first test that fails with the change; None where none does.

    Where the tests do not end in time or end the process, it is the number of tests.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.alarm(SECONDS)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            if change is not None:
                put_in_place(change)
            for place, item in enumerate(items):
                after = items[place + 1] if place + 1 < len(items) else None
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if session.testsfailed:
                    os.write(writer, str(place).encode())
                    os._exit(1)
            os._exit(0)
        finally:
            os._exit(2)
    os.close(writer)
    with os.fdopen(reader, encoding="ascii") as answer:
        place = answer.read()
    _, ended = os.waitpid(child, 0)
    return None if ended == 0 else int(place or len(items))


def put_in_place(change: Change) -> None:
    """Give the function the changed code; whoever has imported it has the change too."""
    function: Any = importlib.import_module(change.module)
    for part in change.function.split("."):
        function = vars(function)[part]
    function.__code__ = change.code


def main() -> int:
    parser = argparse.ArgumentParser(description="See whether tests notice changes of the code.")
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--most", type=int, help="so many changes, chosen at random")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    asked, tests = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    changes = [change for module in asked.modules for change in changes_in(module)]
    random.Random(0).shuffle(changes)
    options = ["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "--capture=fd"]
    return int(pytest.main([*options, *tests], plugins=[Trials(changes[: asked.most])]))


if __name__ == "__main__":
    sys.exit(main())
