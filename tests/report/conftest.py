"""An image with patient attributes, and the opinion of the shipped model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from patient_data import under_a_name

from fracture_core.inference.predictor import Opinion, Predictor
from fracture_core.registry.store import ModelStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def film() -> bytes:
    """A synthetic fractured leg as DICOM, with the attributes of an invented patient."""
    return under_a_name((ROOT / "assets/samples/synthetic_leg_fracture.dcm").read_bytes())


@pytest.fixture(scope="session")
def reader() -> Predictor:
    return Predictor(ModelStore(ROOT / "models"), "mobilenet_v2_map-fracatlas")


@pytest.fixture(scope="session")
def opinion(reader, film) -> Opinion:
    found = reader.predict(film)
    assert found.verdict is not None
    assert found.heat is not None
    assert found.heat.has_evidence
    return found


@pytest.fixture(scope="session")
def rejected(reader, photo) -> Opinion:
    return reader.predict(photo)


@pytest.fixture(scope="session")
def no_evidence(opinion) -> Opinion:
    """An opinion without any positive evidence."""
    heat = replace(opinion.heat, grid=opinion.heat.grid * 0)
    return replace(opinion, heat=heat)


@pytest.fixture
def with_card(opinion) -> Callable[..., Opinion]:
    """The opinion with changed values in its card."""
    return lambda **values: replace(opinion, card=replace(opinion.card, **values))
