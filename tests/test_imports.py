"""Arrows point down only; what needs no TensorFlow loads none."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = sorted((ROOT / "fracture_core").rglob("*.py"))
SCREEN = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]

_WORDS = {
    "errors",
    "internal_errors",
    "words",
    "places",
    "atomic",
    "background",
    "job",
    "spreadsheet",
    "zips",
}
_LOWER = _WORDS | {"imaging", "evaluation", "data"}
#: What each part of the core may import, beside itself and the version in `fracture_core`.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "internal_errors": {"errors"},
    "words": set(),
    "places": set(),
    "atomic": set(),
    "background": set(),
    "job": {"atomic", "background"},
    "spreadsheet": set(),
    "zips": set(),
    "imaging": _WORDS,
    "evaluation": _WORDS,
    "data": _WORDS | {"imaging", "evaluation"},
    "review": _WORDS | {"evaluation", "data"},
    "zoo": _WORDS | {"imaging"},
    "explain": _LOWER | {"zoo"},
    "heads": _WORDS | {"imaging", "evaluation", "zoo"},
    "similar": _LOWER,
    "suspects": _LOWER,
    "registry": _WORDS | {"review", "imaging", "evaluation", "zoo", "heads", "similar"},
    "training": _LOWER | {"zoo", "heads", "similar", "suspects", "registry", "explain"},
    "published": _WORDS | {"evaluation", "zoo", "registry", "training"},
    "opinion": _LOWER | {"zoo", "heads", "registry", "explain"},
    "report": _LOWER | {"registry", "opinion"},
    "teaching": _LOWER | {"report"},
    "reading": _LOWER | {"opinion"},
    "cli": _LOWER
    | {
        "review",
        "similar",
        "suspects",
        "zoo",
        "heads",
        "registry",
        "explain",
        "training",
        "opinion",
        "report",
        "published",
    },
    "__main__": {"cli"},
}
NO_TENSORFLOW = _LOWER | {"review", "similar", "suspects"}
TENSORFLOW = {"tensorflow", "keras", "tf_keras_vis", "h5py"}


def _part(path: Path) -> str:
    """The part of the core that a file belongs to."""
    return path.relative_to(ROOT / "fracture_core").with_suffix("").parts[0]


def _imports(path: Path) -> Iterator[str]:
    """Every dotted name a file imports, wherever in the file; `from a import b` gives both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _parts_imported(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in _imports(path) if name.startswith("fracture_core.")}
    return {name for name in names if name in MAY_IMPORT or (ROOT / "fracture_core" / name).is_dir()}


def test_every_part_of_the_core_has_its_place():
    assert {_part(path) for path in CORE} == set(MAY_IMPORT)


def test_the_table_itself_has_no_circle():
    order = list(MAY_IMPORT)
    for part, below in MAY_IMPORT.items():
        assert all(order.index(name) < order.index(part) for name in below), part


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_arrows_point_down(path):
    above = _parts_imported(path) - MAY_IMPORT[_part(path)] - {_part(path)}
    assert not above, f"{path.name} of {_part(path)} imports {above}"


def test_the_core_knows_nothing_of_the_screen():
    for path in CORE:
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {"streamlit", "pages", "app"}, path


def test_below_the_networks_there_is_no_tensorflow():
    for path in CORE:
        if _part(path) in NO_TENSORFLOW:
            assert not {name.split(".")[0] for name in _imports(path)} & TENSORFLOW, path


def test_pages_leave_networks_and_files_to_the_core():
    assert len(SCREEN) > 1
    for path in SCREEN:
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {*TENSORFLOW, "pydicom"}, path


def test_light_parts_load_no_tensorflow():
    names = [
        "fracture_core",
        "fracture_core.zoo",
        "fracture_core.data",
        "fracture_core.data.dataset",
        "fracture_core.evaluation",
        "fracture_core.explain.methods",
        "fracture_core.imaging",
        "fracture_core.registry.store",
        "fracture_core.review",
        "fracture_core.training.config",
        "fracture_core.training.run",
        "fracture_core.cli.main",
        "fracture_core.report.pdf",
        "fracture_core.teaching.pdf",
    ]
    code = (
        "import importlib, json, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "fracture_core" in loaded
    assert not loaded & {*TENSORFLOW, "streamlit"}
