"""One row of the survey sheet to one field of a definition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pyxform import aliases
from pyxform.parsing.parameters import parse as parse_parameters
from pyxform.utils import default_is_dynamic

from schemas.definition import COMPUTED, EXPRESSIONS, FILES, PROPERTIES, SELECTS
from schemas.media import KINDS
from schemas.xlsform.defaults import static
from schemas.xlsform.expressions import Names, references, rewrite, runs_once, tree, value_type
from schemas.xlsform.notes import CHANGED, DROPPED, PASSED, Notes
from schemas.xlsform.outline import Node
from schemas.xlsform.texts import MEDIA, Texts
from schemas.xlsform.workbook import Row, decoded, is_known

SHOWN = frozenset({"multiline", "likert", "month", "month-year", "year"})
GIVEN = frozenset({"start", "today", "username", "deviceid"})
"""Metadata that becomes an answer, which nobody may change."""
UNLABELLED = frozenset({"group", "repeat", "loop", "calculate"}) | GIVEN
LONGEST_SIDE = 1600
"""Of pictures, as the tablet reduces them."""
ENDLESS = 5
"""Rounds of looking for the type of a calculation that reads other calculations."""
NO_EQUIVALENT = {
    "bind::entities:saveto": "entities are kept by the office, not made by records",
}
FOR_OTHERS = {
    "sms_field": "forms are not sent by SMS",
    "sms_option": "forms are not sent by SMS",
    "instance::odk:tag": "forms are not sent by SMS",
    "query": "external choices are filtered like any others",
    "control::autoplay": "recordings play when they are asked to",
}
"""Columns about how programs carry and show a form."""
MEANT = frozenset({"control::accuracyThreshold", "bind::odk:length", "bind::entities:saveto"})
"""Of the attributes for programs, those that decide what people may answer or what becomes of it."""
SURPLUS = frozenset({"message", "required_message", "required"})
"""What means nothing in XLSForm either where it stands at what nobody fills."""
_OURS = frozenset(["type", "name", "label", "hint", "guidance_hint", "constraint_message", "disabled", "bind::type"])
_READ = _OURS | {"required", "readonly", "relevant", "constraint", "calculation", "choice_filter", "default"}
_KNOWN = _READ | {"appearance", "parameters", "repeat_count", "required_message", "control::rows", "trigger"}
_MEDIA = frozenset(f"{MEDIA}{kind}" for kind in KINDS)
_VALUES = {"int": "integer", "integer": "integer", "decimal": "decimal", "date": "date", "string": "text"}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def limits(entry: Mapping[str, Any]) -> str:
    """The limits of a field as a constraint, which is what XLSForm has for them."""
    parts = [f". >= {entry['min']}"] if "min" in entry else []
    parts += [f". <= {entry['max']}"] if "max" in entry else []
    parts += [f"string-length(.) <= {entry['max_length']}"] if "max_length" in entry else []
    return " and ".join(parts)


class Questions:
    """Builds fields. What has no equivalent goes to the notes."""

    def __init__(self, names: Names, texts: Texts, lists: Mapping[str, list[dict[str, Any]]], notes: Notes) -> None:
        self._names = names
        self._texts = texts
        self._lists = lists
        self._notes = notes
        self._values: dict[str, str] = {}

    def field(self, node: Node) -> dict[str, Any]:
        """The field that a node means, without those below it."""
        row = node.row
        entry: dict[str, Any] = {"name": node.name, "type": node.kind}
        self._source(node, entry)
        self._asked(node, entry)
        if not row.get("rounds::type"):
            self._native(node, entry)
        self._shown(node, entry)
        self._own(row, entry)
        self._fitted(row, entry)
        if entry["type"] in COMPUTED and "value" not in entry:
            entry["value"] = _VALUES.get(row.get("bind::type"), "text")
        for column in row.cells:
            self._beside(node, column.name)
        return entry

    def types(self, entries: list[tuple[Node, dict[str, Any]]]) -> None:
        """Say of each calculation what its value is, once all are read."""
        kinds = {entry["name"]: entry.get("value", entry["type"]) for _, entry in entries}
        open_ = [
            (node, entry)
            for node, entry in entries
            if entry["type"] in COMPUTED and not node.row.get("bind::type") and not node.row.get("rounds::value")
        ]
        for _ in range(ENDLESS):
            for _, entry in open_:
                found = value_type(
                    tree(entry.get("calculate", ""), self._names), lambda name: _plain(kinds.get(name, "text"))
                )
                kinds[entry["name"]] = entry["value"] = found

    def _source(self, node: Node, entry: dict[str, Any]) -> None:
        if node.kind == "entity":
            entry["entity"] = node.entity
        elif node.entity:
            entry["choices"] = {"entity": node.entity}
        elif node.kind in SELECTS:
            inline = bool(node.row.get("rounds::inline"))
            entry["choices"] = self._lists.get(node.choices, []) if inline else {"list": node.choices}
        if node.other:
            entry["other"] = True

    def _asked(self, node: Node, entry: dict[str, Any]) -> None:
        """Conditions, constraint, calculation and default."""
        row = node.row
        for name in ("required", "readonly"):
            text = row.get(name)
            truth = aliases.yes_no.get(text)
            if text and truth is None:
                entry[name] = self._expression(row, name, text)
            elif truth and not (name == "readonly" and (node.kind == "note" or node.kind in COMPUTED)):
                entry[name] = True
        for column, name in (
            ("relevant", "relevant"),
            ("constraint", "constraint"),
            ("choice_filter", "choice_filter"),
        ):
            if text := row.get(column) or node.given.get(column, ""):
                entry[name] = self._expression(row, column, text)
        if text := row.get("calculation"):
            entry["calculate"] = self._expression(row, "calculation", text)
        if text := row.get("trigger"):
            self._trigger(node, entry, text)
        if not (node.kind == "calculate" and "calculate" in entry):  # which has its say before anybody reads a default
            self._default(node, entry, row.get("default") or node.given.get("default", ""))

    def _trigger(self, node: Node, entry: dict[str, Any], text: str) -> None:
        """The names of the fields that trigger it; `triggers` makes paths of them."""
        if node.is_container or node.kind == "note":
            self._pass(node.row, "trigger", f"a {node.kind} has no answer to be emptied or worked out anew")
        else:
            entry["trigger"] = [self._names.new.get(name, name) for name in references(text)]

    def triggers(self, entries: list[tuple[str, Node, dict[str, Any]]]) -> None:
        """Name what triggers a field by its path, once all paths are known."""
        paths = {entry["name"]: path for path, _, entry in entries}
        known = set(paths.values())
        for path, node, entry in entries:
            written = [paths.get(each, each) for each in entry.pop("trigger", ())]
            for each in (each for each in written if each not in known or each == path):
                self._drop(node.row, "trigger", f"{each} cannot trigger it")
            if kept := [each for each in written if each in known and each != path]:
                entry["trigger"] = kept
            elif written and entry["type"] not in COMPUTED:
                entry.pop("calculate", None)

    def _default(self, node: Node, entry: dict[str, Any], text: str) -> None:
        if not text:
            return
        if node.is_container:
            self._pass(node.row, "default", f"a {node.kind} begins with the values of what is in it: {text}")
            return
        if default_is_dynamic(text, "dateTime" if node.kind == "datetime" else node.kind):
            entry["default"] = {"expression": self._expression(node.row, "default", text)}
            return
        names = [each["name"] for each in self._lists.get(node.choices, [])]
        value = static(node.kind, text, names, node.entity)
        if value is None:
            self._drop(node.row, "default", f"{text} can be no answer to a question of type {node.kind}")
        else:
            entry["default"] = value

    def _native(self, node: Node, entry: dict[str, Any]) -> None:
        """What an XLSForm type means beyond its name."""
        row = node.row
        parameters = parse_parameters(row.get("parameters"), row.number) if row.get("parameters") else {}
        if node.native == "range":
            self._range(row, entry, parameters)
            parameters = {}
        if node.kind in FILES:
            entry["max_files"] = 1
        if node.kind == "photo" and "signature" in row.get("appearance").split():
            entry["type"] = "signature"
        if node.kind == "boolean" and entry.get("required"):
            entry.setdefault("constraint", ". = true()")
        if node.native in GIVEN:
            entry["readonly"] = True
        if node.kind == "repeat" and (count := row.get("repeat_count")):
            if count.isascii() and count.isdecimal() and len(count) < 6:
                entry["min_rows"] = entry["max_rows"] = int(count)
            else:
                entry["row_count"] = self._expression(row, "repeat_count", count)
        if node.kind == "text" and (parameters.pop("rows", "") or row.get("control::rows")):
            entry["appearance"] = "multiline"
        if node.kind == "photo" and (pixels := parameters.pop("max-pixels", "")):
            self._change(row, "parameters", f"pictures are reduced to {LONGEST_SIDE} pixels a side, not to {pixels}")
        for name, value in parameters.items():
            self._drop(row, "parameters", f"there is nothing like {name}={value}")
        if node.kind == "calculate":
            self._calculated(node, entry)

    def _calculated(self, node: Node, entry: dict[str, Any]) -> None:
        """A calculation; where it runs once, when the record begins, it is the default of an answer that is kept."""
        text = entry.get("calculate", "")
        if text and runs_once(tree(text, self._names)):
            del entry["calculate"]
            entry["default"] = {"expression": text}
            if entry.pop("trigger", None):
                self._drop(node.row, "trigger", "what runs once is not worked out anew when another answer changes")
        if "calculate" not in entry:
            entry |= {"type": "text", "readonly": True}

    def _range(self, row: Row, entry: dict[str, Any], parameters: Mapping[str, str]) -> None:
        start, end, step = (
            str(parameters.get(name) or also) for name, also in (("start", 1), ("end", 10), ("step", 1))
        )
        if not all(_NUMBER.fullmatch(each) for each in (start, end)):
            self._drop(row, "parameters", f"start and end must be numbers: {start}, {end}")
            return
        whole = all(_NUMBER.fullmatch(each) and float(each).is_integer() for each in (start, end, step))
        entry["type"] = "integer" if whole else "decimal"
        least, most = sorted((start, end), key=float)
        entry["min"], entry["max"] = (int(float(each)) if whole else each for each in (least, most))
        if whole and int(float(step)) not in (0, 1, -1):
            above = f"(. - {entry['min']})" if entry["min"] else "."
            entry.setdefault("constraint", f"{above} mod {abs(int(float(step)))} = 0")
        elif not whole:
            self._change(row, "parameters", f"any number between {least} and {most} is taken, not only steps of {step}")
        for name in sorted(set(parameters) - {"start", "end", "step"}):
            self._drop(row, "parameters", f"there is nothing like {name}={parameters[name]}")

    def _shown(self, node: Node, entry: dict[str, Any]) -> None:
        """Texts and looks."""
        row = node.row
        entry["label"] = self._texts.read(row, "label")
        if not entry["label"]:
            entry["label"] = self._texts.everywhere(node.original)
            if node.native not in UNLABELLED:
                self._change(row, "label", f"a question needs a label; {node.original} stands in")
        self._texts.shown(row, entry)
        guidance = self._texts.read(row, "guidance_hint")
        if hint := self._texts.read(row, "hint"):
            entry["hint"] = {each: f"{hint[each]}\n{guidance[each]}" if guidance else hint[each] for each in hint}
        elif guidance:
            entry["hint"] = guidance
        for column, name in (("constraint_message", "message"), ("required_message", "required_message")):
            if message := self._texts.read(row, column):
                entry[name] = message
        looks = [look for look in row.get("appearance").split() if look != "signature" or entry["type"] != "signature"]
        if looks:
            entry["appearance"] = " ".join([*looks, *([entry["appearance"]] if "appearance" in entry else [])])
            if strange := [look for look in looks if look not in SHOWN]:
                self._change(row, "appearance", f"kept, but it changes nothing here: {' '.join(strange)}")

    def _own(self, row: Row, entry: dict[str, Any]) -> None:
        """The columns that an export adds for what XLSForm lacks; they prevail."""
        for column, text in row.cells.items():
            name = column.name.removeprefix("rounds::")
            if name == column.name or name in ("type", "inline"):
                continue
            value = decoded(text)
            if value is None and name not in ("name", "label", "fields"):
                entry.pop(name, None)
            elif _can_be(name, value):
                entry[name] = value
            else:
                self._drop(row, column.name, f"a field has no property {name} that is {text[:100]}")
        bounds, text = limits(entry), entry.get("constraint", "")
        if row.get("rounds::constraint") or not bounds or not text:
            return
        if text == bounds:
            del entry["constraint"]
        elif text.startswith("(") and text.endswith(f") and {bounds}"):
            entry["constraint"] = text[1 : -len(f") and {bounds}")]

    def _fitted(self, row: Row, entry: dict[str, Any]) -> None:
        """Take out what a field of this type cannot have."""
        for name in [name for name in entry if entry["type"] not in PROPERTIES[name].types]:
            value = entry.pop(name)
            if value not in (True, False):
                column = {"calculate": "calculation", "message": "constraint_message"}.get(name, name)
                told = self._pass if name in SURPLUS else self._drop
                told(row, column, f"a field of type {entry['type']} has none")

    def _beside(self, node: Node, name: str) -> None:
        """Tell of a filled column that nothing was made of."""
        row = node.row
        if name in _KNOWN or name in _MEDIA or name.startswith(("rounds::", "kobo--", "$", "_")):
            return
        if name.partition("::")[0] in ("bind", "control", "instance") and name not in MEANT | FOR_OTHERS.keys():
            self._pass(row, name, "an attribute for the programs that show or store the form")
            return
        if name in FOR_OTHERS or not is_known("survey", name):
            self._pass(row, name, FOR_OTHERS.get(name, "XLSForm has no such column"))
            return
        self._drop(row, name, NO_EQUIVALENT.get(name, "there is nothing like this column"))

    def _expression(self, row: Row, column: str, text: str) -> str:
        found, told = rewrite(text, self._names)
        for each in told:
            self._change(row, column, each)
        return found

    def _drop(self, row: Row, column: str, text: str) -> None:
        self._notes.add(DROPPED, row.sheet, row.number, row.header(column), text)

    def _pass(self, row: Row, column: str, text: str) -> None:
        self._notes.add(PASSED, row.sheet, row.number, row.header(column), text)

    def _change(self, row: Row, column: str, text: str) -> None:
        self._notes.add(CHANGED, row.sheet, row.number, row.header(column), text)


def _can_be(name: str, value: Any) -> bool:
    """Whether a column of our own holds what its property can be."""
    if name not in PROPERTIES or name in ("name", "fields") or not PROPERTIES[name].fits(value):
        return False
    return name not in EXPRESSIONS or isinstance(value, str | bool)


def _plain(kind: str) -> str:
    """What a calculation makes of a field's answer."""
    return kind if kind in ("integer", "decimal", "date") else "text"
