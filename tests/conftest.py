"""Shared fixtures (real images, phantoms, a tiny trained model, a local web server) and the rule on skipped tests."""

import gc
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the core is not installed, and plain `pytest` does not add this folder


def _real_data_folder() -> Path:
    """The folder of real radiographs, which may not exist."""
    return Path(os.environ.get("SECOND_LOOK_DATA") or ROOT.parent / "shared" / "data")


# ---- Rule on skipped tests ----

_SKIPPED = pytest.StashKey[list]()


def _forbidden_skips(reports: Iterable, has_real_data: bool) -> list[str]:
    """Skipped tests, except for tests on real images when there are none."""
    return [
        report.nodeid for report in reports if has_real_data or "real" not in getattr(report, "keywords", {})
    ]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session if a test was skipped and SECOND_LOOK_NO_SKIPS is 1."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("SECOND_LOOK_NO_SKIPS") != "1" or terminal is None:
        return
    names = _forbidden_skips(terminal.stats.get("skipped", []), _real_data_folder().is_dir())
    if names:
        session.config.stash[_SKIPPED] = names
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    names = config.stash.get(_SKIPPED, [])
    if names:
        terminalreporter.section("skips are forbidden (SECOND_LOOK_NO_SKIPS=1)", red=True)
        for name in names:
            terminalreporter.line(name)


# ---- Folders ----


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real radiographs; skips the test if there are none."""
    folder = _real_data_folder()
    if not folder.is_dir():
        pytest.skip(f"no real radiographs in {folder}; set SECOND_LOOK_DATA to another folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _temporary_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the models and runs of this computer from all tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MODELS", "RUNS"):
            patch.setenv(f"SECOND_LOOK_{name}", str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs that does not exist yet, also returned by `paths.runs_dir`."""
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def shipped_models(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models of the repository, also returned by `paths.models_dir`."""
    folder = ROOT / "models"
    if not list(folder.glob("*/card.json")):
        pytest.skip("the repository contains no model")
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(folder))
    return folder


# ---- Speed ----


#: Folders with the tests that take longest, which come first, so that no test process is busy alone at the end.
_LONGEST_FIRST = ("e2e", "zoo", "registry", "training", "inference")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by folder; see `_LONGEST_FIRST`."""
    order = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.parent.name, len(order)))


def pytest_collection_finish() -> None:
    """Leave the many objects of imported libraries out of garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def export_each_network_once() -> Iterator[None]:
    """Export a network once in each test process, because many tests import or finish the model `tiny`.

    `test_network_export.py` tests the export itself.
    """
    from fracture_core.registry import network_files
    from fracture_core.zoo import find_architecture

    exported: dict[tuple, bytes] = {}
    original = network_files._export

    def export(card, model, path, images=None) -> None:
        digest = hashlib.sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest()
        features = find_architecture(card.architecture).feature_layers
        key = card.architecture, card.heatmap_layer, card.input, features, digest
        if key in exported:
            path.write_bytes(exported[key])
            return
        original(card, model, path, images)
        exported[key] = path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_files, "_export", export)
        yield


# ---- Phantoms and a tiny model ----


@pytest.fixture(scope="session")
def shared_folder(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], object]], Path]:
    """Function that returns a folder by name. The first pytest-xdist worker to need it fills it for all."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    root.mkdir(exist_ok=True)

    def get(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = root / name, root / f"{name}.done"
        with FileLock(root / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return get


@pytest.fixture(scope="session")
def phantoms(shared_folder) -> Path:
    """56 small phantoms, half of them fractured, in one folder per class and without splits."""
    from fracture_core.phantom import draw_phantom, encode_png

    def draw(root: Path) -> None:
        for seed in range(56):
            fractured = seed % 2 == 1
            folder = root / ("fractured" if fractured else "not fractured")
            folder.mkdir(exist_ok=True)
            phantom = draw_phantom(seed, ("forearm", "leg", "hand")[seed % 3], fractured, (96, 80))
            (folder / f"synthetic_{seed:02d}.png").write_bytes(encode_png(phantom.pixels))

    return shared_folder("phantoms", draw)


@pytest.fixture(scope="session")
def tiny_config(phantoms: Path):
    """Settings of a training run that takes seconds."""
    from fracture_core.runs.config import TrainingConfig

    return TrainingConfig(
        data=str(phantoms), architecture="four_block", size=64, epochs=2, batch=8, learning_rate=1e-3
    )


@pytest.fixture(scope="session")
def trained_run(shared_folder, tiny_config, export_each_network_once):
    """A finished run named `tiny`. Tests must not change it; they copy it first."""
    from fracture_core.runs.run import Run

    def train(folder: Path) -> None:
        from fracture_core.training.run_training import run_training

        run_training(Run.create(folder, "tiny", tiny_config))

    return Run(shared_folder("trained", train) / "tiny")


@pytest.fixture
def trained_network(trained_run, tiny_config):
    """The network of `trained_run` with its best weights, rounded like those of a finished model."""
    from fracture_core.registry.half_precision import round_kernels
    from fracture_core.training import loop

    model = loop.load_best_model(trained_run, tiny_config)
    round_kernels(model)
    return model


@pytest.fixture(scope="session")
def trained_card(trained_run):
    """The card of the model `tiny`."""
    from fracture_core.registry.card import ModelCard

    return ModelCard.load(trained_run.result / "card.json")


@pytest.fixture(scope="session")
def training_data(trained_run, tiny_config):
    """The decoded images of `trained_run`."""
    from fracture_core.training.training_data import TrainingData

    return TrainingData.load(tiny_config, trained_run.folder.parent / ".cache")


@pytest.fixture
def store(trained_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A store with a copy of the model `tiny`; `paths.models_dir` returns its folder."""
    from fracture_core.registry.store import ModelStore

    root = tmp_path / "models"
    shutil.copytree(trained_run.result, root / "tiny")
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(root))
    return ModelStore(root)


@pytest.fixture
def edit_card(store) -> Callable[..., None]:
    """Function that changes values in the card file of `tiny`."""
    import json

    def edit(**changes: object) -> None:
        path = store.root / "tiny" / "card.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")

    return edit


@pytest.fixture(scope="session")
def ids_of_test_images(trained_run) -> list[str]:
    """Ids of the test images of the model `tiny`."""
    from fracture_core.evaluation.predictions import read_predictions

    table = read_predictions(trained_run.result / "predictions.csv")
    return list(table["id"][table["split"] == "test"])


@pytest.fixture
def review_store(store, runs_folder: Path):
    """The reviews of the test images of `tiny`, stored in `runs_folder`."""
    from fracture_core.review import ReviewStore

    return ReviewStore.for_model(runs_folder, "tiny")


@pytest.fixture
def skip_model_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept every model without a check of its weights, which has its own tests."""
    from fracture_core.registry.store import ModelStore

    monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)


@pytest.fixture(scope="session")
def shipped_predictor():
    """A predictor with the shipped model."""
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import SHIPPED_MODEL, ModelStore

    return Predictor(ModelStore(ROOT / "models"), SHIPPED_MODEL)


# ---- Images ----


@pytest.fixture(scope="session")
def wide_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom of 330 × 210 pixels (width × height) that passes the quality check."""
    from fracture_core.phantom import draw_phantom, encode_png

    path = tmp_path_factory.mktemp("film") / "wide.png"
    path.write_bytes(encode_png(np.ascontiguousarray(draw_phantom(5, "leg", True, (330, 210)).pixels.T)))
    return path


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colourful image, which is not a radiograph."""
    from PIL import Image

    y, x = np.mgrid[0:240, 0:320]
    pixels = np.stack([x * 255 // 319, y * 255 // 239, 255 - x * 255 // 319], axis=-1).astype(np.uint8)
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


# ---- A local web server ----


@pytest.fixture
def local_host(monkeypatch: pytest.MonkeyPatch):
    """A local web server for datasets that can simulate network failures."""
    from local_hosts import serve

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as host:
        yield host


@pytest.fixture
def fracatlas_server(local_host, monkeypatch: pytest.MonkeyPatch):
    """The local server with a FracAtlas of six images, which replaces figshare."""
    from dataclasses import replace

    from local_hosts import Page, packed_fracatlas

    from fracture_core.download import public_dataset, public_datasets
    from fracture_core.download.figshare import FigshareHost

    fracatlas = replace(
        public_dataset("fracatlas"), source=FigshareHost(22363012, f"{local_host.url}/v2"), counts={"": 6}
    )
    monkeypatch.setattr(public_datasets, "PUBLIC_DATASETS", (fracatlas,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return local_host
