"""Which edits another log lacks: what a hub asks before it takes a record for arrived."""

from __future__ import annotations

from typing import Any

from sync.edits import edit_digest, without


def edit(name: str, value: int = 1) -> dict[str, Any]:
    return {"id": name, "at": "2026-11-23T06:10:42.120Z/0000/aa", "set": {"/x": value}}


ONE, TWO = edit("01A"), edit("01B")


def test_what_is_in_no_leaf_is_lacking() -> None:
    assert without([ONE, TWO], [TWO]) == [ONE]
    assert without([ONE], []) == [ONE]
    assert without([ONE, TWO], [TWO, ONE]) == []


def test_another_content_under_the_same_id_is_not_the_edit() -> None:
    assert without([ONE], [edit("01A", 2)]) == [ONE]


def test_an_edit_that_the_office_has_erased_is_not_lacking() -> None:
    assert without([ONE], [{"id": ONE["id"], "at": ONE["at"], "erased": edit_digest(ONE)}]) == []
    assert without([ONE], [{"id": ONE["id"], "at": ONE["at"], "erased": edit_digest(TWO)}]) == [ONE]
