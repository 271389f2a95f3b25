"""Entities as tables: what a file of enterprises, units or people changes, and the file that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from schemas.messages import LANGUAGES
from service.identifiers import stable_ulid
from service.sheets import Row

Document = dict[str, Any]

ID, CODE, NAME, ACTIVE = "id", "code", "name", "active"
IN_LANGUAGE = {f"{NAME}::{language}": language for language in LANGUAGES}
YES, NO = {"yes", "true", "1", "是"}, {"no", "false", "0", "否"}
MAX_PROBLEMS = 50
MAX_CODE = 128
MAX_NAME = 300
MAX_VALUE = 4_000
MAX_HEADER = 64

_RESERVED = {"type", "entity", "names", "label"}
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,60}")
_ID = re.compile(r"[^\s\x00-\x20\x7f]{1,128}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ROUNDED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell, or with a whole row where no column is named."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}" + (f", column {self.column}" if self.column else "") + f": {self.reason}"


@dataclass
class Plan:
    """What an import does. With `problems` it does nothing."""

    new: list[Document] = field(default_factory=list)
    changed: list[Document] = field(default_factory=list)
    retired: list[Document] = field(default_factory=list)
    unchanged: int = 0
    vanished: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def documents(self) -> list[Document]:
        """What has to be written."""
        return [*self.new, *self.changed, *self.retired]


def is_kind(kind: str) -> bool:
    """Whether entities can be of this kind."""
    return _KIND.fullmatch(kind) is not None


def plan(kind: str, rows: Sequence[Row], known: Sequence[Document], *, retire: bool = False) -> Plan:
    """What a table changes in the entities of a kind that are there (`known`).

    Columns that the table lacks stay as they are. A row means the entity with its `id`, else the one with its `code`,
    else a new one whose id follows from kind and code. With `retire` the entities that no row means become inactive.
    """
    found = Plan()
    if not rows:
        found.problems.append(Problem(1, "", "the file is empty"))
        return found
    columns, found.problems = _columns(rows[0])
    if found.problems:
        return found
    importer = _Importer(kind, columns, known)
    for row in rows[1:]:
        importer.take(row, found)
        if len(found.problems) >= MAX_PROBLEMS:
            return found
    missing = [doc for doc in known if doc["_id"] not in importer.rows and doc.get("active") is not False]
    if len(rows) == 1:
        found.problems.append(Problem(rows[0][0], "", "there are no rows below the names of the columns"))
    found.vanished = len(missing)
    if retire:
        found.retired = [_plain(doc) | {"active": False} for doc in missing]
    return found


def table(known: Iterable[Document]) -> Iterator[list[str]]:
    """The rows of a file that shows these entities: the names of the columns first. Importing it changes nothing."""
    docs = sorted(known, key=lambda doc: (str(doc.get(CODE, "")), doc["_id"]))
    properties = sorted({name for doc in docs for name in doc if _is_property(name)})
    named = list(IN_LANGUAGE) if any(doc.get("names") for doc in docs) else []
    yield [ID, CODE, NAME, *named, ACTIVE, *properties]
    for doc in docs:
        yield [
            doc["_id"].split(":", 2)[2],
            shown(doc.get(CODE)),
            shown(doc.get(NAME)),
            *(shown(doc.get("names", {}).get(IN_LANGUAGE[column])) for column in named),
            "no" if doc.get("active") is False else "yes",
            *(shown(doc.get(name)) for name in properties),
        ]


def shown(value: Any) -> str:
    """A property as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = ILLEGAL_CHARACTERS_RE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return str(text).strip()


def _is_property(name: str) -> bool:
    return not name.startswith("_") and name not in _RESERVED | {CODE, NAME, ACTIVE, ID, *IN_LANGUAGE}


def _plain(doc: Document) -> Document:
    return {name: value for name, value in doc.items() if name != "_rev"}


def _columns(head: Row) -> tuple[list[str], list[Problem]]:
    number, columns = head
    problems = [Problem(number, name or f"number {i}", reason) for i, name, reason in _column_faults(columns)]
    if CODE not in columns and ID not in columns:
        problems.append(Problem(number, "", "there is no column code"))
    if NAME not in columns and not set(columns) & set(IN_LANGUAGE):
        problems.append(Problem(number, "", "there is no column name"))
    return columns, problems


def _column_faults(columns: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    for index, name in enumerate(columns):
        if name in columns[:index] and name:
            yield index + 1, name, "there are two columns of this name"
        elif not name:
            yield index + 1, name, "the column has no name"
        elif "::" in name and name not in IN_LANGUAGE:
            yield index + 1, name, f"in another language there are only {', '.join(IN_LANGUAGE)}"
        elif name in _RESERVED or name.startswith("_"):
            yield index + 1, name, "no property can be called so"
        elif len(name) > MAX_HEADER or _CONTROL.search(name):
            yield index + 1, name[:MAX_HEADER], "the name is too long or holds a line break"


class _Importer:
    """Turns rows into documents, one by one."""

    def __init__(self, kind: str, columns: Sequence[str], known: Sequence[Document]) -> None:
        self._kind = kind
        self._columns = columns
        self._known = {doc["_id"]: _plain(doc) for doc in known}
        self._codes: dict[str, str] = {}
        for doc in sorted(known, key=lambda each: (each.get("active") is False, each["_id"])):
            if doc.get(CODE):
                self._codes.setdefault(shown(doc[CODE]), doc["_id"])
        self._seen_codes: dict[str, int] = {}
        self.rows: dict[str, int] = {}

    def take(self, row: Row, found: Plan) -> None:
        """Read one row into the plan."""
        number, cells = row
        values = dict(zip(self._columns, [*cells, *[""] * (len(self._columns) - len(cells))], strict=False))
        faults = [Problem(number, column, reason) for column, reason in self._faults(number, cells, values)]
        if faults:
            found.problems += faults
            return
        doc_id = self._id(values)
        if doc_id in self.rows:
            reason = f"row {self.rows[doc_id]} means the same {self._kind}"
            found.problems.append(Problem(number, ID if values.get(ID) else CODE, reason))
            return
        self.rows[doc_id] = number
        old = self._known.get(doc_id)
        doc = self._document(doc_id, old or {}, values)
        if old is None:
            found.new.append(doc)
        elif doc != old:
            found.changed.append(doc)
        else:
            found.unchanged += 1

    def _faults(self, number: int, cells: Sequence[str], values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for index, cell in enumerate(cells[len(self._columns) :], len(self._columns) + 1):
            if cell:
                yield f"number {index}", "there is a value below no name of a column"
        own, code = values.get(ID, ""), values.get(CODE, "")
        if not own and not code:
            yield CODE, "there is no code"
        if own and (not _ID.fullmatch(own) or own.startswith("entity:")):
            yield ID, "this is no id: no blanks, 128 characters at most"
        yield from self._code_faults(number, own, code)
        if not _name(values):
            yield NAME, "there is no name"
        if values.get(ACTIVE) and values[ACTIVE].lower() not in YES | NO:
            yield ACTIVE, f"yes or no is expected, not {values[ACTIVE][:20]!r}"
        for column, value in values.items():
            most = MAX_NAME if column == NAME or column in IN_LANGUAGE else MAX_VALUE
            if len(value) > most:
                yield column, f"the text has {len(value)} characters; {most} are allowed"
            elif _CONTROL.search(value.replace("\n", "").replace("\r", "").replace("\t", "")):
                yield column, "the text holds a control character"

    def _code_faults(self, number: int, own: str, code: str) -> Iterator[tuple[str, str]]:
        if not code:
            return
        if len(code) > MAX_CODE or _CONTROL.search(code):
            yield CODE, f"a code has {MAX_CODE} characters at most, in one line"
        elif _ROUNDED.fullmatch(code):
            yield CODE, f"{code} was shortened by a spreadsheet; make the column a text and enter the code anew"
        elif code in self._seen_codes:
            yield CODE, f"{code} stands in row {self._seen_codes[code]} as well"
        elif own and self._codes.get(code, f"entity:{self._kind}:{own}") != f"entity:{self._kind}:{own}":
            yield CODE, f"{code} is that of another {self._kind}, {self._codes[code].split(':', 2)[2]}"
        self._seen_codes.setdefault(code, number)

    def _id(self, values: Mapping[str, str]) -> str:
        code = values.get(CODE, "")
        if values.get(ID):
            return f"entity:{self._kind}:{values[ID]}"
        if code in self._codes:
            return self._codes[code]
        doc_id = f"entity:{self._kind}:{stable_ulid(f'{self._kind} {code}')}"
        if doc_id in self._known:  # Its code was changed since; this one is another thing.
            doc_id = f"entity:{self._kind}:{stable_ulid(f'{self._kind} {code} again')}"
        return doc_id

    def _document(self, doc_id: str, old: Document, values: Mapping[str, str]) -> Document:
        doc = {**old, "_id": doc_id, "type": "entity", "entity": self._kind}
        doc["active"] = values.get(ACTIVE, "").lower() not in NO
        own = values.get(NAME) or values.get(f"{NAME}::{LANGUAGES[0]}")
        name = own or shown(old.get(NAME)) or _name(values)
        doc[NAME] = old[NAME] if shown(old.get(NAME)) == name else name
        names = self._names(old, values, name)
        doc.pop("names", None)
        if names:
            doc["names"] = names
        for column in self._columns:
            if column == CODE or _is_property(column):
                value = _value(values[column], old.get(column))
                if value is not None or column in old:
                    doc[column] = value
                if value is None and shown(old.get(column)):
                    del doc[column]
        return doc

    def _names(self, old: Document, values: Mapping[str, str], name: str) -> Document:
        names = dict(old.get("names", {}))
        for column, language in IN_LANGUAGE.items():
            if column in values and shown(names.get(language)) != values[column]:
                names[language] = values[column]
        first = LANGUAGES[0]
        if f"{NAME}::{first}" not in values and names and shown(names.get(first)) != name:
            names[first] = name
        return {language: text for language, text in names.items() if text}


def _name(values: Mapping[str, str]) -> str:
    """What it is called where no language is asked for."""
    return next((values[each] for each in (NAME, *IN_LANGUAGE) if values.get(each)), "")


def _value(text: str, old: Any) -> Any:
    """A cell as a property: what it was where the cell shows just that, else in the kind that it was of."""
    text = text.replace("\r\n", "\n")
    if shown(old) == text:
        return old
    if not text:
        return None
    if isinstance(old, bool) and text.lower() in YES | NO:
        return text.lower() in YES
    if isinstance(old, int) and not isinstance(old, bool) and _INTEGER.fullmatch(text):
        return int(text)
    return text
