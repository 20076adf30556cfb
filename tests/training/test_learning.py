"""A complete training on synthetic radiographs learns to detect fractures."""

import numpy as np

from fracture_core.evaluation import predictions, summarise
from fracture_core.phantom import FractureRequest, PhantomSettings, write_phantom_dataset
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training.run_training import run_training
from fracture_core.zoo import Augmentation


def test_small_network_learns_to_detect_fractures(tmp_path):
    # Wide fractures and weak augmentation need few epochs.
    fracture = FractureRequest("transverse", gap=14.0, displacement=0.0, angulation=0.0)
    write_phantom_dataset(
        tmp_path / "images", PhantomSettings(120, size=(96, 76), regions=("leg",), fracture=fracture)
    )
    config = TrainingConfig(
        str(tmp_path / "images"),
        "small_fcn",
        size=64,
        epochs=20,
        batch=8,
        learning_rate=4e-3,
        patience=20,
        augmentation=Augmentation(rotation=0, shift=0, zoom=0, flip=True, brightness=0, contrast=0),
    )
    run = Run.create(tmp_path / "runs", "legs", config)
    card = run_training(run)
    assert card is not None
    # Validation and test images together, none of which the weights were fitted to.
    table = predictions.read_predictions(run.result / "predictions.csv")
    assert set(table["split"]) == {"val", "test"}
    auc = summarise(table["label"], table["logit"].rank(pct=True), table["group"], 0.5).auc
    assert auc.value > 0.85, auc
    assert auc.low > 0.7, auc
    assert np.isfinite(table["logit"]).all()
    # The card states that the images are synthetic.
    assert card.data is not None
    assert card.data.name.startswith("Synthetic")
    assert any("synthetic" in limit for limit in card.limits)
    assert "leg" in card.test_regions
    assert card.test_pointing is not None
