"""The choices sheet: the named lists of a form."""

from __future__ import annotations

import re
from typing import Any

from schemas.media import KINDS
from schemas.xlsform.notes import CHANGED, PASSED, Notes
from schemas.xlsform.outline import free
from schemas.xlsform.texts import MEDIA, Texts
from schemas.xlsform.workbook import Row, Workbook, decoded

YES_NO = "rounds_yes_no"
"""The list that an export makes for questions of yes or no."""
ODD = "rounds_extra"
"""The column for properties of choices that are no texts, as JSON; pyxform has no `::` in choices."""
Lists = dict[str, list[dict[str, Any]]]

_EXTRA = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*")


def read_lists(book: Workbook, texts: Texts, notes: Notes) -> Lists:
    """Every list by its name."""
    lists: Lists = {}
    for row in (*book["choices"].rows, *book["external_choices"].rows):
        name = row.get("list name") or row.get("list_name")
        if not name:
            notes.add(PASSED, row.sheet, row.number, "list_name", "a choice of no list is offered nowhere")
            continue
        choices = lists.setdefault(name, [])
        choices.append(_choice(row, texts, notes, {each["name"] for each in choices}))
    lists.pop(YES_NO, None)
    return lists


def _choice(row: Row, texts: Texts, notes: Notes, taken: set[str]) -> dict[str, Any]:
    written = row.get("name")
    name = free("_".join(written.split()), taken)
    if name != written:
        text = f"{written} is called {name}: names have no spaces, and each stands once in a list"
        notes.add(CHANGED, row.sheet, row.number, row.header("name"), text)
    label = texts.read(row, "label")
    if not label:
        label = texts.everywhere(written)
        notes.add(CHANGED, row.sheet, row.number, row.header("label"), f"a choice needs a label; {written} stands in")
    choice: dict[str, Any] = {"name": name, "label": label}
    texts.shown(row, choice)
    for column, text in row.cells.items():
        if column.name in ("list name", "list_name", "name", "label") or column.name.startswith(("$", "_")):
            continue
        if column.name.startswith(MEDIA) and column.name.removeprefix(MEDIA) in KINDS:
            continue
        if column.name == ODD:
            odd = decoded(text)
            choice |= odd if isinstance(odd, dict) and "media" not in odd else {}
        elif column.name != "media" and _EXTRA.fullmatch(column.name) and not column.language:
            choice[column.name] = text
        else:
            notes.add(PASSED, row.sheet, row.number, column.header, "no expression can name such a column")
    return choice
