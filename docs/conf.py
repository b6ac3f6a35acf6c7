"""How Sphinx builds the documentation: `make docs`."""

import inspect
import re
from dataclasses import is_dataclass
from importlib.metadata import version as version_of
from typing import Any

import click
from click.testing import CliRunner
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import latentune
from latentune.studies.cli.app import app as command_line

project = "Latentune"
author = "The Latentune authors"
copyright = "2026, The Latentune authors"
version = release = version_of("latentune")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "Latentune"
html_theme_options = {"navigation_with_keys": True}
html_show_sphinx = False

for command in command_line.commands.values():  # sphinx-click does not read context_settings
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.is_flag and parameter.default:
            parameter.show_default = True

default_role = "code"  # docstrings write `name` for code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False  # those of Lightning's hooks stand in its own reference
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


HIDDEN = ("   :exclude-members: lines",)  # how a result prints itself


class CommandOutput(SphinxDirective):
    """Shows what `latentune` prints, with the words that follow."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return show_output(self.arguments[0])


class ModelListings(SphinxDirective):
    """Shows what `latentune list MODEL` prints, for every model."""

    def run(self) -> list[nodes.Node]:
        models = command_line.commands["list"].params[0].type.choices
        return [node for model in models for node in show_output(f"list {model}")]


def show_output(words: str) -> list[nodes.Node]:
    """Returns a block with a command and its output."""
    result = CliRunner().invoke(command_line, words.split(), catch_exceptions=False)
    if result.exit_code:
        raise RuntimeError(f"latentune {words} ended with exit code {result.exit_code}")
    text = f"$ latentune {words}\n{result.output}"
    return [nodes.literal_block(text, text, language="console")]


class ResultClasses(SphinxDirective):
    """Documents the classes that public functions return and that `latentune` does not export."""

    def run(self) -> list[nodes.Node]:
        functions = [getattr(latentune, name) for name in latentune.__all__]
        returned = [
            inspect.signature(function).return_annotation
            for function in functions
            if inspect.isfunction(function)
        ]
        lines = StringList()
        for cls in dict.fromkeys(returned):
            module = str(getattr(cls, "__module__", ""))
            if module.startswith("latentune.") and cls.__name__ not in latentune.__all__:
                for line in (
                    f".. autoclass:: {module}.{cls.__name__}",
                    "   :members:",
                    *HIDDEN,
                    "",
                ):
                    lines.append(line, "conf.py")
        node = nodes.section()
        self.state.nested_parse(lines, 0, node)
        return node.children


def escape_shapes(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Escapes the star of shapes such as (N, *), which would begin an emphasis."""
    for number, line in enumerate(lines):
        lines[number] = re.sub(r"\([^()`]*\)", lambda match: match[0].replace("*", r"\*"), line)


def describe_options(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Adds a row for each field of a class that declares an option."""
    if what == "class" and is_dataclass(obj):
        for field, annotation in vars(obj).get("__annotations__", {}).items():
            for option in getattr(annotation, "__metadata__", ()):
                lines.append(f":param {field}: {option.help}")


def shorten_signature(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: Any
) -> tuple[str | None, Any]:
    """Writes the type of an annotated option alone, and ... for a default that is a function."""
    if signature:
        annotated = r"~?typ(?:es|ing)\.Annotated\[(.+?), ~?latentune\.[\w.]+\.Option\(.*?\)\]"
        signature = re.sub(annotated, r"\1", signature)
        signature = re.sub(r"<(?:factory|function [\w.<>]+)>", "...", signature)
    return signature, returns


def setup(app: Any) -> None:
    """Connects what is defined above."""
    app.add_directive("command-output", CommandOutput)
    app.add_directive("model-listings", ModelListings)
    app.add_directive("result-classes", ResultClasses)
    app.connect("autodoc-process-docstring", escape_shapes)
    app.connect("autodoc-process-docstring", describe_options)
    app.connect("autodoc-process-signature", shorten_signature)
