"""Import: an XLSForm workbook to a definition, with a note for everything that has no equivalent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyxform import aliases

from schemas.definition import COMPUTED, EXPRESSIONS, FORM_PROPERTIES, FormError, FormProblem
from schemas.form import parse
from schemas.xlsform.choices import read_lists
from schemas.xlsform.expressions import Names, fault, references, without_choice, without_name
from schemas.xlsform.notes import CHANGED, DROPPED, PASSED, REFUSED, Note, Notes, Refused
from schemas.xlsform.outline import Node, give_names, outline
from schemas.xlsform.questions import Questions
from schemas.xlsform.texts import Texts
from schemas.xlsform.workbook import Row, Workbook, decoded, read_workbook

ROUNDS_OF_MENDING = 50
COLUMNS = {"calculate": "calculation", "row_count": "repeat_count"}
_SETTINGS = frozenset({"title", "id_string", "version", "default_language", "instance_name", "allow_choice_duplicates"})


@dataclass(frozen=True)
class Imported:
    """What became of a workbook; `definition` is None where it was refused."""

    definition: dict[str, Any] | None
    notes: tuple[Note, ...]


def import_form(data: bytes, name: str = "form") -> Imported:
    """The definition that an XLSForm workbook means. `name` serves where the workbook names no form. Never raises."""
    notes = Notes()
    try:
        definition = _Reader(read_workbook(data), name, notes).definition()
    except Refused as error:
        return Imported(None, (*notes, error.note))
    except RecursionError:
        return Imported(None, (*notes, Note(REFUSED, "survey", 0, "", "the form is nested too deeply")))
    if any(note.severity == REFUSED for note in notes):
        return Imported(None, tuple(notes))
    return Imported(definition, tuple(notes))


def draft(data: bytes) -> dict[str, Any]:
    """The definition that a workbook means, whether or not it is sound. Raises `Refused`."""
    return _Reader(read_workbook(data), "form", Notes()).draft()


class _Reader:
    def __init__(self, book: Workbook, name: str, notes: Notes) -> None:
        self._book = book
        self._name = name
        self._notes = notes
        self._texts = Texts(book, notes)
        self._entries: list[tuple[Node, dict[str, Any]]] = []

    def definition(self) -> dict[str, Any]:
        """A sound definition; what stands in the way of that is taken out."""
        definition = self.draft()
        self._entities()
        self._mended(definition)
        return definition

    def draft(self) -> dict[str, Any]:
        """What the workbook says."""
        nodes = outline(self._book["survey"].rows, self._notes)
        names = give_names(nodes, self._notes)
        lists = read_lists(self._book, self._texts, self._notes)
        questions = Questions(names, self._texts, lists, self._notes)
        fields = [each for node in nodes for each in self._fields(node, questions)]
        questions.types(self._entries)
        questions.triggers(list(self._paths()))
        inline = {node.choices for node, _ in self._entries if node.row.get("rounds::inline")}
        lists = {key: choices for key, choices in lists.items() if key not in inline}
        definition = {**self._head(names), **({"lists": lists} if lists else {}), "fields": fields}
        self._own(definition)
        return {name: definition.pop(name) for name in FORM_PROPERTIES if name in definition} | definition

    def _fields(self, node: Node, questions: Questions) -> Iterator[dict[str, Any]]:
        entry = questions.field(node)
        self._entries.append((node, entry))
        if node.is_container:
            entry["fields"] = [each for child in node.children for each in self._fields(child, questions)]
        yield entry

    def _head(self, names: Names) -> dict[str, Any]:
        rows = self._book["settings"].rows
        row = rows[0] if rows else Row("settings", 2, {})
        form_id = row.get("id_string") or self._name
        spelt = re.sub(r"^[^a-z]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", form_id.lower()))[:61] or "form"
        if row.get("id_string") and spelt != form_id:
            self._change(row, "id_string", f"{form_id} is called {spelt}: ids have lower-case letters, digits, hyphens")
        title = row.get("title") or form_id
        if len(self._texts.languages) > 1 and not row.get("rounds::title"):
            self._change(row, "title", f"the title is the same in every language: {title}")
        head: dict[str, Any] = {"form": spelt, "version": self._version(row), "languages": self._texts.languages}
        head["title"] = self._texts.everywhere(title)
        if summary := self._summary(row, names):
            head["summary"] = summary
        for column, text in row.cells.items():
            if column.name not in _SETTINGS and not column.name.startswith(("rounds::", "$", "_")):
                self._setting(row, column.name, text)
        return head

    def _setting(self, row: Row, name: str, text: str) -> None:
        adds = name == "add_none_option" and aliases.yes_no.get(text)
        told = f"there is no such setting: {text}"
        self._notes.add(DROPPED if adds else PASSED, row.sheet, row.number, row.header(name), told)

    def _version(self, row: Row) -> int:
        text = row.get("version")
        if text.isascii() and text.isdecimal() and 0 < int(text[:16]) < 2**53 and len(text) < 16:
            return int(text)
        if text:
            self._change(row, "version", f"versions are whole numbers; {text} becomes 1")
        return 1

    def _summary(self, row: Row, names: Names) -> list[str]:
        text = row.get("instance_name")
        if not text or row.get("rounds::summary"):
            return []
        paths = {path.rsplit("/", 1)[1]: path for path, _, _ in self._paths()}
        found = [paths[names.new[each]] for each in references(text) if names.new.get(each) in paths]
        if found:
            self._change(row, "instance_name", "records are called by their summary fields, which are those named here")
        else:
            self._change(row, "instance_name", f"records are called by their summary fields, and none is named: {text}")
        return list(dict.fromkeys(found))

    def _paths(self) -> Iterator[tuple[str, Node, dict[str, Any]]]:
        """Every field that came from a row, with its path."""
        above: dict[int, str] = {}
        for node, entry in self._entries:
            path = f"{above.get(id(node), '')}/{entry['name']}"
            yield path, node, entry
            above |= {id(child): path for child in node.children}

    def _own(self, definition: dict[str, Any]) -> None:
        """The settings that an export adds for what XLSForm lacks."""
        for row in self._book["settings"].rows[:1]:
            for column, text in row.cells.items():
                name = column.name.removeprefix("rounds::")
                if name in FORM_PROPERTIES and name not in {"fields", column.name}:
                    value = decoded(text)
                    definition[name] = value
                    if value is None:
                        del definition[name]

    def _entities(self) -> None:
        for row in self._book["entities"].rows:
            self._notes.add(DROPPED, "entities", row.number, "", "entities are kept by the office, not made by records")

    def _mended(self, definition: dict[str, Any]) -> None:
        """Take out what cannot be had, until the rest is a form; where it cannot become one, it is refused."""
        for _ in range(ROUNDS_OF_MENDING):
            try:
                parse(definition)
            except FormError as error:
                found = {path: (node, entry) for path, node, entry in self._paths()}
                # One property may be wrong twice; once it is mended, what else was wrong with it is gone.
                problems = {
                    (each.path, each.params.get("property", each.code)): each for each in reversed(error.problems)
                }
                mended = [self._mend(problem, found, definition) for problem in problems.values()]
                if not all(mended):
                    return
            else:
                return
        self._notes.add(REFUSED, "survey", 0, "", "too much of it has no equivalent")

    def _mend(
        self, problem: FormProblem, found: Mapping[str, tuple[Node, dict[str, Any]]], definition: dict[str, Any]
    ) -> bool:
        name = str(problem.params.get("property", ""))
        if problem.path not in found:
            if problem.code == "no_fields":
                self._notes.add(REFUSED, "survey", 0, "", "there is no question left")
                return False
            sheet = "choices" if name.startswith("lists.") else "survey" if problem.path else "settings"
            self._notes.add(REFUSED, sheet, 0, "", str(problem))
            return False
        node, entry = found[problem.path]
        column = node.row.header(COLUMNS.get(name, name))
        if text := self._amounting_to(problem, name, entry, definition):
            self._notes.add(CHANGED, node.row.sheet, node.row.number, column, text)
            return True
        if name in EXPRESSIONS or name == "default":
            text = self._without(entry, name, problem)
        else:
            self._notes.add(REFUSED, node.row.sheet, node.row.number, column, str(problem))
            return False
        self._notes.add(DROPPED, node.row.sheet, node.row.number, column, text)
        return True

    def _amounting_to(self, problem: FormProblem, name: str, entry: dict[str, Any], definition: dict[str, Any]) -> str:
        """Put in the place of what cannot be written here what it always comes to; empty where that is not known."""
        params = problem.params
        if problem.code == "unknown_choice" and self._rewrite(entry, name, without_choice, str(params["name"])):
            return f"there is no choice {params['name']}: what asks for it is never true"
        if problem.code == "unknown_field" and self._rewrite(entry, name, without_name, str(params["name"])):
            return f"there is nothing called {params['name']}: it is always empty"
        if problem.code == "wrong_type" and self._rewrite(entry, name, self._without_note, str(params["name"])):
            return f"{params['name']} is a note, which has no answer: it is always empty"
        if name == "trigger":
            self._untriggered(entry, str(params["path"]))
            return f"nobody is ever asked for {params['path']}, so it triggers nothing"
        if problem.code == "never_true":
            self._remove(entry, definition)
            return f"nobody is ever asked this, as its condition is never true: {params.get('name', '')}"
        return ""

    def _without_note(self, text: str, path: str) -> str:
        """An expression with an empty text in the place of a note; as it is where the path is none's."""
        if not any(found == path and node.kind == "note" for found, node, _ in self._paths()):
            return text
        return text.replace(f"${{{path.rpartition('/')[2]}}}", "''")

    @staticmethod
    def _rewrite(entry: dict[str, Any], name: str, without: Callable[[str, str], str], what: str) -> bool:
        """Put an expression without something in the place of it; False where that changes nothing."""
        text = entry.get(name)
        if not isinstance(text, str):
            return False
        entry[name] = without(text, what)
        return bool(entry[name] != text)

    @staticmethod
    def _untriggered(entry: dict[str, Any], path: str) -> None:
        entry["trigger"] = [each for each in entry["trigger"] if each != path]
        if not entry["trigger"]:
            del entry["trigger"]
            if entry["type"] not in COMPUTED:
                entry.pop("calculate", None)

    def _without(self, entry: dict[str, Any], name: str, problem: FormProblem) -> str:
        """Take an expression out of a field; say why."""
        value = entry.pop(name, None)
        text = value["expression"] if isinstance(value, Mapping) and "expression" in value else value
        if name == "calculate" and entry["type"] in ("calculate", "score"):
            entry |= {"calculate": "''", "value": "text"}
        if name == "constraint":
            entry.pop("message", None)
        if name == "calculate":
            entry.pop("trigger", None)
        params = problem.params
        return fault(problem.code, str(text or ""), int(params.get("column", 0)), str(params.get("name", "")))

    def _remove(self, entry: dict[str, Any], definition: dict[str, Any]) -> None:
        def kept(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
            found = []
            for each in fields:
                if "fields" in each:
                    each["fields"] = kept(each["fields"])
                if each is not entry and each.get("fields") != []:
                    found.append(each)
            return found

        definition["fields"] = kept(definition["fields"])
        gone = {id(each) for each in _walk([entry])}
        self._entries = [(node, each) for node, each in self._entries if id(each) not in gone]

    def _change(self, row: Row, column: str, text: str) -> None:
        self._notes.add(CHANGED, row.sheet, row.number, row.header(column), text)


def _walk(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in entries:
        yield each
        yield from _walk(each.get("fields", []))
