"""Functions that use private members of Optuna 5. No other file uses private members."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage, RDBStorage
from optuna.study._constrained_optimization import _CONSTRAINTS_KEY
from optuna.study._frozen import FrozenStudy as FrozenStudy
from optuna.trial import FrozenTrial, Trial, TrialState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Table


def tables() -> "dict[str, Table]":
    """Returns Optuna's tables by name, as SQLAlchemy describes them."""
    from optuna.storages._rdb.models import BaseModel

    return dict(BaseModel.metadata.tables)


def schema_number() -> int:
    """Returns the version number of Optuna's database schema."""
    from optuna.storages._rdb.models import SCHEMA_VERSION

    return SCHEMA_VERSION


def schema_revisions() -> list[Path]:
    """Returns the Alembic files of all revisions of Optuna's database schema."""
    folder = Path(optuna.__file__).parent / "storages" / "_rdb" / "alembic" / "versions"
    return sorted(folder.glob("*.py"))


def trial_id(trial: Trial | FrozenTrial) -> int:
    """Returns the id of a trial, which is unique in the database, unlike `trial.number`."""
    return trial._trial_id


def study_id(study: optuna.Study) -> int:
    """Returns the id of a study in the database."""
    return study._study_id


def storage_of(study: optuna.Study) -> BaseStorage:
    """Returns the storage of a study, which may include Optuna's cache of finished trials."""
    return study._storage


def relational_storage(storage: BaseStorage) -> RDBStorage | None:
    """Returns the `RDBStorage` behind Optuna's cache; None if the storage is of another kind."""
    inner = getattr(storage, "_backend", storage)
    return inner if isinstance(inner, RDBStorage) else None


def count_trials(study: optuna.Study, *states: TrialState) -> int:
    """Returns the number of a study's trials in the given states, or of all its trials."""
    return study._storage.get_n_trials(study._study_id, states or None)


def trial_by_number(study: optuna.Study, number: int) -> FrozenTrial | None:
    """Returns trial `number` of a study; None if there is no such trial."""
    try:
        trial_id = study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
    except KeyError:
        return None
    return study._storage.get_trial(trial_id)


def read_trial(trial: Trial) -> FrozenTrial:
    """Reads the present state of a running trial from the database."""
    return trial.storage.get_trial(trial._trial_id)


def add_running_trial(study: optuna.Study, trial: FrozenTrial) -> Trial:
    """Adds a RUNNING trial to a study in one transaction, and returns the added trial."""
    return Trial(study, study._storage.create_new_trial(study._study_id, trial))


def write_trial_attributes(
    study: optuna.Study, trial: FrozenTrial, attributes: dict[str, Any]
) -> None:
    """Writes user attributes to a trial, even if another process is running the trial."""
    for name, value in attributes.items():
        study._storage.set_trial_user_attr(trial._trial_id, name, value)


def write_constraint(study: optuna.Study, trial: FrozenTrial, name: str, value: float) -> None:
    """Writes a constraint to a trial. Unlike `Trial.set_constraint`, it replaces an earlier value.

    The trial is infeasible if the value is above 0.
    """
    key = f"{_CONSTRAINTS_KEY}:{name}"
    study._storage.set_trial_system_attr(trial._trial_id, key, value)


def set_trial_state(
    study: optuna.Study,
    trial: FrozenTrial,
    state: TrialState,
    values: Sequence[float] | None = None,
) -> None:
    """Sets the state and values of a trial. Unlike `Study.tell`, it does not call the sampler."""
    study._storage.set_trial_state_values(trial._trial_id, state, values)


def system_attributes(study: optuna.Study) -> dict[str, Any]:
    """Returns the attributes that Optuna and its dashboard keep on a study."""
    return study._storage.get_study_system_attrs(study._study_id)


def set_system_attribute(study: optuna.Study, name: str, value: Any) -> None:
    """Writes a system attribute, one of Optuna or its dashboard, to a study."""
    study._storage.set_study_system_attr(study._study_id, name, value)


def stale_trial_ids(study: optuna.Study, storage: RDBStorage) -> set[int]:
    """Returns the ids of RUNNING trials whose last heartbeat is older than the grace period."""
    return set(storage._get_stale_trial_ids(study._study_id))


def nondomination_ranks(losses: "NDArray[np.float64]", n_best: int) -> "NDArray[np.int64]":
    """Returns the rank of each row of `losses`; rows of rank 0 are on the Pareto front.

    Args:
        losses: Values to minimize, with shape (trials, objectives).
        n_best: Only the ranks of the best `n_best` rows are exact; the ranks of others are higher.
    """
    from optuna.study._multi_objective import _fast_non_domination_rank

    return _fast_non_domination_rank(losses, n_below=n_best)


def contains(distribution: BaseDistribution, value: float) -> bool:
    """Returns whether a distribution contains a value that is in Optuna's internal form."""
    return distribution._contains(value)


def check_trial(trial: FrozenTrial) -> None:
    """Raises ValueError if fields of a trial contradict each other, such as state and values."""
    trial._validate()
