"""Checks the arguments of public functions against the annotations of the parameters."""

import operator
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, NoReturn, Union, get_args, get_origin

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
    """The error for a value that does not fit an annotation. `error.args[0]` is the value."""


def convert_argument(name: str, value: Any, annotation: Any) -> Any:
    """Returns the value of the argument `name`, converted to the type of its annotation.

    If a list is expected, a single item becomes a list with one item. If a mapping is expected,
    texts such as `NAME=VALUE` become a mapping. A path becomes text, and a NumPy number becomes a
    Python number. An annotation that cannot be checked, such as a callback's, changes nothing.

    Raises:
        StudyError: If the value cannot be converted. The message names the type of the value.
    """
    try:
        return _convert(value, annotation)
    except ArgumentTypeError as error:
        wrong = error.args[0]
        context = "" if wrong is value else f", in {describe_object(value)}"
        hint = conversion_hint(wrong) or conversion_hint(value)
        raise StudyError(
            f"`{name}=` must be {_describe_annotation(annotation)}, not "
            f"{describe_object(wrong)}{context}" + (f": {hint}" if hint else "")
        ) from None


def union_members(annotation: Any) -> tuple[Any, ...]:
    """Returns the members of an annotation that is a union, or else the annotation itself."""
    is_union = get_origin(annotation) in (Union, types.UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _convert(value: Any, annotation: Any) -> Any:
    members = union_members(annotation)
    if value is None and type(None) in members:
        return None
    classes = tuple(one for one in members if isinstance(one, type) and one not in TYPE_WORDS)
    if isinstance(value, classes) and not isinstance(value, os.PathLike):
        return value
    if {str, Path} & set(members) and isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        return str(path) if isinstance(path, str) else _raise_type_error(value)
    for member in members:
        if get_origin(member) in (Sequence, tuple):
            return _convert_sequence(value, member)
        if get_origin(member) is Mapping:
            return _convert_mapping(value, member)
    if bool in members and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    if int in members or float in members:
        return _convert_number(value, float in members)
    others = [member for member in members if member not in TYPE_WORDS]
    return (
        value if any(_is_instance(value, other) for other in others) else _raise_type_error(value)
    )


def _is_instance(value: Any, member: Any) -> bool:
    if get_origin(member) is Callable:
        return callable(value)
    return isinstance(value, member) if isinstance(member, type) else True


def _convert_sequence(value: Any, annotation: Any) -> tuple[Any, ...]:
    item, *rest = get_args(annotation)
    items = _sequence_items(value)
    converted = tuple(_convert(one, item) for one in ([value] if items is None else items))
    if get_origin(annotation) is tuple and len(converted) != 1 + len(rest):
        _raise_type_error(value)
    return converted


def _sequence_items(value: Any) -> list[Any] | None:
    """Returns the items of a list-like value; None if the value is a single item."""
    if isinstance(value, str | bytes | Mapping | os.PathLike) or not isinstance(value, Iterable):
        return None
    dimensions = getattr(value, "ndim", None)
    if dimensions is None:  # a DataLoader can be iterated over too
        return None if conversion_hint(value) else list(value)
    return list(value) if dimensions == 1 else None


def _convert_mapping(value: Any, annotation: Any) -> dict[str, Any]:
    """Returns a dictionary from a mapping, or from texts such as `NAME=VALUE`."""
    if not isinstance(value, Mapping):
        pairs = [(text, text.partition("=")) for text in _convert_sequence(value, Sequence[str])]
        for text, parts in pairs:
            if not all(parts):
                _raise_type_error(text)
        return {name: text for _, (name, _, text) in pairs}
    item = get_args(annotation)[1]
    as_text = (type(None), bool, int, float) if item is str else ()
    return {
        _convert(name, str): str(one) if isinstance(one, as_text) else _convert(one, item)
        for name, one in value.items()
    }


def _convert_number(value: Any, fraction: bool) -> int | float:
    if getattr(value, "ndim", None) == 0:  # a number in an array or a tensor
        value = value.item()
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        _raise_type_error(value)
    if fraction and isinstance(value, Real):
        return value if isinstance(value, int) else float(value)
    try:
        return operator.index(value)
    except TypeError:
        _raise_type_error(value)


def _describe_annotation(annotation: Any) -> str:
    return " or ".join(dict.fromkeys(map(_describe_member, union_members(annotation))))


def _describe_member(member: Any) -> str:
    origin, items = get_origin(member), get_args(member)
    if origin is Sequence:
        return f"a list in which each item is {_describe_annotation(items[0])}"
    if origin is tuple:
        return f"{len(items)} of {_describe_annotation(items[0])}"
    if origin is Mapping:
        return 'a mapping such as {"NAME": "VALUE"}'
    if origin is Callable:
        return "a function"
    return TYPE_WORDS.get(member) or f"a {getattr(member, '__name__', member)}"


def _raise_type_error(value: Any) -> NoReturn:
    raise ArgumentTypeError(value)
