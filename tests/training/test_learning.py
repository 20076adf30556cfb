"""The whole way from films to a record learns something: a small network, small films, plain fractures."""

import numpy as np

from fracture_core.evaluation import predictions, summarise
from fracture_core.phantom import FractureRequest, PhantomSettings, write_phantom_dataset
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training.run_training import run_training
from fracture_core.zoo import find_architecture


def test_a_small_network_learns_to_tell_broken_legs_from_whole_ones(tmp_path):
    plain = FractureRequest("transverse", gap=9.0, displacement=0.0, angulation=0.0)
    write_phantom_dataset(
        tmp_path / "films", PhantomSettings(120, size=(96, 76), regions=("leg",), fracture=plain)
    )
    usual = find_architecture("small_fcn").protocol
    config = TrainingConfig(
        str(tmp_path / "films"),
        "small_fcn",
        size=64,
        epochs=60,
        batch=8,
        learning_rate=usual.learning_rate,
        patience=60,
        augmentation=usual.augmentation,
    )
    run = Run.create(tmp_path / "runs", "legs", config)
    card = run_training(run)
    assert card is not None
    # Both held-out parts, none of whose films the weights were fitted to: 18 pairs.
    table = predictions.read_predictions(run.result / "predictions.csv")
    assert set(table["split"]) == {"val", "test"}
    found = summarise(table["label"], table["logit"].rank(pct=True), table["group"], 0.5).auc
    assert found.value > 0.85, found
    assert found.low > 0.7, found
    assert np.isfinite(table["logit"]).all()
    # Whoever reads its card learns what it was trained on.
    assert card.data is not None
    assert card.data.name.startswith("Synthetic")
    assert any("synthetic" in limit for limit in card.limits)
    assert "leg" in card.test_regions
    assert card.test_pointing is not None
