"""The architecture: which folder may import which, and what the package holds."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "models": {"models"},
    "search_spaces": {"search_spaces", "models"},
    "objectives": {"objectives"},
    "storage": {"storage"},
    "studies": {"studies", "models", "search_spaces", "objectives", "storage"},
}
FILES = [path.relative_to(ROOT) for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("path", sorted(FILES), ids=str)
def test_a_folder_imports_only_those_below_it(path: Path) -> None:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == len(path.parts):
            assert (node.module or "").split(".")[0] in MAY_IMPORT[path.parts[0]]
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("latentune"), "imports are relative"


def test_the_package_lists_every_folder_with_code() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {".".join(("latentune", *path.parts[:-1])) for path in FILES}
    assert set(setup["packages"]) == {"latentune"} | folders


def test_nothing_else_lies_where_it_would_be_shipped() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert not (ROOT / "tests" / "__init__.py").exists()
