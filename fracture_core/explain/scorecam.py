"""Score-CAM computed with tf-keras-vis: the probability that remains if an image is masked by one feature at a time.

Source: Wang et al. 2020, arXiv:1910.01279.
"""

import keras
import numpy as np
from numpy.typing import NDArray
from tf_keras_vis.scorecam import Scorecam

from fracture_core.explain.split_model import SplitModel

# Number of features used, those with the largest variance over the image. The published method uses all; each one
# costs a forward pass.
_FEATURES = 64
_BATCH_SIZE = 8

# Layer whose output masks the image; tf-keras-vis finds it by its name.
_MASK_LAYER = "masks"


class ScoreCam:
    """Score-CAM for *fracture*.

    The value of a cell is the sum over all features of the feature's value there times a weight. The weight is the
    uncalibrated probability (0–1) that the network gives to the image masked by that feature. An image that looks
    normal under every mask therefore has low values.

    Args:
        cut: Network, split at the layer to explain.
        black: Value of a black pixel in the network's input. tf-keras-vis multiplies images by masks, which would
            turn masked areas of an input in −1…1 mid-grey. Images are therefore passed as the difference from black.
    """

    def __init__(self, cut: SplitModel, black: float):
        self._black = np.float32(black)
        height, width, channels = cut.encoder.input.shape[1:]
        # Radiographs are grey: tf-keras-vis copies a single channel, and the network repeats it.
        above_black = keras.Input((height, width, 1))
        grey = keras.layers.Rescaling(1.0, offset=black)(above_black)
        image = keras.layers.Concatenate()([grey] * channels) if channels > 1 else grey
        grid = keras.Model(cut.encoder.input, cut.encoder.outputs[0])(image)
        logit = cut.head(keras.layers.Activation("linear", name=_MASK_LAYER)(grid))
        # tf-keras-vis applies a softmax: over ±logit / 2 it gives the sigmoid of the logit.
        pair = [keras.layers.Rescaling(scale)(logit) for scale in (-0.5, 0.5)]
        self._cam = Scorecam(keras.Model(above_black, keras.layers.Concatenate()(pair)))
        self._features = min(_FEATURES, grid.shape[-1])
        # Otherwise each forward pass prints a progress bar to the log of the app.
        keras.utils.disable_interactive_logging()

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the heatmap of one image.

        Args:
            inputs: Network input, float32 (1, height, width, channels), from `imaging.prepare_input`.

        Returns:
            float32 (1, rows, columns), 0 or more.
        """
        heatmaps = self._cam(
            lambda outputs: outputs[:, 1],
            inputs[..., :1] - self._black,
            penultimate_layer=_MASK_LAYER,
            seek_penultimate_conv_layer=False,
            batch_size=_BATCH_SIZE,
            max_N=self._features,
            expand_cam=False,
            normalize_cam=False,
        )
        return np.asarray(heatmaps, np.float32)
