"""KoboToolbox's own question types, which pyxform does not know: scores and ranks become groups of selects."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from schemas.xlsform.notes import Refused

_BEGIN = re.compile(r"begin[_ ](score|rank|kobomatrix)")
_END = re.compile(r"end[_ ](score|rank|kobomatrix)")
_LISTS = {"score": "kobo--score-choices", "rank": "kobo--rank-items"}
_ROWS = {"score__row": "score", "rank__level": "rank"}


def expand(raw: MutableMapping[str, Any]) -> None:
    """Replace them in the rows of a survey, row by row, so that each keeps its number."""
    choices = {"score": "", "rank": ""}
    for number, row in enumerate(raw.get("survey", ()), start=2):
        kind = str(row.get("type", ""))
        if found := _BEGIN.fullmatch(kind):
            if found[1] == "kobomatrix":
                text = "a matrix has no equivalent; use a repeat, or a group for each of its rows"
                raise Refused(text, "survey", number, "type")
            choices[found[1]] = str(row.pop(_LISTS[found[1]], ""))
            row["type"] = "begin_group"
        elif _END.fullmatch(kind):
            row["type"] = "end_group"
        elif kind in _ROWS:
            row["type"] = f"select_one {choices[_ROWS[kind]]}"
