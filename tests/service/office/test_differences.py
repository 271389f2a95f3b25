"""Differences within texts: nothing is lost, and only what differs is marked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.office.differences import ADDED, GONE, LONGEST, SAME, Piece, between, pieces


def test_single_characters_of_chinese_and_whole_words_of_latin_are_marked() -> None:
    assert pieces("生产正常", "生产稳定") == (Piece("生产"), Piece("正常", GONE), Piece("稳定", ADDED))
    assert pieces("all is well", "all was well") == (
        Piece("all "),
        Piece("is", GONE),
        Piece("was", ADDED),
        Piece(" well"),
    )


def test_of_a_list_whole_words_are_marked() -> None:
    assert between(["甲", "乙"], ["甲", "丙"], "、") == (Piece("甲"), Piece("乙", GONE), Piece("丙", ADDED))


@given(st.text(), st.text())
def test_both_texts_can_be_read_from_the_pieces(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(each.text for each in found if each.mark != ADDED) == before
    assert "".join(each.text for each in found if each.mark != GONE) == after
    assert all(each.mark == SAME for each in pieces(before, before))


def test_a_text_too_long_to_be_compared_is_marked_whole() -> None:
    before, after = "字" * (LONGEST + 1), "句"
    assert pieces(before, after) == (Piece(before, GONE), Piece(after, ADDED))
