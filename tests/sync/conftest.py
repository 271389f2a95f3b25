"""Pairs of databases, near and far."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.couch import CouchStore
from sync.embedded import EmbeddedStore
from sync.store import Store
from tests.served import served
from tests.sync.pairs import Pair

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture(params=["embedded to embedded", "embedded to served", "served to embedded"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    here = EmbeddedStore(tmp_path / "here")
    left, right = request.param.split(" to ")
    there: Store = EmbeddedStore(tmp_path / "there")
    if "served" in request.param:
        there = CouchStore(request.getfixturevalue("url"))
    stores = {"served": there, "embedded": here}
    yield Pair(
        stores[left], stores[right] if left != right else there, EmbeddedStore(tmp_path / "k"), f"r{next(NUMBERS)}"
    )
    there.close()


@pytest.fixture
def local(tmp_path: Path) -> Pair:
    return Pair(
        EmbeddedStore(tmp_path / "a"), EmbeddedStore(tmp_path / "b"), EmbeddedStore(tmp_path / "k"), f"l{next(NUMBERS)}"
    )
