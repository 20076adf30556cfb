"""Views of a network that end at its logit or fracture map and share its weights."""

import keras

from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER


def logit_view(model: keras.Model) -> keras.Model:
    """Return a view of a network that ends at the logit of *fracture*.

    Args:
        model: Network of the zoo.

    Returns:
        A model from the same input to float32 (batch, 1).
    """
    return keras.Model(model.input, model.get_layer(LOGIT_LAYER).output, name=f"{model.name}_logit")


def training_view(model: keras.Model) -> keras.Model:
    """Return a view of a network that ends at the outputs of its loss.

    Args:
        model: Network of the zoo.

    Returns:
        `logit_view`. For a network with a fracture map, a model to a dictionary by layer name: the logit (batch, 1)
        and the logits of the map (batch, rows, columns, 1).
    """
    if FRACTURE_MAP_LAYER not in {layer.name for layer in model.layers}:
        return logit_view(model)
    outputs = {name: model.get_layer(name).output for name in (LOGIT_LAYER, FRACTURE_MAP_LAYER)}
    return keras.Model(model.input, outputs, name=f"{model.name}_trained")
