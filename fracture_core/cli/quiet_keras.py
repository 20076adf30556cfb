"""Keras without the greeting."""

import os
import sys


def load_keras() -> None:
    """Imports Keras while TensorFlow's lines about processors and graphics cards go nowhere.

    They are written before any setting of TensorFlow's own can silence them. What goes wrong is an
    exception and still arrives.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import keras  # noqa: F401
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
