"""Which identities are the same, which are near, and that near ones always share a key."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cases.likeness import SHORTEST, is_slip, near, near_keys, plain, same_key

TEXTS = st.text(st.sampled_from("河口五金加工厂abcd"), min_size=SHORTEST, max_size=20)


def identity(name: str = "河口五金加工厂", day: str = "2026-03-02", unit: str = "entity:unit:1") -> list[Any]:
    return [("/unit", "entity", unit), ("/name", "text", name), ("/day", "date", day)]


def share(one: list[Any], other: list[Any]) -> bool:
    return bool({*near_keys("f", one)} & {*near_keys("f", other)})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("河口 五金加工厂", "河口五金加工厂"),
        ("ＡＢＣ公司", "abc公司"),
        ("新桥（纸箱）厂", "新桥(纸箱)厂"),
        ("A-1", "a 1"),
    ],
)
def test_width_case_spaces_and_punctuation_make_no_difference(one: str, other: str) -> None:
    assert same_key("f", identity(one)) == same_key("f", identity(other))
    assert near(identity(one), identity(other)) is None, "the same is not near"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("河口五金加工厂", "河口五金加工场", True),
        ("河口五金加工厂", "河口五金加厂", True),
        ("河口五金加工厂", "河口金五加工厂", True),
        ("河口五金加工厂", "河口木器家具厂", False),
        ("新桥一号仓", "新桥二号仓", True),
        ("新桥1号仓", "新桥2号仓", False),
        ("2026-0123", "2026-0124", False),
        ("李伟", "李炜", False),
        ("abcd", "abdce", False),
    ],
)
def test_a_slip_is_one_character_and_no_digit(one: str, other: str, expected: bool) -> None:
    assert is_slip(plain(one), plain(other)) is expected
    assert is_slip(plain(other), plain(one)) is expected


@given(TEXTS, st.data())
def test_whatever_slips_shares_a_key(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    slip = data.draw(
        st.sampled_from(
            [
                text[:place] + letter + text[place:],
                text[:place] + letter + text[place + 1 :],
                text[:place] + text[place + 1 :],
                text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
            ]
        )
    )
    if slip != text and len(slip) >= SHORTEST:
        assert is_slip(text, slip)
        assert near(identity(text), identity(slip)) == "typing"
        assert share(identity(text), identity(slip))


@given(st.dates(), st.integers(-3, 3))
def test_neighbouring_days_are_near_and_share_a_key(day: Any, apart: int) -> None:
    try:
        other = type(day).fromordinal(day.toordinal() + apart)
    except (ValueError, OverflowError):
        return
    found = near(identity(day=day.isoformat()), identity(day=other.isoformat()))
    if max(day, other) < type(day).max:
        assert (found == "day") is (abs(apart) == 1)
        assert share(identity(day=day.isoformat()), identity(day=other.isoformat())) is (abs(apart) <= 1)


def test_two_differences_are_too_many() -> None:
    assert near(identity("河口五金加工厂"), identity("河口五金加工场", "2026-03-03")) is None
    assert near(identity(day="2026-03-02"), identity(day="2026-03-03", unit="entity:unit:2")) is None
    assert near(identity(unit="entity:unit:1"), identity(unit="entity:unit:2")) is None


def test_forms_do_not_mix_and_nonsense_is_no_date() -> None:
    assert not {*near_keys("f", identity())} & {*near_keys("g", identity())}
    assert near(identity(day="soon"), identity(day="later")) is None
    assert near(identity()[:2], identity()) is None


def test_a_record_has_a_handful_of_keys_however_long_its_text() -> None:
    assert len({*near_keys("f", identity("字" * 100_000))}) <= 6
