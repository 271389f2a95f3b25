"""The rows of the survey sheet as a tree: what each one is, and what it is called here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyxform import aliases
from pyxform.question_type_dictionary import QUESTION_TYPE_DICT
from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL, RE_SELECT

from schemas.definition import SELECTS, TYPES
from schemas.xlsform.expressions import Names, references
from schemas.xlsform.notes import CHANGED, DROPPED, PASSED, Notes
from schemas.xlsform.workbook import Row

_BINDS = {
    "int": "integer",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "dateTime": "datetime",
    "geopoint": "geopoint",
    "geotrace": "geotrace",
    "geoshape": "geoshape",
    "barcode": "barcode",
    "string": "text",
}
_NATIVE = {"boolean": "acknowledge", "note": "note", "calculate": "calculate"}
_MEDIA = {"image/*": "photo", "audio/*": "audio", "video/*": "video", "application/*": "file"}
_IN_EDITS = "every edit of a record carries the person, the device and the times anyway"
_NOTHING = {
    "xml-external": "lookups go to the lists of the form and to entities",
    "csv-external": "lookups go to the lists of the form and to entities",
    "background-audio": "nothing is recorded in the background",
    "background-geopoint": "nothing is recorded in the background",
    "osm": "there are no OpenStreetMap questions",
}
_CARRIED = frozenset({"audit", "end", "deviceid", "uri:deviceid", "username", "uri:username"})
_PROPERTIES = frozenset({"username", "deviceid"})
"""Of what edits carry, that which conditions may read."""
_KNOWN_OTHERWISE = "a person is known by their sign-in, and a device by its key"
_VALID = re.compile(r"(?!constructor$)[a-z][a-z0-9_]{0,63}")


@dataclass
class Node:
    """One question, group or repeat of the survey sheet. `native` is the bare XLSForm type, such as `range`."""

    row: Row
    kind: str
    native: str
    original: str
    name: str = ""
    choices: str = ""
    entity: str = ""
    """The kind of the entities that are chosen from, where they stand in a file beside the workbook."""
    other: bool = False
    given: dict[str, str] = field(default_factory=dict)
    """Properties that the type itself brings along, such as the constraint of `percentage`."""
    children: list[Node] = field(default_factory=list)

    @property
    def is_container(self) -> bool:
        return self.kind in ("group", "repeat")

    def walk(self) -> Iterator[Node]:
        """This one and those below it."""
        yield self
        for each in self.children:
            yield from each.walk()


def outline(rows: Sequence[Row], notes: Notes) -> list[Node]:
    """The outermost nodes, in the order of the sheet. pyxform has seen to it that groups begin and end."""
    read = {name for row in rows for text in row.cells.values() for name in references(text)}
    top: list[Node] = []
    stack = [top]
    for row in rows:
        kind = " ".join(row.get("type").split())
        if aliases.yes_no.get(row.get("disabled")):
            continue
        if not kind:
            notes.add(PASSED, row.sheet, row.number, "type", "a row without a type is no question")
        elif RE_END_CONTROL.search(kind):
            stack.pop()
        else:
            node = _begun(row, kind, notes) or _select(row, kind, notes) or _plain(row, kind, notes, read)
            if node is not None:
                stack[-1].append(node)
            if RE_BEGIN_CONTROL.search(kind):
                stack.append(node.children if node else [])
    return _pruned(top, notes)


def _begun(row: Row, kind: str, notes: Notes) -> Node | None:
    found = RE_BEGIN_CONTROL.search(kind)
    if found is None:
        return None
    control = str(aliases.control[found["type"]])
    if control == "loop":
        text = "a loop over a list becomes a repeat, whose rows are added by hand"
        notes.add(CHANGED, row.sheet, row.number, "type", text)
    return Node(row, "repeat" if control in ("repeat", "loop") else "group", control, row.get("name"))


def _select(row: Row, kind: str, notes: Notes) -> Node | None:
    found = RE_SELECT.search(kind)
    if found is None or row.get("rounds::type") == "boolean":
        return None
    command, source = found["select_command"], found["list_name"]
    native, name = str(aliases.select[command]), row.get("name")
    if "${" in source:
        notes.add(DROPPED, row.sheet, row.number, "type", f"choices cannot be the answers of other questions: {kind}")
        return Node(row, "", native, name)
    if command in aliases.select_from_file:
        return _from_file(row, native, source, notes)
    kinds = {"select all that apply": "select_many", "rank": "rank"}
    return Node(row, kinds.get(native, "select_one"), native, name, choices=source, other=bool(found["specify_other"]))


def _from_file(row: Row, native: str, source: str, notes: Notes) -> Node:
    """A select from a file asks for entities: the kind is the name of the file."""
    stem = source.rsplit(".", 1)[0]
    kind = "entity" if native == str(aliases.select["select_one"]) else "select_many"
    if row.get("rounds::type") in (*SELECTS, "entity"):
        return Node(row, row.get("rounds::type"), native, row.get("name"), entity=stem)
    entity = re.sub(r"[^a-z0-9_-]+", "_", stem.lower()).strip("_") or "item"
    text = f"the choices of {source} are the entities of the kind {entity}; their names are document ids"
    notes.add(CHANGED, row.sheet, row.number, "type", text)
    return Node(row, kind, native, row.get("name"), entity=entity)


def _plain(row: Row, kind: str, notes: Notes, read: Collection[str]) -> Node | None:
    known: dict[str, Any] = QUESTION_TYPE_DICT.get(kind, {})
    bind, name = known.get("bind", {}), row.get("name")
    if row.get("rounds::type") in TYPES:
        return Node(row, row.get("rounds::type"), kind, name)
    if kind == "audit" or "jr:preload" in bind:
        return _metadata(row, kind, str(bind.get("jr:preloadParams", kind)), notes, read)
    if kind in _NOTHING or kind in aliases.settings_header or not known:
        notes.add(DROPPED, row.sheet, row.number, "type", f"{kind}: {_NOTHING.get(kind, 'there is nothing like it')}")
        return Node(row, "", kind, name)
    if kind == "start-geopoint":
        text = "the position is asked for, not taken unseen when the record begins"
        notes.add(CHANGED, row.sheet, row.number, "type", text)
        return Node(row, "geopoint", kind, name)
    given = {"constraint": str(bind["constraint"])} if "constraint" in bind else {}
    found = _kind(kind, str(bind.get("type", "")), known.get("control", {}))
    return Node(row, found, _NATIVE.get(found, kind), name or f"note_{row.number}", given=given)


def _kind(kind: str, bind: str, control: Mapping[str, str]) -> str:
    """Our type by the bind and control that pyxform gives one of its own."""
    if control.get("tag") == "trigger":
        return "boolean"
    if "note" in kind:
        return "note"
    if kind == "hidden" or "calculate" in kind:
        return "calculate"
    return _MEDIA.get(control.get("mediatype", "")) or _BINDS.get(bind, "text")


def _metadata(row: Row, kind: str, wanted: str, notes: Notes, read: Collection[str]) -> Node:
    name = row.get("name") or kind
    if wanted == "start":
        return Node(row, "datetime", "start", name, given={"default": "now()"})
    if wanted == "today":
        return Node(row, "date", "today", name, given={"default": "today()"})
    if wanted in _PROPERTIES and name in read:
        return Node(row, "text", wanted, name, given={"default": f"property('{wanted}')"})
    why = _IN_EDITS if wanted in _CARRIED else _KNOWN_OTHERWISE
    notes.add(PASSED, row.sheet, row.number, "type", f"{kind}: {why}")
    return Node(row, "", kind, name)


def _pruned(nodes: Sequence[Node], notes: Notes) -> list[Node]:
    """Without what there is nothing like, and without the groups that are empty for it."""
    kept = []
    for node in nodes:
        node.children = _pruned(node.children, notes)
        if node.is_container and not node.children:
            notes.add(DROPPED, node.row.sheet, node.row.number, "type", f"there is nothing in {node.original}")
        elif node.kind:
            kept.append(node)
    return kept


def give_names(nodes: Sequence[Node], notes: Notes) -> Names:
    """Name every node as forms allow it, each name once in the form; names that fit stay."""
    every = [node for top in nodes for node in top.walk()]
    taken = {node.original for node in every if _VALID.fullmatch(node.original)}
    used: set[str] = set()
    names = Names()
    for node in every:
        if _VALID.fullmatch(node.original) and node.original not in used:
            node.name = node.original
        else:
            node.name = free(_spelt(node.original, node.row.number), taken | used)
            text = f"{node.original} is called {node.name}: names are lower-case, and each stands once in a form"
            notes.add(CHANGED, node.row.sheet, node.row.number, node.row.header("name"), text)
        used.add(node.name)
        names.new.setdefault(node.original, node.name)
        names.types[node.name] = node.kind
        if node.kind in SELECTS and node.choices:
            names.lists[node.name] = node.choices
        if node.other:
            used.add(f"{node.name}_other")
            names.new.setdefault(f"{node.original}_other", f"{node.name}_other")
    return names


def _spelt(original: str, row: int) -> str:
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", original).lower()
    text = re.sub(r"[^a-z0-9_]+", "_", text).strip("_")
    text = re.sub(r"^[^a-z]+", "", text)[:60]
    return text if _VALID.fullmatch(text) else f"field_{row}"


def free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
