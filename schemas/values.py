"""One marshmallow field per question type: what a normal answer is, and its limits.

Each raises `ValidationError` with a `Fault`: text that carries the code and what the sentence needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from schemas.expression.values import from_answer, to_text
from schemas.form import Field

TEXT_LENGTH = 2_000
BARCODE_LENGTH = 500
COMPUTED_LENGTH = 10_000
"""Else calculations that repeat each other's texts could fill the memory."""
POINTS = 5_000
RING = 4
"""Points of the smallest ring: three, and the first one again."""
SAFE_INTEGER = 2**53 - 1
DIGITS = 40

_DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:[0-5]\d)", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENTITY = re.compile(r"entity:([a-z][a-z0-9_-]*):[^\x00- ]{1,128}")


class Fault(str):
    """A code with the parameters of its sentence; a text, so that marshmallow carries it among its messages."""

    params: Mapping[str, Any]

    def __new__(cls, code: str, **params: Any) -> Fault:
        made = super().__new__(cls, code)
        made.params = params
        return made


def fail(code: str, **params: Any) -> ValidationError:
    """The error to raise for a value."""
    return ValidationError([Fault(code, **params)])


class Answer(fields.Field[Any]):
    """A value of one question. `_check` raises; the value itself is never changed."""

    def __init__(self, question: Field) -> None:
        super().__init__(required=False, allow_none=False)
        self.question = question

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        raise NotImplementedError


class TextAnswer(Answer):
    default_length = TEXT_LENGTH

    def check(self, value: Any) -> None:
        if not isinstance(value, str):
            raise fail("not_text")
        most = self.default_length if self.question.max_length is None else self.question.max_length
        if len(value) > most:
            raise fail("too_long", max=most)


class BarcodeAnswer(TextAnswer):
    default_length = BARCODE_LENGTH


class IntegerAnswer(Answer):
    def check(self, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > SAFE_INTEGER:
            raise fail("not_integer")
        check_bounds(Decimal(value), self.question)


class DecimalAnswer(Answer):
    def check(self, value: Any) -> None:
        if not isinstance(value, str) or len(value) > DIGITS or not _DECIMAL.fullmatch(value):
            raise fail("not_decimal")
        places = self.question.places
        if places is not None and len(value.partition(".")[2]) > places:
            raise fail("too_many_places", places=places)
        check_bounds(Decimal(value), self.question)


def check_bounds(number: Decimal, question: Field) -> None:
    """Raise where a number is outside what the question allows."""
    if question.min is not None and number < Decimal(question.min):
        raise fail("too_small", min=question.min)
    if question.max is not None and number > Decimal(question.max):
        raise fail("too_large", max=question.max)


class BooleanAnswer(Answer):
    def check(self, value: Any) -> None:
        if not isinstance(value, bool):
            raise fail("not_boolean")


class DateAnswer(Answer):
    def __init__(self, question: Field) -> None:
        super().__init__(question)
        self._ending = {"month": "-01", "year": "-01-01"}.get(question.precision, "")

    def check(self, value: Any) -> None:
        _check_temporal(value, _DATE, date.fromisoformat, "not_date")
        if not value.endswith(self._ending):
            raise fail("not_month") if self.question.precision == "month" else fail("not_year")


class TimeAnswer(Answer):
    def check(self, value: Any) -> None:
        _check_temporal(value, _TIME, time.fromisoformat, "not_time")


class DatetimeAnswer(Answer):
    def check(self, value: Any) -> None:
        _check_temporal(value, _DATETIME, datetime.fromisoformat, "not_datetime")


def _check_temporal(value: Any, pattern: re.Pattern[str], read: Any, code: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise fail(code)
    try:
        read(value)
    except ValueError:
        raise fail(code) from None


class ChoiceAnswer(Answer):
    def check(self, value: Any) -> None:
        if isinstance(value, str) and value in self.question.choice_names:
            return
        if not self.question.entity:
            raise fail("not_a_choice", value=shown(value))
        found = _ENTITY.fullmatch(value) if isinstance(value, str) else None
        if found is None or found[1] != self.question.entity:
            raise fail("not_entity")


class ChoicesAnswer(ChoiceAnswer):
    def check(self, value: Any) -> None:
        if not isinstance(value, list):
            raise fail("not_list")
        for item in value:
            super().check(item)
        if len(set(value)) != len(value):
            raise fail("repeated_choice")


class RankAnswer(ChoicesAnswer):
    def check(self, value: Any) -> None:
        """All choices have their place, unless a filter leaves some of them out."""
        super().check(value)
        if self.question.choice_filter is None and len(value) != len(self.question.choices):
            raise fail("not_ranked")


class FilesAnswer(Answer):
    def check(self, value: Any) -> None:
        if not isinstance(value, list) or not all(_is_digest(item) for item in value) or len(set(value)) != len(value):
            raise fail("not_media")
        if len(value) > self.question.max_files:
            raise fail("too_many_files", max=self.question.max_files)


class SignatureAnswer(Answer):
    def check(self, value: Any) -> None:
        if not _is_digest(value):
            raise fail("not_media")


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


class PointAnswer(Answer):
    def check(self, value: Any) -> None:
        if not _is_point(value):
            raise fail("not_position")


class PointsAnswer(Answer):
    def check(self, value: Any) -> None:
        if not isinstance(value, list) or not 0 < len(value) <= POINTS or not all(map(_is_point, value)):
            raise fail("not_position")


class ShapeAnswer(PointsAnswer):
    def check(self, value: Any) -> None:
        """A ring, as GeoJSON and ODK have it: the last point is the first one again."""
        super().check(value)
        first, last = value[0], value[-1]
        if len(value) < RING or (first["lat"], first["lon"]) != (last["lat"], last["lon"]):
            raise fail("not_closed")


def _is_point(value: Any) -> bool:
    if not isinstance(value, dict) or not {"lat", "lon"} <= set(value) <= {"lat", "lon", "accuracy", "altitude"}:
        return False
    if not all(isinstance(each, str) and len(each) <= DIGITS and _DECIMAL.fullmatch(each) for each in value.values()):
        return False
    return abs(Decimal(value["lat"])) <= 90 and abs(Decimal(value["lon"])) <= 180


class ComputedAnswer(Answer):
    def check(self, value: Any) -> None:
        """What the judge computed itself needs no check; what a tablet stored is of the type of `value`."""
        if self.question.is_stored:
            ANSWERS[self.question.value or "text"](self.question).check(value)


def shown(value: Any) -> str:
    """A foreign value, short enough to stand in a sentence."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, dict | list):
        text = "{…}" if isinstance(value, dict) else "[…]"
    else:
        text = "null" if value is None else to_text(from_answer(value))
    return text if len(text) <= 40 else text[:39] + "…"


ANSWERS: Mapping[str, type[Answer]] = {
    "text": TextAnswer,
    "barcode": BarcodeAnswer,
    "integer": IntegerAnswer,
    "decimal": DecimalAnswer,
    "boolean": BooleanAnswer,
    "date": DateAnswer,
    "time": TimeAnswer,
    "datetime": DatetimeAnswer,
    "select_one": ChoiceAnswer,
    "select_many": ChoicesAnswer,
    "rank": RankAnswer,
    "entity": ChoiceAnswer,
    "photo": FilesAnswer,
    "audio": FilesAnswer,
    "video": FilesAnswer,
    "file": FilesAnswer,
    "signature": SignatureAnswer,
    "geopoint": PointAnswer,
    "geotrace": PointsAnswer,
    "geoshape": ShapeAnswer,
    "calculate": ComputedAnswer,
    "score": ComputedAnswer,
}
