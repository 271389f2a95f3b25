"""Values as people read them: choice labels, entity names, dates, pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from schemas.files import FILES
from schemas.form import Field, Form
from schemas.summary import show_date
from service import language
from sync.merge import STATE, is_row

PICTURES = frozenset({"photo", "signature"})


@dataclass(frozen=True)
class MediaFile:
    """One attachment: where it is, and whether a browser can show it as a picture."""

    url: str
    is_image: bool
    arrived: bool = True


@dataclass(frozen=True)
class Shown:
    """A value ready to be shown: text, or attachments; neither where nothing was filled."""

    text: str = ""
    media: tuple[MediaFile, ...] = ()


@dataclass(frozen=True)
class Reader:
    """Who reads: the language, and how to find what values only point at.

    `entity` gives an entity's name by its document id and a language; `media` the attachment of a digest.
    """

    lang: str
    entity: Callable[[str, str], str | None]
    media: Callable[[str, bool], MediaFile]

    def say(self, key: str, **params: object) -> str:
        return language.translate(key, self.lang, **params)

    def pick(self, texts: Mapping[str, str] | None, fallback: str = "") -> str:
        return language.pick(texts, self.lang, fallback)


def show(field: Field | None, value: Any, form: Form | None, reader: Reader) -> Shown:
    """A field's value. What does not fit the field's type, as a bad record may hold, is shown as it is."""
    if value is None or value in ("", [], {}):
        return Shown()
    if field is None or form is None:
        return Shown(language.shown_value(value))
    if field.type in FILES:
        digests = value if isinstance(value, list) else [value]
        return Shown(media=tuple(reader.media(str(each), field.type in PICTURES) for each in digests))
    try:
        text = _TEXT.get(field.type, _as_it_is)(field, value, form, reader)
    except (TypeError, ValueError, KeyError, AttributeError):
        text = language.shown_value(value)
    return Shown(text)


def label_of(path: str, form: Form, reader: Reader, answers: Mapping[str, Any] | None = None) -> str:
    """What a path is called: the labels from the outermost repeat to the field, rows by their number."""
    if path == STATE:
        return reader.say("record.state_path")
    parts, labels = path.strip("/").split("/"), []
    for depth in range(1, len(parts) + 1):
        labels += _label_step(parts[:depth], form, reader, answers)
    return " · ".join(labels) or path


def _label_step(parts: Sequence[str], form: Form, reader: Reader, answers: Mapping[str, Any] | None) -> list[str]:
    field = form.field("/" + "/".join(parts))
    if _is_row(parts, form):
        return [row_name(form.field("/" + "/".join(parts[:-1])), row_number(parts, answers), reader)]
    if field is None:
        return [parts[-1]]
    if field.type in {"group", "repeat"}:
        return []
    return [reader.pick(field.label, field.name)]


def _is_row(parts: Sequence[str], form: Form) -> bool:
    path = "/" + "/".join(parts)
    return is_row(path) and (parent := form.field(path)) is not None and parent.type == "repeat"


def row_name(repeat: Field | None, number: int | None, reader: Reader) -> str:
    """What one row of a repeat is called, such as “problem 2”."""
    name = reader.pick((repeat.row_label or repeat.label) if repeat else None)
    return f"{name} {number}" if number else name


def row_number(parts: Sequence[str], answers: Mapping[str, Any] | None) -> int | None:
    """The place, from 1, of the row that a path ends in; None where the answers lack it."""
    here: Any = answers
    for part in parts[:-1]:
        here = _step(here, part)
    rows = [row.get("_row") for row in here if isinstance(row, dict)] if isinstance(here, list) else []
    return rows.index(parts[-1]) + 1 if parts[-1] in rows else None


def _step(here: Any, part: str) -> Any:
    if isinstance(here, list):
        return next((row for row in here if isinstance(row, dict) and row.get("_row") == part), None)
    return here.get(part) if isinstance(here, dict) else None


def state_of(value: Any, reader: Reader) -> Shown:
    """A record's state as a word."""
    key = f"state.{value}"
    return Shown(reader.say(key) if key in language.catalogue(reader.lang) else str(value))


def moment_of(at: str, reader: Reader, zone: ZoneInfo, now: datetime) -> dict[str, str]:
    """A hybrid time as `{iso, full, short}` in a zone; its text as it is where it is none."""
    try:
        when = datetime.fromisoformat(at.split("/", maxsplit=1)[0].replace("Z", "+00:00")).astimezone(zone)
    except ValueError:
        return {"iso": at, "full": at, "short": at}
    full = f"{language.show_moment(when, reader.lang)} ({zone.key})"
    return {
        "iso": when.isoformat(),
        "full": full,
        "short": language.show_short(when, now.astimezone(zone), reader.lang),
    }


def day_of(value: Any, lang: str) -> str:
    """A date as it is written in a language; its text as it is where it is none."""
    try:
        return show_date(date.fromisoformat(str(value)), lang)
    except ValueError:
        return str(value)


def _as_it_is(_field: Field, value: Any, _form: Form, reader: Reader) -> str:
    if isinstance(value, bool):
        return reader.say("value.yes" if value else "value.no")
    return language.shown_value(value)


def _choice(field: Field, value: Any, _form: Form, reader: Reader) -> str:
    label = {c.name: c.label for c in field.choices}.get(value)
    if label is None and field.entity:
        return reader.entity(str(value), reader.lang) or str(value)
    return reader.pick(label, str(value))


def _choices(field: Field, value: Any, form: Form, reader: Reader) -> str:
    between = ", " if reader.lang == "en" else "、"
    return between.join(_choice(field, each, form, reader) for each in value)


def _date(field: Field, value: Any, _form: Form, reader: Reader) -> str:
    return show_date(date.fromisoformat(value), reader.lang, field.precision)


def _time(_field: Field, value: Any, _form: Form, _reader: Reader) -> str:
    return time.fromisoformat(value).strftime("%H:%M")


def _datetime(_field: Field, value: Any, form: Form, reader: Reader) -> str:
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return language.show_moment(moment.astimezone(form.timezone), reader.lang)


def _point(_field: Field, value: Any, _form: Form, reader: Reader) -> str:
    place = f"{value['lat']}, {value['lon']}"
    accuracy = value.get("accuracy")
    return f"{place} " + reader.say("value.metres", accuracy=accuracy) if accuracy else place


def _points(_field: Field, value: Any, _form: Form, reader: Reader) -> str:
    return reader.say("value.points", count=len(value))


_TEXT: dict[str, Callable[[Field, Any, Form, Reader], str]] = {
    "select_one": _choice,
    "select_many": _choices,
    "rank": _choices,
    "entity": _choice,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "geopoint": _point,
    "geotrace": _points,
    "geoshape": _points,
}
