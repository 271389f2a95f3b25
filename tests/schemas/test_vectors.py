"""The cases of tests/vectors/ that the forms' side has to meet; tests/js/vectors.test.mjs runs the same ones."""

from __future__ import annotations

import pytest

from schemas import canonical
from tests.vectors import Case, cases


@pytest.mark.parametrize("case", cases("canonical"))
def test_canonical(case: Case) -> None:
    expect = case["expect"]
    if "error" in expect:
        with pytest.raises(canonical.CanonicalError) as caught:
            canonical.dumps(case["value"])
        assert {"error": caught.value.code, "path": caught.value.path} == expect
    else:
        text = canonical.dumps(case["value"]).decode()
        assert {"text": text, "digest": canonical.digest(case["value"])} == expect
