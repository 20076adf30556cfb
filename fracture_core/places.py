"""Where models and runs lie on this computer."""

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def models() -> Path:
    """The folder of models: `SECOND_LOOK_MODELS`, or `models/` beside the package."""
    return Path(os.environ.get("SECOND_LOOK_MODELS") or _ROOT / "models")


def runs() -> Path:
    """The folder of training runs: `SECOND_LOOK_RUNS`, or `runs/` beside the package."""
    return Path(os.environ.get("SECOND_LOOK_RUNS") or _ROOT / "runs")


def reviews(runs: Path, model_id: str) -> Path:
    """The folder of what reviewers said of a model's films, in a folder of runs."""
    return _of_model(runs / "reviews", model_id)


def teaching(runs: Path, model_id: str) -> Path:
    """The folder of the teaching files made of a model's films, in a folder of runs."""
    return _of_model(runs / "teaching", model_id)


def _of_model(folder: Path, model_id: str) -> Path:
    # A card may come from a stranger, and its id may be no plain name.
    return folder / Path(model_id).name


def assets() -> Path:
    """The folder of samples and style."""
    return _ROOT / "assets"


def published() -> Path:
    """The folder of what published systems state, and of the results of our runs of them."""
    return assets() / "published"
