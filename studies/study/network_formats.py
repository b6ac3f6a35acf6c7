"""The formats of exported networks, and a check that imports nothing heavy."""

from importlib.util import find_spec
from pathlib import Path

from ...storage.atomic_write import check_output
from .study_error import StudyError, check_known

NETWORK_FORMATS = {
    ".onnx": ("onnx", "onnxscript", "onnxruntime"),
    ".pt2": (),
    ".safetensors": ("safetensors",),
}
"""The packages that a file needs, by its ending. An extra has the name of the ending."""


def check_network_file(path: Path, option: str = "to") -> None:
    """Raises an error if no network can be exported to `path`.

    `option` is the name of the user's argument that gave the path, for the error message.

    Raises:
        StudyError: If the ending of the path is unknown, or a package is missing.
        StorageError: If the file exists, or the `.json` beside it.
    """
    check_known(path.suffix, NETWORK_FORMATS, f"`{option}=` names no known format: {path.name!r}")
    for package in NETWORK_FORMATS[path.suffix]:
        if find_spec(package) is None:
            extra = path.suffix.removeprefix(".")
            raise StudyError(f"{package} is not installed: pip install 'latentune[{extra}]'")
    for file in (path, path.with_suffix(".json")):
        check_output(file, (file.suffix,), option)
