"""What intake reads of the reference database: only what can be a document's id is asked for."""

from __future__ import annotations

import pytest

from sync.couch import CouchStore
from sync.forms import FormLibrary
from tests.sync.scripted import Scripted

NAME = "河口" * 20
ANYTHING = (200, {"doc_count": 1, "update_seq": "1-x", "name": "something else", "public_key": {}})


@pytest.mark.parametrize("name", ["", "_all_docs", "_changes", "a\0", "x" * 100_000])
def test_what_a_log_names_that_can_be_no_document_is_not_asked_for(name: str) -> None:
    with Scripted(lambda *_: ANYTHING) as server:
        library = FormLibrary(CouchStore(server.url).database("reference"))
        asked = len(server.requests)
        assert library.entity_name(name, "en") is None
        assert library.entity_name(NAME, "en") == "something else"
        assert len(server.requests) == asked + 1


def test_a_device_whose_name_is_too_long_to_be_asked_for_is_not_known() -> None:
    with Scripted(lambda *_: ANYTHING) as server:
        library = FormLibrary(CouchStore(server.url).database("reference"))
        assert library.device("x" * 100_000) is None
        assert library.device("7f3a") is not None
