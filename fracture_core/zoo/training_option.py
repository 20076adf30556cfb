"""TrainingOption: the metadata of one training setting.

The command line, the training form, error messages, the command on a model card and the table in `docs/training.md` are
generated from it.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_type_hints

from fracture_core.errors import TrainingError

_KEY = "training_option"

#: Groups in the order in which they are shown.
OptionGroup = Literal["training", "crops and regions", "cross-validation", "augmentation"]
GROUP_HELP: Mapping[OptionGroup, str] = {
    "training": "the default of an option marked * depends on the architecture",
    "crops and regions": "off by default",
    "cross-validation": "grouped folds of the training and validation images; test images are left out",
    "augmentation": "random changes of the training images; 0 switches one off",
}

#: How the command line writes an empty text.
EMPTY_TEXT = "none"


@dataclass(frozen=True, kw_only=True)
class TrainingOption:
    """What users read about a training setting, and the values it may have.

    Attributes:
        label: noun for the form and for error messages.
        help: one sentence.
        group: the group in which it is shown.
        minimum: smallest number; None for texts and switches.
        maximum: largest number.
        step: step of the form's field; None for the form's own.
        display_format: printf format of a number in the form; "" for the form's own.
        choices: label of each allowed value; empty where any value is allowed.
        unit: unit of a number, such as "px"; "" for none.
        flag: option of the command line; "" for the field's name.
        placeholder: name of the value in the help of the command line.
        required_option: field that must be set before this one has an effect; "" for none.
        needs_fracture_map: whether it applies only to networks with a fracture map.
        in_form: whether the form shows it among its settings.
        can_clone: whether a clone of a run may change it.
    """

    label: str
    help: str
    group: OptionGroup = "training"
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    display_format: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    flag: str = ""
    placeholder: str = "X"
    required_option: str = ""
    needs_fracture_map: bool = False
    in_form: bool = True
    can_clone: bool = True


@dataclass(frozen=True)
class OptionField:
    """A training setting: a field of a settings dataclass with its metadata.

    Attributes:
        name: the field's name.
        value_type: bool, int, float or str.
        default: value where none is given; None where the architecture decides or a value is required.
        option: the metadata.
        parent: field of the settings that contains the dataclass of this field; "" for the settings themselves.
    """

    name: str
    value_type: type
    default: Any
    option: TrainingOption
    parent: str = ""

    @property
    def flag(self) -> str:
        """Option of the command line, such as "--learning-rate"."""
        return self.option.flag or f"--{self.name.replace('_', '-')}"

    @property
    def labelled_unit(self) -> str:
        """Label with the unit, such as "Input size (px)"."""
        return f"{self.option.label} ({self.option.unit})" if self.option.unit else self.option.label

    def value_in(self, settings: object) -> Any:
        """Return the value of this setting in an instance of the settings."""
        return getattr(getattr(settings, self.parent) if self.parent else settings, self.name)

    def check(self, value: Any) -> None:
        """Check that a value is allowed.

        Raises:
            TrainingError: the value is out of range or not one of the choices.
        """
        option = self.option
        if option.choices and value not in option.choices:
            raise TrainingError(
                f"{option.label} must be one of {', '.join(option.choices)}, but is {value!r}. Choose one of these."
            )
        if option.minimum is not None and option.maximum is not None and value is not None:
            check_range(option.label, value, option.minimum, option.maximum)


def check_range(label: str, value: float, minimum: float, maximum: float) -> None:
    """Check that a number is in its range; nan is not.

    Raises:
        TrainingError: the number is out of its range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not minimum <= value <= maximum:
        shown = f"{value:g}" if isinstance(value, int | float) else repr(value)
        raise TrainingError(
            f"{label} must be from {minimum:g} to {maximum:g}, but is {shown}. Enter a number in this range."
        )


def setting(default: Any = MISSING, **metadata: Any) -> Any:
    """Declare a field of a settings dataclass.

    Args:
        default: the field's default; a required field has none.
        **metadata: attributes of `TrainingOption`.
    """
    return field(default=default, metadata={_KEY: TrainingOption(**metadata)})


def option_fields(settings_type: type, parent: str = "") -> tuple[OptionField, ...]:
    """List the training settings of a dataclass, also of a dataclass in one of its fields.

    Args:
        settings_type: the dataclass; each of its fields is declared by `setting` or is such a dataclass.
        parent: the field that contains the dataclass; "" for none.
    """
    # mypy does not accept a class as an argument of a cached function.
    key: Any = settings_type
    return _read_fields(key, parent)


@cache
def _read_fields(settings_type: Any, parent: str) -> tuple[OptionField, ...]:
    types = get_type_hints(settings_type)
    found: list[OptionField] = []
    for entry in fields(settings_type):
        declared: Any = types[entry.name]
        nested = declared
        if is_dataclass(declared):
            found += _read_fields(nested, entry.name)
            continue
        plain = next((part for part in get_args(declared) if part is not NoneType), declared)
        default = None if entry.default is MISSING else entry.default
        found.append(OptionField(entry.name, plain, default, entry.metadata[_KEY], parent))
    return tuple(found)
