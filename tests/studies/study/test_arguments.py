"""What people pass from Python: an object that is no name or path gets a line with what to do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

import latentune
from latentune.objectives.data.data_error import DataError
from latentune.studies.study.argument_checks import convert_argument
from latentune.studies.study.public_api import public_api
from latentune.studies.study.study_error import StudyError
from latentune.studies.use.inference import Inputs


class Mine(pl.LightningModule):
    pass


class MyData(pl.LightningDataModule):
    pass


ARRAY = np.zeros((40, 8, 8))
OBJECTS = [
    (ARRAY, "an array of shape (40, 8, 8)", "np.savez"),
    (np.zeros(3), "", "np.savez"),
    (torch.zeros(40, 3), "a Tensor of shape (40, 3)", "np.savez"),
    (pd.DataFrame({"a": [1, 2]}), "a DataFrame of shape (2, 1)", "to_csv"),
    (pd.Series([1.5]), "", "to_csv"),
    (TensorDataset(torch.zeros(4, 2)), "a TensorDataset", "StudySpec"),
    (DataLoader(TensorDataset(torch.zeros(4, 2))), "a DataLoader", "StudySpec"),
    (MyData(), "a MyData", "StudySpec"),
    (Mine, "the class Mine", "StudySpec"),
    (Mine(), "a Mine", "StudySpec"),
    (torch.nn.Linear(1, 1), "a Linear", "StudySpec"),
    (optuna.create_study(), "a Study", "study_name"),
    (5, "5", ""),
    (b"digits", "b'digits'", ""),
    ({"a": 1}, "a dict of 1", ""),
]
NAMED: list[tuple[Callable[..., Any], str]] = [
    (latentune.train, "source"),
    (latentune.sample, "source"),
    (latentune.map, "source"),
    (latentune.interpolate, "source"),
    (latentune.probe, "source"),
    (latentune.compress, "source"),
    (latentune.load_model, "source"),
    (latentune.load_best, "source"),
    (latentune.verify, "source"),
    (latentune.confirm, "study"),
    (latentune.doctor, "study"),
    (latentune.import_, "path"),
]
MORE: list[Callable[[Any], object]] = [
    lambda value: latentune.search("conv-ae", "digits", encoder=value),
    lambda value: latentune.search("conv-ae", "digits", name=value),
    lambda value: latentune.search("conv-ae", "digits", runs=value),
    lambda value: latentune.compare("digits", value),
    lambda value: latentune.export("conv-ae-digits", value),
    lambda value: latentune.TensorData(value),
]
MORE += [lambda value, f=f, name=name: f(**{name: value}) for f, name in NAMED]  # type: ignore[misc]


TAKE_DATA: list[Callable[[Any], object]] = [
    latentune.search,
    latentune.show,
    lambda value: latentune.search("conv-ae", value),
    lambda value: latentune.compare(value, ["conv-ae-digits"]),
]


@pytest.mark.parametrize("take", TAKE_DATA)
@pytest.mark.parametrize("value", [one for one, *_ in OBJECTS[6:] if not isinstance(one, MyData)])
def test_what_holds_no_items_is_no_data(take: Callable[[Any], object], value: Any) -> None:
    with pytest.raises(DataError, match="data is ") as error:
        take(value)
    assert "\n" not in str(error.value)
    assert not Path("runs").exists()


@pytest.mark.parametrize("call", MORE)
def test_no_object_is_taken_for_a_name(call: Callable[[Any], object]) -> None:
    for value, said, way in OBJECTS:
        with pytest.raises((StudyError, DataError)) as error:
            call(value)
        line = str(error.value)
        assert said in line
        assert way in line
        assert "\n" not in line
        assert len(line) < 300
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("annotation", "value", "right"),
    [
        (str, Path("a/b"), "a/b"),
        (str, np.str_("word"), "word"),
        (str | Path | None, None, None),
        (int, np.int64(3), 3),
        (int | None, torch.tensor(3), 3),
        (float, 1, 1),
        (float, np.float32(0.5), 0.5),
        (bool, np.bool_(True), True),
        (Sequence[str], "mse", ("mse",)),
        (Sequence[str], Path("far.toml"), ("far.toml",)),
        (Sequence[str | Path], (str(i) for i in range(2)), ("0", "1")),
        (Sequence[str], np.array(["a", "b"]), ("a", "b")),
        (Sequence[str], {"a": 1}.keys(), ("a",)),
        (Sequence[str], pd.Series(["a"]), ("a",)),
        (Sequence[int | None], 50, (50,)),
        (Sequence[int | None], None, (None,)),
        (Sequence[float] | None, [0.8, 0.1, 0.1], (0.8, 0.1, 0.1)),
        (tuple[int, int] | None, [3, 14], (3, 14)),
        (Mapping[str, str] | None, "lr=1e-4:1e-2", {"lr": "1e-4:1e-2"}),
        (Mapping[str, str] | None, ["lr=1", "x=a=b"], {"lr": "1", "x": "a=b"}),
        (
            Mapping[str, str] | None,
            {"lr": 0.1, "x": None, "y": "2:4"},
            {"lr": "0.1", "x": "None", "y": "2:4"},
        ),
        (Inputs, "a.png", "a.png"),
        (Inputs, Path("a.png"), "a.png"),
        (Sequence[Callable[..., Any]], print, (print,)),
    ],
)
def test_what_is_meant_is_taken(annotation: Any, value: Any, right: Any) -> None:
    found = convert_argument("x", value, annotation)
    assert found == right
    assert type(found) is type(right)


@pytest.mark.parametrize(
    ("annotation", "value", "line"),
    [
        (int, "3", "`x=` must be a whole number, not '3'"),
        (int, 3.5, "`x=` must be a whole number, not 3.5"),
        (int, True, "`x=` must be a whole number, not True"),
        (int | None, [1, 2], "`x=` must be a whole number or None, not a list of 2"),
        (float, "0.5", "`x=` must be a number, not '0.5'"),
        (bool, "yes", "`x=` must be True or False, not 'yes'"),
        (bool, 1, "`x=` must be True or False, not 1"),
        (str, ["a"], "`x=` must be text, not a list of 1"),
        (str | Path, None, "`x=` must be text or a path, not None"),
        (Sequence[str], 5, "`x=` must be a list in which each item is text, not 5"),
        (
            Sequence[str],
            ["a", 5],
            "must be a list in which each item is text, not 5, in a list of 2",
        ),
        (
            Sequence[str],
            {"a": 1},
            "`x=` must be a list in which each item is text, not a dict of 1",
        ),
        (tuple[int, int] | None, "3,14", "`x=` must be 2 of a whole number or None, not '3,14'"),
        (Mapping[str, str], "lr", 'must be a mapping such as {"NAME": "VALUE"}, not \'lr\''),
        (Mapping[str, str], {"lr": [1, 2]}, "not a list of 2, in a dict of 1"),
        (
            Sequence[Callable[..., Any]],
            5,
            "must be a list in which each item is a function, not 5",
        ),
    ],
)
def test_what_is_not_meant_is_named(annotation: Any, value: Any, line: str) -> None:
    with pytest.raises(StudyError) as error:
        convert_argument("x", value, annotation)
    assert line in str(error.value)


def test_a_word_of_the_command_line_names_its_argument() -> None:
    for word, meant in (("time", "seconds"), ("fix", "ranges"), ("epoch", "epochs")):
        with pytest.raises(TypeError, match=f"no argument '{word}'; did you mean '{meant}'"):
            latentune.search("conv-ae", "digits", **{word: 1})  # type: ignore[arg-type]


def test_a_single_word_is_a_list_of_one() -> None:
    for options, said in (
        ({"objectives": "mses"}, "no objective 'mses'"),
        ({"enqueue": "far.toml"}, "far.toml does not exist"),
        ({"ranges": "widht=1:2"}, "no parameter 'widht'"),
    ):
        with pytest.raises(ValueError, match=said):
            latentune.search("dense-ae", "digits", epochs=1, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no database"):
        latentune.compare("digits", "nothing", labels=50)  # type: ignore[arg-type]


def test_a_study_of_ones_own_says_what_it_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from latentune.search_spaces.autoencoder_spaces import conv_ae

    monkeypatch.syspath_prepend(".")
    Path("mine.py").write_text(
        "from latentune import Objective, StudySpec, TensorData\n"
        "from latentune.search_spaces.autoencoder_spaces import conv_ae\n"
        "SPEC = StudySpec('x', Objective(conv_ae, TensorData, 'val_mse'))\n"
    )
    with pytest.raises(ValueError, match=r"metrics are named as .*, not as 'val_mse'"):
        latentune.search("mine:SPEC")
    with pytest.raises(
        DataError, match=r"a MyData, not a function that makes a data module: .*partial"
    ):
        latentune.Objective(conv_ae, MyData())

    class Whole(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()

    for model, said in ((Mine(), "a Mine"), (Whole, "the class Whole")):
        with pytest.raises(DataError, match=f"the space is {said}, not a function"):
            latentune.Objective(model, MyData)
    assert latentune.Objective(conv_ae, MyData, metric_callbacks=pl.Callback).metric_callbacks == (
        pl.Callback,
    )
    with pytest.raises(StudyError, match="a StudySpec needs an Objective, not a function"):
        latentune.StudySpec("x", conv_ae)  # type: ignore[arg-type]


def test_every_public_function_is_checked() -> None:
    names = [n for n in latentune.__all__ if n[0].islower() and n != "allow"]
    assert all(hasattr(getattr(latentune, name), "__wrapped__") for name in names)
    assert public_api.__doc__
