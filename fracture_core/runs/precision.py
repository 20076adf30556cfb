"""Arithmetic of a training: float32, or products rounded to bfloat16.

oneDNN, which computes TensorFlow's products on a processor, reads the setting once, at its first product. The epochs
therefore run in a process with the setting. Calibration, test and reference prediction run in a process without it, in
float32, so that every computer gets the same numbers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fracture_core.jobs import background
from fracture_core.runs.config import BFLOAT16, FLOAT32

if TYPE_CHECKING:
    from fracture_core.runs.run import Run


# TensorFlow passes it to oneDNN as `dnnl::fpmath_mode`: factors may be rounded, sums and weights stay float32.
_SETTING = "TF_SET_ONEDNN_FPMATH_MODE"


def set_precision(precision: str) -> bool:
    """Set the arithmetic of this process, before TensorFlow computes anything.

    float32 is used on a processor without bfloat16 instructions (AVX-512 BF16, AMX), and on a system where a process
    cannot be replaced.

    Args:
        precision: one of `runs.config.PRECISIONS`.

    Returns:
        Whether products may be rounded from now on; this process must then not evaluate the model.
    """
    rounded = precision == BFLOAT16 and os.name == "posix"
    if rounded:
        os.environ[_SETTING] = "BF16"
    else:
        os.environ.pop(_SETTING, None)
    return rounded


def finish_in_float32(run: Run) -> None:
    """Replace this process with one that finishes the run in float32; does not return.

    Args:
        run: a run whose epochs are done.

    Raises:
        OSError: the process cannot be replaced.
    """
    set_precision(FLOAT32)
    # The process keeps its number, so the new program finds the run claimed by itself.
    run.set_state("starting", "The epochs are done. The model is evaluated in float32.")
    root = str(run.folder.parent.resolve())
    background.replace_process(["train", "--resume", "--finish", "--run", run.name, "--runs", root])
