"""What an inspector types in a visit, so that tests can do it in two halves."""

from __future__ import annotations

from pathlib import Path

from tests.browser.tablet import TabletScreen

TASK = "走访河口粮油食品厂"
ENTERPRISE = "河口粮油食品厂"
COUNT, REMARKS = "/survey/workers", "/closing/remarks"
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


def fall_out(li: TabletScreen, zhang: TabletScreen, photo: Path) -> tuple[str, str]:
    """Two tablets of one team fill the same visit, so that there are two records of it; then both change the number of
    workers in hers without seeing each other. The addresses of hers and of his on a tablet.
    """
    zhang.cut_network()
    whole(zhang, photo)
    zhang.until_state("local")
    his = zhang.page.url
    whole(li, photo)
    li.until_state("accepted")
    hers = li.page.url
    zhang.mend_network()
    zhang.until_state("accepted")
    zhang.page.goto(hers)
    zhang.until_state("accepted")
    for each in (li, zhang):
        each.cut_network()
    for each, count in ((li, 88), (zhang, 92)):
        each.change()
        each.answer(COUNT, count)
        each.send()
        each.until_state("local")
    for each in (li, zhang):
        each.mend_network()
    for each in (li, zhang):
        each.until_state("undecided")
    return hers, his
