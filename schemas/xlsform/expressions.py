"""Expressions on their way in: names that had to change, paths, and the type of what a calculation gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from schemas.expression.functions import FUNCTIONS, VOLATILE
from schemas.expression.parse import MAX_LENGTH, ExpressionError, Tree, parse, walk

_PARTS = re.compile(r"""('[^']*'|"[^"]*")""")
_REFERENCE = re.compile(r"\$\{\s*(last-saved#)?([^}#\s]+)\s*\}")
_RELATIVE = re.compile(r"(?:current\(\)/)?(?:\.\./)+(?:[A-Za-z_][\w.-]*/)*([A-Za-z_][\w.-]*)(?![\w./-]|\s*\()")
_ABSOLUTE = re.compile(r"(?<![\w)\]}.])/(?:[A-Za-z_][\w.-]*/)+([A-Za-z_][\w.-]*)(?![\w./-]|\s*\()")
_CHOICE_NAME = re.compile(
    r"jr:choice-name\(\s*(?:string\(\s*)?\$\{\s*([^}#\s]+)\s*\}\s*\)?\s*,\s*(['\"])\s*\$\{\s*\1\s*\}\s*\2\s*\)"
)
_PULLED = re.compile(
    r"pulldata\(\s*(['\"])(?P<list>[^'\"]+)\1\s*,\s*(['\"])(?P<take>[\w-]+)\3\s*,\s*(['\"])(?P<key>[\w-]+)\5\s*,"
)
_FAR_POSITION = re.compile(r"\bposition\(\s*\.\.(?:/\.\.)+\s*\)")
_CALLED = re.compile(r"(?<![\w:.-])([A-Za-z][\w:.-]*)\s*\(")
_OK = re.compile(r"(\$\{\s*([^}#\s]+)\s*\}\s*!?=\s*)(['\"])OK\3")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_ELSEWHERE = frozenset({"pulldata", "instance", "and", "or", "div", "mod", "current"})

WHOLE = frozenset({"count", "count-non-empty", "count-if", "count-selected", "string-length", "position", "int"})
NUMERIC = frozenset(["-", "*", "+", "mod", "neg", "abs"])
FRACTIONS = frozenset(
    ["div", "pow", "number", "decimal-date-time", "decimal-time", "distance", "area", "random", "round"]
)
SAME = frozenset({"if", "coalesce", "min", "max", "sum", "once", "indexed-repeat"})


@dataclass
class Names:
    """What the form's fields are called: in the workbook, and here."""

    new: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    """The named list of a select, by the select's new name."""


def rewrite(text: str, names: Names) -> tuple[str, list[str]]:
    """An expression as Rounds writes it, and what had to be changed about its meaning."""
    told: list[str] = []
    if len(text) > MAX_LENGTH:
        return text, told
    text = _CHOICE_NAME.sub(lambda found: _choice_name(found, names, told), text.translate(_QUOTES))
    text = _OK.sub(lambda found: _acknowledged(found, names), text)
    if _FAR_POSITION.search(text):
        told.append("position() is the row's number in the nearest repeat")
        text = _FAR_POSITION.sub("position(..)", text)
    parts = _PARTS.split(text)
    for index in range(0, len(parts), 2):
        part = _REFERENCE.sub(lambda found: f"${{{found[1] or ''}{names.new.get(found[2], found[2])}}}", parts[index])
        for path in (_RELATIVE, _ABSOLUTE):
            part = path.sub(lambda found: _known(found, names), part)
        parts[index] = part
    return "".join(parts), told


def _known(found: re.Match[str], names: Names) -> str:
    new = names.new.get(found[1])
    return found[0] if new is None else f"${{{new}}}"


def _choice_name(found: re.Match[str], names: Names, told: list[str]) -> str:
    new = names.new.get(found[1], "")
    if new not in names.lists:
        return found[0]
    told.append("jr:choice-name() gives the label in the form's first language, whatever language it is filled in")
    return f"instance('{names.lists[new]}')/root/item[name = ${{{new}}}]/label"


def _acknowledged(found: re.Match[str], names: Names) -> str:
    """An acknowledgement is `OK` in ODK, and true here."""
    new = names.new.get(found[2], "")
    return f"{found[1]}true()" if names.types.get(new) == "boolean" else found[0]


def without_choice(text: str, choice: str) -> str:
    """An expression in which comparisons with a choice that there is not are what they always come to."""
    literal = rf"(['\"]){re.escape(choice)}\1"
    text = re.sub(rf"\$\{{[^}}]+\}}\s*=\s*{literal}", "false()", text)
    text = re.sub(rf"\$\{{[^}}]+\}}\s*!=\s*{literal}", "true()", text)
    return re.sub(rf"\bselected\(\s*\$\{{[^}}]+\}}\s*,\s*{literal}\s*\)", "false()", text)


def without_name(text: str, name: str) -> str:
    """An expression in which a bare name that means nothing is what XPath makes of it: empty."""
    parts = _PARTS.split(text)
    alone = re.compile(rf"(?<![\w$}}{{/.:-]){re.escape(name)}(?![\w(/:.-])")
    parts[::2] = [alone.sub("''", part) for part in parts[::2]]
    return "".join(parts)


def outwards(text: str, lists: Collection[str]) -> str:
    """An expression for other programs, where `pulldata()` reads files alone: a list of the form is an instance."""
    for found in reversed(list(_PULLED.finditer(text))):
        end = _closing(text, found.end())
        if found["list"] in lists and end:
            value = text[found.end() : end].strip()
            look = f"instance('{found['list']}')/root/item[{found['key']} = {value}]/{found['take']}"
            text = text[: found.start()] + look + text[end + 1 :]
    return text


def _closing(text: str, start: int) -> int:
    """Where the bracket closes that is open at a place; 0 where it does not."""
    depth, quote = 1, ""
    for place in range(start, len(text)):
        sign = text[place]
        if quote or sign in "'\"":
            quote = sign if not quote else "" if sign == quote else quote
            continue
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place
    return 0


def references(text: str) -> list[str]:
    """The names that a text puts in `${…}`."""
    return [found[1] for found in re.finditer(r"\$\{\s*([^}\s]+)\s*\}", text)]


def unknown_functions(text: str) -> list[str]:
    """The functions in an expression that Rounds does not have."""
    code = "".join(_PARTS.split(text)[::2])
    called = dict.fromkeys(_CALLED.findall(code))
    return [name for name in called if name not in FUNCTIONS and name not in _ELSEWHERE]


def fault(code: str, text: str, column: int, name: str) -> str:
    """Why an expression cannot be had, as a sentence."""
    unknown = unknown_functions(text)
    if unknown:
        return f"Rounds has no function {', '.join(f'{each}()' for each in unknown)}: {text}"
    if code == "unknown_field":
        return f"there is no field {name} to read: {text}"
    if code == "bad_pattern":
        return f"the regular expression is outside of what Rounds allows: {text}"
    about = f" ({name})" if name else ""
    return f"{code.replace('_', ' ')} at character {column}{about}: {text}"


def tree(text: str, names: Names) -> Tree | None:
    """The tree of an expression, or None where it has none."""
    known = set(names.new.values())
    try:
        return parse(text, lambda name: name if name in known else None)
    except ExpressionError:
        return None


def runs_once(found: Tree | None) -> bool:
    """Whether it is for a default alone, as `once(random())` is."""
    return found is not None and any(node.get("call") in VOLATILE or "last" in node for node in walk(found))


def value_type(found: Tree | None, type_of: Callable[[str], str]) -> str:
    """What a calculation amounts to: text, integer, decimal or date. A truth is text, `true` or `false`, as in ODK."""
    if found is None or "call" not in found:
        return _bare(found or {}, type_of)
    name, args = found["call"], found["args"]
    fixed = _fixed(name, args)
    if fixed:
        return fixed
    if name in SAME and args:
        return _common([value_type(arg, type_of) for arg in _results(name, args)], name)
    if name in NUMERIC:
        kinds = {value_type(arg, type_of) for arg in args}
        return "integer" if kinds == {"integer"} else "decimal"
    return "text"


def _bare(found: Tree, type_of: Callable[[str], str]) -> str:
    if "ref" in found or "last" in found:
        return type_of(found.get("ref") or found["last"])
    lit = found.get("lit", "")
    return "text" if isinstance(lit, str) else "integer" if isinstance(lit, int) else "decimal"


def _fixed(name: str, args: list[Tree]) -> str:
    if name in WHOLE or (name == "round" and len(args) == 1):
        return "integer"
    if name in FRACTIONS:
        return "decimal"
    return "date" if name in ("today", "date") else ""


def _results(name: str, args: list[Tree]) -> list[Tree]:
    """The arguments of which one is what the function gives; an empty text means that it gives nothing."""
    if name == "indexed-repeat":
        return args[:1]
    given = args[1:] if name == "if" else args
    return [arg for arg in given if arg.get("lit") != ""] or given


def _common(kinds: list[str], name: str) -> str:
    """One type for several."""
    found = set(kinds)
    if name in ("sum", "min", "max"):
        return "integer" if found == {"integer"} else "date" if found == {"date"} else "decimal"
    if len(found) == 1:
        return found.pop()
    return "decimal" if found == {"integer", "decimal"} else "text"
