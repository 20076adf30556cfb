"""Fixtures for tests of trainings: small architectures and copies of the trained run."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from fracture_core.imaging import InputSpec
from fracture_core.runs.run import Run
from fracture_core.zoo import ARCHITECTURES, Architecture
from fracture_core.zoo.map_head import add_map_head


@dataclass(frozen=True)
class _TinyMap(Architecture):
    """A fracture map on five convolutions, which compiles in a fraction of the time of a real backbone."""

    def build(self, spec: InputSpec) -> keras.Model:
        image = keras.Input((spec.height, spec.width, spec.channels), name="image")
        features = []
        x = image
        for number, filters in enumerate((8, 8, 16, 16, 16), 1):
            x = keras.layers.Conv2D(
                filters, 3, strides=2, padding="same", activation="relu", name=f"block{number}_conv"
            )(x)
            features.append(x)
        return add_map_head(image, features[:1:-1], self.name)


@pytest.fixture(scope="module")
def tiny_map_architecture() -> Iterator[Architecture]:
    """A small architecture with a fracture map at stride 8, listed in the zoo for the tests of a module."""
    architecture = _TinyMap(
        name="tiny_map",
        title="Tiny network with a fracture map",
        source="tests",
        input=InputSpec(64, 64, channels=1, scaling="unit"),
        heatmap_layer="head_evidence",
        map_stride=8,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, architecture.name, architecture)
        yield architecture


@pytest.fixture
def four_block_with_features(monkeypatch) -> Architecture:
    """The four-block CNN with feature layers, listed in the zoo."""
    architecture = replace(ARCHITECTURES["four_block"], feature_layers=("block3_norm", "block4_norm"))
    monkeypatch.setitem(ARCHITECTURES, "four_block", architecture)
    return architecture


@pytest.fixture
def copy_trained_run(trained_run, tmp_path):
    """Function that copies the finished run without its result, optionally with other settings."""

    def copy(**changes: object) -> Run:
        run = Run(Path(shutil.copytree(trained_run.folder, tmp_path / "runs" / "copy")))
        shutil.rmtree(run.result)
        run.set_state("stopped")
        replace(run.config(), **changes).save(run.folder / "config.json")
        return run

    return copy


@pytest.fixture(scope="session")
def read_arrays():
    """Function that reads all arrays of a weight file by name, including those of the optimizer."""

    def read(path: Path) -> dict[str, np.ndarray]:
        values: dict[str, np.ndarray] = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda name, node: values.update({name: node[()]}) if isinstance(node, h5py.Dataset) else None
            )
        return values

    return read
