"""What a table changes in entities: only what differs, and nothing where a cell is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.documents import check
from service.entities import Plan, plan, table

HEAD = ["code", "name", "name::zh-Hant", "name::en", "town"]
WORKS = ["E1", "河口五金", "河口五金", "Hekou", "河口"]
MILL = ["E2", "北山面粉", "", "", ""]
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8)


def planned(*rows: Sequence[str], known: Sequence[dict[str, Any]] = (), retire: bool = False) -> Plan:
    numbered = [(number, list(row)) for number, row in enumerate(rows, 1)]
    return plan("enterprise", numbered, [{**doc, "_rev": "1-a"} for doc in known], retire=retire)


def sound(*rows: Sequence[str], **options: Any) -> Plan:
    found = planned(*rows, **options)
    assert found.problems == []
    assert [check(doc) for doc in found.documents] == [{}] * len(found.documents)
    return found


def told(*rows: Sequence[str], **options: Any) -> list[str]:
    found = planned(*rows, **options)
    assert found.problems
    return [str(problem) for problem in found.problems]


def test_rows_become_documents() -> None:
    works, mill = sound(HEAD, WORKS, MILL).new
    assert works == {
        "_id": works["_id"],
        "type": "entity",
        "entity": "enterprise",
        "active": True,
        "code": "E1",
        "name": "河口五金",
        "names": {"zh-Hans": "河口五金", "zh-Hant": "河口五金", "en": "Hekou"},
        "town": "河口",
    }
    assert set(mill) == {"_id", "type", "entity", "active", "code", "name"}


def test_ids_follow_from_kind_and_code() -> None:
    first, again = sound(HEAD, WORKS, MILL), sound(HEAD, MILL, WORKS)
    assert {doc["_id"] for doc in first.new} == {doc["_id"] for doc in again.new}
    assert first.new[0]["_id"] == "entity:enterprise:0000000000950K5SGYKF17Y8SZ"
    other = plan("unit", [(1, HEAD), (2, WORKS)], []).new[0]["_id"]
    assert other.split(":")[2] != first.new[0]["_id"].split(":")[2]


def test_importing_again_changes_only_what_changed() -> None:
    known = sound(HEAD, WORKS, MILL).new
    again = sound(HEAD, WORKS, [*MILL[:4], "北山"], known=known)
    assert (again.new, again.unchanged, again.vanished) == ([], 1, 0)
    assert again.changed == [known[1] | {"town": "北山"}]
    assert sound(HEAD, WORKS, MILL, known=known).documents == []


def test_columns_that_are_not_there_change_nothing_and_empty_cells_take_out() -> None:
    known = [doc | {"stars": 3} for doc in sound(HEAD, WORKS).new]
    assert sound(["code", "name"], WORKS[:2], known=known).documents == []
    (renamed,) = sound(["code", "name"], ["E1", "河口机械"], known=known).changed
    assert (renamed["names"]["zh-Hans"], renamed["names"]["en"], renamed["stars"]) == ("河口机械", "Hekou", 3)
    (emptied,) = sound([*HEAD, "stars"], [*WORKS[:3], "", ""], known=known).changed
    assert "town" not in emptied
    assert "stars" not in emptied
    assert emptied["names"] == {"zh-Hans": "河口五金", "zh-Hant": "河口五金"}
    assert sound(["code", "name::en"], ["E1", "Hekou"], known=known).documents == []


def test_values_keep_their_kind() -> None:
    known = [sound(HEAD, WORKS).new[0] | {"staff": 12, "open": True, "spot": {"lat": "1"}, "tags": ["a"]}]
    head = [*HEAD, "staff", "open", "spot", "tags"]
    assert sound(head, [*WORKS, "12", "yes", '{"lat":"1"}', '["a"]'], known=known).documents == []
    (changed,) = sound(head, [*WORKS, "13", "no", "x", '["a"]'], known=known).changed
    assert (changed["staff"], changed["open"], changed["spot"], changed["tags"]) == (13, False, "x", ["a"])


def test_what_vanished_becomes_inactive_only_where_asked() -> None:
    known = sound(HEAD, WORKS, MILL).new
    assert sound(HEAD, WORKS, known=known).vanished == 1
    assert sound(HEAD, WORKS, known=known).documents == []
    (retired,) = sound(HEAD, WORKS, known=known, retire=True).retired
    assert retired == known[1] | {"active": False}
    now = [known[0], retired]
    assert sound(HEAD, WORKS, known=now, retire=True).documents == []
    assert sound(HEAD, WORKS, MILL, known=now).changed == [known[1]]
    assert sound([*HEAD, "active"], WORKS, [*MILL, "否"], known=known).changed == [retired]


def test_an_id_of_its_own_names_an_entity() -> None:
    head = ["id", *HEAD]
    (doc,) = sound(head, ["E-1", *WORKS]).new
    assert doc["_id"] == "entity:enterprise:E-1"
    assert sound(HEAD, WORKS, known=[doc]).unchanged == 1
    (recoded,) = sound(head, ["E-1", "E9", *WORKS[1:]], known=[doc]).changed
    assert recoded["code"] == "E9"
    assert sound(["id", "name"], ["E-1", "河口五金"], known=[doc]).unchanged == 1


def test_a_code_that_was_taken_over_does_not_rename_what_had_it() -> None:
    (doc,) = sound(HEAD, WORKS).new
    recoded = doc | {"code": "E9"}
    (other,) = sound(HEAD, WORKS, known=[recoded]).new
    assert other["_id"] != doc["_id"]
    assert sound(HEAD, WORKS, ["E9", *WORKS[1:]], known=[recoded, other]).unchanged == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "row 1: the file is empty"),
        ([HEAD], "row 1: there are no rows below"),
        ([["name"], ["a"]], "row 1: there is no column code"),
        ([["code"], ["a"]], "row 1: there is no column name"),
        ([["code", "name", "code"]], "row 1, column code: there are two"),
        ([["code", "name", "", "x"]], "row 1, column number 3: the column has no name"),
        ([["code", "name", "name::fr"]], "row 1, column name::fr: in another language there are only name::zh-Hans"),
        ([["code", "name", "_rev"]], "row 1, column _rev: no property"),
        ([["code", "name", "type"]], "row 1, column type: no property"),
        ([["code", "name", "a\nb"]], "row 1, column a\nb: the name is too long or holds a line break"),
        ([HEAD, ["", "a"]], "row 2, column code: there is no code"),
        ([HEAD, ["E1"]], "row 2, column name: there is no name"),
        ([HEAD, WORKS, MILL, WORKS], "row 4, column code: E1 stands in row 2 as well"),
        ([HEAD, [*WORKS, "x"]], "row 2, column number 6: there is a value below no name"),
        ([HEAD, ["1.23E+17", "a"]], "row 2, column code: 1.23E+17 was shortened by a spreadsheet"),
        ([HEAD, ["x" * 129, "a"]], "row 2, column code: a code has 128 characters at most"),
        ([HEAD, ["E1", "a" * 301]], "row 2, column name: the text has 301 characters"),
        ([HEAD, ["E1", "a\x07"]], "row 2, column name: the text holds a control character"),
        ([[*HEAD, "active"], [*WORKS, "maybe"]], "row 2, column active: yes or no"),
        ([["id", *HEAD], ["a b", *WORKS]], "row 2, column id: this is no id"),
        ([["id", *HEAD], ["a", *WORKS], ["a", *MILL]], "row 3, column id: row 2 means the same enterprise"),
    ],
)
def test_mistakes_name_row_and_column(rows: list[list[str]], said: str) -> None:
    assert told(*rows)[0].startswith(said)


def test_a_code_of_another_is_not_given_twice() -> None:
    known = sound(["id", *HEAD], ["A", *WORKS], ["B", *MILL]).new
    assert "is that of another enterprise, A" in told(["id", *HEAD], ["B", "E1", "x"], known=known)[0]


def test_many_mistakes_are_told_up_to_a_limit() -> None:
    assert len(told(HEAD, *[["", "a"]] * 500)) == 50


@given(
    st.lists(
        st.tuples(CELLS, CELLS, CELLS | st.just(""), CELLS | st.just("")), unique_by=lambda row: row[0], min_size=1
    )
)
def test_what_a_table_shows_imports_without_a_change(rows: list[tuple[str, str, str, str]]) -> None:
    head = ["code", "name", "name::en", "note"]
    found = planned(head, *rows)
    if not found.problems:
        known = found.new
        assert sound(*table(known), known=known).documents == []
        assert sound(head, *rows, known=known).documents == []


def test_a_table_shows_what_is_inactive_and_has_no_code() -> None:
    (doc,) = sound(HEAD, WORKS).new
    bare = {"_id": "entity:enterprise:X", "type": "entity", "entity": "enterprise", "name": "a", "active": False}
    head, *rows = table([doc | {"staff": 5}, bare])
    assert head == ["id", "code", "name", "name::zh-Hans", "name::zh-Hant", "name::en", "active", "staff", "town"]
    assert rows[0] == ["X", "", "a", "", "", "", "no", "", ""]
    assert rows[1][6:] == ["yes", "5", "河口"]
    assert sound(head, *rows, known=[doc | {"staff": 5}, bare]).documents == []
