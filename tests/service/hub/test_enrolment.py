"""Enrolling a hub, what it may then, and what it is told of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.auth.directory import Directory
from service.campaign import Campaign, CampaignError
from service.errors import RoundsError
from service.hub.enrolment import Enrolments
from service.hub.people import take_in
from service.hub.visits import hubs
from sync.embedded import EmbeddedStore
from sync.signature import generate_key, public_jwk, sign, sign_in_text
from tests.service.conftest import PASSWORDS, Office, Tablet

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def invited(office: Office, *teams: str, name: str = "north-1") -> str:
    return Enrolments(office.parts.directory).invite(name, teams or ("north",), "", datetime.now(UTC))


class Laptop:
    """A laptop that was enrolled over HTTP."""

    def __init__(self, office: Office, code: str) -> None:
        self.office, self.key = office, generate_key()
        body = {"code": code, "label": "laptop", "public_key": public_jwk(self.key)}
        self.answer = office.post("/api/v1/hub/enrolment", json={**body, "authority": public_jwk(generate_key())})
        self.told: dict[str, Any] = self.answer.get_json()

    def session(self) -> Any:
        device = self.told["device"]
        challenge = self.office.post("/api/v1/session/challenge", json={"device": device}).get_json()["challenge"]
        origin = self.office.parts.config.public_url
        signature = sign(sign_in_text(challenge, origin).encode(), self.key)
        body = {"device": device, "challenge": challenge, "origin": origin, "signature": signature}
        return self.office.post("/api/v1/session", json=body)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.session().get_json()['token']}"}
        return self.office.call(method, path, headers=headers, **options)

    def visit(self, **told: Any) -> Any:
        body = {"version": "1.0", "addresses": ["192.168.1.2"], "waiting": 3, "refused": 0, **told}
        return self.ask("POST", "/api/v1/hub/visit", json=body)


def test_a_code_makes_a_laptop_a_hub_once(office: Office) -> None:
    code = invited(office)
    laptop = Laptop(office, code)
    assert (laptop.told["hub"], laptop.told["teams"]) == ("north-1", ["north"])
    again = Laptop(office, code)
    assert (again.answer.status_code, again.told["error"]) == (401, "enrolment_failed")
    session = laptop.session().get_json()
    assert session["user"]["roles"] == ["hub"]
    assert session["databases"] == {
        "reference": "reference",
        "mailboxes": ["mailbox-north"],
        "media": ["media-north"],
    }


@pytest.mark.parametrize("code", ["", "x", "north-1.", "north-1.wrong", "nobody.x", "NORTH.x", "li.wei", "a" * 99])
def test_a_wrong_code_is_refused_whatever_is_wrong_about_it(office: Office, code: str) -> None:
    invited(office)
    answer = Laptop(office, code).answer
    assert answer.status_code in {401, 422}
    assert answer.get_json()["error"] in {"enrolment_failed", "invalid_request"}


def test_a_code_ends_after_a_week(office: Office) -> None:
    enrolments = Enrolments(office.parts.directory)
    code = enrolments.invite("north-1", ["north"], "", NOW)
    with pytest.raises(RoundsError) as refused:
        enrolments.redeem(code, public_jwk(generate_key()), "", NOW + timedelta(days=7, seconds=1))
    assert refused.value.code == "enrolment_failed"


def test_codes_cannot_be_guessed_for_long(office: Office) -> None:
    invited(office)
    answers = [Laptop(office, "north-1.guess").answer.status_code for _ in range(8)]
    assert answers[-1] == 429


def test_a_new_laptop_takes_the_old_ones_place(office: Office) -> None:
    old = Laptop(office, invited(office))
    code = invited(office)
    assert old.session().status_code == 200
    Laptop(office, code)
    assert old.session().get_json()["error"] == "device_revoked"


def test_a_hub_reaches_its_teams_and_nothing_else(office: Office) -> None:
    laptop = Laptop(office, invited(office))
    for name, status in {
        "mailbox-north": 200,
        "media-north": 200,
        "reference": 200,
        "mailbox-south": 403,
        "media-south": 403,
        "office": 403,
        "audit": 403,
    }.items():
        assert laptop.ask("GET", f"/db/{name}").status_code == status, name
    assert laptop.ask("PUT", "/db/reference/form:x:1", json={"type": "form"}).status_code == 403
    assert laptop.ask("GET", "/api/v1/records").status_code == 403


def test_nobody_else_can_visit_as_a_hub(office: Office) -> None:
    body = {"version": "1.0", "addresses": [], "waiting": 0, "refused": 0}
    for user in ("li.wei", "chen.jie", "office", "admin"):
        assert office.post("/api/v1/hub/visit", user, json=body).status_code == 403, user
    assert office.post("/api/v1/hub/visit", json=body).status_code == 401


def test_a_hub_hears_of_no_password_that_opens_more_than_its_teams(office: Office) -> None:
    """A laptop that is stolen can be searched for passwords at leisure."""
    laptop = Laptop(office, invited(office))
    campaign = Campaign(office.parts.store)
    for name, roles in (("one", ["supervisor", "admin"]), ("two", ["office", "supervisor"])):
        campaign.add_user(name, f"a good password of {name}", roles=roles, teams=["north"])
    users = {user["name"]: user for user in laptop.visit().get_json()["users"]}
    assert users["one"]["roles"] == users["two"]["roles"] == ["supervisor"]
    assert users["one"]["password"] == users["two"]["password"] == ""


def test_a_hub_cannot_sign_in_with_a_password(office: Office) -> None:
    Laptop(office, invited(office))
    for password in ("a password that nobody has", "x"):
        answer = office.post("/api/v1/session", json={"name": "hub-north-1", "password": password})
        assert answer.status_code == 401


def test_a_hub_hears_of_its_teams_people_and_only_of_supervisors_passwords(office: Office) -> None:
    told = Laptop(office, invited(office)).visit().get_json()
    assert [team["team"] for team in told["teams"]] == ["north"]
    users = {user["name"]: user for user in told["users"]}
    assert set(users) == {"li.wei", "zhang.min", "chen.jie"}
    assert users["li.wei"]["password"] == users["zhang.min"]["password"] == ""
    assert users["chen.jie"]["password"].startswith("$argon2id$")


def test_nobody_is_more_at_a_hub_than_a_supervisor(office: Office) -> None:
    Campaign(office.parts.store).add_user("chen.jie", None, roles=["supervisor", "admin"], teams=["north", "south"])
    told = Laptop(office, invited(office)).visit().get_json()
    [chen] = [user for user in told["users"] if user["name"] == "chen.jie"]
    assert (chen["roles"], chen["teams"]) == (["supervisor"], ["north"])


def test_a_hubs_device_speaks_for_its_supervisors_and_nobody_else(office: Office) -> None:
    laptop = Laptop(office, invited(office))
    office.parts.library.refresh()
    device = office.parts.library.device(laptop.told["device"])
    assert device is not None
    assert device.speaks_for("chen.jie")
    assert device.speaks_for("hub-north-1")
    assert not device.speaks_for("li.wei")
    Campaign(office.parts.store).disable_user("chen.jie")
    laptop.visit()
    office.parts.library.refresh()
    later = office.parts.library.device(laptop.told["device"])
    assert later is not None
    assert not later.speaks_for("chen.jie")


def test_the_office_knows_when_a_hub_was_last_here(office: Office) -> None:
    laptop = Laptop(office, invited(office))
    [seen] = hubs(office.parts.directory)
    assert (seen.hub, seen.at, seen.invited) == ("north-1", "", False)
    laptop.visit(waiting=7)
    [seen] = hubs(office.parts.directory)
    assert (seen.waiting, seen.version) == (7, "1.0")
    assert seen.at.startswith("20")


@pytest.mark.parametrize(
    ("name", "teams"), [("North", ["north"]), ("x", ["north"]), ("north-1", ["nobody"]), ("a-b", [])]
)
def test_a_hub_needs_a_name_and_teams_that_there_are(office: Office, name: str, teams: list[str]) -> None:
    with pytest.raises(CampaignError):
        Enrolments(office.parts.directory).invite(name, teams, "", NOW)


def test_a_person_cannot_be_given_a_hubs_name(office: Office) -> None:
    with pytest.raises(CampaignError, match="those of hubs"):
        Campaign(office.parts.store).add_user("hub-north-1", "a good password", roles=["inspector"], teams=["north"])


def test_what_a_hub_hears_becomes_its_directory_and_who_is_gone_is_let_in_no_more(
    office: Office, tmp_path: Any
) -> None:
    told = Laptop(office, invited(office)).visit().get_json()
    store = EmbeddedStore(tmp_path / "hub")
    Campaign(store).prepare(None, NOW)
    take_in(store, told)
    directory = Directory(store)
    assert {user.name for user in directory.users() if not user.disabled} == {"li.wei", "zhang.min", "chen.jie"}
    assert set(store.names()) == {"office", "audit", "reference", "mailbox-north", "media-north"}
    take_in(store, {**told, "users": [user for user in told["users"] if user["name"] != "li.wei"]})
    gone = directory.user("li.wei")
    assert gone is not None
    assert gone.disabled
    seq = directory.office.info().update_seq
    take_in(store, {**told, "users": [user for user in told["users"] if user["name"] != "li.wei"]})
    assert directory.office.info().update_seq == seq


def test_signing_in_with_a_password_that_no_hash_stands_for_never_works(office: Office) -> None:
    """The hash that stands in for nobody is of a sentence that can be read in the source."""
    tablet = Tablet(office, "li.wei")
    doc = office.parts.directory.office.get("user:zhang.min")
    office.parts.directory.office.put({**doc, "password": ""})
    answer = office.post("/api/v1/session", json={"name": "zhang.min", "password": "a password that nobody has"})
    assert answer.status_code == 401
    assert tablet.session["user"]["name"] == "li.wei"
    assert PASSWORDS["zhang.min"]
