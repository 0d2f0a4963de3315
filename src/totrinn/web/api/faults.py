"""What is wrong with the shape of what was sent: all of it at once, each with its place, a stable code and a sentence.

That something is wrong, msgspec says, which reads it; here it is told in full.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from totrinn.web.languages import Language

MOST_TOLD = 50
_MOST_CHOICES = 12
_LONGEST_NAME = 200


def _(message: str) -> str:
    """Marks a message for translation; it is translated when it is said."""
    return message


class Fault(StrEnum):
    """What is wrong at one place. Never changes its meaning."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    WRONG_TYPE = "wrong_type"
    WRONG_FORM = "wrong_form"
    NOT_ONE_OF = "not_one_of"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SMALL = "too_small"
    TOO_GREAT = "too_great"
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    UNACCEPTABLE = "unacceptable"
    """It has the right shape, and cannot be taken all the same."""


_MISSING = _("This is missing.")
_UNKNOWN = _("There is nothing of this name here.")
_TEXT = _("This must be text.")
_NUMBER = _("This must be a whole number.")
_TRUTH = _("This must be true or false.")
_LIST = _("This must be a list.")
_OBJECT = _("This must be an object.")
_EMPTY = _("This must not be empty.")
_TOO_SHORT = _("This must have at least %(bound)s characters.")
_TOO_LONG = _("This may have at most %(bound)s characters.")
_TOO_SMALL = _("This must be at least %(bound)s.")
_TOO_GREAT = _("This may be at most %(bound)s.")
_TOO_FEW = _("There must be at least %(bound)s of these.")
_TOO_MANY = _("There may be at most %(bound)s of these.")
_TIME = _("This must be a time with its zone, written like 2036-01-31T12:00:00Z.")
_BASE64 = _("This must be written as base64.")
_FORM = _("This is not written the way it must be.")
_ONE_OF = _("This must be one of %(choices)s.")
_NONE_OF = _("This is none of the possible values.")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong, at a JSON pointer (RFC 6901)."""

    pointer: str
    fault: Fault
    sentence: str
    values: Mapping[str, object] = field(default_factory=dict)

    def told(self, language: Language) -> dict[str, str]:
        """It, as a problem tells it."""
        return told(self.pointer, self.fault, language.say(self.sentence, **self.values))


Finding = Iterator[Found]


def told(pointer: str, fault: Fault, sentence: str) -> dict[str, str]:
    """What is wrong at one place, as a problem tells it."""
    return {"pointer": pointer, "code": fault.value, "detail": sentence}


def faults_of(sent: Any, shape: Any) -> list[Found]:
    """What is wrong with a value, plain as JSON has it, that is not of this shape: at most 50 things, at least one."""
    return list(islice(_look("", sent, inspect.type_info(shape)), MOST_TOLD)) or [Found("", Fault.WRONG_FORM, _FORM)]


def faults_of_query(sent: Mapping[str, str], shape: Any) -> list[Found]:
    """The same of a query, where numbers are written as text."""
    info = inspect.type_info(shape)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    numbers = {each.encode_name for each in fields if isinstance(_bare(each.type), inspect.IntType)}
    return faults_of({name: _number(text) if name in numbers else text for name, text in sent.items()}, shape)


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _bare(info: inspect.Type) -> inspect.Type:
    return _bare(info.type) if isinstance(info, inspect.Metadata) else info


def _look(at: str, value: Any, info: inspect.Type) -> Finding:
    bare = _bare(info)
    look = _LOOKS.get(type(bare))
    return look(at, value, bare) if look else iter(())


def _struct(at: str, value: Any, info: inspect.StructType) -> Finding:
    if not isinstance(value, dict):
        yield Found(at, Fault.WRONG_TYPE, _OBJECT)
        return
    for each in info.fields:
        if each.encode_name in value:
            yield from _look(f"{at}/{each.encode_name}", value[each.encode_name], each.type)
        elif each.required:
            yield Found(f"{at}/{each.encode_name}", Fault.MISSING, _MISSING)
    known = {info.tag_field, *(each.encode_name for each in info.fields)}
    for name in value:
        if name not in known:
            yield Found(_under(at, name), Fault.UNKNOWN, _UNKNOWN)


def _under(at: str, name: str) -> str:
    """The place of a name that was sent; the object's own, where the name is no name but a text."""
    return at if len(name) > _LONGEST_NAME else f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


def _union(at: str, value: Any, info: inspect.UnionType) -> Finding:
    kinds = [_bare(each) for each in info.types]
    if value is None and any(isinstance(each, inspect.NoneType) for each in kinds):
        return
    rest = [each for each in kinds if not isinstance(each, inspect.NoneType)]
    tagged = {each.tag: each for each in rest if isinstance(each, inspect.StructType) and each.tag_field}
    if not tagged:
        yield from _look(at, value, rest[0])
        return
    tag_field = next(str(each.tag_field) for each in tagged.values())
    if not isinstance(value, dict):
        yield Found(at, Fault.WRONG_TYPE, _OBJECT)
    elif tag_field not in value:
        yield Found(f"{at}/{tag_field}", Fault.MISSING, _MISSING)
    elif not isinstance(value[tag_field], str) or value[tag_field] not in tagged:
        yield _not_one_of(f"{at}/{tag_field}", [str(tag) for tag in tagged])
    else:
        yield from _look(at, value, tagged[value[tag_field]])


def _text(at: str, value: Any, info: inspect.StrType) -> Finding:
    if not isinstance(value, str):
        yield Found(at, Fault.WRONG_TYPE, _TEXT)
        return
    yield from _length(at, len(value), info, (Fault.TOO_SHORT, _TOO_SHORT), (Fault.TOO_LONG, _TOO_LONG))
    if value and info.pattern is not None and not re.search(info.pattern, value):
        yield Found(at, Fault.WRONG_FORM, _FORM)


def _length(at: str, length: int, info: Any, too_little: tuple[Fault, str], too_much: tuple[Fault, str]) -> Finding:
    if info.min_length is not None and length < info.min_length:
        fault, sentence = too_little
        yield Found(at, fault, _EMPTY if info.min_length == 1 else sentence, {"bound": info.min_length})
    if info.max_length is not None and length > info.max_length:
        fault, sentence = too_much
        yield Found(at, fault, sentence, {"bound": info.max_length})


def _bytes(at: str, value: Any, info: inspect.BytesType) -> Finding:
    if not isinstance(value, str):
        yield Found(at, Fault.WRONG_TYPE, _TEXT)
        return
    try:
        content = b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        yield Found(at, Fault.WRONG_FORM, _BASE64)
        return
    yield from _length(at, len(content), info, (Fault.TOO_SHORT, _TOO_SHORT), (Fault.TOO_LONG, _TOO_LONG))


def _integer(at: str, value: Any, info: inspect.IntType) -> Finding:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Found(at, Fault.WRONG_TYPE, _NUMBER)
    elif info.ge is not None and value < info.ge:
        yield Found(at, Fault.TOO_SMALL, _TOO_SMALL, {"bound": info.ge})
    elif info.le is not None and value > info.le:
        yield Found(at, Fault.TOO_GREAT, _TOO_GREAT, {"bound": info.le})


def _truth(at: str, value: Any, _info: inspect.Type) -> Finding:
    if not isinstance(value, bool):
        yield Found(at, Fault.WRONG_TYPE, _TRUTH)


def _time(at: str, value: Any, _info: inspect.Type) -> Finding:
    if not isinstance(value, str):
        yield Found(at, Fault.WRONG_TYPE, _TEXT)
        return
    try:
        msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError:
        yield Found(at, Fault.WRONG_FORM, _TIME)


def _literal(at: str, value: Any, info: inspect.LiteralType) -> Finding:
    if value not in info.values:
        yield _not_one_of(at, [str(each) for each in info.values])


def _enumerated(at: str, value: Any, info: inspect.EnumType) -> Finding:
    possible = [each.value for each in info.cls]
    if value not in possible:
        yield _not_one_of(at, possible)


def _not_one_of(at: str, possible: Sequence[str]) -> Found:
    if len(possible) > _MOST_CHOICES:
        return Found(at, Fault.NOT_ONE_OF, _NONE_OF)
    return Found(at, Fault.NOT_ONE_OF, _ONE_OF, {"choices": ", ".join(possible)})


def _items(at: str, value: Any, info: Any) -> Finding:
    if not isinstance(value, list):
        yield Found(at, Fault.WRONG_TYPE, _LIST)
        return
    yield from _length(at, len(value), info, (Fault.TOO_FEW, _TOO_FEW), (Fault.TOO_MANY, _TOO_MANY))
    for number, item in enumerate(value):
        yield from _look(f"{at}/{number}", item, info.item_type)


def _mapping(at: str, value: Any, info: inspect.DictType) -> Finding:
    if not isinstance(value, dict):
        yield Found(at, Fault.WRONG_TYPE, _OBJECT)
        return
    for name, item in value.items():
        yield from _look(_under(at, name), item, info.value_type)


_LOOKS: dict[type, Callable[[str, Any, Any], Finding]] = {
    inspect.StructType: _struct,
    inspect.UnionType: _union,
    inspect.StrType: _text,
    inspect.BytesType: _bytes,
    inspect.IntType: _integer,
    inspect.BoolType: _truth,
    inspect.DateTimeType: _time,
    inspect.LiteralType: _literal,
    inspect.EnumType: _enumerated,
    inspect.ListType: _items,
    inspect.VarTupleType: _items,
    inspect.DictType: _mapping,
}
