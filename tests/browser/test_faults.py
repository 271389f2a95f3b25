"""What goes wrong on a tablet: nothing typed is lost, nothing is claimed that is not so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.office import OfficeScreen
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.browser.visits import ENTERPRISE, TASK, first_half, second_half, whole
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
NewTablet = Callable[..., TabletScreen]


@pytest.fixture
def one(tablet: NewTablet) -> TabletScreen:
    made = tablet()
    made.sign_in("li.wei", "demo-north-1")
    return made


@contextmanager
def full_storage(tablet: TabletScreen) -> Iterator[None]:
    """As when the tablet's storage is full: nothing can be written."""
    tablet.page.evaluate(
        """() => {
          for (const name of ['put', 'add']) {
            const real = IDBObjectStore.prototype[name];
            IDBObjectStore.prototype[name] = function (...given) {
              if (window.full) throw new DOMException('The storage is full.', 'QuotaExceededError');
              return real.apply(this, given);
            };
          }
          window.full = true;
        }"""
    )
    yield
    tablet.page.evaluate("() => { window.full = false; }")


def test_what_is_typed_while_a_form_is_sent_is_neither_taken_nor_lost(one: TabletScreen) -> None:
    one.begin(TASK)
    first_half(one)
    second_half(one, PHOTO)
    one.until_kept()
    one.page.evaluate(
        """() => {
          const sign = SubtleCrypto.prototype.sign;
          const released = new Promise((resolve) => { window.release = resolve; });
          SubtleCrypto.prototype.sign = async function (...given) { await released; return sign.apply(this, given); };
        }"""
    )
    one.page.locator("[data-path='/visitors'] input, [data-path='/visitors'] textarea").first.focus()
    tap = "(button) => { button.click(); return document.activeElement === document.body; }"
    assert one.page.locator(".foot button.primary").evaluate(tap)  # before anything is drawn
    expect(one.page.locator("main.form")).to_have_attribute("inert", "")
    one.page.keyboard.type("王")
    assert one.value("/visitors") == "李伟、张敏"
    one.page.evaluate("() => window.release()")
    one.page.wait_for_selector("main.record")
    one.until_answer("/visitors", "李伟、张敏")


def test_nothing_is_sent_while_a_photo_is_made_ready(one: TabletScreen) -> None:
    one.begin(TASK)
    first_half(one)
    second_half(one, PHOTO)
    one.page.evaluate(
        """() => {
          const real = window.createImageBitmap;
          const released = new Promise((resolve) => { window.release = resolve; });
          window.createImageBitmap = async (...given) => { await released; return real(...given); };
        }"""
    )
    place = one.place("/closing/photos")
    place.locator("[aria-label], button.link").first.wait_for()
    before = place.locator("img").count()
    place.locator("input[type=file]").last.set_input_files(str(ROOT / "service/tablet/icons/icon-192.png"))
    send = one.page.locator(".foot button.primary")
    expect(send).to_be_disabled()
    one.page.evaluate("() => window.release()")
    expect(place.locator("img")).to_have_count(before + 1)
    expect(send).to_be_enabled()
    one.send()
    expect(one.place("/closing/photos").locator("img")).to_have_count(before + 1)


def test_a_full_storage_is_said_and_the_draft_stays_until_it_can_be_sent(one: TabletScreen) -> None:
    one.begin(TASK)
    first_half(one)
    second_half(one, PHOTO)
    one.until_kept()
    one.cut_network()
    with full_storage(one):
        one.page.locator(".foot button.primary", has_text="发送").click()
        one.page.get_by_text("没能存到本机").first.wait_for()
        expect(one.page.locator("main.form")).to_be_visible()
    one.go_home()
    expect(one.page.locator(".bar")).to_contain_text("没有未送达的内容")
    one.page.locator("a.row", has_text=ENTERPRISE).click()
    one.page.wait_for_selector("main.form")
    one.send()
    one.mend_network()
    one.until_state("accepted")


def test_a_photo_that_two_drafts_hold_outlives_the_sending_of_one(one: TabletScreen) -> None:
    found = one.run(
        """
        const { Pictures } = await from('./pictures.js');
        const { Unsent } = await from('./unsent.js');
        const { openLocal, attachment, destroyLocal } = await from('./db.js');
        const { read } = await from('./vault.js');
        const db = openLocal('somebody', 'media-north');
        const sync = { unsent: new Unsent('somebody'), profile: { device: 'd' }, local: () => db };
        const pictures = new Pictures('somebody', sync);
        const digest = await pictures.add(new Blob(['a picture'], { type: 'image/jpeg' }));
        const told = {};
        await pictures.send([digest], 'north', new Set([digest]));
        told.kept = Boolean(await read('pictures', `somebody/${digest}`));
        await pictures.drop([digest], new Set([digest]));
        told.still = Boolean(await read('pictures', `somebody/${digest}`));
        await pictures.send([digest], 'north', new Set());
        told.gone = !(await read('pictures', `somebody/${digest}`));
        told.stored = (await attachment(db, `media:${digest}`)).size;
        told.revisions = (await db.get(`media:${digest}`, { revs: true }))._revisions.start;
        await sync.unsent.erase();
        await destroyLocal('somebody', 'media-north');
        return told;
        """,
    )
    assert found == {"kept": True, "still": True, "gone": True, "stored": 9, "revisions": 1}


def test_what_waits_is_crossed_out_only_when_that_very_revision_has_arrived(one: TabletScreen) -> None:
    found = one.run(
        """
        const { Unsent } = await from('./unsent.js');
        const unsent = new Unsent('somebody');
        const has = () => unsent.has('mailbox-north', 'r');
        const arrived = (rev) => unsent.arrived('mailbox-north', [{ _id: 'r', _rev: rev }]);
        const told = [];
        await unsent.note('mailbox-north', 'r', null, 10);
        await arrived('1-before');  // an earlier revision, while this one is being stored
        told.push(has());
        await unsent.note('mailbox-north', 'r', '2-now', 10);
        await arrived('1-before');
        told.push(has());
        const again = new Unsent('somebody');  // after the app was closed
        await again.load();
        told.push(again.has('mailbox-north', 'r'));
        await arrived('2-now');
        told.push(has());
        await again.erase();
        return told;
        """,
    )
    assert found == [True, True, True, False]


def test_a_renewal_that_is_on_its_way_does_not_sign_another_person_in_or_out(one: TabletScreen) -> None:
    found = one.run(
        """
        const { Session } = await from('./session.js');
        const { keep, read } = await from('./vault.js');
        const mine = await read('settings', 'profile');
        const session = new Session();
        session.profile = mine;
        const renewing = session.renew().then(() => 'renewed', (error) => error.status);
        const other = { ...mine, user: { ...mine.user, name: 'zhang.min' }, token: 'theirs' };
        await keep('settings', 'profile', other);
        const outcome = await renewing;
        const kept = await read('settings', 'profile');
        await keep('settings', 'profile', mine);
        return { outcome, name: kept.user.name, token: kept.token };
        """,
    )
    assert found == {"outcome": 401, "name": "zhang.min", "token": "theirs"}


def test_the_token_is_renewed_before_it_ends(one: TabletScreen) -> None:
    """Nothing is ever sent with one that has ended: the service need not refuse it first."""
    one.begin(TASK)
    first_half(one)
    one.until_kept()
    one.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 56 * 60_000; }")
    asked: list[str] = []
    refused: list[int] = []
    one.page.on("request", lambda request: asked.append(request.url.rpartition("/api/v1")[2]))
    one.page.on("response", lambda answer: refused.append(answer.status) if answer.status == 401 else None)
    second_half(one, PHOTO)
    one.send()
    one.until_state("accepted")
    assert "/session/challenge" in asked
    assert refused == []


def test_a_denied_record_is_shown_with_the_reason_and_sent_again_when_asked(one: TabletScreen) -> None:
    reason = "The gate does not let this through."

    def deny(route: Route) -> None:
        body = route.request.post_data_json
        ids = [doc["_id"] for doc in body["docs"]]
        rows = [{"id": each, "error": "forbidden", "reason": reason} for each in ids]
        route.fulfill(status=201, json=rows)

    one.page.route("**/mailbox-north/_bulk_docs", deny)
    whole(one, PHOTO)
    one.until_state("refused")
    expect(one.page.locator("main.record")).to_contain_text(reason)
    one.go_home()
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)
    one.start_cold()  # it is remembered, and not sent by itself
    sent: list[str] = []

    def note(request: Request) -> None:
        if "mailbox-north/_bulk_docs" in request.url:
            sent.append(request.url)

    one.page.on("request", note)
    one.go_settings()
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)
    assert sent == []
    one.page.locator(".settings .notice button.link").click()
    one.open_record(ENTERPRISE)
    one.until_state("accepted")


def test_the_bar_tells_what_moves_what_is_here_and_when_the_office_last_answered(one: TabletScreen) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    expect(one.page.locator(".bar-contact")).to_contain_text("刚刚")
    one.page.route("**/media-north/_bulk_docs", hold)
    whole(one, PHOTO)
    one.until_state("accepted")
    one.go_home()
    bar = one.page.locator(".bar")
    expect(bar).to_contain_text("2 个附件")
    while bar.get_attribute("data-tone") != "moving":
        one.page.wait_for_timeout(50)
    expect(bar).to_contain_text("正在发送")
    for remaining in ("1 个附件", "没有未送达的内容"):
        expect(bar).to_have_attribute("data-tone", "moving")
        while not held:
            one.page.wait_for_timeout(20)
        held.pop().continue_()
        expect(bar).to_contain_text(remaining, timeout=WAIT_MS)
    expect(bar).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)


def test_after_a_change_of_team_what_was_not_sent_is_listed_with_the_reason(
    one: TabletScreen, live: Live, office: OfficeScreen
) -> None:
    one.begin(TASK)
    first_half(one)
    one.cut_network()
    second_half(one, PHOTO)
    one.send()
    one.until_state("local")
    move(live, "south")
    one.mend_network()
    one.go_home()
    notice = one.page.locator("main.home .notice", has_text="north")
    notice.wait_for()
    expect(one.page.locator("a.row", has_text=ENTERPRISE)).to_contain_text("仅在本机")
    expect(one.page.locator(".bar")).to_contain_text("1 条记录")
    one.start_cold()
    one.page.locator("main.home .notice", has_text="north").wait_for()
    one.open_record(ENTERPRISE)
    one.until_state("local")

    move(live, "north")
    one.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 56 * 60_000; }")
    one.page.evaluate("() => dispatchEvent(new Event('online'))")
    one.until_state("accepted")


def move(live: Live, team: str) -> None:
    """The office puts li.wei into another team."""
    command = [*live.command("user"), "add", "li.wei", "--role", "inspector", "--team", team, "--keep-password"]
    subprocess.run([*command, "--data", str(live.data)], cwd=ROOT, check=True, capture_output=True)
