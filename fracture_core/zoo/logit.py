"""A network seen as evidence: its logit for *fracture*, before the activation."""

import keras

from fracture_core.zoo.architecture import LOGIT


def logit_view(model: keras.Model) -> keras.Model:
    """The same network, same weights, ending at the logit of *fracture*.

    Args:
        model: a network of the zoo.

    Returns:
        A model from the same input to float32 (batch, 1).
    """
    return keras.Model(model.input, model.get_layer(LOGIT).output, name=f"{model.name}_logit")
