"""How exactly a training multiplies: in float32, or with factors rounded to bfloat16, which is faster where it can.

oneDNN, which does TensorFlow's work on a processor, reads the setting once, at its first product. So the epochs are
a process with the setting, and what is said of the model afterwards (calibration, test, golden prediction) is computed
as everybody will compute it, in float32, by a process without it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fracture_core.jobs import background
from fracture_core.runs.config import BFLOAT16, FLOAT32

if TYPE_CHECKING:
    from fracture_core.runs.run import Run


# TensorFlow hands it to oneDNN as `dnnl::fpmath_mode`: factors may be rounded, sums and weights stay float32.
_SETTING = "TF_SET_ONEDNN_FPMATH_MODE"


def set_precision(precision: str) -> bool:
    """Has TensorFlow multiply with a precision; must be called before it computes anything.

    A processor without instructions for bfloat16 (AVX-512 BF16, AMX) goes on in float32, and so does a system where a
    process cannot go on as another.

    Args:
        precision: one of `runs.config.PRECISIONS`.

    Returns:
        Whether factors may be rounded from here on; the process must then not judge the model.
    """
    rounded = precision == BFLOAT16 and os.name == "posix"
    if rounded:
        os.environ[_SETTING] = "BF16"
    else:
        os.environ.pop(_SETTING, None)
    return rounded


def finish_in_float32(run: Run) -> None:
    """Has this process go on as the one that finishes the run; does not return.

    Args:
        run: all of its epochs are done.

    Raises:
        OSError: the system refuses.
    """
    set_precision(FLOAT32)
    # Its number stays, so that the new program finds the run announced for itself.
    run.set_state("starting", "The epochs are done; what follows is computed in float32.")
    root = str(run.folder.parent.resolve())
    background.replace_process(["train", "--resume", "--finish", "--run", run.name, "--runs", root])
