"""Self-check against inspection, as the office and a supervisor see it."""

from __future__ import annotations

import pytest

from tests.service.conftest import Office, Tablet
from tests.service.test_comparison import ROWS, UNIT

PAGE = "/office/comparisons?lang=en"


@pytest.fixture
def handed_in(office: Office, north: Tablet) -> tuple[str, str]:
    """One self-check of the north team, and one inspection of the south team that found more."""
    own, seen, more = f"/items/{ROWS[0]}", f"/findings/{ROWS[1]}", f"/findings/{ROWS[2]}"
    check = north.fill(
        {"/unit": UNIT, "/period_start": "2026-03-01", "/period_end": "2026-03-31", "/areas": ["discipline"]}
        | {own: {}, f"{own}/area": "discipline", f"{own}/problem": "上班时间玩游戏"},
        form="self-check",
    )
    findings = {seen: {}, f"{seen}/category": "games", f"{seen}/description": "窗口人员上班时间玩游戏"}
    findings |= {more: {}, f"{more}/category": "charging", f"{more}/description": "<b>违规收费</b>"}
    inspection = Tablet(office, "wang.fang").fill(
        {"/unit": UNIT, "/inspected_on": "2026-03-15", "/manner": "open", **findings}, form="unannounced-inspection"
    )
    office.judge()
    return check, inspection


def page(office: Office, user: str, query: str) -> str:
    return office.enter(user).get(PAGE + query).get_data(as_text=True)


def test_before_anything_is_handed_in_the_page_says_what_will_come(office: Office) -> None:
    assert "Nothing to compare yet" in page(office, "office", "")


def test_each_matter_leads_to_where_it_was_written(office: Office, handed_in: tuple[str, str]) -> None:
    assert f'<option value="{UNIT}"' in page(office, "office", "")
    text = page(office, "office", f"&unit={UNIT}&since=2026-01-01&until=2026-12-31")
    check, inspection = handed_in
    assert f"/office/records/{check}?team=north#at-items-{ROWS[0]}" in text
    assert f"/office/records/{inspection}?team=south#at-findings-{ROWS[1]}" in text
    assert text.count('data-match="both"') == text.count('data-match="only_inspection"') == 1
    assert "not reported by the unit: 1" in text and "&lt;b&gt;违规收费" in text


def test_a_supervisor_is_told_nothing_of_the_other_team(office: Office, handed_in: tuple[str, str]) -> None:
    text = page(office, "chen.jie", f"&unit={UNIT}&since=2026-01-01&until=2026-12-31")
    assert 'data-match="only_self"' in text and handed_in[1] not in text


def test_another_period_is_empty_and_nonsense_is_refused(office: Office, handed_in: tuple[str, str]) -> None:
    assert "Nothing from this period" in page(office, "office", f"&unit={UNIT}&since=2020-01-01&until=2020-12-31")
    assert office.enter("office").get(f"{PAGE}&unit={UNIT}&since=soon").status_code == 422
