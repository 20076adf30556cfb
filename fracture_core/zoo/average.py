"""Ensembles in one graph: the average of the calibrated probabilities of several networks, as a logit."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from fracture_core.zoo.architecture import GRIDS_LAYER, LOGIT_LAYER, PROBABILITY_LAYER


@keras.saving.register_keras_serializable("second_look")
class MeanProbability(keras.layers.Layer):
    """Layer that converts several logits to the logit of their mean probability.

    Computed in log space, so that confident networks do not saturate the result.
    """

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        """Map float32 (batch, n) to (batch, 1)."""
        positive = ops.logsumexp(ops.log_sigmoid(logits), axis=-1, keepdims=True)
        negative = ops.logsumexp(ops.log_sigmoid(-logits), axis=-1, keepdims=True)
        return positive - negative


@keras.saving.register_keras_serializable("second_look")
class Channels(keras.layers.Layer):
    """Layer that selects a range of channels.

    Args:
        start: First channel.
        stop: Channel after the last.
        **options: Options of `keras.layers.Layer`.
    """

    def __init__(self, start: int, stop: int, **options: Any):
        super().__init__(**options)
        self.start, self.stop = start, stop

    def call(self, grid: keras.KerasTensor) -> keras.KerasTensor:
        """Map (…, channels) to (…, stop − start)."""
        return grid[..., self.start : self.stop]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that recreate this layer."""
        return {**super().get_config(), "start": self.start, "stop": self.stop}


def calibration_layer_name(member: int) -> str:
    """Return the name of a member's calibration layer, whose weight and bias are Platt's slope and intercept."""
    return f"member{member}_calibrated"


def member_part_names(member: int) -> tuple[str, str]:
    """Return the names of a member's two parts: input to feature map, and feature map to logit."""
    return f"member{member}_to_grid", f"member{member}_to_logit"


def join_networks(models: Sequence[keras.Model], layers: Sequence[str]) -> keras.Model:
    """Join networks with equal inputs into an ensemble.

    Each network is split at its heatmap layer. All feature maps are concatenated in one layer, from which each head
    reads its own channels. A heatmap of that layer therefore sums the evidence of all members.

    Args:
        models: Networks of the zoo.
        layers: Heatmap layer of each network; their outputs have equal rows and columns.

    Returns:
        A network with the layers `grids`, `logit` and `probability`.
    """
    image = keras.Input(models[0].input.shape[1:], name="film")
    grids, heads = [], []
    for member, (model, layer) in enumerate(zip(models, layers, strict=True)):
        grid = model.get_layer(layer).output
        encoder_name, head_name = member_part_names(member)
        grids.append(keras.Model(model.input, grid, name=encoder_name)(image))
        heads.append(keras.Model(grid, model.get_layer(LOGIT_LAYER).output, name=head_name))
    joined = keras.layers.Concatenate(name=GRIDS_LAYER)(grids)
    logits, start = [], 0
    for member, (grid, head) in enumerate(zip(grids, heads, strict=True)):
        own = Channels(start, start + grid.shape[-1], name=f"member{member}_grid")(joined)
        start += grid.shape[-1]
        calibrate = keras.layers.Dense(
            1, kernel_initializer="ones", bias_initializer="zeros", name=calibration_layer_name(member)
        )
        logits.append(calibrate(head(own)))
    logit = MeanProbability(name=LOGIT_LAYER)(keras.layers.Concatenate(name="logits")(logits))
    return keras.Model(
        image, keras.layers.Activation("sigmoid", name=PROBABILITY_LAYER)(logit), name="average"
    )
