"""CSV files for tests: what is written, and what is read of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from latentune import TensorData
from latentune.objectives.data.sources.source import TABLE_OPTIONS, TableOptions

N = 40
rng = np.random.default_rng(0)
SIZE = rng.normal(50, 9, N).round(2)
SIZE[:2] = 0.5, 123456.25
CLASS = ["ja", "nein"] * (N // 2)
COUNT = rng.integers(1, 3000, N)


def read(name: str, **options: Any) -> pd.DataFrame:
    """The features of all rows in their order, and the target if there is one."""
    table = TableOptions(**{n: options.pop(n) for n in TABLE_OPTIONS if n in options})
    data = TensorData(name, table=table, **options)
    rows = []
    for part in data.splits[:3]:
        frame = pd.DataFrame(np.asarray(part.inputs, float), columns=list(data.spec.features))
        if part.targets is not None:
            classes = data.spec.classes
            frame["target"] = [classes[int(y)] if classes else float(y) for y in part.targets]
        rows.append(frame.set_axis(part.row_indices.tolist()))
    return pd.concat(rows).sort_index()


def holds(name: str, right: dict[str, Any], **options: Any) -> None:
    """Checks what is read of a file, column by column, in order."""
    found = read(name, **options)
    assert list(found) == list(right)
    for column, values in right.items():
        if isinstance(values[0], str):
            assert found[column].tolist() == list(values)
        else:
            np.testing.assert_allclose(found[column], np.asarray(values, float), rtol=1e-12)


def write(name: str, text: str, encoding: str = "utf-8") -> str:
    Path(name).write_bytes(text.encode(encoding))
    return name


def lines(head: str, *columns: Any, between: str = ",") -> str:
    rows = [between.join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([head, *rows]) + "\n"


def german(values: Any) -> list[str]:
    """Numbers as a German program writes them."""
    return [f"{x:,.2f}".translate(str.maketrans(",.", ".,")) for x in values]
