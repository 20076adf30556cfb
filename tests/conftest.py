"""What every test may use: the real films, a tiny set of phantoms, one tiny trained run, and a rule on skips."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the core is not installed, and `pytest` alone does not look here


def _real_data_folder() -> Path:
    """Where the real films would lie; the only place that knows."""
    return Path(os.environ.get("SECOND_LOOK_DATA") or ROOT.parent / "shared" / "data")


# ---- no skips where they are forbidden ----

_SKIPPED = pytest.StashKey[list]()


def _forbidden(reports: Iterable, data_is_there: bool) -> list[str]:
    """Skips that are no excuse: all but those of tests on real films where there are none."""
    return [
        report.nodeid for report in reports if data_is_there or "real" not in getattr(report, "keywords", {})
    ]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SECOND_LOOK_NO_SKIPS=1, a skipped test is a failed session."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("SECOND_LOOK_NO_SKIPS") != "1" or terminal is None:
        return
    names = _forbidden(terminal.stats.get("skipped", []), _real_data_folder().is_dir())
    if names:
        session.config.stash[_SKIPPED] = names
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    names = config.stash.get(_SKIPPED, [])
    if names:
        terminalreporter.section("skips are forbidden (SECOND_LOOK_NO_SKIPS=1)", red=True)
        for name in names:
            terminalreporter.line(name)


# ---- where things lie ----


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real films."""
    folder = _real_data_folder()
    if not folder.is_dir():
        pytest.skip(f"there are no real films at {folder}; SECOND_LOOK_DATA names another folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees or touches the models and runs of this computer."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MODELS", "RUNS"):
            patch.setenv(f"SECOND_LOOK_{name}", str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def shipped_models(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models of the repository, also for what asks `places`."""
    folder = ROOT / "models"
    if not list(folder.glob("*/card.json")):
        pytest.skip("the repository holds no model yet")
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(folder))
    return folder


# ---- films and a model made here ----


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """56 small phantoms, half of them broken, as one folder a class and without splits."""
    from fracture_core.phantom import draw_phantom, encode_png

    root = tmp_path_factory.mktemp("phantoms")
    for seed in range(56):
        broken = seed % 2 == 1
        folder = root / ("fractured" if broken else "not fractured")
        folder.mkdir(exist_ok=True)
        film = draw_phantom(seed, ("forearm", "leg", "hand")[seed % 3], broken, (96, 80))
        (folder / f"synthetic_{seed:02d}.png").write_bytes(encode_png(film.pixels))
    return root


@pytest.fixture(scope="session")
def tiny_config(phantoms: Path):
    """Settings of a training of seconds."""
    from fracture_core.runs.config import TrainingConfig

    return TrainingConfig(
        data=str(phantoms), architecture="four_block", size=64, epochs=2, batch=8, learning_rate=1e-3
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_config):
    """A finished run named `tiny`; read it, and copy what is to be changed."""
    from fracture_core.runs.run import Run
    from fracture_core.training.run_training import run_training

    run = Run.create(tmp_path_factory.mktemp("trained"), "tiny", tiny_config)
    run_training(run)
    return run


@pytest.fixture
def finished(trained, tiny_config):
    """The network of `trained` with its best weights, rounded as a finished model's are."""
    from fracture_core.registry.half_precision import round_kernels
    from fracture_core.training import loop

    model = loop.load_best_model(trained, tiny_config)
    round_kernels(model)
    return model


@pytest.fixture(scope="session")
def training_data(trained, tiny_config):
    """The films of `trained`, decoded."""
    from fracture_core.training.training_data import TrainingData

    return TrainingData.load(tiny_config, trained.folder.parent / ".cache")


@pytest.fixture
def store(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A store with a copy of the model `tiny`, also for what asks `places`."""
    from fracture_core.registry.store import ModelStore

    root = tmp_path / "models"
    shutil.copytree(trained.result, root / "tiny")
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(root))
    return ModelStore(root)


@pytest.fixture
def edit_card(store) -> Callable[..., None]:
    """Changes values in the card of `tiny` as somebody with an editor would."""
    import json

    def edit(**changes: object) -> None:
        path = store.root / "tiny" / "card.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")

    return edit


@pytest.fixture(scope="session")
def wide_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 330 × 210 pixels that the gate lets pass."""
    from fracture_core.phantom import draw_phantom, encode_png

    path = tmp_path_factory.mktemp("film") / "wide.png"
    path.write_bytes(encode_png(np.ascontiguousarray(draw_phantom(5, "leg", True, (330, 210)).pixels.T)))
    return path


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colourful picture, which is no radiograph."""
    from PIL import Image

    y, x = np.mgrid[0:240, 0:320]
    pixels = np.stack([x * 255 // 319, y * 255 // 239, 255 - x * 255 // 319], axis=-1).astype(np.uint8)
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


# ---- the internet, on this computer ----


@pytest.fixture
def local_host(monkeypatch: pytest.MonkeyPatch):
    """A host of data sets that can misbehave."""
    from local_hosts import serve

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as host:
        yield host
