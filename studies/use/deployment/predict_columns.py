"""Runs an exported network: python predict.py model.onnx rows.csv [outputs.npz]."""

import csv
import json
import re
import sys
from typing import Any

import numpy as np
import onnxruntime


def to_number(text: str, column: dict[str, Any]) -> float:
    """Returns a cell as the number that the network takes; NaN if it is missing."""
    text, role = text.strip(), column["role"]
    if text.lower() in column["missing"]:
        if "fill" not in column:
            raise SystemExit(f"no value in the column {column['name']}")
        return float("nan")
    if role == "category":
        known = column["categories"]
        return float(known.index(text if text in known or "other" not in known else "other"))
    if role == "flag":
        return {"false": 0.0, "true": 1.0}[text.lower()]
    if role == "date":
        one, two, three, *time = [int(number) for number in re.findall(r"\d+", text)]
        orders = {"day first": (three, two, one), "month first": (three, one, two)}
        year, month, day = orders.get(column["date_order"], (one, two, three))
        date = np.datetime64(f"{year}-{month:02}-{day:02}") - np.datetime64("1970-01-01")
        hours = sum(part / 60**place for place, part in enumerate(time[:3]))
        return float(date.astype(int) + hours / 24)
    if column.get("decimal") == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    return float(re.sub(r"[^\d.eE+-]", "", text.replace(column.get("unit", ""), "")))


def main() -> None:
    """Prints a line of JSON for each row of a CSV file; a third argument keeps all outputs."""
    session = onnxruntime.InferenceSession(sys.argv[1])
    facts = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    with open(sys.argv[2], encoding="utf-8-sig", newline="") as file:
        dialect = csv.Sniffer().sniff(file.readline(), ",;\t|")
        file.seek(0)
        cells = list(csv.DictReader(file, dialect=dialect))
    if absent := [c["name"] for c in facts["columns"] if c["name"] not in cells[0]]:
        raise SystemExit(f"{sys.argv[2]} has no column {absent[0]!r}")
    rows = np.array([[to_number(row[c["name"]], c) for c in facts["columns"]] for row in cells])
    names = [output["name"] for output in facts["outputs"]]
    outputs = dict(zip(names, session.run(names, {"columns": rows}), strict=True))
    if len(sys.argv) > 3:
        np.savez_compressed(sys.argv[3], **outputs)
    small = [name for name in names if name not in ("codes", "reconstruction")]
    for index in range(len(rows)):
        row = {name: outputs[name][index].tolist() for name in small or names}
        if "class" in row:
            row["class"] = facts["classes"][row["class"]]
        if "number" in row and "targets" in facts:
            row["number"] = dict(zip(facts["targets"], row["number"], strict=True))
        print(json.dumps(row))


if __name__ == "__main__":
    main()
