"""Files for PyTorch: programs of torch.export, and weights in safetensors with a configuration."""

import json
from collections.abc import Mapping
from inspect import signature
from io import BytesIO
from pkgutil import resolve_name
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn

from ....models.data_spec import DataSpec
from ....models.networks.pretrained_backbone import PretrainedBackbone
from ....storage.checkpoint_file import CheckpointHeader
from ...study.study_error import StudyError
from .deployed_network import DeployedNetwork
from .onnx_file import report_export_errors
from .proof import Run
from .raw_items import Array

SCHEMA_FILE = "model.json"
"""The name of the facts inside a program of torch.export."""


def make_program(
    deployed: DeployedNetwork, example: Array, schema: Mapping[str, Any]
) -> tuple[bytes, Run]:
    """Returns a deployed network as a program of torch.export, and a function that runs it.

    See `make_onnx` for the arguments.

    Raises:
        StudyError: If torch.export cannot follow the code of the network.
    """
    file = BytesIO()
    with report_export_errors(deployed, "a program of torch.export"):
        shapes = ({0: torch.export.Dim.DYNAMIC},)
        program = torch.export.export(
            deployed, (torch.from_numpy(example),), dynamic_shapes=shapes
        )
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # it has paths of this machine
        torch.export.save(program, file, extra_files={SCHEMA_FILE: json.dumps(schema)})
        file.seek(0)
        module = torch.export.load(file).module()

    def run(items: Array) -> dict[str, Array]:
        values = module(torch.from_numpy(items))
        names = [port["name"] for port in schema["outputs"]]
        return {name: value.numpy() for name, value in zip(names, values, strict=True)}

    return file.getvalue(), run


def make_safetensors(
    deployed: DeployedNetwork, example: Array, schema: Mapping[str, Any]
) -> tuple[bytes, Run]:
    """Returns the weights of a network as a file of safetensors, and a function that runs it.

    The function builds the network from `schema["network"]`, as any program can.

    Raises:
        StudyError: If the network cannot be built from its class and its arguments.
    """
    from safetensors.torch import load, save

    weights = {n: w.detach().clone().contiguous() for n, w in deployed.model.state_dict().items()}
    content = save(weights)
    with report_export_errors(deployed, "safetensors"):
        model = build_network(schema["network"])
        model.load_state_dict(load(content))
    built = DeployedNetwork(model.eval(), deployed.data, deployed.prepare, deployed.threshold)

    def run(items: Array) -> dict[str, Array]:
        outputs = built.outputs(built.prepare(torch.from_numpy(items)))
        return {name: value.numpy() for name, value in outputs.items()}

    return content, run


def describe_network(model: nn.Module, header: CheckpointHeader | str | None) -> dict[str, Any]:
    """Returns the class of a network, its data and its arguments, as JSON can hold them.

    Args:
        model: The network.
        header: The header of its checkpoint; an architecture for a network of torchvision.

    Raises:
        StudyError: If an argument is not a plain value.
    """
    described: dict[str, Any] = {"class": f"{type(model).__module__}:{type(model).__qualname__}"}
    if isinstance(model, PretrainedBackbone):
        return described | {"arguments": {"architecture": model.architecture}}
    assert isinstance(header, CheckpointHeader)
    if "data" in signature(type(model)).parameters:
        described["data"] = header.data_spec.to_table()
    described["arguments"] = dict(model.hparams) if isinstance(model, pl.LightningModule) else {}
    codec = getattr(model, "codec", None)
    if isinstance(codec, nn.Module):
        described["codec"] = describe_network(codec, header.encoder)
    try:
        json.dumps(described)
    except TypeError as error:
        raise StudyError(
            f"an argument of a {type(model).__name__} is not JSON: {error}"
        ) from error
    return described


def build_network(described: Mapping[str, Any]) -> nn.Module:
    """Returns the network that `describe_network` has described, with initial weights."""
    arguments = dict(described["arguments"])
    if "data" in described:
        arguments["data"] = DataSpec.from_table(described["data"])
    if "codec" in described:
        arguments["codec"] = build_network(described["codec"])
    model: nn.Module = resolve_name(described["class"])(**arguments)
    return model
