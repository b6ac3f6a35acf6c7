"""An option is declared once, and all that users meet of it is made from its field."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import pytest

import latentune
from latentune.storage.runs_folder import Runs
from latentune.studies.cli.app import app
from latentune.studies.study.argument_checks import union_members
from latentune.studies.study.build import build_spec
from latentune.studies.study.option_fields import OptionField, options_of
from latentune.studies.study.recipe import Recipe
from latentune.studies.study.search_options import ClusterOptions, Place, SearchOptions
from latentune.studies.study.study_error import StudyError
from latentune.studies.study.study_options import StudyOptions
from latentune.studies.study.training_options import TrainingOptions

from ...conftest import Cli

OF_STUDY = options_of(StudyOptions)
FUNCTIONS = [
    ("search", (StudyOptions, SearchOptions, ClusterOptions, Place)),
    ("train", (TrainingOptions, ClusterOptions)),
    ("compare", (ClusterOptions,)),
    ("confirm", (ClusterOptions,)),
]
EXAMPLES = {int: 3, bool: True, str: "x"}


def declared(records: Sequence[type]) -> dict[str, OptionField]:
    return {name: one for record in records for name, one in options_of(record).items()}


def kinds(annotation: Any) -> set[Any]:
    """The members of a type; a list of any kind is a sequence, and a path may be a text."""
    aliases = {tuple: Sequence, Path: str}
    plain = (get_origin(member) or member for member in union_members(annotation))
    return {aliases.get(member, member) for member in plain}


def another_value(one: OptionField) -> Any:
    """A value that an option can have, and that is not its default."""
    if one.option.choices:
        return next(choice for choice in one.option.choices if choice != one.default)
    if one.name == "encoder":
        return "resnet18"
    if one.name == "limits":
        return {"params": "100k"}
    known = kinds(one.type)
    if Mapping in known:
        return {"lr": "0.1"}
    if Sequence in known:
        return ("a",)
    return next(value for kind, value in EXAMPLES.items() if kind in known)


@pytest.mark.parametrize(("name", "records"), FUNCTIONS)
def test_functions_spell_out_the_fields(name: str, records: Sequence[type]) -> None:
    function = getattr(latentune, name)
    hints, parameters = get_type_hints(function), inspect.signature(function).parameters
    for field, one in declared(records).items():
        default = str(one.default) if isinstance(one.default, Path) else one.default
        assert parameters[field].default == default, field
        assert kinds(hints[field]) == kinds(one.type), field
        assert f"    {field}: " in (function.__doc__ or "")


@pytest.mark.parametrize(("name", "records"), FUNCTIONS)
def test_verbs_offer_the_fields(name: str, records: Sequence[type]) -> None:
    options = {param.name: param for param in app.commands[name].params}
    for field, one in declared(records).items():
        if "/" not in one.flags[0]:
            assert options[field].opts == list(one.flags)
        assert tuple(getattr(options[field].type, "choices", ())) == tuple(one.option.choices)


@pytest.mark.parametrize("name", OF_STUDY)
def test_a_file_holds_each_option(name: str) -> None:
    recipe = replace(Recipe("conv-ae", "digits"), **{name: another_value(OF_STUDY[name])})
    table = recipe.to_table(Runs())
    assert table.keys() == {"model", "data", "space", "seed", name}
    assert Recipe.from_table(table, Runs()).to_table(Runs()) == table
    with pytest.raises(StudyError, match=f"{name} = .* in a recipe has the wrong type"):
        Recipe.from_table(table | {name: [1.5]}, Runs())


@pytest.mark.parametrize("name", OF_STUDY)
def test_a_custom_study_refuses_what_it_sets_itself(name: str) -> None:
    Path("own.py").write_text(
        "from functools import partial\n"
        "from latentune import Objective, StudySpec, TensorData\n"
        "from latentune.search_spaces.autoencoder_spaces import conv_ae\n"
        "SPEC = StudySpec('own', Objective(conv_ae, partial(TensorData, 'digits')))\n"
    )
    recipe = replace(Recipe("own:SPEC"), **{name: another_value(OF_STUDY[name])})
    if OF_STUDY[name].option.fits_custom_study:
        assert build_spec(recipe, Runs()).name == "own"
    else:
        with pytest.raises(StudyError, match=f"own:SPEC .* leave out `{name}=`"):
            build_spec(recipe, Runs())


def test_the_command_line_refuses_them_too(cli: Cli) -> None:
    answer = cli("search", "own:SPEC", "--augment", "crop")
    assert answer.code == 2
    assert "leave out --augment" in answer.err


def test_a_typed_value_that_is_not_a_choice_gets_the_closest_one(cli: Cli) -> None:
    for words, hint in {
        ("--augment", "crp"): "did you mean 'crop'?",
        ("--header", "frist"): "did you mean 'first'?",
        ("--sampler", "tpee"): "did you mean 'tpe'?",
    }.items():
        answer = cli("search", "conv-ae", "digits", *words)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert hint in answer.err
    with pytest.raises(StudyError, match="there is no augment 'crp'; did you mean 'crop'"):
        latentune.search("conv-ae", "digits", augment="crp")


def test_options_are_typed_again_as_they_were() -> None:
    assert OF_STUDY["drop"].words(["a", "b"]) == ["--drop", "a", "--drop", "b"]
    assert OF_STUDY["objectives"].words(["mse", "kl"]) == ["--objectives", "mse,kl"]
    assert OF_STUDY["ranges"].words({"lr": "0.1"}) == ["--range", "lr=0.1"]
    assert OF_STUDY["normalize"].words(False) == ["--no-normalize"]
    assert OF_STUDY["balanced"].words(True) == ["--balanced"]
