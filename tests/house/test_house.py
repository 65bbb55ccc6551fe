"""The house keeps its rules: floors, cycles, hidden imports, sizes, SQL headers, no foreign hosts. No exceptions."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
PACKAGES = ("geodata", "maps", "gridsvc")
LONGEST_MODULE = 500
LONGEST_FUNCTION = 60

SCIENCE = {
    "numpy",
    "scipy",
    "pandas",
    "geopandas",
    "shapely",
    "pyproj",
    "pyogrio",
    "PIL",
    "pillow_heif",
    "openpyxl",
    "osmium",
} | {
    "python_calamine",
    "pillow_heif",
    "pyarrow",
}
DATABASE = {"sqlalchemy", "geoalchemy2", "psycopg", "alembic"}
LOWEST = {"gridsvc.rules", "gridsvc.errors", "gridsvc.settings", "gridsvc.i18n"}
# What a floor may import beside the standard library and itself; None: anything.
FLOORS: dict[str, set[str] | None] = {
    "geodata": SCIENCE,
    "lowest": {"pydantic", "pydantic_core", "pydantic_settings"} | LOWEST,
    "maps": {"geodata", "folium", "branca", "jinja2", "markupsafe", "numpy", "shapely", "reportlab", "pypdfium2"},
    "db": {"gridsvc.rules", "gridsvc.errors", "gridsvc.settings", "gridsvc.db"} | DATABASE,
    "verbs": None,
    "web": None,
    "cli": None,
}
# What a floor may not import, where the floor above allows the rest.
FORBIDDEN: dict[str, set[str]] = {
    "verbs": {"maps", "gridsvc.i18n", "gridsvc.settings", "gridsvc.web", "gridsvc.cli", "fastapi", "starlette", "rich"},
    "web": {"gridsvc.cli"},
    "cli": {"gridsvc.web"},
}


@cache
def modules() -> dict[str, Path]:
    """Every module of the three packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((HERE / package).rglob("*.py")):
            parts = list(path.relative_to(HERE).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@dataclass(frozen=True)
class Facts:
    """What the rules ask of a file: its lines, the names it imports from each source and level, its functions."""

    n_lines: int
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]
    functions: tuple[tuple[str, int, int], ...]  # name, first line, lines after it
    hidden: tuple[int, ...]  # lines of imports inside functions


@cache
def facts(path: Path) -> Facts:
    """Read once; the tree itself is let go of, for a million nodes kept would slow every test that comes after."""
    text = path.read_text(encoding="utf-8")
    imports: list[tuple[str, int, tuple[str, ...]]] = []
    functions: list[tuple[str, int, int]] = []
    hidden: set[int] = set()
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.Import):
            imports.extend((alias.name, 0, ()) for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "later":
            imports.extend((name.value, 0, ()) for name in node.args if isinstance(name, ast.Constant))
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.module or "", node.level, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append((node.name, node.lineno, (node.end_lineno or 0) - node.lineno))
            hidden.update(one.lineno for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom))
    return Facts(len(text.splitlines()), tuple(imports), tuple(functions), tuple(sorted(hidden)))


def floor(name: str) -> str:
    """The floor a module stands on."""
    parts = name.split(".")
    if parts[0] != "gridsvc":
        return parts[0]
    second = parts[1] if len(parts) > 1 else "errors"  # the package itself stands as low as anything
    if ".".join(parts[:2]) in LOWEST or len(parts) == 1:
        return "lowest"
    if second in ("__main__", "cli"):
        return "cli"
    return second if second in ("db", "web") else "verbs"


def imports(name: str) -> Iterator[str]:
    """The dotted names a module imports: our own as modules, others by what stands first."""
    path = modules()[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for source, level, names in facts(path).imports:
        if level:
            base = package.split(".")[: len(package.split(".")) - level + 1]
            source = ".".join([*base, *([source] if source else [])])
        if not names:
            yield source
        for one in names:
            inner = f"{source}.{one}"
            yield inner if inner in modules() else source


def within(name: str, group: set[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in group)


def upward(name: str) -> Iterator[str]:
    """What a module may not import."""
    here = floor(name)
    allowed, forbidden = FLOORS[here], FORBIDDEN.get(here, set())
    own = {name.split(".")[0]} if here in ("geodata", "maps") else set()
    for imported in imports(name):
        if imported.split(".")[0] in sys.stdlib_module_names:
            continue
        if within(imported, forbidden) or not (allowed is None or within(imported, allowed | own)):
            yield f"{name} ({here}) imports {imported}"


def test_imports_go_down() -> None:
    assert [wrong for name in modules() for wrong in upward(name)] == []


def test_imports_have_no_cycle() -> None:
    graph = {name: {one for one in imports(name) if one in modules() and one != name} for name in modules()}
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def scripts(top: Path) -> dict[Path, set[Path]]:
    """By module of the browser: what it imports of our own, at once or when it is needed."""
    said = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")
    files = {path.resolve() for path in top.rglob("*.js")}
    named = {path: {(path.parent / name).resolve() for name in said.findall(path.read_text("utf-8"))} for path in files}
    return {path: (imported & files) - {path} for path, imported in named.items()}


def test_scripts_have_no_cycle(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.js").write_text(f'const m = await import("./{other}.js");\n')
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(scripts(tmp_path)).prepare()
    for top in ("gridsvc/web/static", "maps/static"):
        graph = scripts(HERE / top)
        assert len(graph) > 10
        graphlib.TopologicalSorter(graph).prepare()  # a CycleError names who is in it


def test_no_import_hides_in_a_function() -> None:
    assert [f"{name}:{line}" for name, path in modules().items() for line in facts(path).hidden] == []


def written() -> list[Path]:
    """Every Python file that somebody wrote: the packages, the tests, the benches."""
    return sorted(path for top in (*PACKAGES, "tests", "bench") for path in (HERE / top).rglob("*.py"))


def long(path: Path) -> Iterator[str]:
    """What of a file is too long."""
    n_lines = facts(path).n_lines
    if n_lines > LONGEST_MODULE:
        yield f"{path.relative_to(HERE)} has {n_lines} lines"
    if "migrations" in path.parts:
        return
    for name, line, n_after in facts(path).functions:
        if n_after >= LONGEST_FUNCTION:
            yield f"{path.relative_to(HERE)}:{line} {name}"


def test_modules_and_functions_are_short() -> None:
    assert [wrong for path in written() for wrong in long(path)] == []


@pytest.mark.parametrize("path", sorted((HERE / "gridsvc/db/sql").glob("*.sql")), ids=lambda path: path.stem)
def test_sql_says_what_it_asks(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = re.match(r"(?:--.*\n)+", text)
    assert head, "no header"
    parts = re.split(r"^-- (Question|Parameters|Columns|Index): ", head[0], flags=re.MULTILINE)
    assert parts[1::2] == ["Question", "Parameters", "Columns", "Index"]
    assert all(part.strip() for part in parts[2::2])
    body = re.sub(r"'(?:[^']|'')*'|--.*", "", text[head.end() :])
    bound = re.compile(r"(?<![:\w]):([a-z_]\w*)")
    assert set(bound.findall(parts[4])) == set(bound.findall(body)), "header and body differ in parameters"


@cache
def kept() -> tuple[Path, ...]:
    """The files of the repository: what git keeps or would keep; without git, everything but what is made."""
    command = ["git", "-C", str(HERE), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return tuple(HERE / name for name in done.stdout.split("\0") if name and (HERE / name).is_file())
    made = {".venv", "node_modules", ".vendor", ".gridsvc", ".git", "__pycache__"}
    return tuple(path for path in HERE.rglob("*") if path.is_file() and not made & set(path.relative_to(HERE).parts))


# Written in pieces, so that this file does not name what it looks for.
HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "npmjs" + ".org", "deb" + ".debian.org")
MACHINE = re.compile(r"(?<![\w.~])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "home/[a-z]+", "Us" + "ers")) + r")/")


def test_no_registry_and_no_machine_is_named() -> None:
    for path in kept():
        text = path.read_bytes().decode(errors="ignore")
        for host in HOSTS:
            assert host not in text, f"{path.relative_to(HERE)} names {host}"
        found = MACHINE.search(text)
        assert found is None, f"{path.relative_to(HERE)} names {found[0]}"


def test_made_things_are_not_kept() -> None:
    for path in kept():
        parts = set(path.relative_to(HERE).parts)
        assert not parts & {".venv", "node_modules", ".vendor", ".gridsvc", "__pycache__"}, path
