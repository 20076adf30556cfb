"""Several networks in one graph: their calibrated probabilities averaged, and the average as a logit again."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from fracture_core.zoo.architecture import GRIDS_LAYER, LOGIT_LAYER, PROBABILITY_LAYER


@keras.saving.register_keras_serializable("second_look")
class MeanProbability(keras.layers.Layer):
    """The logit of the mean of the probabilities that some logits mean.

    Taken in logarithms, so that networks that are sure do not saturate it.
    """

    def call(self, logits: Any) -> Any:
        """float32 (batch, n) to (batch, 1)."""
        yes = ops.logsumexp(ops.log_sigmoid(logits), axis=-1, keepdims=True)
        no = ops.logsumexp(ops.log_sigmoid(-logits), axis=-1, keepdims=True)
        return yes - no


@keras.saving.register_keras_serializable("second_look")
class Channels(keras.layers.Layer):
    """Some channels of a grid."""

    def __init__(self, start: int, stop: int, **named: Any):
        super().__init__(**named)
        self.start, self.stop = start, stop

    def call(self, grid: Any) -> Any:
        """(…, channels) to (…, stop − start)."""
        return grid[..., self.start : self.stop]

    def get_config(self) -> dict[str, Any]:
        """What builds it again."""
        return {**super().get_config(), "start": self.start, "stop": self.stop}


def calibration_layer_name(member: int) -> str:
    """Name of the layer that calibrates a member: weight and bias are the slope and intercept of Platt's scaling."""
    return f"member{member}_calibrated"


def member_part_names(member: int) -> tuple[str, str]:
    """Names of the two parts of a member: up to its grid, and from there to its logit."""
    return f"member{member}_to_grid", f"member{member}_to_logit"


def join_networks(models: Sequence[keras.Model], layers: Sequence[str]) -> keras.Model:
    """Joins networks of one input.

    Each is cut at the layer that explains it. All grids lie in one layer, from which each rest takes its own, so that
    a heatmap of that layer adds up what every member saw.

    Args:
        models: networks of the zoo.
        layers: of each, the layer that explains it; their outputs have the same rows and columns.

    Returns:
        A network with the layers `grids`, `logit` and `probability`.
    """
    film = keras.Input(models[0].input.shape[1:], name="film")
    grids, rests = [], []
    for member, (model, layer) in enumerate(zip(models, layers, strict=True)):
        grid = model.get_layer(layer).output
        first, second = member_part_names(member)
        grids.append(keras.Model(model.input, grid, name=first)(film))
        rests.append(keras.Model(grid, model.get_layer(LOGIT_LAYER).output, name=second))
    joined = keras.layers.Concatenate(name=GRIDS_LAYER)(grids)
    logits, start = [], 0
    for member, (grid, rest) in enumerate(zip(grids, rests, strict=True)):
        own = Channels(start, start + grid.shape[-1], name=f"member{member}_grid")(joined)
        start += grid.shape[-1]
        scale = keras.layers.Dense(
            1, kernel_initializer="ones", bias_initializer="zeros", name=calibration_layer_name(member)
        )
        logits.append(scale(rest(own)))
    logit = MeanProbability(name=LOGIT_LAYER)(keras.layers.Concatenate(name="logits")(logits))
    return keras.Model(
        film, keras.layers.Activation("sigmoid", name=PROBABILITY_LAYER)(logit), name="average"
    )
