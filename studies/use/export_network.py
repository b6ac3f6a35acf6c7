"""The verb `export` for trained networks: a file that runs without Latentune, and its proof."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...objectives.progress import progress
from ...objectives.provenance import versions
from ...storage.atomic_write import check_output, new_file
from ...storage.json_text import to_strict_json
from ..display.result import Result
from ..study.defaults import RUNS
from ..study.network_formats import check_network_file
from ..study.public_api import public_api
from .deployment.deployed_network import DeployedNetwork
from .deployment.model_schema import make_schema, output_ports
from .deployment.onnx_file import make_onnx
from .deployment.proof import Difference, Proof, Run, prove
from .deployment.raw_items import Array, Port, raw_items_of
from .deployment.timing import Timing, measure
from .deployment.torch_files import describe_network, make_program, make_safetensors
from .trained_network import load_trained_network

WRITERS: dict[str, Callable[..., tuple[bytes, Run]]] = {
    ".onnx": make_onnx,
    ".pt2": make_program,
    ".safetensors": make_safetensors,
}
"""The function for each ending that writes a file, and returns another that runs it."""
SCRIPTS = Path(__file__).parent / "deployment"


@dataclass(frozen=True, repr=False)
class ExportedNetwork(Result):
    """A trained network in a file that other programs run.

    Attributes:
        path: The file.
        files: The files beside it: `model.json` with its inputs and outputs, and `predict.py`.
        size: Size of the file in bytes.
        items: Number of items of the test part for which the file was compared with the network.
        difference: The largest difference of an output, in its unit: how much, of which output,
            and at which item.
        figures: The test scores that the file gives, which are those of `metrics.json`.
        milliseconds: Median time for one item: of the file, and of PyTorch.
    """

    path: Path
    files: tuple[Path, ...]
    size: int
    items: int
    difference: Difference
    figures: Mapping[str, float]
    milliseconds: Timing

    def __rich__(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.figures.items())
        scores = f"\nthe same scores as in metrics.json: {figures}" if figures else ""
        size, (file, of_torch) = self.size / 2**20, self.milliseconds
        return (
            f"{self.items:,} items give the outputs of the network: the largest difference is "
            f"{self.difference.size:.1e}, in {self.difference.output}{scores}\n"
            f"{file:.3g} ms for one item, {of_torch:.3g} ms in PyTorch\n"
            f"wrote {self.path}: {size:.2f} MiB, and {', '.join(map(str, self.files))}"
        )


@public_api
def export_network(
    source: str | Path,
    to: str | Path,
    *,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> ExportedNetwork:
    """Writes a trained network to a file that other programs run, after proving the file.

    The file takes raw items, such as bytes of images, and gives all that the network can tell:
    classes and probabilities, numbers, reconstructions with their errors and whether they are
    anomalies, and latent codes. It has the names of classes and columns, and the threshold for
    anomalies. Before it is written, it is run on the whole test part: its outputs must be those of
    the network within 1e-4, and its scores those of `metrics.json`.

    A `model.json` beside the file describes its inputs and outputs. A `predict.py` beside an ONNX
    file runs it with onnxruntime and NumPy alone.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        to: The new file: .onnx; .pt2, a program of `torch.export`; or .safetensors, the weights,
            with the class of the network and its arguments in `model.json`.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the ending of `to` is unknown, a package is missing, the network cannot be
            exported, or the file differs from the network. No file is then written.
        StorageError: If the network has not been trained yet, or a file exists.
        DataError: If the data of the study are missing or broken.

    Example:
        >>> exported = latentune.export_network("conv-ae-digits", "model.pt2")
        >>> exported.difference.size < 1e-4
        True
    """
    path = Path(to)
    check_network_file(path)
    network = load_trained_network(source, runs, data_dir)
    raw, header = raw_items_of(network), network.header
    script = _script_beside(path, raw.port)
    threshold = None if header.anomaly is None else header.anomaly.threshold
    deployed = DeployedNetwork(network.model, header.data_spec, raw.prepare, threshold).eval()
    example = _two_items(next(raw.batches()).raw)
    schema = make_schema(network, raw.port, output_ports(deployed, example))
    if path.suffix == ".safetensors":
        schema["network"] = describe_network(network.model, header)
    with progress(f"writing {path.name}"):
        # No item of the data may get into the file.
        content, run = WRITERS[path.suffix](deployed, np.zeros_like(example), schema)
    proof = prove(run, deployed, raw, network)
    milliseconds = _time_one_item(run, deployed, example[:1])
    facts = _facts_of_file(path.name, content, schema, proof)
    beside = {path.with_suffix(".json"): to_strict_json(facts).encode(), **script}
    _write_new_files({path: content, **beside})
    return ExportedNetwork(
        path,
        tuple(beside),
        len(content),
        proof.items,
        proof.difference,
        proof.figures,
        milliseconds,
    )


def _two_items(items: Array) -> Array:
    """Returns the first two items; if there is only one, it is repeated."""
    return np.repeat(items, 2, axis=0)[:2] if len(items) < 2 else items[:2]


def _time_one_item(run: Run, deployed: DeployedNetwork, item: Array) -> Timing:
    with torch.inference_mode():
        return measure(lambda: run(item), lambda: deployed(torch.from_numpy(item)))


def _script_beside(path: Path, taken: Port) -> dict[Path, bytes]:
    """Returns the content of the script beside an ONNX file; empty for other formats.

    Raises:
        StorageError: If another file has the name of the script.
    """
    if path.suffix != ".onnx":
        return {}
    kind = taken.name if taken.name in ("letters", "columns") else "arrays"
    target, content = path.with_name("predict.py"), (SCRIPTS / f"predict_{kind}.py").read_bytes()
    if not _has_content(target, content):
        check_output(target, (target.suffix,), "to")
    return {target: content}


def _facts_of_file(
    name: str, content: bytes, schema: Mapping[str, Any], proof: Proof
) -> dict[str, Any]:
    """Returns what the JSON file beside an exported network says."""
    return {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        **schema,
        "scores": proof.figures,
        "largest_difference": proof.difference._asdict(),
        "versions": versions(),
    }


def _write_new_files(files: Mapping[Path, bytes]) -> None:
    """Writes files that do not exist, the first one last. One with the same content stays.

    Raises:
        StorageError: If a file exists with other content, or cannot be written.
    """
    with ExitStack() as stack:
        for path, content in files.items():
            if not _has_content(path, content):
                stack.enter_context(new_file(path, "to")).write(content)


def _has_content(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
