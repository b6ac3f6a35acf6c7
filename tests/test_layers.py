"""The architecture: which folder may import which, and what the package holds."""

import ast
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "models": {"models"},
    "search_spaces": {"search_spaces", "models"},
    "objectives": {"objectives", "models", "storage"},
    "storage": {"storage", "models"},
    "studies": {"studies", "models", "search_spaces", "objectives", "storage"},
}
ROOMS = ("display", "study", "cluster", "transfer", "training", "search", "use", "check", "cli")
"""The rooms of `studies/`, from the ground floor up: a room imports those before it."""
CODE_FILES = (".py", ".pyc")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
FILES = [path.relative_to(ROOT) for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py")]


def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_those_below_it(folder: str) -> None:
    for path in (path for path in FILES if path.parts[0] == folder):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.level == len(path.parts):
                assert (node.module or "").split(".")[0] in MAY_IMPORT[folder], path
            elif isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("latentune"), f"{path}: not relative"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_studies_imports_only_those_below_it(room: str) -> None:
    below = ROOMS[: ROOMS.index(room) + 1]
    for path in (path for path in FILES if path.parts[:2] == ("studies", room)):
        rooms = {other.parts[1] for other in imports(path) if other.parts[0] == "studies"}
        assert rooms <= set(below), path


def test_each_file_of_studies_lies_in_a_room() -> None:
    folders = {path.parts[1] for path in FILES if path.parts[0] == "studies"}
    assert folders == {"__init__.py", *ROOMS}


@cache
def imports(path: Path) -> set[Path]:
    """The files of ours that a file imports, at its head or later, but not for its types alone."""
    tree = parsed(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folder = path.parents[node.level - 1]
        module = folder.joinpath(*(node.module or "").split("."))
        names = [module / alias.name for alias in node.names]
        found |= {p.with_suffix(".py") for p in (module, *names)} & set(FILES)
    return found


def test_no_file_imports_itself_in_a_circle() -> None:
    order = TopologicalSorter({path: imports(path) for path in FILES})
    order.prepare()  # raises an error that names the circle


def lines(path: Path) -> list[str]:
    return (ROOT / path).read_text().splitlines()


def test_a_file_holds_one_idea() -> None:
    lengths = {path: len(lines(path)) for path in FILES}
    assert max(lengths.values()) <= 300, max(lengths, key=lambda path: lengths[path])
    assert median(lengths.values()) < 120


def test_no_model_repeats_another() -> None:
    seen: dict[tuple[str, ...], Path] = {}
    for path in FILES:
        if path.parts[0] != "models":
            continue
        tree = parsed(path)
        for node in ast.walk(tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        code = [line.strip() for line in ast.unparse(tree).splitlines() if len(line.strip()) > 1]
        for start in range(len(code) - 5):
            six = tuple(code[start : start + 6])
            assert seen.setdefault(six, path) == path, "\n".join(six)


def test_the_package_lists_every_folder_with_code() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {".".join(("latentune", *path.parts[:-1])) for path in FILES}
    assert set(setup["packages"]) == {"latentune", *setup["package-data"]} | folders


def test_the_package_holds_the_files_that_its_code_reads() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    listed = {
        path
        for package, patterns in setup["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")[1:]).glob(pattern)
    }
    folders = [ROOT / folder for folder in MAY_IMPORT]
    others = {p for folder in folders for p in folder.rglob("*.*") if p.suffix not in CODE_FILES}
    assert others <= listed


def test_nothing_else_lies_where_it_would_be_shipped() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert not (ROOT / "tests" / "__init__.py").exists()
