"""The table of docs/architecture.md: every module and what it is for, in its own words.

python -m tests.house.modules    # writes the table anew
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/architecture.md"
LAYERS = {
    "schemas": "what a form is and what valid answers are; pure",
    "sync": "how documents travel and meet",
    "sync/embedded": "the store on SQLite, and CouchDB's protocol in front of it",
    "service": "the Flask service",
    "service/tablet/app": "the tablet",
}
SKIPPED = {"__init__.py"}
BEGIN, END = "<!-- modules -->", "<!-- end of modules -->"


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of ours with its layer, in the order of the layers."""
    for layer in LAYERS:
        deeper = [other for other in LAYERS if other.startswith(f"{layer}/")]
        for path in sorted([*(ROOT / layer).rglob("*.py"), *(ROOT / layer).rglob("*.js")]):
            name = path.relative_to(ROOT).as_posix()
            inside = any(name.startswith(f"{other}/") for other in deeper)
            if not inside and path.name not in SKIPPED and not re.search("/(vendor|static|pages)/", name):
                yield layer, path


def purpose(path: Path) -> str:
    """The first sentence that a module says of itself."""
    text = path.read_text("utf-8")
    found = re.match(r'(?:"""|//|/\*\*)\s*(?:\* )?(.+?)(?:"""|\*/|\n\s*\n|\n \*\n|\n \* @|$)', text, flags=re.DOTALL)
    said = re.sub(r"\s*\n(?: \*|//)?\s*", " ", found[1]).strip() if found else ""
    return re.split(r"(?<=[^.][^.][.])\s", said)[0].rstrip(".;:").replace("|", "\\|")


def table() -> str:
    """Layer, file, responsibility."""
    lines = [BEGIN, "", "| layer | file | responsibility |", "|---|---|---|"]
    last = ""
    for layer, path in modules():
        shown = f"**{layer}**: {LAYERS[layer]}" if layer != last else ""
        last = layer
        lines.append(f"| {shown} | `{path.relative_to(ROOT / layer).as_posix()}` | {purpose(path)} |")
    return "\n".join([*lines, "", END])


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[-1]
    PAGE.write_text(f"{before.rstrip()}\n\n{table()}\n{after.lstrip()}", "utf-8")


if __name__ == "__main__":
    main()
