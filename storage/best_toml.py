"""Reads and writes best.toml: the best configuration of a study. People may edit the file."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import create_model

from .atomic_write import write_text
from .record import Record, check_limits, validate
from .runs_folder import MAX_TOML_BYTES, check_regular_file, check_study_name
from .storage_error import StorageError

BEST_FORMAT = 1


@dataclass(frozen=True, repr=False)
class Best:
    """The entries of a best.toml; `latentune.Best` says what each of them is."""

    study: str
    trial: int | None
    monitor: str
    value: float
    best_epoch: int
    recipe: Mapping[str, Any]
    params: Mapping[str, Any]
    hparams: Mapping[str, Any]
    provenance: Mapping[str, Any]

    def __repr__(self) -> str:
        which = "a configuration" if self.trial is None else f"trial {self.trial}"
        head = (
            f"{which} of {self.study}: {self.monitor} {self.value:.4g} at epoch {self.best_epoch}"
        )
        return "\n".join([head, *(f"  {name} = {value}" for name, value in self.params.items())])


_BestRecord: Any = create_model(  # type: ignore[call-overload]
    "Best", __base__=Record, **{field.name: (field.type, ...) for field in fields(Best)}
)
NONE = "none"
TABLE_COMMENTS = {
    "recipe": "What was searched.",
    "params": "Edit these to train another configuration of the same space.",
    NONE: "TOML has no null: the value of each of these parameters is None.",
    "hparams": "The options of the model that these parameters gave, for people to read.",
    "provenance": "What must be equal for a training to give the same numbers again.",
}


def write_best_toml(best: Best, path: Path, home: Path | None = None) -> None:
    """Writes a configuration as TOML to the file `path`.

    Args:
        best: The configuration.
        path: The file to write.
        home: The final path, if the file is moved after this call. Comments name this path.

    Raises:
        StorageError: If the file cannot be written.
    """
    write_text(path, to_toml(best, home or path))


def to_toml(best: Best, path: Path) -> str:
    """Returns a configuration as TOML. Its first comment is the command that trains `path`."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(f"Train it by: latentune train {path}"))
    document["format"] = BEST_FORMAT
    for key, value in asdict(best).items():
        if isinstance(value, Mapping):
            document[key] = _toml_table(key, value)
        elif value is not None:
            document[key] = value
        if key == "params" and (names := [n for n, item in value.items() if item is None]):
            document[NONE] = _toml_table(NONE, {"params": names})
    return tomlkit.dumps(document)


def _toml_table(key: str, entries: Mapping[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.table()
    table.add(tomlkit.comment(TABLE_COMMENTS[key]))
    table.update(_drop_none(entries))
    return table


def _drop_none(value: Any) -> Any:
    """Returns a value without None, which TOML lacks.

    Dictionary entries with None are left out. List items that are None become the word `none`.
    """
    if isinstance(value, Mapping):
        return {name: _drop_none(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return ["None" if item is None else _drop_none(item) for item in value]
    return value


def read_best_toml(path: Path) -> Best:
    """Returns the configuration in a file that `write_best_toml` wrote.

    Raises:
        StorageError: If the file is missing or not TOML, an entry is missing, unknown or not
            valid, or the name of the study is not allowed.
    """
    try:
        with check_regular_file(path, MAX_TOML_BYTES).open("rb") as file:
            entries = tomllib.load(file)
    except FileNotFoundError as error:
        raise StorageError(f"{path} does not exist; write it by: latentune best STUDY") from error
    except RecursionError as error:
        raise StorageError(f"{path} is nested too deeply to be a configuration") from error
    except (OSError, ValueError) as error:  # ValueError: decoding and parsing
        raise StorageError(f"{path} is not a complete TOML file: {error}") from error
    check_limits(entries, str(path))
    if entries.pop("format", None) != BEST_FORMAT:
        raise StorageError(f"{path} is not a configuration of format {BEST_FORMAT}")
    names = _read_names_of_none(entries.pop(NONE, {"params": []}), path)
    found = dict(validate(_BestRecord, {"trial": None, **entries}, str(path)))
    if repeated := sorted({n for n in names if n in found["params"] or names.count(n) > 1}):
        raise StorageError(f"{path} has {repeated[0]!r} twice: delete it in [{NONE}] or [params]")
    try:
        check_study_name(found["study"])
    except StorageError as error:
        raise StorageError(f"{path}: {error}") from error
    return Best(**{**found, "params": {**found["params"], **dict.fromkeys(names)}})


def _read_names_of_none(table: Any, path: Path) -> list[str]:
    """Returns the parameters that a best.toml lists as None. `path` is for error messages."""
    names = table.get("params") if isinstance(table, dict) and len(table) == 1 else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StorageError(f"{path}: the table [{NONE}] must hold params = [...], a list of names")
    return names
