"""Runs an exported network: python predict.py model.onnx items.npy [outputs.npz]."""

import json
import sys

import numpy as np
import onnxruntime


def main() -> None:
    """Prints a line of JSON for each item of an array; a third argument keeps all outputs."""
    session = onnxruntime.InferenceSession(sys.argv[1])
    facts = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    (port,), items = facts["inputs"], np.load(sys.argv[2])
    items = items.reshape(-1, *port["shape"])
    if items.dtype != port["dtype"]:
        raise SystemExit(f"{items.dtype} is not {port['dtype']}: give {port['meaning']}")
    names = [output["name"] for output in facts["outputs"]]
    outputs = dict(zip(names, session.run(names, {port["name"]: items}), strict=True))
    if len(sys.argv) > 3:
        np.savez_compressed(sys.argv[3], **outputs)
    small = [name for name in names if name not in ("codes", "reconstruction", "item")]
    for index in range(len(items)):
        row = {name: outputs[name][index].tolist() for name in small or names}
        if "class" in row:
            row["class"] = facts["classes"][row["class"]]
        if "number" in row and "targets" in facts:
            row["number"] = dict(zip(facts["targets"], row["number"], strict=True))
        print(json.dumps(row))


if __name__ == "__main__":
    main()
