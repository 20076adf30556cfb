"""Exported networks agree with Keras, and are checked before they are used."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fracture_core.cli.main import main
from fracture_core.errors import ModelError
from fracture_core.explain.gradcam import GradCam
from fracture_core.imaging import prepare_input, read_radiograph
from fracture_core.phantom import draw_phantom, encode_png
from fracture_core.registry import network_files
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.network_export import export_network
from fracture_core.registry.network_files import NETWORK_NAME, exported_network_path
from fracture_core.registry.reference_prediction import reference_input, reference_logit
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.zoo import find_architecture

ROOT = Path(__file__).resolve().parents[2]


# Whether the heatmap follows from the features without a gradient.
@pytest.mark.parametrize(
    ("name", "has_heatmap"),
    [
        ("four_block", False),
        ("inception", True),
        ("mobilenet_v2_map", True),
        ("small_fcn", True),
        ("four_block+four_block", False),
    ],
)
def test_export_agrees_with_keras(tmp_path, name, has_heatmap):
    keras.utils.set_random_seed(3)
    architecture = find_architecture(name)
    spec = replace(architecture.input, height=64, width=64)
    model = architecture.build(spec)
    path = tmp_path / NETWORK_NAME
    noise = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, spec.channels)).astype(np.float32)
    # Raises where a logit or a heatmap differs.
    export_network(model, name, architecture.heatmap_layer, spec, path, noise)
    network = ExportedNetwork(path)
    output = network.run(reference_input(spec)[0])
    assert output.logit == pytest.approx(reference_logit(model, spec), abs=1e-4)
    assert (output.evidence is not None) == network.has_evidence == has_heatmap
    assert (output.fracture_map is not None) == (architecture.map_stride > 0)
    assert (output.middle is None) == (output.deepest is None) == (not architecture.feature_layers)
    assert (output.pooled is None) == bool(architecture.feature_layers)


def test_heatmap_of_the_shipped_model_equals_grad_cam(shipped_models):
    """The exported heatmap equals that of tf-keras-vis on 20 images: to 1e-6, and to 1e-5 of the colour scale."""
    store = ModelStore(shipped_models)
    card, model = store.load(SHIPPED_MODEL)
    network = ExportedNetwork(exported_network_path(store.root / SHIPPED_MODEL, card))
    cam = GradCam(model, card.heatmap_layer)
    for seed in range(20):
        phantom = draw_phantom(seed, ("forearm", "leg", "hand")[seed % 3], seed % 2 == 1, (320, 256))
        inputs, _ = prepare_input(read_radiograph(encode_png(phantom.pixels)), card.input)
        logits, heatmaps, _ = cam.explain(inputs[None])
        output = network.run(inputs)
        assert output.logit == pytest.approx(logits[0], abs=1e-4)
        assert np.abs(output.evidence - heatmaps[0]).max() <= min(1e-6, 1e-5 * card.heatmap_scale)


def test_finished_model_lists_its_network(store):
    card = store.card("tiny")
    assert card.network.file == NETWORK_NAME
    assert exported_network_path(store.root / "tiny", card) == store.root / "tiny" / NETWORK_NAME


def test_changed_network_is_refused(store):
    (store.root / "tiny" / NETWORK_NAME).write_bytes(b"another network")
    with pytest.raises(ModelError, match=r"network\.tflite was changed"):
        exported_network_path(store.root / "tiny", store.card("tiny"))


def test_model_without_a_network_is_exported_once(store, edit_card, monkeypatch):
    edit_card(network=None)
    folder, card = store.root / "tiny", store.card("tiny")
    (folder / NETWORK_NAME).unlink()
    exported = []

    def export(function, *args):
        exported.append(function)
        function(*args)

    monkeypatch.setattr(network_files, "call_in_worker", export)
    path = exported_network_path(folder, card)
    assert ExportedNetwork(path).run(reference_input(card.input)[0]).logit == pytest.approx(
        card.golden, abs=1e-4
    )
    assert exported_network_path(folder, card) == path
    assert len(exported) == 1
    # A file that does not match its record is exported again.
    path.write_bytes(path.read_bytes()[:-1])
    exported_network_path(folder, card)
    assert len(exported) == 2
    record = json.loads((folder / "network.json").read_text())
    (folder / "network.json").write_text(json.dumps({**record, "weights": "0" * 64}))
    exported_network_path(folder, card)
    assert len(exported) == 3
    assert not list(folder.glob("*.partial"))


def test_export_happens_in_another_process(store, edit_card):
    """The background process returns the error of a model whose weights were changed, and exports another one."""
    edit_card(network=None)
    folder = store.root / "tiny"
    shutil.copytree(folder, store.root / "damaged")
    weights = store.root / "damaged" / store.card("tiny").weights.file
    weights.write_bytes(weights.read_bytes()[:-10])
    (folder / NETWORK_NAME).unlink()
    with pytest.raises(ModelError, match="was changed"):
        exported_network_path(store.root / "damaged", store.card("tiny"))
    assert exported_network_path(folder, store.card("tiny")).is_file()


def test_damaged_file_is_an_error(tmp_path):
    path = tmp_path / NETWORK_NAME
    path.write_bytes(b"no network")
    with pytest.raises(ModelError, match="damaged"):
        ExportedNetwork(path)


def test_prepare_reports_a_damaged_model_and_goes_on(store, capsys):
    shutil.copytree(store.root / "tiny", store.root / "damaged")
    (store.root / "damaged" / NETWORK_NAME).write_bytes(b"another network")
    assert main(["models", "prepare"]) == 1
    output = capsys.readouterr()
    assert "network.tflite was changed" in output.err
    assert "tiny: the network is exported." in output.out
