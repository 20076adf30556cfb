"""Networks whose weights are replaced by random ones, from the output towards the input.

Source: J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, arXiv:1810.03292 (cascading
randomization). A heatmap that hardly changes does not show what the network has learnt.
"""

from collections.abc import Iterator

import keras

from fracture_core.explain.randomisation_steps import RANDOMISED_SHARES
from fracture_core.imaging import InputSpec
from fracture_core.zoo import find_architecture

# Initial weights are drawn from this seed.
_SEED = 0


def randomise_in_steps(model: keras.Model, name: str, spec: InputSpec) -> Iterator[int]:
    """Replace the weights of a trained network in place, step by step.

    Layers that only normalise the input keep their values, because they are measured and not learnt.

    Args:
        model: the network; it is changed. After the last step all its layers are random.
        name: its architecture.
        spec: its input.

    Yields:
        The number of each step, from 1, after its layers were replaced.
    """
    keras.utils.set_random_seed(_SEED)
    untrained = find_architecture(name).build(spec)
    pairs = [
        (layer, other)
        for layer, other in zip(reversed(model.layers), reversed(untrained.layers), strict=True)
        if layer.weights and not isinstance(layer, keras.layers.Normalization)
    ]
    done = 0
    for step, share in enumerate(RANDOMISED_SHARES, 1):
        until = max(1, round(share * len(pairs)))
        for layer, other in pairs[done:until]:
            layer.set_weights(other.get_weights())
        done = max(done, until)
        yield step
