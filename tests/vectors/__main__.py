"""Writes the trees of expressions anew, and every file with one case per line: `python -m tests.vectors`.

What a case expects is written by hand, from the laws.
"""

from __future__ import annotations

import json

from schemas.expression.parse import ExpressionError, parse
from tests.vectors import FOLDER, Case


def with_tree(case: Case) -> Case:
    """The case of an expression with the tree of its text; one that is to be refused has none."""
    names = set(case.get("values", {}))
    try:
        return case | {"tree": parse(case["text"], lambda name: f"/{name}" if name in names else None)}
    except ExpressionError:
        return case


def line(case: Case) -> str:
    """One case as JSON, readable where it is Unicode at all."""
    text = json.dumps(case, ensure_ascii=False)
    return text if text.encode("utf-8", "replace").decode() == text else json.dumps(case)


def main() -> None:
    for path in sorted(FOLDER.glob("*.json")):
        cases: list[Case] = json.loads(path.read_text("utf-8"))
        if path.stem == "expressions":
            cases = [case if "error" in str(case["expect"]) else with_tree(case) for case in cases]
        names = [case["name"] for case in cases]
        assert len(set(names)) == len(names), f"{path.name}: {[name for name in names if names.count(name) > 1]}"
        path.write_text("[\n" + ",\n".join(f"  {line(case)}" for case in cases) + "\n]\n", "utf-8")


if __name__ == "__main__":
    main()
