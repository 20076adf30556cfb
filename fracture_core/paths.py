"""Folders of models, training runs, reviews, lessons and assets."""

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def models_dir() -> Path:
    """Return the folder of models: `SECOND_LOOK_MODELS`, or `models/` next to the package."""
    return Path(os.environ.get("SECOND_LOOK_MODELS") or _ROOT / "models")


def runs_dir() -> Path:
    """Return the folder of training runs: `SECOND_LOOK_RUNS`, or `runs/` next to the package."""
    return Path(os.environ.get("SECOND_LOOK_RUNS") or _ROOT / "runs")


def reviews_dir(runs: Path, model_id: str) -> Path:
    """Return the folder of the reviews of a model's errors.

    Args:
        runs: the folder of training runs.
        model_id: the model.

    Example:
        >>> reviews_dir(Path("runs"), "../mine").as_posix()
        'runs/reviews/mine'
    """
    return _model_dir(runs / "reviews", model_id)


def lessons_dir(runs: Path, model_id: str) -> Path:
    """Return the folder of the lessons made from a model's errors.

    Args:
        runs: the folder of training runs.
        model_id: the model.
    """
    return _model_dir(runs / "teaching", model_id)


def _model_dir(folder: Path, model_id: str) -> Path:
    # The id of an imported model is untrusted: only its last path component is used.
    return folder / Path(model_id).name


def assets_dir() -> Path:
    """Return the folder of sample images and style sheets."""
    return _ROOT / "assets"


def published_dir() -> Path:
    """Return the folder of published systems: what they report, and our results with them."""
    return assets_dir() / "published"


def sample_thumbnail(sample: Path) -> Path:
    """Return the thumbnail of a sample image, which the landing page shows without reading the sample.

    Example:
        >>> sample_thumbnail(Path("samples/leg.dcm")).as_posix()
        'samples/thumbnails/leg.png'
    """
    return sample.parent / "thumbnails" / f"{sample.stem}.png"
