"""The office's page of forms: drafts come in, are compared with what is in force, and published once that was seen."""

from __future__ import annotations

import copy
import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from schemas import changes
from schemas.bundled import bundled
from service.language import catalogue
from tests.service.conftest import Office, csrf_of

FORM = "self-check"


def version(number: int, **more: Any) -> str:
    return json.dumps(copy.deepcopy(bundled()[FORM]) | {"version": number} | more, ensure_ascii=False)


def without_a_field() -> str:
    return version(2, fields=bundled()[FORM]["fields"][:-1], identity=[], summary=[])


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    token = csrf_of(client.get("/office/forms").get_data(as_text=True))
    return client.post(f"/office/forms{path}", data={"csrf_token": token, **fields})


def keep(client: FlaskClient, text: str | bytes) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return send(client, "/drafts", file=(BytesIO(data), "form.json"))


def page(client: FlaskClient, path: str = "") -> str:
    return client.get(f"/office/forms{path}").get_data(as_text=True)


def rev_in(text: str) -> str:
    found = re.search(r'name="rev" value="([^"]+)"', text)
    assert found
    return found[1]


def test_a_draft_is_kept_compared_and_published(office: Office) -> None:
    client = office.enter()
    assert keep(client, version(2)).headers["Location"].endswith("/office/forms/drafts/self-check")
    draft = page(client, "/drafts/self-check")
    assert "Nothing changes for records under way." in draft
    answer = send(client, "/drafts/self-check/publish", rev=rev_in(draft))
    assert answer.headers["Location"].endswith("published=self-check")
    assert office.get("/api/v1/forms/self-check/2", "office").status_code == 200
    assert "No drafts" in page(client)
    noted = office.parts.store.database("audit").get("form:self-check:2")
    assert (noted["by"], noted["changes"]) == ("office", [])


def test_losing_answers_takes_a_tick(office: Office) -> None:
    client = office.enter()
    keep(client, without_a_field())
    draft = page(client, "/drafts/self-check")
    assert "Loses answers" in draft and "Removed" in draft
    assert send(client, "/drafts/self-check/publish", rev=rev_in(draft)).status_code == 422
    assert office.get("/api/v1/forms/self-check/2", "office").status_code == 404
    assert send(client, "/drafts/self-check/publish", rev=rev_in(draft), losing="yes").status_code == 302
    assert office.get("/api/v1/forms/self-check/2", "office").status_code == 200


def test_what_was_not_seen_is_not_published(office: Office) -> None:
    client = office.enter()
    keep(client, version(2))
    seen = rev_in(page(client, "/drafts/self-check"))
    keep(client, without_a_field())
    answer = send(client, "/drafts/self-check/publish", rev=seen, losing="yes")
    assert answer.status_code == 409
    assert "changed the draft meanwhile" in answer.get_data(as_text=True)


def test_a_version_that_is_published_is_no_new_one(office: Office) -> None:
    client = office.enter()
    keep(client, version(1))
    draft = page(client, "/drafts/self-check")
    assert "published already" in draft and "publish_draft" not in draft
    assert send(client, "/drafts/self-check/publish", rev=rev_in(draft)).status_code == 422


def test_mistakes_are_listed_by_line_in_the_readers_language(office: Office) -> None:
    client = office.enter(lang="zh-Hans")
    keep(client, version(2).replace('"type": "date"', '"tipe": "date"'))
    draft = page(client, "/drafts/self-check?lang=zh-Hans")
    assert "处错误" in draft
    assert send(client, "/drafts/self-check/publish", rev=rev_in(draft)).status_code == 409


@pytest.mark.parametrize(
    ("data", "said"), [(b"\xff", "not UTF-8"), (b"{", "no form"), (b'{"form": "No"}', "no form"), (b"", "no form")]
)
def test_what_is_no_form_is_refused_with_a_sentence(office: Office, data: bytes, said: str) -> None:
    answer = keep(office.enter(), data)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_a_draft_is_thrown_away(office: Office) -> None:
    client = office.enter()
    keep(client, version(2))
    assert send(client, "/drafts/self-check/drop").status_code == 302
    assert client.get("/office/forms/drafts/self-check").status_code == 404
    assert client.get("/office/forms/drafts/No!").status_code == 404


def test_a_supervisor_looks_and_changes_nothing(office: Office) -> None:
    keep(office.enter(), version(2))
    client = office.enter("chen.jie")
    draft = page(client, "/drafts/self-check")
    assert "Nothing changes" in draft and "Throw the draft away" not in draft
    for path in ("/drafts", "/drafts/self-check/publish", "/drafts/self-check/drop"):
        assert send_as(client, path).status_code == 403


def send_as(client: FlaskClient, path: str) -> Any:
    token = csrf_of(client.get("/office/records").get_data(as_text=True))
    return client.post(f"/office/forms{path}", data={"csrf_token": token})


def test_every_change_has_its_words() -> None:
    source = Path(changes.__file__).read_text("utf-8")
    codes = set(re.findall(r'Change\([^,]+, "([a-z_]+)"', source))
    assert len(codes) > 20
    phrases = {key.removeprefix("forms_change.") for key in catalogue("en") if key.startswith("forms_change.")}
    assert codes | set(changes._STRICTER) <= phrases
