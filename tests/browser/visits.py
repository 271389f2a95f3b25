"""What an inspector types in a visit, so that tests can do it in two halves."""

from __future__ import annotations

from pathlib import Path

from tests.browser.tablet import TabletScreen

TASK = "走访河口粮油食品厂"
ENTERPRISE = "河口粮油食品厂"
FINDINGS = "企业订单稳定，用工紧张，希望协助招聘。"


def first_half(tablet: TabletScreen) -> None:
    """Who was met, what was handed out."""
    tablet.answer("/visitors", "李伟、张敏")
    tablet.answer("/people_met/*/person_name", "王建国")
    tablet.answer("/people_met/*/person_position", "企业负责人")
    tablet.answer("/publicity/sessions", 1)
    tablet.answer("/publicity/attendance", 24)
    tablet.answer("/publicity/guides", 30)
    tablet.page.locator("[data-path='/publicity/topics'] label.choice").first.click()
    tablet.answer("/survey/workers", 86)


def second_half(tablet: TabletScreen, photo: Path) -> None:
    """The survey, a problem solved on the spot, a photo and the signature."""
    tablet.answer("/survey/operation", "平稳")
    tablet.answer("/survey/findings", FINDINGS)
    tablet.answer("/no_opinions", True)
    tablet.answer("/planning/helped", False)
    tablet.answer("/planning/no_plan_reason", "企业暂无规划需求")
    tablet.add_row("/problems")
    tablet.page.locator("[data-path^='/problems/'][data-path$='/kind'] label.choice").first.click()
    tablet.answer("/problems/*/problem", "厂门口道路破损")
    tablet.answer("/problems/*/status", "当场解决")
    tablet.answer("/problems/*/solution", "已联系养护站当日修补")
    tablet.answer("/closing/satisfaction", "满意")
    tablet.answer("/closing/photos", photo)
    tablet.answer("/closing/signature", None)


def whole(tablet: TabletScreen, photo: Path) -> None:
    """A visit from beginning to end, sent."""
    tablet.begin(TASK)
    first_half(tablet)
    second_half(tablet, photo)
    tablet.send()
