"""The rooms of the package import only from rooms above them: nothing goes back up, nothing hides.

The last tests plant one violation of each kind in a small tree and see it caught.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms import (
    CHECKS,
    HEAVY,
    LEVEL,
    PACKAGE,
    cycles,
    foreign_derivatives,
    hidden_imports,
    two_places,
    unknown_rooms,
    wrong_way,
)

SOURCE = Path(__file__).parent.parent / "src"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_package_keeps_the_order_of_its_rooms(check):
    assert check(SOURCE) == []


def test_importing_the_package_loads_no_heavy_library():
    script = "import sys, chainrule; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(answer.stdout.split()) == set()


def test_no_room_hides_a_public_name():
    script = (
        "import chainrule, types\n"
        f"for room in {sorted(LEVEL)!r}:\n"
        "    value = getattr(chainrule, room, chainrule)\n"
        "    assert isinstance(value, types.ModuleType), room\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


GOOD = {
    "__init__.py": "from chainrule.ops import add\n",
    "errors.py": "class ChainruleError(Exception): ...\n",
    "engine/__init__.py": "from chainrule.errors import ChainruleError\ndef f():\n    import jax\n",
    "ops/__init__.py": "from chainrule.ops.linear import add\n",
    "ops/linear.py": "from chainrule import engine\nfrom ..errors import ChainruleError\nadd = 1\n",
    "cli/__init__.py": "def main():\n    from chainrule.cli import train\n",
    "cli/train.py": "from chainrule.ops import add\n",
}

PLANTED = {
    "a room below": (wrong_way, {"errors.py": "import chainrule.engine\n"}),
    "a room below, relative": (wrong_way, {"engine/numpy.py": "from ..ops.linear import add\n"}),
    "a room below, for types": (
        wrong_way,
        {"engine/numpy.py": "if TYPE_CHECKING:\n    from chainrule.ops import add\n"},
    ),
    "a room beside": (wrong_way, {"nn/__init__.py": "", "losses.py": "from chainrule import nn\n"}),
    "the whole package": (wrong_way, {"ops/shape.py": "import chainrule as cr\n"}),
    "the package's names": (wrong_way, {"ops/shape.py": "from chainrule import add\n"}),
    "an unknown room": (unknown_rooms, {"utils.py": ""}),
    "a cycle of two": (
        cycles,
        {"ops/one.py": "import chainrule.ops.two\n", "ops/two.py": "from . import one\n"},
    ),
    "a cycle through a package": (cycles, {"ops/linear.py": "from chainrule.ops import sub\n"}),
    "a cycle through a function": (
        cycles,
        {
            "engine/one.py": "def f():\n    from . import two\n",
            "engine/two.py": "from . import one\n",
        },
    ),
    "a hidden import": (
        hidden_imports,
        {"ops/shape.py": "def f():\n    from chainrule.errors import ChainruleError\n"},
    ),
    "a hidden import in a method": (
        hidden_imports,
        {"ops/shape.py": "class A:\n    async def f(self):\n        import json\n"},
    ),
    "a heavy library in the wrong room": (
        hidden_imports,
        {"ops/shape.py": "def f():\n    import polars\n"},
    ),
    "an import by name": (
        hidden_imports,
        {"model.py": "import importlib\nx = importlib.import_module('os')\n"},
    ),
    "a heavy library in two places": (
        two_places,
        {
            "cli/print.py": "def f():\n    import rich\n",
            "cli/bar.py": "def f():\n    import rich.progress\n",
        },
    ),
    "jax outside the engine": (foreign_derivatives, {"ops/shape.py": "import jax.numpy as jnp\n"}),
    "jax outside the engine, hidden": (
        foreign_derivatives,
        {"cli/train.py": "def f():\n    from jax import jit\n"},
    ),
    "another framework": (foreign_derivatives, {"engine/torch.py": "import torch\n"}),
    "jax.grad": (
        foreign_derivatives,
        {"engine/xla.py": "def f():\n    import jax\n    return jax.grad(f)\n"},
    ),
    "grad from jax": (
        foreign_derivatives,
        {"engine/xla.py": "def f():\n    from jax import value_and_grad\n"},
    ),
}


def plant(folder: Path, files: dict[str, str]) -> Path:
    """Writes a small package and returns the folder that holds it."""
    for name, text in files.items():
        path = folder / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_tidy_tree_passes_every_check(tmp_path):
    source = plant(tmp_path, GOOD)
    assert [finding for check in CHECKS for finding in check(source)] == []


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_violation_is_found(tmp_path, kind):
    check, files = PLANTED[kind]
    source = plant(tmp_path, GOOD | files)
    found = check(source)
    assert found, f"{kind} was not found"
    names = [name.removesuffix(".py").replace("/", ".").split(".")[0] for name in files]
    assert any(name in finding for name in names for finding in found)
