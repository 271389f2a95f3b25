"""Pictures in the office: those that are what their name says, and others."""

from __future__ import annotations

import hashlib
import io

from sync.embedded.database import EmbeddedDatabase
from tests.service.conftest import Office

PICTURE = b"\xff\xd8\xff\xe0 a picture" * 40_000


def store(office: Office, content: bytes, digest: str, content_type: str = "image/jpeg") -> str:
    database = office.parts.store.database("media-north")
    assert isinstance(database, EmbeddedDatabase)
    doc = {"_id": f"media:{digest}", "type": "media", "team": "north"}
    file = {"content_type": content_type, "follows": True, "length": len(content)}
    [written] = database.put_many([doc | {"_attachments": {"file": file}}], streams={"file": io.BytesIO(content)})
    assert written.error is None
    return f"/office/photos/north/{digest}"


def test_a_picture_is_shown_to_those_who_read_the_team_s_records(office: Office) -> None:
    path = store(office, PICTURE, hashlib.sha256(PICTURE).hexdigest())
    answer = office.enter("chen.jie").get(path)
    assert (answer.status_code, answer.content_type, answer.data) == (200, "image/jpeg", PICTURE)
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.content_length == len(PICTURE)


def test_other_bytes_under_a_picture_s_name_are_never_shown_as_that_picture(office: Office) -> None:
    path = store(office, PICTURE, "0" * 64)
    client = office.enter("office")
    answer = client.get(path)
    assert answer.status_code == 409
    assert "not the picture" in answer.get_data(as_text=True)
    drawn = client.get(path, headers={"Sec-Fetch-Dest": "image"})
    assert (drawn.status_code, drawn.mimetype) == (409, "image/svg+xml")
    assert "Not what its digest names" in drawn.get_data(as_text=True)
    assert b"\xff\xd8" not in drawn.data
    assert "immutable" not in drawn.headers["Cache-Control"]


def test_what_is_no_picture_is_saved_rather_than_shown(office: Office) -> None:
    page = b"<script>alert(1)</script>"
    path = store(office, page, hashlib.sha256(page).hexdigest(), "text/html")
    answer = office.enter("office").get(path)
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_picture_that_is_not_there_or_not_one_s_own_looks_the_same(office: Office) -> None:
    client = office.enter("chen.jie")
    assert client.get(f"/office/photos/north/{'1' * 64}").status_code == 404
    assert client.get(f"/office/photos/south/{'1' * 64}").status_code == 404
    assert client.get("/office/photos/north/abc").status_code == 404
