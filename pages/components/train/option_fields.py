"""Form fields of the training options, generated from `TrainingConfig`, and the presets that fill them."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fracture_core import paths
from fracture_core.published.published_report import PublishedReport, report_for_architecture
from fracture_core.runs.config import TrainingConfig, in_protocol
from fracture_core.zoo.architecture import Architecture, TrainingProtocol
from fracture_core.zoo.training_option import EMPTY_TEXT, OptionField, option_fields
from pages.components.common import boundary, layout

# Shown without opening an expander.
_MAIN = ("epochs", "batch", "learning_rate", "size")

# Their defaults depend on whether the training starts from pretrained weights.
_DEPENDS_ON_WEIGHTS = ("head_epochs", "freeze_before")

# Copied from a cloned run, but without a field.
_HIDDEN = ("layout", "folds", "fold")

# One value for all architectures; a preset leaves it.
_SHARED = ("seed",)


def choose_values(
    architecture: Architecture,
    protocol: TrainingProtocol,
    pretrained: bool,
    settings_type: type[TrainingConfig] = TrainingConfig,
) -> dict[str, Any]:
    """Draw the fields of all options except augmentation.

    Args:
        architecture: the architecture; each one has its own values in the session.
        protocol: its protocol, adapted to the starting weights.
        pretrained: whether the training starts from pretrained weights.
        settings_type: the settings.

    Returns:
        Values by name of the option.
    """
    options = [
        entry
        for entry in option_fields(settings_type)
        if entry.option.in_form
        and not entry.parent
        and (architecture.map_stride or not entry.option.needs_fracture_map)
    ]
    values: dict[str, Any] = {}

    def show(container: DeltaGenerator, entry: OptionField) -> None:
        default = _default(entry, architecture, protocol)
        disabled = not values.get(entry.option.required_option, True)
        values[entry.name] = show_field(
            container, entry, _key(architecture, entry, pretrained), default, disabled
        )

    for column, name in zip(st.columns(len(_MAIN)), _MAIN, strict=True):
        show(column, next(entry for entry in options if entry.name == name))
    others = [entry for entry in options if entry.name not in _MAIN]
    # With a key, the expander stays open when another architecture moves it on the page.
    with st.expander("More settings", key="train_more", on_change="rerun"):
        for group in dict.fromkeys(entry.option.group for entry in others):
            if group != "training":
                st.caption(group.capitalize())
            members = [entry for entry in others if entry.option.group == group]
            fields = [entry for entry in members if entry.value_type is not bool]
            # Pairs keep their order on a phone.
            for start in range(0, len(fields), 2):
                for column, entry in zip(st.columns(2), fields[start : start + 2], strict=False):
                    show(column, entry)
            for entry in members:
                if entry.value_type is bool:
                    show(st.container(), entry)
    return values


def show_field(
    container: DeltaGenerator, entry: OptionField, key: str, default: Any, disabled: bool = False
) -> Any:
    """Draw the field of one option.

    Args:
        container: where.
        entry: the option.
        key: key of the field in the session.
        default: its first value. It is set in the session, because Streamlit warns if a field has both a default and a
            value that a preset has set.
        disabled: whether the field cannot be changed.

    Returns:
        The chosen value.
    """
    option = entry.option
    st.session_state.setdefault(key, _to_field(entry, default))
    shared: dict[str, Any] = {
        "help": option.help,
        "key": key,
        "disabled": disabled,
        "persist_state": "session",
    }
    if entry.value_type is bool:
        return container.toggle(option.label, **shared)
    if option.choices:
        return container.selectbox(
            option.label, tuple(option.choices), format_func=option.choices.__getitem__, **shared
        )
    if entry.value_type is str:
        text = container.text_input(option.label, placeholder=EMPTY_TEXT, **shared).strip()
        return "" if text == EMPTY_TEXT else text
    number = entry.value_type
    low, high = option.minimum or 0, option.maximum or 0
    step = option.step or (1 if number is int else default / 10 or 0.1)
    limits = {"min_value": number(low), "max_value": number(high), "step": number(step)}
    if option.group == "augmentation":
        return container.slider(entry.labelled_unit, format=option.display_format, **limits, **shared)
    return container.number_input(
        entry.labelled_unit, format=option.display_format or None, **limits, **shared
    )


def show_presets(architecture: Architecture) -> None:
    """Draw the source of an architecture and the buttons that fill the form."""
    usual = architecture.protocol
    st.caption(
        f"{architecture.source}. Usual settings: {architecture.input.width} px, at most {usual.epochs} epochs, "
        f"batch size {usual.batch}, learning rate {usual.learning_rate:g}, early stopping after {usual.patience} "
        "epochs."
    )
    report = _report(architecture.name)
    with st.container(horizontal=True, vertical_alignment="center", key="train_presets"):
        st.button(
            "Usual settings",
            on_click=boundary.callback(apply_preset),
            args=(architecture, usual),
            key="train_usual",
            help="Fills the form with the settings that are usual for this architecture.",
        )
        if report is not None:
            st.button(
                "As published",
                on_click=boundary.callback(apply_preset),
                args=(architecture, report.apply_protocol(usual)),
                key="train_published",
                help=f"Fills the form with the settings of {report.source}: {report.protocol}.",
            )


def apply_preset(architecture: Architecture, protocol: TrainingProtocol, group: str = "") -> None:
    """Fill the form before the page is drawn again.

    Args:
        architecture: the architecture.
        protocol: the values of the preset; options outside a protocol get their defaults.
        group: fill only this group of options; "" for all.
    """
    if not group:
        st.session_state.pop(_hidden_key(architecture), None)
    for entry in option_fields(TrainingConfig):
        if entry.name in _SHARED or not entry.option.in_form or (group and entry.option.group != group):
            continue
        for pretrained in (False, True):
            adapted = architecture.adapt_protocol(protocol, pretrained)
            value = _to_field(entry, _default(entry, architecture, adapted))
            st.session_state[_key(architecture, entry, pretrained)] = value


def fill_in(architecture: Architecture, config: TrainingConfig) -> None:
    """Fill the form with the settings of a run before the page is drawn again.

    Raises:
        ModelError: the architecture cannot have the input size.
    """
    for entry in option_fields(TrainingConfig):
        value = config.input.width if entry.name == "size" else entry.value_in(config)
        if entry.option.in_form:
            for pretrained in (False, True):
                st.session_state[_key(architecture, entry, pretrained)] = _to_field(entry, value)
    st.session_state[_hidden_key(architecture)] = {
        entry.name: entry.value_in(config)
        for entry in option_fields(TrainingConfig)
        if entry.name in _HIDDEN and entry.value_in(config) != entry.default
    }


def hidden_values(architecture: Architecture) -> dict[str, Any]:
    """Return the settings of a cloned run that the form does not show, and name them on the page."""
    values: dict[str, Any] = st.session_state.get(_hidden_key(architecture), {})
    if values:
        labels = {entry.name: entry.option.label.lower() for entry in option_fields(TrainingConfig)}
        texts = ", ".join(f"{labels[name]} {value}" for name, value in values.items())
        st.caption(f"Also copied: {layout.escape_markdown(texts)}. *Usual settings* removes this.")
    return values


def _hidden_key(architecture: Architecture) -> str:
    return f"train_hidden_{architecture.name}"


def field_key(architecture: Architecture, entry: OptionField) -> str:
    """Return the key of a field that does not depend on the starting weights."""
    return _key(architecture, entry, pretrained=False)


def _default(entry: OptionField, architecture: Architecture, protocol: TrainingProtocol) -> Any:
    if entry.name == "size":
        return architecture.input.width
    return entry.value_in(protocol) if in_protocol(entry) else entry.default


def _to_field(entry: OptionField, value: Any) -> Any:
    """Convert a value to the type that the field needs."""
    return value if entry.option.choices else entry.value_type(value)


def _key(architecture: Architecture, entry: OptionField, pretrained: bool) -> str:
    if entry.name in _SHARED:
        return f"train_{entry.name}"
    weights = "_pretrained" if pretrained and entry.name in _DEPENDS_ON_WEIGHTS else ""
    return f"train_{entry.name}_{architecture.name}{weights}"


@st.cache_data(show_spinner=False)
def _report(name: str) -> PublishedReport | None:
    return report_for_architecture(name, paths.published_dir())
