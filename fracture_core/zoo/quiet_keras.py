"""Import Keras fast and without TensorFlow's start-up messages."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fracture_core.io.discard_stderr import discard_stderr

# Keras imports these packages if they are installed, for functions that are not used here: plots, scikit-learn
# estimators and training on data frames. They take a third of the time.
_NOT_NEEDED = ("matplotlib", "pandas", "sklearn")


def load_keras() -> None:
    """Import Keras while standard error is discarded, without packages that it does not need here.

    TensorFlow writes lines about processors and graphics cards before any of its own settings can silence them. An
    error during the import is an exception and is still reported.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with discard_stderr(), _hidden(_NOT_NEEDED):
        import keras  # noqa: F401


@contextmanager
def _hidden(packages: tuple[str, ...]) -> Iterator[None]:
    """Let packages that are not imported yet appear as not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
