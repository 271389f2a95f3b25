"""What an import or export has to tell: where in the workbook, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_SHEETS = "survey choices external_choices settings entities"

DROPPED, CHANGED, PASSED, REFUSED = "dropped", "changed", "passed over", "refused"
"""*Dropped* is lost: a question, choice, text, picture, condition or value that people met is not in the form.
*Changed* is there in another way. *Passed over* is no part of the form, but concerns programs that carry and show it.
"""


@dataclass(frozen=True)
class Note:
    """One thing that has no equivalent. `row` counts as in the sheet, 0 is the sheet as a whole."""

    severity: str
    sheet: str
    row: int
    column: str
    text: str

    def __str__(self) -> str:
        row = f"row {self.row}" if self.row else ""
        column = f"column {self.column}" if self.column else ""
        where = ", ".join(part for part in (self.sheet, row, column) if part)
        return f"{where or 'workbook'}: {self.severity}: {self.text}"


class Refused(ValueError):
    """A workbook of which no form can be made; the note says why."""

    def __init__(self, text: str, sheet: str = "", row: int = 0, column: str = "") -> None:
        self.note = Note(REFUSED, sheet, row, column, text)
        super().__init__(str(self.note))


@dataclass
class Notes:
    """Notes as they gather, each one once."""

    _found: dict[Note, None] = field(default_factory=dict)

    def add(self, severity: str, sheet: str, row: int, column: str, text: str) -> None:
        """Take a note down."""
        self._found.setdefault(Note(severity, sheet, row, column, text))

    def __iter__(self) -> Iterator[Note]:
        return iter(sorted(self._found, key=lambda note: (_SHEETS.find(note.sheet), note.row)))
