"""Opens the folders that `save_to_disk` of Hugging Face's `datasets` writes; pyarrow reads them.

The folder of a Dataset holds Arrow files, and `state.json` names them. The folder of a DatasetDict
holds such a folder for each split.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data_error import DataError
from .arrow_files import read_arrow
from .column_names import check_column_exists, quote_some
from .header_row import LABEL_COLUMN_NAMES
from .image_folder import PARTS_BY_FOLDER_NAME
from .source import INFO_FILE, NO_TARGET, SPLITS_FILE, STATE_FILE

if TYPE_CHECKING:
    from pyarrow import Table


@dataclass(frozen=True)
class SavedDataset:
    """A saved data set.

    Args:
        path: The folder of a Dataset or of a DatasetDict.
    """

    path: Path

    @cached_property
    def folders(self) -> dict[str, Path]:
        """The folder of each part; `train` always exists. A Dataset is the part `train`."""
        if not (self.path / SPLITS_FILE).is_file():
            return {"train": self.path}
        splits = [str(name) for name in _read_json(self.path / SPLITS_FILE, "splits", list)]
        known = {name: PARTS_BY_FOLDER_NAME.get(name.lower()) for name in splits}
        parts = {part: self.path / Path(name).name for name, part in known.items() if part}
        if None in known.values() or len(parts) < len(splits) or "train" not in parts:
            raise DataError(
                f"{self.path} has the splits {quote_some(splits)}, and train, validation and test "
                "are needed: save those, or name the folder of one of them"
            )
        return parts

    @cached_property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """The type of each column, as `datasets` describes it."""
        features: dict[str, Any] = _read_json(self.folders["train"] / INFO_FILE, "features", dict)
        # A list or a dictionary of features has no type of its own.
        return {n: f if isinstance(f, dict) and "_type" in f else {} for n, f in features.items()}

    @property
    def images(self) -> list[str]:
        """The columns of images."""
        return [name for name, one in self.features.items() if one.get("_type") == "Image"]

    def class_names(self, column: str) -> list[str]:
        """Returns the names of the classes in a column; empty if it does not hold classes."""
        feature = self.features.get(column, {})
        names = feature.get("names") if feature.get("_type") == "ClassLabel" else ()
        return list(map(str, names)) if isinstance(names, list) else []

    def find_target(self, target: str | None) -> str | None:
        """Returns the column that the option `target` names; otherwise the only one of classes.

        If there is none, a column with a usual name of labels is returned, or None.
        """
        names = list(self.features)
        if target is not None and target != NO_TARGET:
            check_column_exists(names, target, self.path)
            return target
        labels = [name for name in names if self.class_names(name)]
        usual = [name for name in names if name.lower() in LABEL_COLUMN_NAMES]
        found = labels if len(labels) == 1 else usual
        return found[0] if target is None and len(found) == 1 else None

    def read_part(self, part: str) -> Table:
        """Returns the columns of a part, mapped into memory."""
        folder = self.folders[part]
        files = _read_json(folder / STATE_FILE, "_data_files", list)
        names = [str(file["filename"]) for file in files if isinstance(file, dict)]
        table = read_arrow([folder / Path(name).name for name in names], folder)
        if missing := sorted(set(self.features) - set(table.column_names)):
            raise DataError(f"{folder} has no column {missing[0]!r}, which its {INFO_FILE} names")
        return table


def _read_json(path: Path, key: str, kind: type) -> Any:
    """Returns an entry of a JSON file, after checking its type."""
    try:
        value = json.loads(path.read_bytes())[key]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{path} of a saved data set cannot be read: {error}") from error
    if not isinstance(value, kind):
        raise DataError(f"{path} of a saved data set has no {key}")
    return value
