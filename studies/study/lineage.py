"""Where studies and trials come from: imports, reused trials, and the encoders of heads."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import optuna

from ...storage.read_only_storage import trial_attributes
from ...storage.study_record import Origin, read_study_record
from ...storage.trial_record import TrialRecord


def study_tree(studies: Sequence[optuna.Study]) -> Iterator[tuple[int, optuna.Study]]:
    """Yields the studies as a tree, each with its depth, from 0.

    The parent of a study is the study that trained its encoder. Its children follow it.
    """
    remaining = {study.study_name: study for study in studies}
    parents = {name: _encoder_study(study) for name, study in remaining.items()}

    def subtree(name: str, depth: int) -> Iterator[tuple[int, optuna.Study]]:
        if name in remaining:
            yield depth, remaining.pop(name)
            for child in [child for child in parents if parents[child] == name]:
                yield from subtree(child, depth + 1)

    roots = [name for name, parent in parents.items() if parent not in parents]
    for name in [*roots, *parents]:  # studies in a circle have no root
        yield from subtree(name, 0)


def _encoder_study(study: optuna.Study) -> str | None:
    """Returns the name of the study that trained the encoder of a study, if any."""
    source = read_study_record(study).encoder_source
    if source is None or not source.checkpoint.startswith(f"{source.study}/"):
        return None
    return source.study


def describe_origins(study: optuna.Study) -> list[str]:
    """Returns sentences about where a study and its trials come from.

    One sentence tells when the study was imported, and one which trials of other studies gave the
    first points. One for each other study tells how many of its trials were reused. The list is
    empty if none of this is the case.
    """
    lines, record = [], read_study_record(study)
    if record.learned_from:
        lines.append(f"first points from {list_trials_by_study(record.learned_from)}")
    if imported := record.imported:
        lines.append(f"imported on {imported.at[:10]}, where it was called {imported.study}")
    origins = trial_attributes(study, "origin")
    records = [TrialRecord.parse_valid({"origin": o}) for o in origins.values()]
    counts = Counter(record.origin.study for record in records if record.origin is not None)
    return lines + [f"{n} of its trials came from {name}" for name, n in counts.items()]


def list_trials_by_study(origins: Sequence[Origin]) -> str:
    """Returns trials of studies as text, such as `conv-ae-mnist (trials 12, 7)`."""
    numbers = defaultdict[str, list[str]](list)
    for origin in origins:
        numbers[origin.study].append(str(origin.trial))
    return " and ".join(
        f"{name} (trial{'s' * (len(found) > 1)} {', '.join(found)})"
        for name, found in numbers.items()
    )
