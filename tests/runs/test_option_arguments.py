"""One source for each training option: command line, form, messages, command of a card, clone and documentation."""

import argparse
import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fracture_core.errors import TrainingError
from fracture_core.runs import option_arguments
from fracture_core.runs.config import PRECISIONS, TrainingConfig, in_protocol
from fracture_core.runs.option_arguments import add_option_arguments, read_option_arguments
from fracture_core.zoo import Augmentation, TrainingProtocol, find_architecture
from fracture_core.zoo.architecture import SAMPLINGS, SCHEDULES
from fracture_core.zoo.training_option import option_fields, setting

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ExtendedConfig(TrainingConfig):
    """The settings with one more option."""

    warmup: int = setting(0, label="Warm-up", help="Steps of warm-up.", unit="steps", minimum=0, maximum=50)


def _parse(arguments: list[str], settings_type: type = TrainingConfig) -> dict:
    parser = argparse.ArgumentParser(exit_on_error=False)
    options = option_fields(settings_type)
    add_option_arguments(parser, options)
    return read_option_arguments(parser.parse_args(arguments), options)


def test_each_field_is_an_option():
    names = [entry.name for entry in option_fields(TrainingConfig)]
    expected = {entry.name for entry in fields(TrainingConfig)} - {"augmentation"}
    assert set(names) == expected | {entry.name for entry in fields(Augmentation)}
    assert len(names) == len(set(names))
    flags = [entry.flag for entry in option_fields(TrainingConfig)]
    assert len(flags) == len(set(flags))


def test_each_option_has_a_label_and_one_sentence_of_help():
    for entry in option_fields(TrainingConfig):
        assert entry.option.label[0].isupper(), entry.name
        assert entry.option.help.endswith("."), entry.name
        assert len(entry.option.label.split()) <= 4, entry.name


def test_presets_set_the_fields_of_a_protocol():
    preset = {
        entry.name for entry in option_fields(TrainingConfig) if in_protocol(entry) and not entry.parent
    }
    assert preset == {entry.name for entry in fields(TrainingProtocol)} - {"augmentation"}


def test_choices_are_those_of_the_training():
    choices = {entry.name: tuple(entry.option.choices) for entry in option_fields(TrainingConfig)}
    assert choices["sampling"] == SAMPLINGS
    assert choices["schedule"] == SCHEDULES
    assert choices["precision"] == PRECISIONS


def test_defaults_are_allowed():
    for entry in option_fields(TrainingConfig):
        if entry.default is not None:
            entry.check(entry.default)


def test_command_gives_the_same_settings():
    architecture = find_architecture("mobilenet_v2_map")
    config = TrainingConfig(
        "/home/someone/images",
        architecture.name,
        layout="folders",
        size=384,
        epochs=4,
        learning_rate=0.000123456789,
        head_epochs=1,
        freeze_before="block_6_expand",
        backbone_weights="/home/someone/my weights.h5",
        box_weight=0.5,
        schedule="cosine",
        doubled=True,
        search_trials=0,
        precision="bfloat16",
        class_weights=False,
        seed=7,
        augmentation=Augmentation(rotation=12.5, flip=False, noise=0.01),
        crop_share=0.35,
        folds=5,
        fold=2,
    )
    arguments = shlex.split(config.command())
    assert arguments[:4] == ["python", "-m", "fracture_core", "train"]
    assert "someone" not in config.command()
    values = _parse(arguments[4:])
    values["backbone_weights"] = Path(values["backbone_weights"]).name
    del values["data"], values["architecture"]
    with_values = TrainingConfig.from_protocol("DIR", architecture, architecture.protocol, values)
    assert with_values == replace(config, data="DIR", backbone_weights="my weights.h5")


def test_none_is_an_empty_text():
    assert _parse(["--freeze-before", "none", "--backbone-weights", "none"]) == {
        "freeze_before": "",
        "backbone_weights": "",
    }


def test_documentation_is_current():
    text = (ROOT / "docs" / "training.md").read_text("utf-8")
    assert option_arguments.render_option_table() in text, (
        "Run: python -m fracture_core.runs.option_arguments docs/training.md"
    )


def test_documentation_is_updated(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        f"before\n{option_arguments.BEGIN}\nold\n{option_arguments.END}\nafter\n", encoding="utf-8"
    )
    option_arguments.update_option_table(path)
    assert path.read_text("utf-8") == f"before\n{option_arguments.render_option_table()}\nafter\n"


def test_new_field_on_the_command_line():
    assert _parse(["--warmup", "5"], ExtendedConfig) == {"warmup": 5}
    parser = argparse.ArgumentParser()
    add_option_arguments(parser, option_fields(ExtendedConfig))
    assert "Steps of warm-up. [0–50 steps, default: 0]" in " ".join(parser.format_help().split())


def test_new_field_in_messages_command_and_clone():
    with pytest.raises(TrainingError, match="Warm-up must be from 0 to 50, but is 51"):
        ExtendedConfig("/images", "four_block", warmup=51)
    assert ExtendedConfig("/images", "four_block", warmup=5).command().endswith("--warmup 5")
    clonable = [entry.name for entry in option_fields(ExtendedConfig) if entry.option.can_clone]
    assert "warmup" in clonable
    assert ExtendedConfig("/images", "four_block").with_options({"warmup": 3}).warmup == 3


def test_new_field_in_the_documentation():
    table = option_arguments.render_option_table(ExtendedConfig)
    assert "| `--warmup` | Warm-up (steps) | 0–50 steps | `0` | Steps of warm-up. |" in table


def _show_form(settings_type: type) -> None:
    import streamlit as st

    from fracture_core.zoo import ARCHITECTURES
    from pages.components.train import option_fields

    architecture = ARCHITECTURES["four_block"]
    st.session_state["values"] = option_fields.choose_values(
        architecture, architecture.protocol, pretrained=False, settings_type=settings_type
    )


def test_new_field_in_the_form():
    page = AppTest.from_function(
        _show_form, kwargs={"settings_type": ExtendedConfig}, default_timeout=120
    ).run()
    assert not page.exception
    field = next(field for field in page.number_input if field.label == "Warm-up (steps)")
    assert (field.min, field.max, field.value, field.help) == (0, 50, 0, "Steps of warm-up.")
    field.set_value(7).run()
    assert page.session_state["values"]["warmup"] == 7


def test_form_has_each_option_of_the_network():
    page = AppTest.from_function(
        _show_form, kwargs={"settings_type": TrainingConfig}, default_timeout=120
    ).run()
    expected = {
        entry.name
        for entry in option_fields(TrainingConfig)
        if entry.option.in_form and not entry.option.needs_fracture_map and not entry.parent
    }
    assert set(page.session_state["values"]) == expected
