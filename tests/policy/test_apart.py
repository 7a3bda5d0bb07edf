"""Use cases do not call each other: what they share is a plain function that takes the change."""

import ast
import re
from pathlib import Path

import renkei

HERE = Path(renkei.__file__).parent


def frames(function: ast.FunctionDef) -> bool:
    """Whether the function is a use case: framed by ``@use_case``."""
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "use_case"
        for one in function.decorator_list
    )


def names(module: str, tree: ast.Module) -> dict[str, str]:
    """What each name of a module stands for: its own functions, and what it imports from where."""
    known = {
        one.name: f"{module}.{one.name}" for one in tree.body if isinstance(one, ast.FunctionDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                known[one.asname or one.name] = f"{node.module}.{one.name}"
    return known


def called(node: ast.AST, known: dict[str, str]) -> set[str]:
    """What is called there, as dotted names: ``name()`` and ``module.name()``."""
    found = set()
    for one in ast.walk(node):
        if not isinstance(one, ast.Call):
            continue
        if isinstance(one.func, ast.Name):
            found.add(known.get(one.func.id, ""))
        elif isinstance(one.func, ast.Attribute) and isinstance(one.func.value, ast.Name):
            found.add(f"{known.get(one.func.value.id, '')}.{one.func.attr}")
    return found


def program(sources: dict[str, str]) -> tuple[dict[str, set[str]], set[str]]:
    """What each function calls, and which functions are use cases."""
    calls, framed = {}, set()
    for module, source in sources.items():
        tree = ast.parse(source)
        known = names(module, tree)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                calls[f"{module}.{node.name}"] = called(node, known)
                if frames(node):
                    framed.add(f"{module}.{node.name}")
    return calls, framed


def reached(start: str, calls: dict[str, set[str]]) -> set[str]:
    """Every function that is called from there, however far down."""
    seen: set[str] = set()
    open_ = set(calls[start])
    while open_:
        name = open_.pop()
        if name not in seen:
            seen.add(name)
            open_ |= calls.get(name, set())
    return seen


def sources() -> dict[str, str]:
    """Every module of the program, by its dotted name."""
    return {
        ".".join(("renkei", *path.relative_to(HERE).with_suffix("").parts)): path.read_text()
        for path in HERE.rglob("*.py")
        if "migrations" not in path.parts
    }


def test_no_use_case_calls_another_however_far_down() -> None:
    calls, framed = program(sources())
    wrong = {f"{one} reaches {name}" for one in framed for name in reached(one, calls) & framed}
    assert len(framed) > 150
    assert not wrong, wrong


def test_a_call_through_a_plain_function_is_seen() -> None:
    calls, framed = program(
        {
            "renkei.a": "@use_case('x.y', on='z')\ndef close(change): ...\n",
            "renkei.b": "from renkei import a\n\n"
            "def shared(change):\n    a.close(change)\n\n"
            "@use_case('x.z', on='z')\ndef end(change):\n    shared(change)\n",
        }
    )
    assert framed == {"renkei.a.close", "renkei.b.end"}
    assert "renkei.a.close" in reached("renkei.b.end", calls)


def test_the_import_contract_names_every_module_with_use_cases() -> None:
    """Those of the command line and of the demonstration stand above them, in another contract."""
    project = (HERE.parents[1] / "pyproject.toml").read_text()
    contract = project.partition('name = "use cases stand on the policy')[2].partition('""",')[0]
    above = ("renkei.config", "renkei.enrollment.demonstration")
    modules = {one.rpartition(".")[0] for one in program(sources())[1]}
    assert {one for one in modules if not one.startswith(above)} == set(
        re.findall(r"renkei(?:\.\w+)+", contract)
    )
