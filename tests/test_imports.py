"""Import rules: the order of packages, no cycles, and no TensorFlow in light packages."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = sorted((ROOT / "fracture_core").rglob("*.py"))
APP_FILES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]

#: Packages and modules of the core, lowest first. Each may import only those before it.
ORDER = (
    "__init__",
    "file_names",
    "errors",
    "installation",
    "internal_errors",
    "vocabulary",
    "paths",
    "io",
    "jobs",
    "imaging",
    "evaluation",
    "near_duplicates",
    "datasets",
    "findings",
    "phantom",
    "audit",
    "download",
    "review",
    "zoo",
    "explain",
    "auxiliary_heads",
    "similar",
    "registry",
    "acceptance",
    "inference",
    "label_errors",
    "runs",
    "training",
    "published",
    "report",
    "teaching",
    "cli",
    "__main__",
)
TENSORFLOW = {"tensorflow", "keras", "tf_keras_vis", "h5py"}
#: Packages of the core that may import TensorFlow.
WITH_TENSORFLOW = {
    "zoo",
    "explain",
    "auxiliary_heads",
    "registry",
    "inference",
    "training",
    "cli",
}


def _package(path: Path) -> str:
    """The top-level package or module of the core that contains a file."""
    return path.relative_to(ROOT / "fracture_core").with_suffix("").parts[0]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in [*CORE, *APP_FILES]}


def _imports(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, at any level; `from a import b` gives both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _modules_imported(path: Path) -> set[str]:
    """The modules of this repository that a file imports; a package only if a name is imported from it."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names} & MODULES.keys()
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                modules |= {inner if inner in MODULES else node.module or ""} & MODULES.keys()
    return modules - {_module(path)}


def test_every_package_of_the_core_is_in_the_order():
    assert {_package(path) for path in CORE} <= set(ORDER)


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_order(path):
    imported = {name.split(".")[1] for name in _imports(path) if name.startswith("fracture_core.")} & set(
        ORDER
    )
    above = {name for name in imported - {_package(path)} if ORDER.index(name) > ORDER.index(_package(path))}
    assert not above, f"{path.name} of {_package(path)} imports {above}"


def test_there_are_no_import_cycles():
    graph = {name: _modules_imported(path) for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_the_core_does_not_import_the_app():
    for path in CORE:
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {"streamlit", "pages", "app"}, path


def test_only_these_packages_import_tensorflow():
    for path in CORE:
        if _package(path) not in WITH_TENSORFLOW:
            assert not {name.split(".")[0] for name in _imports(path)} & TENSORFLOW, path


def test_pages_import_neither_tensorflow_nor_pydicom():
    assert len(APP_FILES) > 1
    for path in APP_FILES:
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {*TENSORFLOW, "pydicom"}, path


def test_light_packages_load_no_tensorflow_and_keep_the_opencv_threads():
    names = [
        "fracture_core",
        "fracture_core.zoo",
        "fracture_core.datasets",
        "fracture_core.datasets.dataset",
        "fracture_core.audit",
        "fracture_core.evaluation",
        "fracture_core.explain.methods",
        "fracture_core.imaging",
        "fracture_core.registry.store",
        "fracture_core.review",
        "fracture_core.runs.config",
        "fracture_core.runs.run",
        "fracture_core.cli.main",
        "fracture_core.report.pdf",
        "fracture_core.teaching.lesson_pdf",
    ]
    code = (
        "import cv2, importlib, json, sys\n"
        "threads = cv2.getNumThreads()\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "assert cv2.getNumThreads() == threads\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(completed.stdout))
    assert "fracture_core" in loaded
    assert not loaded & {*TENSORFLOW, "streamlit"}
