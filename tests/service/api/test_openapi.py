"""The API as its own OpenAPI document describes it, asked by a machine that tries whatever the document allows."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import ignored_auth, positive_data_acceptance

from service.errors import STATUS
from tests.service.conftest import VISIT, Office, Tablet

Operation = Any
LEFT_OUT = [ignored_auth, positive_data_acceptance]
"""The first takes our own token for one that it made up; the second knows nothing of members that go together."""


@pytest.fixture(scope="module")
def operations(still_office: Office) -> dict[str, Operation]:
    """Every address with its method; one record lies there already."""
    Tablet(still_office, "zhang.min").fill(VISIT)
    still_office.judge()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", still_office.app)
    found = [result.ok() for result in schema.get_all_operations()]
    return {f"{each.method.upper()} {each.path}": each for each in found}


ADDRESSES = [
    "POST /api/v1/session",
    "POST /api/v1/session/challenge",
    "GET /api/v1/me",
    "GET /api/v1/records",
    "GET /api/v1/records/{record_id}",
    "GET /api/v1/records/{record_id}/history",
    "GET /api/v1/records/{record_id}/why",
    "GET /api/v1/cases",
    "GET /api/v1/cases/counts",
    "GET /api/v1/cases/{case_id}",
    "POST /api/v1/cases/{case_id}/entries",
    "POST /api/v1/cases/{case_id}/admission",
    "POST /api/v1/cases/{case_id}/decision",
    "POST /api/v1/cases/{case_id}/undo",
    "POST /api/v1/cases/{case_id}/question",
    "POST /api/v1/cases/{case_id}/join",
    "POST /api/v1/cases/{case_id}/unjoin",
    "GET /api/v1/comparisons",
    "POST /api/v1/cases/batches",
    "GET /api/v1/cases/batches/{batch}",
    "POST /api/v1/cases/batches/{batch}/resume",
    "POST /api/v1/cases/batches/{batch}/undo",
    "GET /api/v1/forms",
    "GET /api/v1/forms/{form}/{version}",
    "GET /api/v1/packs/{database}",
    "GET /api/v1/delivery",
    "GET /api/v1/delivery/{device}",
    "GET /api/v1/drafts",
    "GET /api/v1/drafts/{form}",
    "PUT /api/v1/drafts/{form}",
    "DELETE /api/v1/drafts/{form}",
    "POST /api/v1/bundles",
    "POST /api/v1/hub/enrolment",
    "POST /api/v1/hub/visit",
    "GET /api/v1/hub",
]


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
def test_the_page_of_the_api_is_there_with_every_error(still_office: Office, lang: str) -> None:
    answer = still_office.get(f"/api/v1/docs?lang={lang}")
    assert answer.status_code == 200
    assert all(code in answer.get_data(as_text=True) for code in STATUS)


def test_the_addresses_are_those_of_the_document(operations: dict[str, Operation]) -> None:
    assert sorted(operations) == sorted(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_answers_as_it_is_described(
    still_office: Office, operations: dict[str, Operation], address: str
) -> None:
    headers = {"Authorization": f"Bearer {still_office.token('office')}"}

    @given(case=operations[address].as_strategy())
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    def ask(case: Any) -> None:
        response = case.call(headers=headers)
        assert response.status_code < 500, response.text
        case.validate_response(response, excluded_checks=LEFT_OUT)

    ask()
