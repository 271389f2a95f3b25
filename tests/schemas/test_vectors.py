"""The cases of tests/vectors/ that the forms' side has to meet; tests/js/vectors.test.mjs runs the same ones."""

from __future__ import annotations

import math
from datetime import datetime
from json import dumps
from typing import Any

import pytest

from schemas import canonical
from schemas.answers import judge
from schemas.expression.evaluate import Context, evaluate
from schemas.expression.parse import ExpressionError, parse, references
from schemas.form import compile_form
from schemas.form import parse as parse_form
from tests.vectors import Case, cases, form


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


def value(found: Any) -> Any:
    """A value as it stands in a case: JSON has no NaN and no infinity."""
    if isinstance(found, float) and not math.isfinite(found):
        return {"number": "NaN" if math.isnan(found) else "Infinity" if found > 0 else "-Infinity"}
    return found


def number(given: Any) -> Any:
    """A number as expressions have it, which know no integers."""
    if isinstance(given, list):
        return [number(item) for item in given]
    return float(given) if isinstance(given, int) and not isinstance(given, bool) else given


@pytest.mark.parametrize("case", cases("expressions"))
def test_expressions(case: Case) -> None:
    values = {f"/{name}": number(given) for name, given in case.get("values", {}).items()}
    expect = case["expect"]
    if "tree" not in case:
        with pytest.raises(ExpressionError) as caught:
            parse(case["text"], lambda name: f"/{name}" if name == "a" else None)
        assert {"error": caught.value.code, "column": caught.value.column} == expect
        return
    tree = parse(case["text"], lambda name: f"/{name}" if f"/{name}" in values else None)
    assert tree == case["tree"]
    assert references(tree) <= set(values)
    context = dict(case.get("context", {}))
    context["self_value"] = number(context.pop("self", ""))
    found = evaluate(tree, Context(resolve=values.__getitem__, **context))
    assert not isinstance(found, int) or isinstance(found, bool)
    assert value(found) == expect
    assert isinstance(found, bool) == isinstance(expect, bool)


@pytest.mark.parametrize("case", cases("answers"))
def test_answers(case: Case) -> None:
    found = judge(
        parse_form(form(case["form"])), case["values"], state=case["state"], now=datetime.fromisoformat(case["now"])
    )
    problems = [[problem.path, problem.code, dict(problem.params)] for problem in found.problems]
    assert {"answers": found.answers, "problems": problems} == case["expect"]
    assert dumps(found.answers, sort_keys=True) == dumps(case["expect"]["answers"], sort_keys=True)


@pytest.mark.parametrize("name", ["types", "rules", "numbers"])
def test_what_was_published_is_published_again_as_it_is(name: str) -> None:
    assert compile_form(form(name)) == form(name)
