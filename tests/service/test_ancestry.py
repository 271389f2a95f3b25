"""What stood before people set it apart."""

from __future__ import annotations

from typing import Any

from service.cases.ancestry import base_of

PATH = "/one"


def edit(name: str, *seen: str) -> Any:
    return {"id": name, "at": name, "seen": {PATH: list(seen)} if seen else {}}


def test_it_is_the_last_edit_that_all_go_back_to() -> None:
    edits = [edit("1"), edit("2", "1"), edit("3", "2"), edit("4", "3"), edit("5", "2")]
    found = base_of(PATH, ["4", "5"], edits)
    assert found is not None and found["id"] == "2"


def test_there_is_none_where_they_have_nothing_in_common() -> None:
    assert base_of(PATH, ["1", "2"], [edit("1"), edit("2")]) is None
    assert base_of(PATH, ["1", "2"], [edit("1", "0"), edit("2", "0")]) is None, "the edit itself has not arrived"
    assert base_of(PATH, [], []) is None


def test_edits_that_see_each_other_in_a_circle_end_the_walk() -> None:
    assert base_of(PATH, ["1"], [edit("1", "2"), edit("2", "1")]) is not None
