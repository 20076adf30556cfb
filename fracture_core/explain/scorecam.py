"""Score-CAM by tf-keras-vis: what is left of the suspicion when a film is seen through one feature at a time.

Source: Wang et al. 2020, arXiv:1910.01279.
"""

import keras
import numpy as np
from tf_keras_vis.scorecam import Scorecam

from fracture_core.explain.split_model import SplitModel

# Features tried, those that vary most over the film, and films a pass. The published method tries all; each costs a
# forward pass.
_FEATURES = 64
_BATCH = 8

# Layer whose output masks the film; the library finds it by its name.
_MASKS = "masks"


class ScoreCam:
    """Score-CAM of one network, for *fracture*.

    A cell's value is the sum of the features there, each times the probability (0–1, before calibration) that the
    network gives the film seen through that feature alone; a film that looks normal through all of them stays dark.

    Args:
        cut: the network.
        black: what a black pixel is to it. The library multiplies films by masks; to a network that is fed −1…1
            that would paint all outside the mask in mid-grey, so its films are fed in as what is above black.
    """

    def __init__(self, cut: SplitModel, black: float):
        self._black = np.float32(black)
        height, width, channels = cut.encoder.input.shape[1:]
        # Films are grey: the library's many copies are of one channel, and the network repeats it.
        above = keras.Input((height, width, 1))
        grey = keras.layers.Rescaling(1.0, offset=black)(above)
        film = keras.layers.Concatenate()([grey] * channels) if channels > 1 else grey
        grid = keras.Model(cut.encoder.input, cut.encoder.outputs[0])(film)
        logit = cut.head(keras.layers.Activation("linear", name=_MASKS)(grid))
        # The library takes the softmax of two outputs, which makes of these the network's own probability.
        halves = [keras.layers.Rescaling(half)(logit) for half in (-0.5, 0.5)]
        self._cam = Scorecam(keras.Model(above, keras.layers.Concatenate()(halves)))
        self._features = min(_FEATURES, grid.shape[-1])
        # Or the library's passes each draw a progress bar into the app's log.
        keras.utils.disable_interactive_logging()

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Maps of films.

        Args:
            inputs: float32 (1, height, width, channels), as `imaging.prepare` gives it.

        Returns:
            float32 (1, rows, columns), 0 or more.
        """
        found = self._cam(
            lambda outputs: outputs[:, 1],
            inputs[..., :1] - self._black,
            penultimate_layer=_MASKS,
            seek_penultimate_conv_layer=False,
            batch_size=_BATCH,
            max_N=self._features,
            expand_cam=False,
            normalize_cam=False,
        )
        return np.asarray(found, np.float32)
