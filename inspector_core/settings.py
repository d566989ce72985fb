"""Declared settings: a frozen dataclass whose fields describe themselves.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class BTFSettings:
        coreset: float = setting(0.1, low=0.001, high=1.0, help="Share of the patches kept.")

`declared(BTFSettings)` gives the records from which `--set`, the window's form, the recipe and the
documentation are made; `build(BTFSettings, {"coreset": "0.2"})` checks and converts.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

from inspector_core.errors import SettingError

S = TypeVar("S")
Value = bool | int | float | str

_KEY = "setting"


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared setting.

    kind : bool, int, float or str.
    low, high : inclusive range, or None.   choices : allowed words, or empty.
    zero : word for the value 0 where that means something special ("auto").
    unit : printed behind the value.   published : the paper's value where ours differs or is worth
    naming, or None.
    """

    name: str
    kind: type
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    published: Value | None = None
    zero: str = ""

    def convert(self, value: object) -> Value:
        """The value in this setting's type; raises SettingError when it is not possible."""
        converted = self._typed(value)
        if self.choices and converted not in self.choices:
            raise self._refused(value, f"choose one of {', '.join(self.choices)}")
        if isinstance(converted, int | float) and not isinstance(converted, bool):
            if converted != converted:
                raise self._refused(value, self._range())
            if self.low is not None and converted < self.low:
                raise self._refused(value, self._range())
            if self.high is not None and converted > self.high:
                raise self._refused(value, self._range())
        return converted

    def _typed(self, value: object) -> Value:
        text = value.strip().lower() if isinstance(value, str) else value
        try:
            if self.kind is bool:
                if isinstance(text, bool):
                    return text
                return {"true": True, "yes": True, "1": True, "on": True}.get(str(text)) or (
                    {"false": False, "no": False, "0": False, "off": False}[str(text)]
                )
            if self.kind is str:
                # files of settings have a type of their own for yes and no
                return str(value) if not isinstance(value, bool) else "yes" if value else "no"
            if isinstance(value, bool):
                raise ValueError
            if self.zero and text == self.zero:
                return typing.cast(Value, self.kind(0))
            if self.kind is int:
                number = float(typing.cast(Any, text))
                if number != int(number):
                    raise ValueError
                return int(number)
            return float(typing.cast(Any, text))
        except (KeyError, TypeError, ValueError, OverflowError):
            expected = {bool: "yes or no", int: "a whole number", float: "a number"}[self.kind]
            expected += f" or {self.zero}" if self.zero else ""
            raise self._refused(value, f"give {expected}") from None

    def _range(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.low is None:
            return f"give at most {self.high:g}{unit}"
        if self.high is None:
            return f"give at least {self.low:g}{unit}"
        return f"give a value from {self.low:g} to {self.high:g}{unit}"

    def _refused(self, value: object, cure: str) -> SettingError:
        return SettingError(f"{self.name}={value} is not possible", cure=cure)


def setting(
    default: Value,
    *,
    help: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    unit: str = "",
    published: Value | None = None,
    zero: str = "",
) -> Any:
    """A dataclass field that carries its own declaration."""
    facts = {
        "help": help,
        "low": low,
        "high": high,
        "choices": choices,
        "unit": unit,
        "published": published,
        "zero": zero,
    }
    return field(default=default, metadata={_KEY: facts})


def declared(cls: type) -> tuple[Setting, ...]:
    """The settings of a class, in the order of its fields."""
    hints = typing.get_type_hints(cls)
    found = []
    for entry in fields(cls):
        facts = entry.metadata.get(_KEY)
        if facts is None:
            continue
        kind = hints[entry.name]
        if isinstance(kind, types.UnionType) or entry.default is MISSING:
            raise TypeError(f"{cls.__name__}.{entry.name}: one plain type and a default, please")
        kind = str if typing.get_origin(kind) is typing.Literal else kind
        found.append(Setting(name=entry.name, kind=kind, default=entry.default, **facts))
    return tuple(found)


def build(cls: type[S], values: Mapping[str, object] | None = None) -> S:
    """Settings with the given values, checked; unknown names raise SettingError."""
    known = {entry.name: entry for entry in declared(cls)}
    chosen: dict[str, Value] = {}
    for name, value in (values or {}).items():
        if name not in known:
            raise SettingError(
                f"there is no setting named {name}",
                cure=f"known settings: {', '.join(sorted(known)) or 'none'}",
            )
        chosen[name] = known[name].convert(value)
    return cls(**chosen)


def as_json(values: object) -> dict[str, Value]:
    """The declared settings of an instance as plain JSON values."""
    return {entry.name: getattr(values, entry.name) for entry in declared(type(values))}
