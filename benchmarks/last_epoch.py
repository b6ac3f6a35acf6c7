"""Compares the seconds of a trial on digits that keeps its last epoch with one that does not."""

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.samplers import RandomSampler

from latentune.objectives.objective import Objective
from latentune.storage.runs_folder import Runs
from latentune.studies.study.build import build_spec
from latentune.studies.study.recipe import Recipe

EPOCHS, ROUNDS = 10, 9


def _seconds(objective: Objective) -> float:
    study = optuna.create_study(sampler=RandomSampler(seed=0))
    started = time.perf_counter()
    study.optimize(objective, n_trials=1)
    return time.perf_counter() - started


def main() -> None:
    """Prints the median seconds of both, measured in turns."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    objective = build_spec(Recipe("conv-ae", "digits", epochs=EPOCHS), Runs()).objective
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "0.ckpt")
        keeps = replace(objective, last_epoch=lambda trial: path)
        kinds: dict[str, tuple[Objective, list[float]]] = {
            "keeps nothing": (objective, []),
            "keeps its last epoch": (keeps, []),
        }
        for turn in range(ROUNDS + 1):
            for of_kind, seconds in kinds.values():
                path.unlink(missing_ok=True)  # or it would go on from there
                took = _seconds(of_kind)
                if turn:  # the first turn warms up
                    seconds.append(took)
        size = path.stat().st_size
    for name, (_, seconds) in kinds.items():
        epoch = 1000 * statistics.median(seconds) / EPOCHS
        print(f"{name:<22} {epoch:6.1f} ms an epoch")
    print(f"{size / 1000:.0f} kB a trial")


if __name__ == "__main__":
    main()
