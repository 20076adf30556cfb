"""Reference prediction."""

import pytest

from fracture_core.registry.reference_prediction import LOGIT_TOLERANCE, reference_logit


def test_reference_logit_depends_on_the_weights(store):
    card, model = store.load("tiny")
    first = reference_logit(model, card.input)
    assert first == pytest.approx(card.golden, abs=1e-5)
    kernel, bias = model.get_layer("logit").get_weights()
    model.get_layer("logit").set_weights([kernel, bias + 10 * LOGIT_TOLERANCE])
    assert reference_logit(model, card.input) == pytest.approx(first + 10 * LOGIT_TOLERANCE, abs=1e-5)
