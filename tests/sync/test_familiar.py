"""What is remembered of names that were in order: never one that was not looked at, and never too many."""

from __future__ import annotations

import pytest

from sync.familiar import LONGEST, MOST, Familiar
from sync.gate import check
from sync.store import ADMIN, Forbidden
from tests.bench.store import SECURITY, document


def test_what_was_learned_is_familiar_and_nothing_else() -> None:
    names = Familiar()
    names.learn({"a": 1, "b": 2})
    assert names.issuperset(["a", "b"])
    assert not names.issuperset(["a", "c"])


def test_names_that_are_made_up_take_no_more_memory_than_there_are_places() -> None:
    names = Familiar()
    for start in range(0, 10 * MOST, 100):
        names.learn([f"name {number}" for number in range(start, start + 100)])
    names.learn(["x" * (LONGEST + 1), *(f"other {number}" for number in range(3 * MOST))])
    assert "other 1" in names
    assert len(names) <= MOST
    assert max(map(len, names)) <= LONGEST


def test_a_path_that_is_none_is_refused_however_often_it_comes_with_familiar_ones() -> None:
    good, bad = document(1), document(2)
    bad["edits"][0]["set"] |= {"no path": 1}
    for _ in range(2):
        check(good, None, ADMIN, SECURITY)
        with pytest.raises(Forbidden, match="'no path' is not the path of a field"):
            check(bad, None, ADMIN, SECURITY)
