"""Joining records that are the same thing, and taking them apart again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.case_messages import Joined, JointWanted, Reason
from service.api.cases import may_decide, on_case
from service.api.endpoint import Blueprint
from service.auth.requests import signed_in
from service.cases import joins
from service.cases.joins import Joint
from service.parts import current

blueprint = Blueprint("joins", __name__, "Records that are the same thing")


@on_case(blueprint, "join", takes=JointWanted, gives=Joined)
def join(body: Mapping[str, Any], case_id: str) -> dict[str, Any]:
    """Join the records of a case into one, which takes the chosen values; the others are withdrawn, and name it."""
    case = may_decide(case_id)
    survivor = (body["survivor"]["team"], body["survivor"]["record"])
    take = {each["path"]: (each["team"], each["record"]) for each in body["take"]}
    made = joins.join(current(), signed_in().person, case, Joint(survivor, take, body["note"]))
    return {"case": case["id"], "edits": made}


@on_case(blueprint, "unjoin", takes=Reason, gives=Joined)
def unjoin(body: Mapping[str, Any], case_id: str) -> dict[str, Any]:
    """Take them apart: each is what it was; what was set anew since stays."""
    case = may_decide(case_id)
    return {"case": case["id"], "edits": joins.unjoin(current(), signed_in().person, case, body["note"])}
