"""What people pass from Python, checked against the annotations of a function: a line says why."""

import operator
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from ...objectives.data.objects import describe_object, way_out
from .errors import StudyError

FORMS = {
    str: "text",
    Path: "a path",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    type(None): "None",
}


class MisfitError(TypeError):
    """A value that does not fit an annotation."""


def fitted(name: str, value: Any, annotation: Any) -> Any:
    """Returns an argument as its annotation says: a single word for a list is a list of one.

    A path becomes text where text is meant; a number of NumPy a number of Python; NAME=VALUE a
    mapping. What an annotation says nothing checkable of, such as a callback, stays as it is.

    Args:
        name: Name of the argument.
        value: What was passed.
        annotation: What the function expects.

    Raises:
        StudyError: If the value is of another kind, with what it is and the way out.
    """
    try:
        return _fit(value, annotation)
    except MisfitError as error:
        found = error.args[0] if error.args else value
        outer = "" if found is value else f", in {describe_object(value)}"
        way = way_out(found) or way_out(value)
        raise StudyError(
            f"`{name}=` must be {_expected(annotation)}, not {describe_object(found)}{outer}"
            + (f": {way}" if way else "")
        ) from None


def _fit(value: Any, annotation: Any) -> Any:
    options = _options(annotation)
    if value is None and type(None) in options:
        return None
    if any(option in (str, Path) for option in options) and isinstance(value, str | os.PathLike):
        return str(os.fspath(value)) if isinstance(os.fspath(value), str) else _refuse(value)
    for option in options:
        origin = get_origin(option)
        if origin is Sequence or origin is tuple:
            return _list(value, option)
        if origin is Mapping:
            return _mapping(value, option)
    if bool in options and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    if int in options or float in options:
        return _number(value, float in options)
    checks = [option for option in options if option not in FORMS]
    return value if any(_is_of(value, option) for option in checks) else _refuse(value)


def _is_of(value: Any, option: Any) -> bool:
    """Returns whether a value is of a class, or callable; other annotations are not checked."""
    if get_origin(option) is Callable:
        return callable(value)
    return isinstance(value, option) if isinstance(option, type) else True


def _list(value: Any, annotation: Any) -> tuple[Any, ...]:
    """Returns a list whose items fit; a single item is a list of one."""
    item, *rest = get_args(annotation)
    items = _items(value)
    found = (_fit(value, item),) if items is None else tuple(_fit(one, item) for one in items)
    if get_origin(annotation) is tuple and len(found) != 1 + len(rest):
        _refuse(value)
    return found


def _items(value: Any) -> list[Any] | None:
    """Returns the items of a list; None of a single item, or of what cannot name several."""
    if isinstance(value, str | bytes | Mapping | os.PathLike) or not isinstance(value, Iterable):
        return None
    dimensions = getattr(value, "ndim", None)
    if dimensions is None:
        return (
            None if way_out(value) else list(value)
        )  # a loader of data can be walked through too
    return list(value) if dimensions == 1 else None


def _mapping(value: Any, annotation: Any) -> dict[str, Any]:
    """Returns a mapping; one of texts may be said as on the command line: NAME=VALUE."""
    _, item = get_args(annotation)
    if isinstance(value, Mapping):
        return {_fit(name, str): _fit_value(one, item) for name, one in value.items()}
    found = {}
    for text in _list(value, Sequence[str]):
        name, equals, one = text.partition("=")
        if not (name and equals and one):
            _refuse(text)
        found[name] = one
    return found


def _fit_value(value: Any, annotation: Any) -> Any:
    """Returns an item of a mapping; where text is meant, a single number or choice is its text."""
    if annotation is str and (value is None or isinstance(value, bool | int | float)):
        return str(value)
    return _fit(value, annotation)


def _number(value: Any, fraction: bool) -> int | float:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        _refuse(value)
    if fraction and isinstance(value, Real):
        return float(value) if not isinstance(value, int) else value
    try:
        return operator.index(value)
    except TypeError:
        return _refuse(value)  # type: ignore[no-any-return]


def _options(annotation: Any) -> tuple[Any, ...]:
    """Returns the members of a union, or the one annotation."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _expected(annotation: Any) -> str:
    """Returns what an annotation means, in words."""
    words = []
    for option in _options(annotation):
        origin = get_origin(option)
        if origin is Sequence:
            words.append(f"a list of which each is {_expected(get_args(option)[0])}")
        elif origin is tuple:
            words.append(f"{len(get_args(option))} of {_expected(get_args(option)[0])}")
        elif origin is Mapping:
            words.append('a mapping such as {"NAME": "VALUE"}')
        elif origin is Callable:
            words.append("a function")
        else:
            words.append(FORMS.get(option) or f"a {getattr(option, '__name__', option)}")
    return " or ".join(dict.fromkeys(words))


def _refuse(value: Any) -> Any:
    raise MisfitError(value)
