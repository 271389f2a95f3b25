"""The workbench: the queue, one case of each kind, many at once by a rule, records side by side."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from tests.service.conftest import Office, Tablet, csrf_of
from tests.service.test_cases import WHOLE, cases, send, the_case

WORKERS, REMARKS, FINDINGS = "/survey/workers", "/closing/remarks", "/survey/findings"
QUEUE = "/office/cases"


def collide(office: Office, one: Tablet, other: Tablet, path: str, *values: Any) -> str:
    """A record that two tablets have given these values for a path."""
    record = one.fill(WHOLE)
    base = office.mailbox("north").get(record)
    for tablet, value in zip((one, other), values, strict=True):
        tablet.change(record, base, {path: value})
    office.judge()
    return record


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def post(client: FlaskClient, address: str, **form: Any) -> TestResponse:
    """Send a form as the page that it stands on would."""
    token = csrf_of(page(client, f"{QUEUE}?lang=en"))
    return client.post(address, data={"csrf_token": token, **form})


def address(office: Office, kind: str = "conflict", **query: str) -> str:
    return f"{QUEUE}/{the_case(office, kind, **query)['id']}"


def answers(office: Office, record: str) -> Any:
    office.judge()
    return office.get(f"/api/v1/records/{record}?team=north", "office").get_json()["answers"]


def rows(text: str) -> int:
    return len(re.findall(r"<tr data-href", text))


def asked(office: Office, client: FlaskClient, address: str) -> int:
    """How many statements the read model is sent for a page."""
    sent: list[str] = []

    def hear(*told: Any) -> None:
        sent.append(told[2])

    event.listen(office.parts.readmodel, "before_cursor_execute", hear)
    try:
        page(client, address)
    finally:
        event.remove(office.parts.readmodel, "before_cursor_execute", hear)
    return len([each for each in sent if each.startswith("SELECT")])


# The queue


def test_the_read_model_is_not_asked_about_each_case_of_a_page(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    collide(office, north, colleague, WORKERS, 88, 92)
    client = office.enter("office")
    page(client, QUEUE)
    one = asked(office, client, QUEUE)
    for number in range(3):
        collide(office, north, colleague, REMARKS, f"{number}", "x")
        north.fill({**WHOLE, "/visited_on": f"2026-05-0{number + 1}", WORKERS: -4})
    office.judge()
    assert rows(page(client, QUEUE)) >= 7
    assert asked(office, client, QUEUE) == one


def test_the_queue_is_filtered_by_its_address(office: Office, north: Tablet, colleague: Tablet) -> None:
    collide(office, north, colleague, WORKERS, 88, 92)
    north.fill({**WHOLE, "/visited_on": "2026-05-05", WORKERS: -4})
    office.judge()
    client = office.enter("office")
    assert rows(page(client, QUEUE)) == 2
    assert rows(page(client, f"{QUEUE}?kind=invalid")) == 1
    assert rows(page(client, f"{QUEUE}?team=south")) == 0
    assert rows(page(client, f"{QUEUE}?owner=chen.jie&term=late&sort=due")) == 2
    assert rows(page(client, f"{QUEUE}?owner=-")) == 0
    assert rows(page(client, f"{QUEUE}?status=closed")) == 0
    assert "88" in page(client, QUEUE)
    assert client.get(f"{QUEUE}?kind=nonsense").status_code == 422


def test_what_is_put_off_is_left_out_until_it_is_asked_for(office: Office, north: Tablet, colleague: Tablet) -> None:
    collide(office, north, colleague, WORKERS, 88, 92)
    client = office.enter("office")
    assert post(client, f"{address(office)}/entries", snooze="2999-01-01").status_code == 302
    assert rows(page(client, QUEUE)) == 0
    assert rows(page(client, f"{QUEUE}?asleep=1")) == 1


def test_a_supervisor_sees_the_cases_of_the_own_team_alone(office: Office, north: Tablet, colleague: Tablet) -> None:
    collide(office, north, colleague, WORKERS, 88, 92)
    wang = Tablet(office, "wang.fang")
    wang.fill({**WHOLE, WORKERS: -4})
    office.judge()
    assert rows(page(office.enter("chen.jie"), QUEUE)) == 1


# One case


def test_a_conflict_shows_its_base_and_marks_what_differs_within_the_text(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    collide(office, north, colleague, FINDINGS, "订单饱满，生产稳定。", "订单饱满，生产正常。 ok")
    text = page(office.enter("office"), f"{address(office)}?lang=en")
    assert "What it was before" in text
    assert "<del>正常</del><ins>稳定</ins>" in text
    assert "<ins> ok</ins>" in text


def test_a_decision_is_undone_from_its_notice_and_taken_anew(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = collide(office, north, colleague, WORKERS, 88, 92)
    client, case = office.enter("office"), the_case(office, "conflict")
    where, seen = f"{QUEUE}/{case['id']}", [head["edit"] for head in case["heads"]]
    assert post(client, where, choose=seen[0], seen=seen, note="花名册").status_code == 302
    told = page(client, QUEUE)
    assert f'action="{where}/undo"' in told and "decided just now" in told
    assert 'name="case" value=' not in told, "what was just decided is not decided again with many others"
    assert answers(office, record)["survey"]["workers"] == 88
    assert "花名册" in page(client, where)
    assert post(client, f"{where}/undo").status_code == 302
    assert answers(office, record)["survey"]["workers"] == 92
    case = the_case(office, "conflict", status="open")
    assert {head["origin"]["by"] for head in case["heads"]} == {"li.wei", "zhang.min"}
    text = page(client, f"{where}?lang=en")
    assert "took the decision back" in text and "What it was before" in text
    again = post(client, where, own="1", value="90", seen=[head["edit"] for head in case["heads"]])
    assert again.status_code == 302
    assert answers(office, record)["survey"]["workers"] == 90


def test_nothing_is_decided_about_values_that_were_not_looked_at(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record = collide(office, north, colleague, WORKERS, 88, 92)
    case = the_case(office, "conflict")
    answer = post(
        office.enter("office"), f"{QUEUE}/{case['id']}", choose=case["heads"][0]["edit"], seen=case["heads"][0]["edit"]
    )
    assert answer.status_code == 409
    assert answers(office, record)["survey"]["workers"] == 92


@pytest.mark.parametrize(
    ("path", "values", "given", "wanted"),
    [
        ("/survey/operation", ("growing", "declining"), "stable", "stable"),
        ("/visited_on", ("2026-03-03", "2026-03-04"), ["2026-03-05"], "2026-03-05"),
        ("/planning/helped", (True, False), ["true"], True),
        (REMARKS, ("一", "二"), ["第一行\r\n第二行"], "第一行\n第二行"),
    ],
)
def test_a_third_value_is_typed_as_the_field_asks(
    office: Office, north: Tablet, colleague: Tablet, path: str, values: tuple[Any, Any], given: Any, wanted: Any
) -> None:
    record = collide(office, north, colleague, path, *values)
    client, case = office.enter("office"), the_case(office, "conflict")
    answer = post(client, f"{QUEUE}/{case['id']}", own="1", value=given)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    office.judge()
    edit = office.mailbox("north").get(record)["edits"][-1]
    assert edit["set"].get(path) == wanted


def test_a_file_is_chosen_from_those_that_anybody_gave(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = collide(office, north, colleague, "/closing/signature", "b" * 64, "c" * 64)
    client = office.enter("office")
    assert f'name="value" value="{"b" * 64}"' in page(client, address(office))
    assert post(client, address(office), own="1", value="b" * 64).status_code == 302
    assert answers(office, record)["closing"]["signature"] == "b" * 64


def test_the_team_is_asked_and_the_case_says_so(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = collide(office, north, colleague, WORKERS, 88, 92)
    client, where = office.enter("office"), address(office)
    assert post(client, f"{where}/question", text="请再数一次").status_code == 302
    office.judge()
    assert office.mailbox("north").get(record)["edits"][-1]["note"] == "请再数一次"
    assert "The team has not answered yet" in page(client, f"{where}?lang=en")
    assert post(client, f"{where}/question", text="  ").status_code == 422


def test_owner_due_and_comment_are_kept_with_the_case(office: Office, north: Tablet, colleague: Tablet) -> None:
    collide(office, north, colleague, WORKERS, 88, 92)
    client, where = office.enter("office"), address(office)
    for form in ({"owner": "me"}, {"due": "2030-01-02"}, {"comment": "<b>问过了</b>"}):
        assert post(client, f"{where}/entries", **form).status_code == 302
    case = the_case(office, "conflict")
    assert (case["owner"], case["due"]) == ("office", "2030-01-02")
    assert "&lt;b&gt;问过了" in page(client, where)
    assert post(client, f"{where}/entries", owner="").status_code == 302
    assert the_case(office, "conflict")["owner"] == "chen.jie"
    assert post(client, f"{where}/entries", due="someday").status_code == 422


def test_a_record_to_be_mended_names_its_mistakes_and_cannot_be_waved_through(office: Office, north: Tablet) -> None:
    north.fill({**WHOLE, WORKERS: -4})
    office.judge()
    client, where = office.enter("office"), address(office, "invalid")
    text = page(client, where)
    assert "#at-survey-workers" in text and 'name="dismiss"' not in text
    assert post(client, f"{where}/entries", dismiss="算了").status_code == 409


def test_a_bad_signature_is_waved_through_with_a_reason_and_opened_again(office: Office, north: Tablet) -> None:
    record = north.fill(WHOLE)
    edit = north.edit(record, office.mailbox("north").get(record)["edits"], {WORKERS: 7})
    send(office, north, record, [edit | {"set": {WORKERS: 9000}}])
    client, where = office.enter("office"), address(office, "signature")
    text = page(client, f"{where}?lang=en")
    assert "李伟" in text and "The signature does not hold: not in force" in text
    assert post(client, f"{where}/entries", dismiss="试验").status_code == 302
    assert the_case(office, "signature")["status"] == "closed"
    assert post(client, f"{where}/entries", reopen="再看").status_code == 302
    assert the_case(office, "signature")["status"] == "open"


def test_the_way_back_is_the_list_that_one_came_from_and_no_other_site(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    collide(office, north, colleague, WORKERS, 88, 92)
    client = office.enter("office")
    text = page(client, f"{address(office)}?back=kind%3Dconflict")
    assert 'href="/office/cases?kind=conflict"' in text
    choose = the_case(office, "conflict")["heads"][0]["edit"]
    answer = post(client, address(office), choose=choose, back="//evil.example\r\nX: y=1")
    assert answer.location.startswith("/office/cases?")


# Many at once


def test_many_are_decided_by_a_rule_after_a_look_and_taken_back_together(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    one = collide(office, north, colleague, WORKERS, 88, 92)
    other = collide(office, north, colleague, "/visited_on", "2026-03-03", "2026-03-04")
    client = office.enter("office")
    ids = [case["id"] for case in cases(office, kind="conflict")]
    seen = post(client, f"{QUEUE}/batches", case=ids, rule="person:li.wei", note="以李伟为准")
    text = seen.get_data(as_text=True)
    assert seen.status_code == 200 and "Would be decided: 2" in text
    assert answers(office, one)["survey"]["workers"] == 92
    seal = re.findall(r'name="seal" value="([^"]+)"', text)[0]
    done = post(client, f"{QUEUE}/batches", case=ids, rule="person:li.wei", note="以李伟为准", seal=seal)
    assert done.status_code == 302
    assert "Decided: 2" in page(client, done.location)
    assert (answers(office, one)["survey"]["workers"], answers(office, other)["visited_on"]) == (88, "2026-03-03")
    assert post(client, f"{done.location}/undo").status_code == 302
    assert answers(office, one)["survey"]["workers"] == 92
    assert "Taken back: 2" in page(client, done.location)
    assert post(client, f"{done.location}/resume").status_code == 302
    assert "Taken back: 2" in page(client, done.location), "what was taken back is not done again"


def test_a_preview_says_where_a_rule_does_not_fit_and_an_old_one_is_shown_anew(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record = collide(office, north, colleague, WORKERS, 88, 92)
    client, ids = office.enter("office"), [the_case(office, "conflict")["id"]]
    text = post(client, f"{QUEUE}/batches", all="1", rule="supervisor").get_data(as_text=True)
    assert "No value fits the rule" in text and 'name="seal"' not in text
    old = post(client, f"{QUEUE}/batches", case=ids, rule="latest", seal="0" * 64)
    assert old.status_code == 409
    assert answers(office, record)["survey"]["workers"] == 92
    assert post(client, f"{QUEUE}/batches", rule="latest").status_code == 422


# Duplicates


def test_duplicates_stand_side_by_side_and_are_joined_and_taken_apart(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    row = "/problems/01JDA000000000000000000002"
    one = north.fill({**WHOLE, REMARKS: "一"})
    other = colleague.fill({**WHOLE, REMARKS: "二", row: {}, f"{row}/problem": "门口积水"})
    office.judge()
    client, where = office.enter("office"), address(office, "duplicate")
    text = page(client, where)
    assert f'name="at:{REMARKS}"' in text and 'name="at:/visited_on"' not in text
    assert f'value="{row}|north|{other}"' in text
    ticked = re.search(rf'name="at:{REMARKS}" value="north\|{other}"[^>]*checked', page(client, f"{where}?keep=1"))
    assert ticked is not None
    form = {"survivor": f"north|{one}", f"at:{REMARKS}": f"north|{other}", "row": f"{row}|north|{other}"}
    assert post(client, f"{where}/join", **form, note="同一次").status_code == 302
    assert answers(office, one)["closing"]["remarks"] == "二"
    assert [each["problem"] for each in answers(office, one)["problems"]] == ["门口积水"]
    assert f"/office/records/{one}" in page(client, f"/office/records/{other}?team=north")
    head = page(client, where).partition("</thead>")[0]
    assert "李伟" in head and "张敏" in head, "each column names who filled the record, whoever joined them since"
    assert f"/office/records/{other}" in page(client, f"/office/records/{one}?team=north")
    assert post(client, f"{where}/undo").status_code == 302
    assert answers(office, one)["closing"]["remarks"] == "一"
    assert the_case(office, "duplicate")["status"] == "open"


def test_a_join_is_taken_apart_before_the_lists_know_of_it(office: Office, north: Tablet, colleague: Tablet) -> None:
    one, other = north.fill(WHOLE), colleague.fill({**WHOLE, REMARKS: "二"})
    office.judge()
    client, where = office.enter("office"), address(office, "duplicate")
    assert post(client, f"{where}/join", survivor=f"north|{one}").status_code == 302
    assert post(client, f"{where}/undo").status_code == 302
    office.judge()
    assert office.get(f"/api/v1/records/{other}", "office").get_json()["state"] == "submitted"


def test_joining_what_nobody_named_is_refused_and_the_ticks_stay(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    north.fill({**WHOLE, REMARKS: "一"})
    other = colleague.fill({**WHOLE, REMARKS: "二"})
    office.judge()
    answer = post(office.enter("office"), f"{address(office, 'duplicate')}/join", **{f"at:{REMARKS}": f"north|{other}"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(rf'name="at:{REMARKS}" value="north\|{other}"[^>]*checked', text)


def test_what_is_no_duplicate_is_said_so(office: Office, north: Tablet) -> None:
    for day in ("2026-03-02", "2026-03-03"):
        north.fill({**WHOLE, "/visited_on": day})
    office.judge()
    client, where = office.enter("office"), address(office, "duplicate")
    assert post(client, f"{where}/entries", dismiss="两天都去了").status_code == 302
    assert the_case(office, "duplicate")["closed_how"] == "dismissed"
