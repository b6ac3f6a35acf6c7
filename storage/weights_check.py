"""Judges checkpoints without PyTorch, which takes seconds to import."""

import pickletools
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

from .archive import ZIP_ERRORS

PICKLE = "archive/data.pkl"
RECORDS = "archive/data/"
"""The folder with the numbers of each tensor in a checkpoint."""
TENSOR_IMPORTS = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16")),
    *(f"torch {kind}Storage" for kind in ("Byte", "Char", "Short", "Int", "Long", "Bool")),
}
"""What the pickle of tensors imports, as the opcode GLOBAL names it."""
OTHER_IMPORTS = {"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}
"""The other opcodes that import something."""


def holds_only_tensors(path: Path) -> bool:
    """Returns True if a checkpoint is undamaged and holds only tensors and plain values.

    Its pickle is scanned and not run: a pickle can call only what it imports. False means that
    PyTorch must judge the file, because it holds something rare, or is broken.
    """
    imported, texts = set(), set()
    with suppress(ValueError, *ZIP_ERRORS), ZipFile(path) as packed:
        names = set(packed.namelist())
        if packed.testzip() or [name for name in names if name.endswith(".pkl")] != [PICKLE]:
            return False
        for opcode, argument, _ in pickletools.genops(packed.read(PICKLE)):
            if opcode.name in OTHER_IMPORTS:
                return False
            if opcode.name == "GLOBAL":
                imported.add(argument)
            elif isinstance(argument, str):
                texts.add(argument)
        has_records = all(RECORDS + text in names for text in texts if text.isdecimal())
        return imported <= TENSOR_IMPORTS and "state_dict" in texts and has_records
    return False
