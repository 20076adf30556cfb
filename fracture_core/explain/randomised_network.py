"""Networks whose weights are replaced by random ones, from the output towards the input.

Source: J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, arXiv:1810.03292 (cascading
randomization). A heatmap that hardly changes does not show what the network has learnt.
"""

from collections.abc import Iterator

import keras

from fracture_core.imaging import InputSpec
from fracture_core.zoo import find_architecture

#: Shares of the layers, counted from the output, whose weights are random; the first step replaces one layer.
RANDOMISED_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

# Initial weights are drawn from this seed.
_SEED = 0


def step_title(step: int) -> str:
    """Return what is random in a step, 0 for the trained network.

    Example:
        >>> [step_title(step) for step in range(3)]
        ['trained', 'last layer random', 'last 25% of layers random']
    """
    if step == 0:
        return "trained"
    share = RANDOMISED_SHARES[step - 1]
    if share == 0:
        return "last layer random"
    return "all layers random" if share == 1 else f"last {share:.0%} of layers random"


#: Titles of all steps, from the trained network to random weights.
STEP_TITLES = tuple(step_title(step) for step in range(len(RANDOMISED_SHARES) + 1))


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
