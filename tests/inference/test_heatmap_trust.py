"""Trust tests of a trained model's heatmaps."""

from dataclasses import replace

import numpy as np
import pytest
from trust_results import GOOD, trust_of

from fracture_core.cli.main import main
from fracture_core.errors import ModelError
from fracture_core.explain.randomisation_steps import STEP_TITLES
from fracture_core.inference import heatmap_trust, randomisation_demo
from fracture_core.inference.heatmap_source import MarkedRadiograph
from fracture_core.inference.heatmap_trust_job import HeatmapTrustJob
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.network_files import exported_network_path


@pytest.fixture
def few_images(monkeypatch):
    """Fewer images in each part, because this tests the path and not the figures."""
    for name in ("_MARKED", "_SLOW_MARKED", "_PHANTOMS", "_SLOW_PHANTOMS", "_PERTURBED", "_COMPARED"):
        monkeypatch.setattr(heatmap_trust, name, 2)


def test_every_method_gets_results(store, few_images):
    card, model = store.load("tiny")
    # Score-CAM takes as long as all others together.
    card = replace(card, heatmap_scales={"saliency": 1.0})
    network = ExportedNetwork(exported_network_path(store.root / "tiny", card))
    rng = np.random.default_rng(3)
    images = [
        MarkedRadiograph.of_boxes(
            rng.integers(0, 256, (card.input.height, card.input.width), np.uint8),
            (300, 200),
            [(0.4, 0.4, 0.6, 0.6)],
            str(number),
        )
        for number in range(3)
    ]
    reports = []
    trust = heatmap_trust.measure_heatmap_trust(
        card,
        model,
        network,
        images,
        "val",
        second=store.load("tiny"),
        progress=lambda *step: reports.append(step),
    )
    assert set(trust.methods) == {"grad_cam", "saliency"}
    assert set(trust.baselines) == {"centre", "brightness", "edges", "random"}
    assert (trust.images, trust.second_model) == (2, "tiny")
    for method in trust.methods.values():
        assert len(method.randomised) == len(STEP_TITLES) - 1
        assert method.marked.pointing.n == 2
        # The other training is the same network, so its heatmaps are the same where there is evidence.
        assert method.second_training is not None
        if method.second_training.ssim.is_measured:
            assert method.second_training.ssim.value == pytest.approx(1, abs=1e-4)
        assert method.changed.keys() == {"shift", "jpeg", "window"}
    assert trust.methods["saliency"].randomised[-1].rank.value < 0.9
    stage, done, total = reports[-1]
    assert (stage, done) == ("Testing heatmaps", total)


def test_second_model_has_to_differ(store):
    with pytest.raises(ModelError, match="has the same weights as tiny"):
        heatmap_trust.load_second_model(store, "tiny", "tiny")


def test_job_stores_its_result(tmp_path):
    job = HeatmapTrustJob.for_model(tmp_path, "ab" * 32)
    assert job.run(tmp_path, lambda progress: trust_of(grad_cam=GOOD)) == 0
    assert (job.state().status, job.state().message) == (
        "finished",
        "The heatmaps were tested. Default: Grad-CAM.",
    )


def test_command_needs_marked_fractures(store, phantoms, tmp_path):
    # The images are sorted into folders, which mark no fractures.
    job = HeatmapTrustJob(tmp_path / "job")
    command = ["models", "heatmaps", "tiny", "--data", str(phantoms)]
    assert main([*command, "--job", str(job.folder)]) == 1
    assert "no validation image" in job.state().message
    assert store.card("tiny").heatmap_trust is None


def test_live_heatmaps_change_with_the_weights(store):
    card = store.card("tiny")
    canvas = np.random.default_rng(2).integers(0, 256, (card.input.height, card.input.width), np.uint8)
    steps = randomisation_demo._compute(store.root, "tiny", canvas)
    assert {len(grids) for grids in steps.values()} == {len(STEP_TITLES)}
    assert "score_cam" not in steps
    assert not np.allclose(steps["saliency"][0], steps["saliency"][-1])
    # The stored model is not changed.
    again = randomisation_demo._compute(store.root, "tiny", canvas)
    np.testing.assert_allclose(again["saliency"][0], steps["saliency"][0], rtol=1e-4)
