"""Export: a definition to an XLSForm workbook, whose import gives the same definition again.

XLSForm has no merge policies, identities and the like; they stand in columns of our own, `rounds::…`, which others
pass over. What goes there is found by reading the workbook again and comparing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.definition import EXPRESSIONS, FILES, SELECTS, kind_of_entities
from schemas.xlsform.cells import Record, workbook
from schemas.xlsform.choices import ODD, YES_NO
from schemas.xlsform.expressions import outwards
from schemas.xlsform.languages import HEADERS, NO, YES
from schemas.xlsform.notes import CHANGED, Note, Notes, Refused
from schemas.xlsform.questions import limits
from schemas.xlsform.read import draft, import_form
from schemas.xlsform.workbook import column_of, decoded

OWN = "rounds::"
TYPES = {
    "datetime": "dateTime",
    "photo": "image",
    "signature": "image",
    "score": "calculate",
    "boolean": f"select_one {YES_NO}",
    "select_many": "select_multiple",
}
LESS = {
    "boolean": "a question of yes or no becomes a choice of true and false; conditions that compare it with true() "
    "mean something else in other programs",
    "score": "a score becomes a calculation",
}
LIMITS = ("min", "max", "max_length")
"""They stand both in the constraint and in columns of our own, so that an import can tell them from it."""
ONLY_HERE = frozenset({"count-if"})
_TEXTS = {"label": "label", "hint": "hint", "message": "constraint_message", "required_message": "required_message"}
_COLUMNS = {"relevant": "relevant", "choice_filter": "choice_filter", "calculate": "calculation"}
_SKIPPED = frozenset({"name", "type", "fields"})


@dataclass(frozen=True)
class Exported:
    """A workbook, and what it cannot tell other programs."""

    data: bytes
    notes: tuple[Note, ...]


def export_form(definition: Mapping[str, Any]) -> Exported:
    """The workbook of a form, authored or published. The definition must be sound."""
    return _Writer(authored(definition)).exported()


def authored(value: Any) -> Any:
    """A definition without the trees of its expressions."""
    if isinstance(value, Mapping):
        if set(value) == {"text", "tree"}:
            return value["text"]
        return {name: authored(each) for name, each in value.items()}
    return [authored(each) for each in value] if isinstance(value, list) else value


class _Writer:
    def __init__(self, definition: dict[str, Any]) -> None:
        self._definition = definition
        self._headers = {tag: HEADERS.get(tag, tag) for tag in definition["languages"]}
        self._notes = Notes()
        self._survey: list[Record] = []
        self._rows: dict[str, int] = {}
        """The row of each field, by its path."""
        self._choices: list[Record] = []
        self._lists = {*definition.get("lists", {}), YES_NO}
        self._settings: Record = {}

    def exported(self) -> Exported:
        for name, choices in self._definition.get("lists", {}).items():
            self._list(name, choices)
        self._fields(self._definition["fields"], "")
        if any(record.get("type") == TYPES["boolean"] for record in self._survey):
            for name, label in (("true", YES), ("false", NO)):
                texts = {tag: label.get(tag, label["en"]) for tag in self._headers}
                self._list(YES_NO, [{"name": name, "label": texts}])
        self._head()
        try:
            self._compare(draft(self._data()))
        except Refused as error:
            return Exported(self._data(), (*self._notes, error.note))
        data = self._data()
        if import_form(data).definition != self._definition:
            self._notes.add(CHANGED, "", 0, "", "an import of this workbook gives a form that differs from this one")
        return Exported(data, tuple(self._notes))

    def _data(self) -> bytes:
        return workbook({"survey": self._survey, "choices": self._choices, "settings": [self._settings]})

    def _texts(self, column: str, text: Mapping[str, str]) -> Record:
        return {f"{column}::{header}": _plain_text(text[tag]) for tag, header in self._headers.items()}

    def _media(self, entry: Mapping[str, Any]) -> Record:
        return {
            f"media::{kind}::{self._headers[language]}": _plain_text(name)
            for kind, names in entry.get("media", {}).items()
            for language, name in names.items()
            if language in self._headers
        }

    def _list(self, name: str, choices: list[dict[str, Any]]) -> None:
        for choice in choices:
            record: Record = {"list_name": name, "name": choice["name"], **self._texts("label", choice["label"])}
            record |= self._media(choice)
            extra = {key: value for key, value in choice.items() if key not in ("name", "label", "media")}
            plain = {key: value for key, value in extra.items() if _is_plain(key, value)}
            odd = {key: value for key, value in extra.items() if key not in plain}
            self._choices.append(record | plain | ({ODD: _encoded(odd)} if odd else {}))

    def _fields(self, fields: list[dict[str, Any]], above: str) -> None:
        for entry in fields:
            path = f"{above}/{entry['name']}"
            container = entry["type"] in ("group", "repeat")
            record = self._record(entry)
            self._survey.append(record)
            self._rows[path] = len(self._survey) + 1
            self._less(entry, self._rows[path])
            if container:
                self._fields(entry["fields"], path)
                self._survey.append({"type": f"end_{entry['type']}", "name": entry["name"]})

    def _record(self, entry: Mapping[str, Any]) -> Record:
        kind = entry["type"]
        record: Record = {"type": self._type(entry), "name": entry["name"]}
        of_one = kind in ("entity", "select_one") and kind_of_entities(entry)
        if of_one or kind in ("boolean", "score") or (kind in FILES and entry.get("max_files") != 1):
            record[f"{OWN}type"] = kind
        if kind in SELECTS and isinstance(entry["choices"], list):
            record[f"{OWN}inline"] = "yes"
        for name, column in _TEXTS.items():
            if name in entry:
                record |= self._texts(column, entry[name])
        record |= self._media(entry)
        for name in ("required", "readonly"):
            if value := entry.get(name):
                record[name] = "yes" if value is True else outwards(str(value), self._lists)
        for name, column in _COLUMNS.items():
            if name in entry:
                record[column] = outwards(str(entry[name]), self._lists)
        if "trigger" in entry:
            record["trigger"] = ", ".join(f"${{{path.rpartition('/')[2]}}}" for path in entry["trigger"])
        record |= {f"{OWN}{name}": _encoded(entry[name]) for name in LIMITS if name in entry}
        bounds, own = limits(entry), entry.get("constraint")
        if own or bounds:
            own = outwards(str(own or ""), self._lists)
            record["constraint"] = f"({own}) and {bounds}" if own and bounds else own or bounds
        looks = [entry.get("appearance", ""), "signature" if kind == "signature" else ""]
        record["appearance"] = " ".join(filter(None, looks))
        record["default"] = outwards(_default(entry.get("default")), self._lists)
        if "row_count" in entry:
            record["repeat_count"] = outwards(str(entry["row_count"]), self._lists)
        elif kind == "repeat" and "min_rows" in entry and entry["min_rows"] == entry.get("max_rows"):
            record["repeat_count"] = str(entry["min_rows"])
        return record

    def _type(self, entry: Mapping[str, Any]) -> str:
        kind = str(entry["type"])
        if kind in ("group", "repeat"):
            return f"begin_{kind}"
        if file := kind_of_entities(entry):
            return f"select_{'multiple' if kind == 'select_many' else 'one'}_from_file {file}.csv"
        if kind not in SELECTS:
            return TYPES.get(kind, kind)
        choices = entry["choices"]
        if isinstance(choices, Mapping):
            name = choices["list"]
        else:
            name = f"{entry['name']}_choices"
            while name in self._lists:
                name += "_"
            self._lists.add(name)
            self._list(name, choices)
        or_other = " or_other" if "other" in entry and "choice_filter" not in entry else ""
        return f"{TYPES.get(kind, kind)} {name}{or_other}"

    def _less(self, entry: Mapping[str, Any], row: int) -> None:
        """Tell what another program will make less of."""
        text = LESS.get(entry["type"])
        if file := kind_of_entities(entry):
            text = f"other programs need the list as a file beside the form: {file}.csv"
        if text is not None:
            self._notes.add(CHANGED, "survey", row, "type", text)
        for name in EXPRESSIONS:
            for function in sorted(ONLY_HERE):
                if re.search(rf"(?<![\w-]){function}\(", str(entry.get(name, ""))):
                    column = _COLUMNS.get(name, name)
                    self._notes.add(CHANGED, "survey", row, column, f"other programs may not have {function}()")

    def _head(self) -> None:
        definition = self._definition
        first = definition["languages"][0]
        self._settings = {
            "form_title": _plain_text(definition["title"][first]),
            "form_id": definition["form"],
            "version": str(definition["version"]),
            "default_language": self._headers[first],
        }

    def _compare(self, found: Mapping[str, Any]) -> None:
        """Put what the workbook does not say yet into columns of our own."""
        read = dict(_walk(found["fields"]))
        for path, entry in _walk(self._definition["fields"]):
            record, other = self._survey[self._rows[path] - 2], read.get(path, {})
            for name in dict.fromkeys((*entry, *other)):
                if name not in _SKIPPED and entry.get(name) != other.get(name):
                    record[f"{OWN}{name}"] = _encoded(entry.get(name))
        for header, count in Counter(header for record in self._survey for header in record).items():
            if header.startswith(OWN):
                text = f"only Rounds reads this column ({count} {'field' if count == 1 else 'fields'})"
                self._notes.add(CHANGED, "survey", 0, header, text)
        for name in dict.fromkeys((*self._definition, *found)):
            if name != "fields" and self._definition.get(name) != found.get(name):
                self._settings[f"{OWN}{name}"] = _encoded(self._definition.get(name))
                if name != "$schema":
                    self._notes.add(CHANGED, "settings", 2, f"{OWN}{name}", "only Rounds reads this column")


def _walk(fields: list[dict[str, Any]], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in fields:
        path = f"{above}/{entry['name']}"
        yield path, entry
        yield from _walk(entry.get("fields", []), path)


def _is_plain(name: str, value: Any) -> bool:
    """Whether a property of a choice can stand in a column of its own name."""
    column = column_of("choices", name)
    return (
        isinstance(value, str) and bool(value) and value == value.strip() and column.name == name and "::" not in name
    )


def _encoded(value: Any) -> str:
    """A value for a column of our own: a text as it stands where it cannot be taken for JSON."""
    plain = (
        isinstance(value, str) and value and value == value.strip() and decoded(value) == value and value.isprintable()
    )
    reads = isinstance(value, str) and "${" in value
    return str(value) if plain and not reads else orjson.dumps(value).decode().replace("${", "\\u0024{")


def _plain_text(text: str) -> str:
    """A text for other programs, which would put an answer in the place of `${name}`."""
    return text.replace("${", "$ {")


def _default(value: Any) -> str:
    if isinstance(value, Mapping) and "expression" in value:
        return str(value["expression"])
    if isinstance(value, Mapping):
        return " ".join(str(value.get(part, "0")) for part in ("lat", "lon", "altitude", "accuracy"))
    if isinstance(value, list):
        points = any(isinstance(each, Mapping) for each in value)
        return ("; " if points else " ").join(map(_default, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _plain_text(str(value))
