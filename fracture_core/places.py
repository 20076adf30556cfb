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


def assets() -> Path:
    """The folder of samples and style."""
    return _ROOT / "assets"


def published() -> Path:
    """The folder of what published systems state, and of the results of our runs of them."""
    return assets() / "published"
