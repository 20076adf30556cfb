import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from fracture_core.runs.run import Run


@pytest.fixture
def copy_of_trained(trained, tmp_path):
    """A copy of the finished run that has no result yet, with other settings where given."""

    def copy(**changes: object) -> Run:
        run = Run(Path(shutil.copytree(trained.folder, tmp_path / "runs" / "copy")))
        shutil.rmtree(run.result)
        run.set_state("stopped")
        replace(run.config(), **changes).save(run.folder / "config.json")
        return run

    return copy


@pytest.fixture(scope="session")
def arrays():
    """Every array of a weight file by name, the optimizer's too."""

    def read(path: Path) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda name, node: found.update({name: node[()]}) if isinstance(node, h5py.Dataset) else None
            )
        return found

    return read
