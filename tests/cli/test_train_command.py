import json
from dataclasses import replace

import pytest

from fracture_core.runs.run import Run
from fracture_core.zoo import find_architecture


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def _start(command, phantoms, *more):
    return command(
        "train",
        "--data",
        phantoms,
        "--architecture",
        "four_block",
        "--size",
        64,
        "--epochs",
        1,
        "--batch",
        8,
        *more,
    )


@pytest.fixture
def config_of(monkeypatch, command, runs):
    """The settings a command line stands for, without training."""
    from fracture_core.training import run_training

    monkeypatch.setattr(
        run_training, "run_training", lambda run, *_given: run.set_state("stopped", "Not trained.")
    )

    def ask(*words, name="asked"):
        said = command("train", "--run", name, *words)
        assert (said.status, said.out) == (1, "")
        assert said.err.endswith("Not trained.\n")
        return Run.open(runs, name).config()

    return ask


def test_train(command, phantoms, runs):
    said = _start(command, phantoms, "--run", "first")
    assert said.status == 0
    run = Run.open(runs, "first")
    answer = json.loads(said.lines[-1])
    assert answer["run"] == "first"
    assert answer["result"] == str(run.result)
    card = json.loads((run.result / "card.json").read_text("utf-8"))
    assert answer["test"] == card["test"]["auc"]
    assert "epoch 1/1" in said.err
    assert run.state().status == "finished"

    said = command("train", "--resume", "--run", "first")
    assert (said.status, said.out) == (1, "")
    assert "first is finished" in said.err
    said = _start(command, phantoms, "--run", "first")
    assert "first exists already" in said.err


def test_defaults_are_those_of_the_architecture(config_of, phantoms, tmp_path):
    protocol = find_architecture("mobilenet_v2").protocol
    weights = tmp_path / "base.weights.h5"
    config = config_of("--data", phantoms, "--architecture", "mobilenet_v2", "--backbone-weights", weights)
    for name in ("epochs", "batch", "learning_rate", "head_epochs", "freeze_before", "patience"):
        assert getattr(config, name) == getattr(protocol, name)
    assert config.backbone_weights == str(weights)
    assert config.data == str(phantoms)
    assert config.class_weights


def test_variations_are_those_of_the_architecture_but_for_what_is_given(config_of, phantoms):
    usual = find_architecture("small_fcn").protocol.augmentation
    assert config_of("--data", phantoms, "--architecture", "small_fcn").augmentation == usual
    words = ("--data", phantoms, "--architecture", "small_fcn", "--zoom", 0, "--no-flip")
    given = config_of(*words, name="varied").augmentation
    assert given == replace(usual, zoom=0.0, flip=False)


def test_the_settings_of_the_publication(config_of, phantoms):
    words = ("--data", phantoms, "--architecture", "four_block")
    usual, published = config_of(*words), config_of(*words, "--published", name="published")
    assert (usual.learning_rate, published.learning_rate) == (1e-3, 6e-3)
    assert replace(published, learning_rate=1e-3) == usual
    # What is given goes before.
    given = config_of(*words, "--published", "--learning-rate", 0.01, name="given")
    assert given.learning_rate == 0.01


def test_films_are_mirrored_where_that_is_asked_for(config_of, phantoms):
    words = ("--data", phantoms, "--architecture", "cnn150")
    assert not config_of(*words).augmentation.flip
    assert config_of(*words, "--flip", name="mirrored").augmentation.flip


def test_random_weights_are_trained_whole(config_of, phantoms):
    config = config_of("--data", phantoms, "--architecture", "mobilenet_v2")
    assert (config.head_epochs, config.freeze_before, config.backbone_weights) == (0, "", "")


def test_every_setting_arrives(config_of, phantoms):
    config = config_of(
        *(
            "--data",
            phantoms,
            "--architecture",
            "four_block",
            "--layout",
            "folders",
            "--size",
            96,
            "--epochs",
            4,
        ),
        *(
            "--batch",
            5,
            "--learning-rate",
            0.02,
            "--head-epochs",
            9,
            "--freeze-before",
            "block2_conv",
            "--patience",
            6,
        ),
        *("--seed", 7, "--no-class-weights"),
    )
    assert (config.layout, config.size, config.epochs, config.batch) == ("folders", 96, 4, 5)
    assert (config.learning_rate, config.patience, config.seed) == (0.02, 6, 7)
    assert config.head_epochs == 4  # never more than epochs
    assert config.freeze_before == "block2_conv"
    assert not config.class_weights


@pytest.mark.parametrize(("word", "layer"), [("none", ""), ("nonesuch", "nonesuch")])
def test_none_frees_all_layers(config_of, phantoms, word, layer):
    assert (
        config_of("--data", phantoms, "--architecture", "four_block", "--freeze-before", word).freeze_before
        == layer
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--resume"], "Expected --run with --resume"),
        (["--resume", "--run", "gone"], "Expected a run named gone"),
        (["--architecture", "four_block"], "Expected --data and --architecture"),
        (["--data", ".", "--architecture", "four_block", "--size", "100"], "multiple of 32"),
        (["--data", ".", "--architecture", "four_block", "--epochs", "0"], "Expected epochs from 1"),
        (
            ["--data", ".", "--architecture", "four_block", "--rotation", "400"],
            "Expected rotation from 0 to 180",
        ),
        (
            ["--data", ".", "--architecture", "small_fcn", "--published"],
            "small_fcn has none: leave --published",
        ),
        (["--data", ".", "--architecture", "four_block", "--run", "a/b"], "Expected a run name"),
    ],
)
def test_what_cannot_be_started_leaves_no_run(command, runs, words, sentence):
    said = command("train", *words)
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(sentence) or sentence in said.err
    assert Run.all(runs) == []


def test_a_missing_data_set_is_one_sentence(command, runs, tmp_path):
    said = _start(command, tmp_path / "gone", "--run", "lost")
    assert (said.status, said.out) == (1, "")
    assert "is not a folder: check the path" in said.err
    assert Run.open(runs, "lost").state().status == "failed"


def test_an_unknown_architecture_is_unusable_arguments(command, phantoms):
    with pytest.raises(SystemExit) as left:
        command("train", "--data", phantoms, "--architecture", "vgg")
    assert left.value.code == 2


def test_the_bar_fits_a_terminal():
    from fracture_core.cli.train import _WIDTH, _bar

    line = {"epoch": 999, "epochs": 1000, "step": 25, "steps": 100, "loss": 0.5, "seconds": 30.0}
    text = _bar({**line, "images_per_second": 21.4})
    assert text == "epoch 999/1000 [####------------] 25/100  loss 0.500  21 images/s  90 s left"
    assert len(text) <= _WIDTH
