"""Canonical JSON is written in two ways, by looking at a value and by looking at its text: both say the same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import canonical
from sync.edits import _lenient, stable

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text('\\"e.{}[]:,，\ue000\U0001f600', max_size=8)
SAFE = st.none() | st.booleans() | st.integers(-canonical.SAFE_INTEGER, canonical.SAFE_INTEGER) | TEXT
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def nested(scalars: st.SearchStrategy[Any], names: st.SearchStrategy[str] = TEXT) -> st.SearchStrategy[Any]:
    return st.recursive(scalars, lambda below: st.lists(below) | st.dictionaries(names, below), max_leaves=30)


LATE = {"\ufb33": 1, "\U0001f600": 2}
EDGE = [2**53 - 1, 2**53, -(2**53), 2**70, 1e16, 1e-7, 1.0, -0.0, "1.5e3", LATE, {"a，": "b，"}]


def written(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_of(value: Any) -> bytes | None:
    try:
        return canonical.dumps(value)
    except canonical.CanonicalError:
        return None


def deep(levels: int, *, wide: int = 1) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [*([{}] * (wide - 1)), value]
    return value


@given(nested(SAFE | FLOATS))
@example([1e16])
@example([1.0, "1"])
@example(LATE)
@example('\\"e:{')
def test_a_text_that_counts_as_canonical_is_the_canonical_one(value: Any) -> None:
    assert not canonical.is_canonical(written(value)) or canonical_of(value) == written(value)


@given(nested(SAFE, st.text(st.characters(max_codepoint=0xD7FF))))
@example({'a.e\\"': "，\\", "真": True, "。": None})
def test_the_text_of_what_may_travel_counts_as_canonical(value: Any) -> None:
    assert canonical.is_canonical(written(value))
    assert canonical.dumps(value) == written(value)


@given(nested(SAFE | FLOATS | st.integers()))
@example(EDGE)
@example(float("nan"))
@example({"a": float("inf")})
@example({"lone": "\ud800"})
def test_what_is_hashed_is_the_same_however_it_was_looked_at(value: Any) -> None:
    assert stable(value) == (canonical_of(value) or _lenient(value))


@pytest.mark.parametrize("wide", [1, 3])
@pytest.mark.parametrize("levels", [1, 2, canonical.MAX_DEPTH - 1, canonical.MAX_DEPTH])
def test_as_many_levels_as_are_allowed_are_canonical(levels: int, wide: int) -> None:
    value = deep(levels, wide=wide if levels > 1 else 1)
    assert canonical.is_canonical(written(value))
    assert canonical.dumps(value) == written(value)


@pytest.mark.parametrize("wide", [1, 3])
def test_one_level_more_is_not(wide: int) -> None:
    value = deep(canonical.MAX_DEPTH + 1, wide=wide)
    assert not canonical.is_canonical(written(value))
    with pytest.raises(canonical.CanonicalError, match="too_deep"):
        canonical.dumps(value)
