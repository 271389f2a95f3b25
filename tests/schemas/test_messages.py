"""Every problem that answers can have is told in each language of the screens, and no text stands there for nothing."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas import messages
from schemas.answers import judge
from schemas.form import parse
from sync.verdict import BAD_SIGNATURE, CONTESTED, REVOKED_DEVICE, UNKNOWN_DEVICE, UNKNOWN_VERSION, WRONG_AUTHOR

ROOT = Path(__file__).parents[2]
RAISING = {"Fault": 0, "fail": 0, "_check_temporal": -1}
"""Which argument of these is the code."""
OF_EDITS = {BAD_SIGNATURE, CONTESTED, REVOKED_DEVICE, UNKNOWN_DEVICE, UNKNOWN_VERSION, WRONG_AUTHOR}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def raised() -> set[str]:
    """The codes that the modules name where they raise."""
    found: set[str] = set()
    for module in (ROOT / "schemas").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISING:
                code = node.args[RAISING[node.func.id]]
                found |= {str(code.value)} if isinstance(code, ast.Constant) else set()
    return found


def raised_on_the_tablet() -> set[str]:
    texts = [path.read_text("utf-8") for path in (ROOT / "service/tablet/app/core").glob("*.js")]
    judging = [
        text for text in texts if re.search(r"import \{[^}]*\bfault\b[^}]*\} from './values.js'|const fault =", text)
    ]
    return {
        code for text in judging for code in re.findall(r"fault\('(\w+)'", text) + re.findall(r", '(not_\w+)'\)", text)
    }


def test_codes_are_found() -> None:
    assert {"required", "not_date", "not_rows", "too_many_files"} <= raised()


def test_every_code_has_its_text_and_every_text_its_code() -> None:
    assert raised() | OF_EDITS == set(messages.catalogue())


def test_the_tablet_raises_no_other_code() -> None:
    assert raised_on_the_tablet() <= set(messages.catalogue())
    assert raised() - raised_on_the_tablet() == set()


@pytest.mark.parametrize("code", messages.catalogue())
def test_a_text_in_each_language_with_the_same_gaps(code: str) -> None:
    texts = messages.catalogue()[code]
    assert set(texts) == set(messages.LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert len({frozenset(PLACEHOLDER.findall(text)) for text in texts.values()}) == 1
    assert re.search("[\u4e00-\u9fff]", texts["zh-Hans"])
    assert not re.search("[\u3000-\u9fff]", texts["en"])


def test_a_sentence_is_filled_in() -> None:
    label = {"zh-Hans": "人数", "zh-Hant": "人數", "en": "Workers"}
    said = messages.text("too_large", label=label, max=100)
    assert said["en"] == "“Workers” cannot be more than 100."
    assert "人数" in said["zh-Hans"]
    assert "人數" in said["zh-Hant"]
    assert "100" in said["zh-Hans"]


def test_where_a_language_lacks_a_label_another_stands_in() -> None:
    assert messages.text("required", label={"zh-Hans": "人数"})["en"] == "Please answer “人数”."
    assert messages.text("required")["en"] == "Please answer “”."


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    said = messages.text("not_a_choice", label={"en": "{value}"}, value="pink")
    assert said["en"] == "“pink” is not among the choices of “{value}”; please choose again."


def test_a_code_that_there_is_not() -> None:
    with pytest.raises(KeyError):
        messages.text("no_such_code")


def test_what_the_form_itself_says_stands_in_the_place_of_the_usual_sentence() -> None:
    own = {
        "name": "own",
        "type": "text",
        "label": {"en": "Own"},
        "required": True,
        "required_message": {"en": "Ask the owner."},
    }
    usual = {"name": "usual", "type": "text", "label": {"en": "Usual"}, "required": True}
    form = parse({"form": "a", "version": 1, "languages": ["en"], "title": {"en": "A"}, "fields": [own, usual]})
    problems = judge(form, {}, state="submitted", now=datetime(2026, 3, 2, tzinfo=UTC)).problems
    assert [problem.message["en"] for problem in problems] == ["Ask the owner.", "Please answer “Usual”."]
