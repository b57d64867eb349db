"""Reads which module imports which, and says where that breaks the order of the rooms.

The order is the table of rooms in docs/architecture.md. The source is read with `ast`; nothing of
it is imported or run.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "chainrule"

# From the top of the house to the bottom. Rooms on one line never import each other.
LINES: list[set[str]] = [
    {"errors"},
    {"engine"},
    {"autodiff"},
    {"ops"},
    {"nn", "losses", "optim", "metrics", "data"},
    {"model"},
    {"training"},
    {"clustering"},
    {"judgement"},
    {"explanation"},
    {"diagnosis"},
    {"plotting", "reporting", "lab"},
    {"recipes"},
    {"workflow"},
    {"estimators"},
    {"cli", "serve", "studio"},
]
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}

# The only imports that may stand inside a function: what is imported, and the one place for it.
LAZY = {
    "jax": "chainrule.engine",
    "jaxlib": "chainrule.engine",
    "chainrule.engine": "chainrule.engine",  # its modules that need jax
    "chainrule.cli": "chainrule.cli",  # the subcommands
    "chainrule.clustering": "chainrule.clustering",  # its modules that need Numba or SciPy
    "polars": "chainrule.data",
    "pandas": "chainrule.data",
    "python_calamine": "chainrule.data",
    "rich": "chainrule.cli",
    "matplotlib": "chainrule.plotting",
    "sklearn": "chainrule.judgement",
    "threadpoolctl": "chainrule.engine",
    "scipy": "chainrule.engine",  # the error function
}
HEAVY = {
    *("jax", "jaxlib", "matplotlib", "numba", "pandas", "polars", "python_calamine", "rich"),
    *("scipy", "sklearn", "torch"),
}
NEVER = {"torch", "tensorflow", "autograd"}
OTHER_PEOPLES_DERIVATIVES = {
    *("grad", "value_and_grad", "vjp", "jvp", "jacfwd", "jacrev", "jacobian", "hessian"),
    *("linearize", "custom_vjp", "custom_jvp"),
}


@dataclass(frozen=True)
class Import:
    """One module imported by another; `hidden` where the import stands inside a function."""

    importer: str
    imported: str
    line: int
    hidden: bool

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.imported}"


def modules_in(source: Path) -> dict[str, Path]:
    """Every module below the folder by its dotted name; a package goes by its folder's name."""
    names = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def is_within(module: str, place: str) -> bool:
    """Whether a dotted name is the place itself or lies inside it."""
    return module == place or module.startswith(place + ".")


def room_of(module: str) -> str:
    """The room of a module of the package; the package itself and `__main__` have none."""
    room = module.split(".")[1] if "." in module else ""
    return "" if room == "__main__" else room


def with_hidden(node: ast.AST, hidden: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node of the tree, and whether it stands inside a function."""
    yield node, hidden
    inside = hidden or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from with_hidden(child, inside)


def base_of(node: ast.ImportFrom, importer: str, is_package: bool) -> str:
    """The dotted name after `from`, relative dots resolved."""
    if not node.level:
        return node.module or ""
    parts = importer.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def names_imported(node: ast.AST, importer: str, path: Path, known: set[str]) -> list[str]:
    """The modules that one node imports; `from package import module` imports the module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = base_of(node, importer, path.name == "__init__.py")
        full = [f"{base}.{alias.name}" for alias in node.names]
        return [name if name in known else base for name in full]
    return []


def imports_in(source: Path) -> list[Import]:
    """Every import of every module, in the order of the files."""
    modules = modules_in(source)
    return [
        Import(importer, name, node.lineno, hidden)
        for importer, path in modules.items()
        for node, hidden in with_hidden(ast.parse(path.read_text(encoding="utf-8")))
        for name in dict.fromkeys(names_imported(node, importer, path, set(modules)))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def unknown_rooms(source: Path) -> list[str]:
    """Modules that lie in no room of the table."""
    rooms = {module: room_of(module) for module in modules_in(source)}
    return [
        f"{m}: {room} is no room of the house"
        for m, room in rooms.items()
        if room and room not in LEVEL
    ]


def wrong_way(source: Path) -> list[str]:
    """Imports from a room below, beside, or from the package as a whole."""
    found = []
    for item in imports_in(source):
        importer, imported = room_of(item.importer), room_of(item.imported)
        if not is_within(item.imported, PACKAGE) or importer == imported or not importer:
            continue
        if not imported:
            found.append(f"{item}, which stands below every room")
        elif LEVEL.get(imported, len(LINES)) >= LEVEL.get(importer, -1):
            found.append(f"{item}, and {imported} is not above {importer}")
    return found


def cycles(source: Path) -> list[str]:
    """Modules that import themselves in the end, in functions and for types alone included."""
    graph: dict[str, set[str]] = {module: set() for module in modules_in(source)}
    for item in imports_in(source):
        if item.imported in graph:
            graph[item.importer].add(item.imported)
    found = []
    while graph:
        leaves = {module for module, needs in graph.items() if not needs & graph.keys()}
        if not leaves:
            found.append("among " + ", ".join(sorted(on_a_cycle(graph))))
            break
        graph = {module: needs - leaves for module, needs in graph.items() if module not in leaves}
    return found


def on_a_cycle(graph: dict[str, set[str]]) -> set[str]:
    """The modules left when those that nobody left imports are taken away too."""
    while needless := graph.keys() - set().union(*graph.values()):
        graph = {module: needs for module, needs in graph.items() if module not in needless}
    return set(graph)


def lazily_allowed(item: Import) -> bool:
    """Whether an import inside a function is on the list."""
    return item.hidden and any(
        is_within(item.imported, library) and is_within(item.importer, place)
        for library, place in LAZY.items()
    )


def hidden_imports(source: Path) -> list[str]:
    """Imports inside functions that the list does not allow, and imports by a computed name."""
    found = [
        f"{item} inside a function"
        for item in imports_in(source)
        if item.hidden and not lazily_allowed(item)
    ]
    for module, path in modules_in(source).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called_name(node) in {"import_module", "__import__"}:
                found.append(f"{module}, line {node.lineno}: imports by a computed name")
    return found


def called_name(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def two_places(source: Path) -> list[str]:
    """Heavy libraries that more than one module loads inside a function, jax excepted."""
    places: dict[str, set[str]] = {}
    for item in imports_in(source):
        library = item.imported.split(".")[0]
        if item.hidden and library in HEAVY - {"jax", "jaxlib"}:
            places.setdefault(library, set()).add(item.importer)
    return [
        f"{library} is loaded in {', '.join(sorted(modules))}: choose one"
        for library, modules in places.items()
        if len(modules) > 1
    ]


def foreign_derivatives(source: Path) -> list[str]:
    """Imports of jax outside the engine, of other frameworks, and uses of jax's own derivatives."""
    found = []
    for item in imports_in(source):
        library = item.imported.split(".")[0]
        if library in NEVER or (
            library in {"jax", "jaxlib"} and room_of(item.importer) != "engine"
        ):
            found.append(str(item))
    for module, path in modules_in(source).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if uses_derivative(node):
                found.append(f"{module}: back-propagation is chainrule's own, not jax's")
    return found


def uses_derivative(node: ast.AST) -> bool:
    """Whether a node is `jax.grad` or a relative of it, or imports one."""
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return (node.module or "").split(".")[0] == "jax" and bool(
            names & OTHER_PEOPLES_DERIVATIVES
        )
    return (
        isinstance(node, ast.Attribute)
        and node.attr in OTHER_PEOPLES_DERIVATIVES
        and isinstance(node.value, ast.Name)
        and node.value.id in {"jax", "_jax"}
    )


CHECKS = [unknown_rooms, wrong_way, cycles, hidden_imports, two_places, foreign_derivatives]
