"""Optuna's tables: what the installed version calls them, and what is no database of its own."""

from functools import cache

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import inspect

from .runs import StorageError


@cache
def _installed() -> RDBStorage:
    return RDBStorage("sqlite://")


def schema() -> str:
    """Returns the version of the tables that the installed Optuna works with."""
    return _installed().get_head_version()


@cache
def tables() -> frozenset[str]:
    """Returns their names."""
    return frozenset(inspect(_installed().engine).get_table_names())


def of_another_program(where: object) -> StorageError:
    """Returns the error for a database with other tables than Optuna's."""
    return StorageError(f"{where} is a database of another program, not of Optuna")


def of_another_optuna(where: object, upgrade: str) -> StorageError:
    """Returns the error for one of another version, with the way to upgrade it."""
    return StorageError(
        f"{where} was written by an Optuna with other tables than {optuna.__version__}; {upgrade}"
    )
