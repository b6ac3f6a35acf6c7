"""best.toml: a configuration with its value and origin, as text that people may edit."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_origin

from .atomic_write import write_text
from .input_limits import check_limits
from .runs_folder import MAX_TOML_BYTES, check_regular_file, check_study_name
from .storage_error import StorageError

BEST_FORMAT = 1


@dataclass(frozen=True, repr=False)
class Best:
    """The configuration of one trial and where it comes from.

    Attributes:
        study: Name of the study.
        trial: Number of the trial; None if a configuration is that of no trial.
        monitor: Name of the metric.
        value: The metric at the trial's best epoch.
        best_epoch: That epoch, counted from 1.
        recipe: What the study searches: model, space, data, ranges, epochs, seed.
        params: The value of each parameter of the search space; a choice may be None.
        hparams: All options of the model that these parameters gave, for the reader.
        provenance: Seed, data fingerprint, versions, git commit and command.

    Example:
        >>> best = latentune.load_best("conv-ae-digits")
        >>> best.monitor
        'val_mse'
    """

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


NONE = "none"
TABLE_COMMENTS = {
    "recipe": "What was searched.",
    "params": "Edit these to train another configuration of the same space.",
    NONE: "TOML has no null: the value of each of these parameters is None.",
    "hparams": "The model's options that these parameters gave; read by people alone.",
    "provenance": "What a rerun needs to be the same.",
}


def write_best_toml(best: Best, path: Path, home: Path | None = None) -> None:
    """Writes a configuration as TOML.

    Args:
        best: The configuration.
        path: The file to write.
        home: Where the file will be found, if it is not there yet.

    Raises:
        StorageError: If the file cannot be written.
    """
    write_text(path, to_toml(best, home or path))


def to_toml(best: Best, home: Path) -> str:
    """Returns a configuration as TOML.

    Args:
        best: The configuration.
        home: Where the file will be found.
    """
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(f"Train it by: latentune train {home}"))
    document["format"] = BEST_FORMAT
    for key, value in _add_none_table(asdict(best)).items():
        if isinstance(value, Mapping):
            table = tomlkit.table()
            table.add(tomlkit.comment(TABLE_COMMENTS[key]))
            for name, item in _drop_none(value).items():
                table[name] = item
            document[key] = table
        elif value is not None:
            document[key] = value
    return tomlkit.dumps(document)


def _add_none_table(entries: dict[str, Any]) -> dict[str, Any]:
    """Adds a table, behind that of the parameters, with the names of those which are None."""
    found = {}
    for key, value in entries.items():
        found[key] = value
        names = [n for n, item in value.items() if item is None] if key == "params" else []
        if names:
            found[NONE] = {"params": names}
    return found


def _drop_none(value: Any) -> Any:
    """Returns a table without its entries that are None; in a list, None is a word."""
    if isinstance(value, Mapping):
        return {name: _drop_none(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return ["None" if item is None else _drop_none(item) for item in value]
    return value


def read_best_toml(path: Path) -> Best:
    """Reads what `write_best_toml` wrote.

    Raises:
        StorageError: If the file is missing, is no TOML, lacks or adds an entry, or its study has
            a name that none can have.
    """
    try:
        with check_regular_file(path, MAX_TOML_BYTES).open("rb") as file:
            entries = tomllib.load(file)
    except FileNotFoundError as error:
        raise StorageError(f"there is no {path}; write it by: latentune best STUDY") from error
    except RecursionError as error:
        raise StorageError(f"{path} is nested too deeply to be a configuration") from error
    except (OSError, ValueError) as error:  # of the last, decoding and parsing have their own
        raise StorageError(f"{path} is not a complete TOML file: {error}") from error
    check_limits(entries, str(path))
    if entries.pop("format", None) != BEST_FORMAT:
        raise StorageError(f"{path} is no configuration of format {BEST_FORMAT}")
    of_none = entries.pop(NONE, {"params": []})
    kinds: dict[str, Any] = {f.name: get_origin(f.type) or f.type for f in fields(Best)}
    kinds["trial"] = int
    for name in kinds:
        if name not in entries and name != "trial":
            raise StorageError(f"{path} lacks {name!r}; write it anew by: latentune best STUDY")
    for name, value in entries.items():
        if name not in kinds:
            raise StorageError(f"{path} has an unknown entry {name!r}; known: {', '.join(kinds)}")
        kind = (int, float) if kinds[name] is float else kinds[name]
        if isinstance(value, bool) or not isinstance(value, kind):
            raise StorageError(f"{path}: {name} = {value!r} has the wrong type")
    try:
        check_study_name(entries["study"])  # it names a folder
    except StorageError as error:
        raise StorageError(f"{path}: {error}") from error
    return Best(
        **{"trial": None, **entries, "params": _restore_none(entries["params"], of_none, path)}
    )


def _restore_none(params: dict[str, Any], of_none: Any, path: Path) -> dict[str, Any]:
    """Returns parameters with those that are None, of which the file has only the names."""
    names = of_none.get("params") if isinstance(of_none, dict) and len(of_none) == 1 else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StorageError(f"{path}: [{NONE}] must be params = [...], the names of parameters")
    if twice := sorted({name for name in names if name in params or names.count(name) > 1}):
        raise StorageError(f"{path} has {twice[0]!r} twice: leave it out of [{NONE}] or [params]")
    return params | dict.fromkeys(names)
