"""Where models and runs lie on this computer."""

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def models_dir() -> Path:
    """The folder of models: `SECOND_LOOK_MODELS`, or `models/` beside the package."""
    return Path(os.environ.get("SECOND_LOOK_MODELS") or _ROOT / "models")


def runs_dir() -> Path:
    """The folder of training runs: `SECOND_LOOK_RUNS`, or `runs/` beside the package."""
    return Path(os.environ.get("SECOND_LOOK_RUNS") or _ROOT / "runs")


def reviews_dir(runs: Path, model_id: str) -> Path:
    """The folder of what reviewers said of a model's films, in a folder of runs."""
    return _model_dir(runs / "reviews", model_id)


def lessons_dir(runs: Path, model_id: str) -> Path:
    """The folder of the teaching files made of a model's films, in a folder of runs."""
    return _model_dir(runs / "teaching", model_id)


def _model_dir(folder: Path, model_id: str) -> Path:
    # A card may come from a stranger, and its id may be no plain name.
    return folder / Path(model_id).name


def assets_dir() -> Path:
    """The folder of samples and style."""
    return _ROOT / "assets"


def published_dir() -> Path:
    """The folder of what published systems state, and of the results of our runs of them."""
    return assets_dir() / "published"
