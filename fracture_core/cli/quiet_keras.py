"""Import Keras without TensorFlow's start-up messages."""

import os
import sys


def load_keras() -> None:
    """Import Keras while standard error is discarded.

    TensorFlow writes lines about processors and graphics cards before any of its own settings can silence them. An
    error during the import is an exception and is still reported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr_copy = os.dup(2)
    null_device = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null_device, 2)
        import keras  # noqa: F401
    finally:
        sys.stderr.flush()
        os.dup2(stderr_copy, 2)
        os.close(stderr_copy)
        os.close(null_device)
