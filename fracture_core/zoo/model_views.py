"""A network seen as evidence: its logit for *fracture*, before the activation, and its map."""

import keras

from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER


def logit_view(model: keras.Model) -> keras.Model:
    """The same network, same weights, ending at the logit of *fracture*.

    Args:
        model: a network of the zoo.

    Returns:
        A model from the same input to float32 (batch, 1).
    """
    return keras.Model(model.input, model.get_layer(LOGIT_LAYER).output, name=f"{model.name}_logit")


def training_view(model: keras.Model) -> keras.Model:
    """The same network, same weights, ending at what its loss is taken on.

    Args:
        model: a network of the zoo.

    Returns:
        `logit_view`, or for a network with a fracture map a model to a dictionary of both, the
        logit (batch, 1) and the map's logits (batch, rows, columns, 1), by layer name.
    """
    if FRACTURE_MAP_LAYER not in {layer.name for layer in model.layers}:
        return logit_view(model)
    outputs = {name: model.get_layer(name).output for name in (LOGIT_LAYER, FRACTURE_MAP_LAYER)}
    return keras.Model(model.input, outputs, name=f"{model.name}_trained")
