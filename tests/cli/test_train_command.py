"""The command `train`."""

import json
import re
import sys
from dataclasses import replace

import pytest

from fracture_core.runs.run import Run
from fracture_core.zoo import find_architecture


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
def config_of_command(monkeypatch, run_command, runs_folder):
    """Return the settings of a command line without training."""
    from fracture_core.training import run_training

    monkeypatch.setattr(
        run_training, "run_training", lambda run, *_args: run.set_state("stopped", "Not trained.")
    )

    def read(*arguments, name="config"):
        result = run_command("train", "--run", name, *arguments)
        assert (result.status, result.out) == (1, "")
        assert result.err.endswith("Not trained.\n")
        return Run.open(runs_folder, name).config()

    return read


def test_train_prints_the_result(run_command, phantoms, runs_folder):
    result = _start(run_command, phantoms, "--run", "first")
    assert result.status == 0
    run = Run.open(runs_folder, "first")
    output = json.loads(result.lines[-1])
    assert output["run"] == "first"
    assert output["result"] == str(run.result)
    card = json.loads((run.result / "card.json").read_text("utf-8"))
    assert output["test"] == card["test"]["auc"]
    assert "epoch 1/1" in result.err
    # A sentence for people; the JSON line stays the last line of standard output.
    summary = result.err.splitlines()[-1]
    assert summary.startswith("first is finished. Test AUC ")
    assert str(run.result) in summary
    assert run.state().status == "finished"

    result = run_command("train", "--resume", "--run", "first")
    assert (result.status, result.out) == (1, "")
    assert "first is finished" in result.err
    result = _start(run_command, phantoms, "--run", "first")
    assert "A run named first already exists" in result.err


def test_defaults_of_the_architecture(config_of_command, phantoms, tmp_path):
    protocol = find_architecture("mobilenet_v2").protocol
    weights = tmp_path / "base.weights.h5"
    config = config_of_command(
        "--data", phantoms, "--architecture", "mobilenet_v2", "--backbone-weights", weights
    )
    for name in ("epochs", "batch", "learning_rate", "head_epochs", "freeze_before", "patience"):
        assert getattr(config, name) == getattr(protocol, name)
    assert config.backbone_weights == str(weights)
    assert config.data == str(phantoms)
    assert config.class_weights


def test_augmentation_of_the_architecture_and_given_options(config_of_command, phantoms):
    usual = find_architecture("small_fcn").protocol.augmentation
    assert config_of_command("--data", phantoms, "--architecture", "small_fcn").augmentation == usual
    arguments = ("--data", phantoms, "--architecture", "small_fcn", "--zoom", 0, "--no-flip")
    changed = config_of_command(*arguments, name="varied").augmentation
    assert changed == replace(usual, zoom=0.0, flip=False)


def test_published_option_uses_the_protocol(config_of_command, phantoms):
    arguments = ("--data", phantoms, "--architecture", "four_block")
    usual, published = (
        config_of_command(*arguments),
        config_of_command(*arguments, "--published", name="published"),
    )
    assert (usual.learning_rate, published.learning_rate) == (1e-3, 6e-3)
    assert replace(published, learning_rate=1e-3) == usual
    # Given options take precedence.
    overridden = config_of_command(*arguments, "--published", "--learning-rate", 0.01, name="given")
    assert overridden.learning_rate == 0.01


def test_flip_option_mirrors_images(config_of_command, phantoms):
    arguments = ("--data", phantoms, "--architecture", "cnn150")
    assert not config_of_command(*arguments).augmentation.flip
    assert config_of_command(*arguments, "--flip", name="mirrored").augmentation.flip


def test_random_weights_freeze_no_layers(config_of_command, phantoms):
    config = config_of_command("--data", phantoms, "--architecture", "mobilenet_v2")
    assert (config.head_epochs, config.freeze_before, config.backbone_weights) == (0, "", "")


def test_options_reach_the_config(config_of_command, phantoms):
    config = config_of_command(
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
def test_freeze_before_none(config_of_command, phantoms, word, layer):
    assert (
        config_of_command(
            "--data", phantoms, "--architecture", "four_block", "--freeze-before", word
        ).freeze_before
        == layer
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--resume"], "--resume needs the name of a run"),
        (["--resume", "--run", "gone"], "There is no run named gone"),
        (["--architecture", "four_block"], "A new run needs --data and --architecture"),
        (["--data", ".", "--architecture", "four_block", "--size", "100"], "multiple of 32"),
        (["--data", ".", "--architecture", "four_block", "--epochs", "0"], "Maximum epochs must be from 1"),
        (
            ["--data", ".", "--architecture", "four_block", "--rotation", "400"],
            "Rotation must be from 0 to 180",
        ),
        (
            ["--data", ".", "--architecture", "small_fcn", "--published"],
            "small_fcn follows no publication. Omit --published",
        ),
        (["--data", ".", "--architecture", "four_block", "--run", "a/b"], "not a valid run name"),
    ],
)
def test_refused_start_leaves_no_run(run_command, runs_folder, arguments, sentence):
    result = run_command("train", *arguments)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(sentence) or sentence in result.err
    assert Run.all(runs_folder) == []


def test_missing_dataset_is_refused(run_command, runs_folder, tmp_path):
    result = _start(run_command, tmp_path / "gone", "--run", "lost")
    assert (result.status, result.out) == (1, "")
    assert "is not a folder: check the path" in result.err
    assert Run.open(runs_folder, "lost").state().status == "failed"


def test_unknown_architecture_is_refused(run_command, phantoms):
    with pytest.raises(SystemExit) as excinfo:
        run_command("train", "--data", phantoms, "--architecture", "vgg")
    assert excinfo.value.code == 2


def test_progress_bar_fits_a_terminal():
    from fracture_core.cli.train import _LINE_WIDTH, _format_bar

    line = {"epoch": 999, "epochs": 1000, "step": 25, "steps": 100, "loss": 0.5, "seconds": 30.0}
    text = _format_bar({**line, "images_per_second": 21.4})
    assert text == "epoch 999/1000 [####------------] 25/100  loss 0.500  21 images/s  90 s left"
    assert len(text) <= _LINE_WIDTH


def test_random_weights_are_warned_of(run_command, phantoms, runs_folder, monkeypatch):
    from fracture_core.training import run_training

    monkeypatch.setattr(
        run_training, "run_training", lambda run, *_args: run.set_state("stopped", "Not trained.")
    )
    warning = "MobileNetV2.* starts from random weights.*--backbone-weights imagenet"
    result = run_command("train", "--run", "a", "--data", phantoms, "--architecture", "mobilenet_v2")
    assert re.search(warning, result.err)
    arguments = ("--data", phantoms, "--architecture", "mobilenet_v2", "--backbone-weights", "imagenet")
    assert "random weights" not in run_command("train", "--run", "b", *arguments).err
    arguments = ("--data", phantoms, "--architecture", "four_block")
    assert "random weights" not in run_command("train", "--run", "c", *arguments).err


@pytest.mark.parametrize(
    ("output", "terminal", "sentence", "has_json"),
    [
        (None, True, "out", False),
        (None, False, "err", True),
        ("text", False, "out", False),
        ("json", True, "", True),
    ],
)
def test_summary_does_not_mix_with_the_json_output(monkeypatch, capsys, output, terminal, sentence, has_json):
    from fracture_core.cli import train

    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    train._print_summary("Done.", {"run": "a"}, output)
    printed = capsys.readouterr()
    assert ("Done." in printed.out, "Done." in printed.err) == (sentence == "out", sentence == "err")
    assert (printed.out.splitlines()[-1] == '{"run": "a"}') == has_json
