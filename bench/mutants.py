"""Which small mistakes in the rules the pure tests would notice: each mutant is run against them in a copy of the tree.

A command, not a part of CI. Mutants: comparisons swapped or moved over their border, conditions negated, `and` for
`or`, numbers and words changed, arithmetic turned round, returned values and statements left out.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from compileall import compile_dir
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 240.0
_WALKS = "rules/test_case.py"  # takes longer than all the others together
# The tests that must notice, the quick and likely ones first.
TESTS = {
    "gridsvc/rules/case.py": ("rules/test_clock.py", "rules/test_lifecycle.py", "rules/test_case.py"),
    "gridsvc/rules/clock.py": ("rules/test_clock.py", "rules/test_lifecycle.py", "rules/test_case.py"),
    "gridsvc/rules/decisions.py": ("rules/test_lifecycle.py", "rules/test_clock.py", "rules/test_case.py"),
    "gridsvc/rules/effects.py": ("rules/test_lifecycle.py", "rules/test_clock.py", "rules/test_case.py"),
    "gridsvc/rules/lifecycle.py": ("rules/test_lifecycle.py", "rules/test_clock.py", "rules/test_case.py"),
    "gridsvc/rules/roles.py": ("rules/test_lifecycle.py",),
    "gridsvc/rules/deadlines.py": ("rules/test_deadlines.py", "rules/test_clock.py"),
    "gridsvc/rules/calendar.py": ("rules/test_calendar.py", "rules/test_deadlines.py"),
    "gridsvc/rules/limits.py": ("rules/test_vocabulary.py", "rules/test_limits.py"),
    "gridsvc/rules/rates.py": ("rules/test_vocabulary.py", "rules/test_rates.py"),
    "gridsvc/rules/ledger.py": ("rules/test_ledger.py",),
    "geodata/placement.py": ("geodata/test_placement.py",),
}
# What takes long to load is loaded once; every mutant is tried in a child that has it.
LIBRARIES = ("hypothesis", "numpy", "pandas", "shapely", "pyproj", "geopandas", "pydantic", "sqlalchemy", "psycopg")
_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_TURNED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """A changed source: where, what kind of change, the line as it reads now."""

    file: str
    line: int
    kind: str
    shown: str
    source: str


def variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The changed forms of one node."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            made = copy.deepcopy(node)
            made.ops[place] = _SWAPPED[type(op)]()
            yield "comparison", made
    elif isinstance(node, ast.BoolOp):
        made_bool = copy.deepcopy(node)
        made_bool.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", made_bool
    elif isinstance(node, (ast.If, ast.IfExp)):
        made_if = copy.deepcopy(node)
        made_if.test = ast.UnaryOp(ast.Not(), made_if.test)
        yield "negated", made_if
    elif isinstance(node, ast.Constant) and node.value != "":
        value = node.value
        if isinstance(value, bool):
            yield "constant", ast.Constant(not value)
        elif isinstance(value, (int, float)):
            yield "constant", ast.Constant(value + 1)
        elif isinstance(value, str):
            yield "constant", ast.Constant(value + "x")
    elif isinstance(node, ast.BinOp) and type(node.op) in _TURNED:
        made_bin = copy.deepcopy(node)
        made_bin.op = _TURNED[type(node.op)]()
        yield "arithmetic", made_bin
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "returns nothing", ast.Return(ast.Constant(None))
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Raise)):
        yield "left out", ast.Pass()


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def mutants(file: str) -> Iterator[Mutant]:
    """Every mutant of a file: one change each; docstrings, annotations, imports and doors into the module stay."""
    text = (ROOT / file).read_text(encoding="utf-8")
    tree = ast.parse(text)
    seen = {ast.unparse(tree)}
    for parent, name, place, node in list(_places(tree)):
        for kind, made in variants(node):
            _put(parent, name, place, ast.copy_location(made, node))
            source = ast.unparse(ast.fix_missing_locations(tree))
            _put(parent, name, place, node)
            if source not in seen:
                seen.add(source)
                line = node.lineno  # type: ignore[attr-defined]  # variants come of expressions and statements alone
                yield Mutant(file, line, kind, text.splitlines()[line - 1].strip(), source)


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        for place, one in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(one, ast.AST) or _is_words(node, name, one) or isinstance(one, ast.JoinedStr):
                continue
            if isinstance(one, ast.Subscript) and isinstance(one.value, ast.Name) and one.value.id == "Literal":
                # a type: what reads its words at run time is a line of its own
                continue
            yield node, name, place if isinstance(value, list) else None, one
            yield from _places(one)


def _is_words(node: ast.AST, name: str, one: ast.AST) -> bool:
    """A docstring or another bare constant."""
    return name == "body" and isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)


def _put(parent: ast.AST, name: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[place] = node


def killed(tree: Path, mutant: Mutant, tests: tuple[str, ...]) -> bool:
    """Whether a test fails, or no end comes, with the mutant in the copied tree."""
    target = tree / mutant.file
    original = target.read_bytes()
    target.write_text(mutant.source, encoding="utf-8")
    child = os.fork()
    if child == 0:
        _examine(tree, tests)
    end = time.monotonic() + LIMIT_S
    try:
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status != 0
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return True
            time.sleep(0.02)
    finally:
        target.write_bytes(original)


def _examine(tree: Path, tests: tuple[str, ...]) -> NoReturn:
    """Runs the tests in this child, which has the libraries already, but nothing of ours; its exit status tells."""
    status = 1
    try:
        os.setsid()
        os.chdir(tree)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.path[:] = [str(tree), *(one for one in sys.path if one and Path(one).resolve() != ROOT)]
        sys.dont_write_bytecode = True
        options = [
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
        ]
        status = int(pytest.main([*options, *(f"tests/{test}" for test in tests)]))
    finally:
        os._exit(status)


def copied(into: Path) -> Path:
    """A copy of the packages and the tests; without what only those need that ask a database."""
    for folder in ("gridsvc", "geodata", "maps", "tests"):
        shutil.copytree(ROOT / folder, into / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (into / "tests/conftest.py").unlink()
    shutil.copy(ROOT / "pyproject.toml", into)
    for folder in ("gridsvc", "geodata"):
        compile_dir(into / folder, quiet=2)
    for file in TESTS:  # what changes is compiled each time: two versions of one second could be taken for each other
        for made in (into / file).parent.glob(f"__pycache__/{Path(file).stem}.*"):
            made.unlink()
    return into


def main() -> None:
    """Prints how many mutants of each file the tests kill, and every one that survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=[file for file in TESTS if (ROOT / file).exists()])
    parser.add_argument("--quick", action="store_true", help="without the random walks: more survive than need to")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random, instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path, help="writes the survivors here")
    args = parser.parse_args()
    made = [mutant for file in args.files for mutant in mutants(file)]
    random.Random(args.seed).shuffle(made)  # noqa: S311 - a draw that can be drawn again
    chosen = made[: args.sample] if args.sample else made
    print(f"{len(made)} mutants, {len(chosen)} tried", flush=True)
    for name in LIBRARIES:
        import_module(name)
    n_killed: Counter[str] = Counter()
    n_tried: Counter[str] = Counter()
    survivors: list[Mutant] = []
    end = time.monotonic() + args.minutes * 60
    tests = {file: tuple(t for t in TESTS[file] if t != _WALKS or not args.quick) for file in args.files}
    with tempfile.TemporaryDirectory(prefix="gridsvc-mutants-") as folder:
        tree = copied(Path(folder))
        for file in dict.fromkeys(mutant.file for mutant in chosen):
            sound = (tree / file).read_text(encoding="utf-8")
            if killed(tree, Mutant(file, 0, "none", "", sound), tests[file]):
                sys.exit(f"the tests of {file} fail without any mutant")
        for mutant in chosen:
            if time.monotonic() > end:
                print("time is over", flush=True)
                break
            n_tried[mutant.file] += 1
            if killed(tree, mutant, tests[mutant.file]):
                n_killed[mutant.file] += 1
            else:
                survivors.append(mutant)
                print(f"survives: {mutant.file}:{mutant.line} {mutant.kind}: {mutant.shown}", flush=True)
    for file, n in sorted(n_tried.items()):
        print(f"{file}: {n_killed[file]} of {n} = {n_killed[file] / n:.1%}")
    total, n_all = sum(n_killed.values()), sum(n_tried.values())
    print(f"all: {total} of {n_all} killed = {total / max(n_all, 1):.1%}, goal 85 %")
    if args.json:
        kept = [{"file": m.file, "line": m.line, "kind": m.kind, "shown": m.shown} for m in survivors]
        args.json.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
