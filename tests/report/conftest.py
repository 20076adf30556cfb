"""An image with patient attributes, and the opinion of the shipped model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from patient_data import add_patient

from fracture_core.inference.predictor import Opinion

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dicom_content() -> bytes:
    """A synthetic fractured leg as DICOM, with the attributes of an invented patient."""
    return add_patient((ROOT / "assets/samples/synthetic_leg_fracture.dcm").read_bytes())


@pytest.fixture(scope="session")
def opinion(shipped_predictor, dicom_content) -> Opinion:
    """An opinion with a verdict and positive evidence."""
    opinion_on_image = shipped_predictor.predict(dicom_content)
    assert opinion_on_image.verdict is not None
    assert opinion_on_image.heat is not None
    assert opinion_on_image.heat.has_evidence
    return opinion_on_image


@pytest.fixture(scope="session")
def rejected_opinion(shipped_predictor, photo) -> Opinion:
    """The opinion on an image that is not a radiograph."""
    return shipped_predictor.predict(photo)


@pytest.fixture(scope="session")
def opinion_without_evidence(opinion) -> Opinion:
    """An opinion without any positive evidence."""
    heat = replace(opinion.heat, grid=opinion.heat.grid * 0)
    return replace(opinion, heat=heat)


@pytest.fixture
def opinion_with_card(opinion) -> Callable[..., Opinion]:
    """The opinion with changed values in its card."""
    return lambda **values: replace(opinion, card=replace(opinion.card, **values))
