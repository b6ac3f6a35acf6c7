"""A table of answers: a row for each new item, in their order, whether it could be read or not."""

from typing import Any

import numpy as np
import pandas as pd

from ..study.study_error import StudyError
from .inference import InferenceResult

INPUT, PLACE, REASON = "input", "place", "reason"
GIVEN = "_given"
"""Stands behind the name of a column of the file where an answer has the same name."""
NULLABLE = {"i": "Int64", "b": "boolean"}
"""What pandas calls whole numbers and booleans of which some are missing."""


def prediction_table(said: InferenceResult[pd.DataFrame], target: str) -> pd.DataFrame:
    """Returns what was said of each item; cells are empty where there is no answer.

    Args:
        said: What the network said of those that could be read.
        target: What the column is called that it predicts; empty if it has no name.

    Returns:
        The columns `input` and, of texts in files, `place`; those of the file that are not
        features, such as an id; the answers, of which `class` or `number` is called by the target;
        and `reason` if an item has no answer.

    Raises:
        StudyError: If the network answers by what is no number for all of them.
    """
    known = pd.concat(said.answers, ignore_index=True)
    broken = ~np.isfinite(known.select_dtypes("float").to_numpy()).all(axis=1)
    if broken.all():
        raise StudyError("the network answers by what is no number: train another trial")
    places = np.array(said.read)
    for place in places[broken]:
        said.reasons[place] = "the network answers by what is no number"
    known, places = known[~broken], places[~broken]
    if len(known) < len(said.names):
        kinds = {name: NULLABLE[c.dtype.kind] for name, c in known.items() if c.dtype.kind in "ib"}
        known = known.astype(kinds)
    known.index = pd.Index(places)
    taken = {INPUT, PLACE, REASON, *known.columns}
    if target and target not in taken:
        known = known.rename(columns={"class": target, "number": target})
    return add_item_columns(said, known.reindex(range(len(said.names))))


def add_item_columns(said: InferenceResult[Any], answers: pd.DataFrame) -> pd.DataFrame:
    """Returns answers, a row for each item, beside what is known of it."""
    taken = {INPUT, PLACE, REASON, *map(str, answers)}
    columns = said.columns.rename(columns=lambda n: f"{n}{GIVEN}" if str(n) in taken else n)
    table = pd.concat([columns, answers], axis=1)
    table.insert(0, INPUT, said.names)
    if any(said.places):
        table.insert(1, PLACE, said.places)
    if any(said.reasons):
        table[REASON] = [reason or None for reason in said.reasons]
    return table
