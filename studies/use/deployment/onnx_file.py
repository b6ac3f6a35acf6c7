"""ONNX: writes a deployed network as one file, and runs such a file by onnxruntime."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch

from ...study.study_error import StudyError
from .deployed_network import DeployedNetwork
from .proof import Run
from .raw_items import Array


def make_onnx(
    deployed: DeployedNetwork, example: Array, schema: Mapping[str, Any]
) -> tuple[bytes, Run]:
    """Returns a deployed network as an ONNX file, and a function that runs this file.

    Args:
        deployed: The network.
        example: At least two raw items.
        schema: The facts of `make_schema`. Each entry is kept in the metadata of the file as JSON.

    Raises:
        StudyError: If torch.export cannot follow the network, or ONNX lacks an operation.
    """
    content = _to_onnx(deployed, example, schema)
    return content, open_onnx(content)


def _to_onnx(deployed: DeployedNetwork, example: Array, schema: Mapping[str, Any]) -> bytes:
    with report_export_errors(deployed, "ONNX"):
        program = torch.onnx.export(
            deployed,
            (torch.from_numpy(example),),
            input_names=[port["name"] for port in schema["inputs"]],
            output_names=[port["name"] for port in schema["outputs"]],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        assert program is not None
        model = program.model_proto
        _remove_traces(model.graph)
        for name, value in schema.items():
            entry = model.metadata_props.add()
            entry.key, entry.value = name, json.dumps(value, ensure_ascii=False)
        content: bytes = model.SerializeToString()
    return content


def _remove_traces(graph: Any) -> None:
    """Removes what torch.onnx notes about the source code, such as paths of this machine."""
    for part in (graph.node, graph.input, graph.output, graph.value_info, graph.initializer):
        for entry in part:
            entry.ClearField("metadata_props")
    graph.ClearField("metadata_props")


def open_onnx(content: bytes) -> Run:
    """Returns a function that runs an ONNX file on raw items, and returns its outputs by name."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    names = [port.name for port in session.get_outputs()]

    def run(items: Array) -> dict[str, Array]:
        return dict(zip(names, session.run(names, {taken.name: items}), strict=True))

    return run


@contextmanager
def report_export_errors(deployed: DeployedNetwork, form: str) -> Iterator[None]:
    """Turns an exception in the block into a StudyError of one line; the block prints nothing."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
            torch.no_grad(),
        ):
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # of torch.export, of the converter, or of a network of a user
        raise StudyError(
            f"a {type(deployed.model).__name__} cannot be exported to {form}: {_reason(error)}"
        ) from error
    finally:
        logging.disable(disabled)


def _reason(error: BaseException) -> str:
    """Returns the first line of the exception that has caused `error`."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
