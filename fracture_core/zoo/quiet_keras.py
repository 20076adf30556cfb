"""Import Keras without TensorFlow's start-up messages."""

import os

from fracture_core.io.discard_stderr import discard_stderr


def load_keras() -> None:
    """Import Keras while standard error is discarded.

    TensorFlow writes lines about processors and graphics cards before any of its own settings can silence them. An
    error during the import is an exception and is still reported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with discard_stderr():
        import keras  # noqa: F401
