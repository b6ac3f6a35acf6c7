"""What people pass from Python, checked against the annotations of a function: a line says why."""

import operator
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from ...objectives.data.describe_object import conversion_hint, describe_object
from .study_error import StudyError

TYPE_WORDS = {
    str: "text",
    Path: "a path",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    type(None): "None",
}


class ArgumentTypeError(TypeError):
    """A value that does not fit an annotation."""


def convert_argument(name: str, value: Any, annotation: Any) -> Any:
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
        return _convert(value, annotation)
    except ArgumentTypeError as error:
        found = error.args[0] if error.args else value
        outer = "" if found is value else f", in {describe_object(value)}"
        way = conversion_hint(found) or conversion_hint(value)
        raise StudyError(
            f"`{name}=` must be {_describe_annotation(annotation)}, not "
            f"{describe_object(found)}{outer}" + (f": {way}" if way else "")
        ) from None


def _convert(value: Any, annotation: Any) -> Any:
    options = _union_members(annotation)
    if value is None and type(None) in options:
        return None
    if any(option in (str, Path) for option in options) and isinstance(value, str | os.PathLike):
        return str(os.fspath(value)) if isinstance(os.fspath(value), str) else _reject(value)
    for option in options:
        origin = get_origin(option)
        if origin is Sequence or origin is tuple:
            return _convert_sequence(value, option)
        if origin is Mapping:
            return _convert_mapping(value, option)
    if bool in options and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    if int in options or float in options:
        return _convert_number(value, float in options)
    checks = [option for option in options if option not in TYPE_WORDS]
    return value if any(_is_instance(value, option) for option in checks) else _reject(value)


def _is_instance(value: Any, option: Any) -> bool:
    """Returns whether a value is of a class, or callable; other annotations are not checked."""
    if get_origin(option) is Callable:
        return callable(value)
    return isinstance(value, option) if isinstance(option, type) else True


def _convert_sequence(value: Any, annotation: Any) -> tuple[Any, ...]:
    """Returns a list whose items fit; a single item is a list of one."""
    item, *rest = get_args(annotation)
    items = _sequence_items(value)
    found = (
        (_convert(value, item),) if items is None else tuple(_convert(one, item) for one in items)
    )
    if get_origin(annotation) is tuple and len(found) != 1 + len(rest):
        _reject(value)
    return found


def _sequence_items(value: Any) -> list[Any] | None:
    """Returns the items of a list; None of a single item, or of what cannot name several."""
    if isinstance(value, str | bytes | Mapping | os.PathLike) or not isinstance(value, Iterable):
        return None
    dimensions = getattr(value, "ndim", None)
    if dimensions is None:
        return (
            None if conversion_hint(value) else list(value)
        )  # a loader of data can be walked through too
    return list(value) if dimensions == 1 else None


def _convert_mapping(value: Any, annotation: Any) -> dict[str, Any]:
    """Returns a mapping; one of texts may be said as on the command line: NAME=VALUE."""
    _, item = get_args(annotation)
    if isinstance(value, Mapping):
        return {
            _convert(name, str): _convert_mapping_value(one, item) for name, one in value.items()
        }
    found = {}
    for text in _convert_sequence(value, Sequence[str]):
        name, equals, one = text.partition("=")
        if not (name and equals and one):
            _reject(text)
        found[name] = one
    return found


def _convert_mapping_value(value: Any, annotation: Any) -> Any:
    """Returns an item of a mapping; where text is meant, a single number or choice is its text."""
    if annotation is str and (value is None or isinstance(value, bool | int | float)):
        return str(value)
    return _convert(value, annotation)


def _convert_number(value: Any, fraction: bool) -> int | float:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        _reject(value)
    if fraction and isinstance(value, Real):
        return float(value) if not isinstance(value, int) else value
    try:
        return operator.index(value)
    except TypeError:
        return _reject(value)  # type: ignore[no-any-return]


def _union_members(annotation: Any) -> tuple[Any, ...]:
    """Returns the members of a union, or the one annotation."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _describe_annotation(annotation: Any) -> str:
    """Returns what an annotation means, in words."""
    words = []
    for option in _union_members(annotation):
        origin = get_origin(option)
        if origin is Sequence:
            words.append(f"a list of which each is {_describe_annotation(get_args(option)[0])}")
        elif origin is tuple:
            words.append(f"{len(get_args(option))} of {_describe_annotation(get_args(option)[0])}")
        elif origin is Mapping:
            words.append('a mapping such as {"NAME": "VALUE"}')
        elif origin is Callable:
            words.append("a function")
        else:
            words.append(TYPE_WORDS.get(option) or f"a {getattr(option, '__name__', option)}")
    return " or ".join(dict.fromkeys(words))


def _reject(value: Any) -> Any:
    raise ArgumentTypeError(value)
