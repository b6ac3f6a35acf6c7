"""What PyTorch need not judge: checkpoints of tensors alone."""

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from latentune.storage.weights_check import holds_only_tensors

CHECKPOINT = "runs/conv-ae-digits/final/model.ckpt"
Files = dict[str, bytes]


class Code:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch evil",)


def pickled(protocol: int) -> Callable[[Files], None]:
    content = pickle.dumps({"state_dict": Code()}, protocol)
    return lambda files: files.update({"archive/data.pkl": content})


def test_a_trained_network_needs_no_pytorch(trained: Path) -> None:
    assert holds_only_tensors(Path(CHECKPOINT))


@pytest.mark.parametrize(
    "change",
    [
        *map(pickled, range(5)),
        lambda files: files.update({"archive/data.pkl": b"evil"}),
        lambda files: files.update({"archive/data.pkl": pickle.dumps({}, 2)}),
        lambda files: files.update({"evil/data.pkl": files["archive/data.pkl"]}),
        lambda files: files.pop("archive/data/0"),
        lambda files: files.pop("archive/data.pkl"),
    ],
)
def test_other_checkpoints_are_left_to_pytorch(
    trained: Path, change: Callable[[Files], object]
) -> None:
    with zipfile.ZipFile(CHECKPOINT) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    change(files)
    with zipfile.ZipFile("other.ckpt", "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    assert not holds_only_tensors(Path("other.ckpt"))
    assert not Path("evil").exists()


def test_a_damaged_checkpoint_is_left_to_pytorch(trained: Path) -> None:
    content = bytearray(Path(CHECKPOINT).read_bytes())
    content[len(content) // 2] ^= 255
    Path("damaged.ckpt").write_bytes(content)
    assert not holds_only_tensors(Path("damaged.ckpt"))
