"""Training loop that can be stopped and resumed."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from fracture_core.errors import TrainingError
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training import checkpoint
from fracture_core.training.checkpoint import Checkpoint
from fracture_core.training.fracture_map import MapLoss
from fracture_core.training.progress_callback import TrainingProgressCallback
from fracture_core.training.standardise import standardise
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import COSINE, FRACTURE_MAP_LAYER, LOGIT_LAYER, PLATEAU
from fracture_core.zoo.backbone import load_backbone
from fracture_core.zoo.head import is_head_layer
from fracture_core.zoo.model_views import training_view

# Learning rate of a new head on a frozen backbone.
_HEAD_LEARNING_RATE = 1e-3


def fit(
    run: Run, data: TrainingData, config: TrainingConfig, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> keras.Model:
    """Train until all epochs are done or early stopping ends the training.

    Continues from the last checkpoint of the run, if there is one. The images, order and augmentation of each epoch,
    the optimizer, the random generators and the patience are then the same as without the interruption.

    Args:
        run: Run that receives progress and checkpoints.
        data: Data of the run.
        config: Settings of the run.
        callbacks: Additional Keras callbacks, which run last, after an epoch is saved and reported.

    Returns:
        The network with the weights of the lowest validation loss. In a cross-validation, with the weights of the last
        epoch, because the held-out images must not influence the choice.

    Raises:
        TrainingError: The loss became NaN or infinite.
        StopRequested: The run was stopped.
    """
    keras.utils.set_random_seed(config.seed)
    architecture = find_architecture(config.architecture)
    model = architecture.build(config.input)
    saved = checkpoint.latest_checkpoint(run.checkpoints)
    if saved is None and config.backbone_weights:
        load_backbone(model, architecture, config.input, config.backbone_weights)
    if saved is None:
        standardise(model, data)
    start = saved[1] if saved else 0
    resumed = saved[0] if saved else None
    if start < config.head_epochs:
        _train_phase(
            model, run, data, config, range(start, config.head_epochs), resumed, callbacks, head_only=True
        )
        start, resumed = config.head_epochs, None
    elif start == config.head_epochs and resumed is not None:
        # The head phase was complete: keep its weights, but not its optimizer.
        checkpoint.restore_checkpoint(training_view(model), resumed)
        resumed = None
    if resumed is None or config.folds or not checkpoint.is_patience_spent(resumed, config.patience):
        _train_phase(
            model, run, data, config, range(start, config.epochs), resumed, callbacks, head_only=False
        )
    return load_best_model(run, config)


def load_best_model(run: Run, config: TrainingConfig) -> keras.Model:
    """Load the network with the best weights so far; in a cross-validation those of the last epoch.

    Args:
        run: Run with at least one checkpoint.
        config: Settings of the run.

    Returns:
        The network.

    Raises:
        TrainingError: No epoch was completed.
    """
    saved = checkpoint.latest_checkpoint(run.checkpoints)
    if saved is None:
        raise TrainingError(f"{run.name} has no completed epoch yet: resume the run.")
    model = find_architecture(config.architecture).build(config.input)
    if config.folds:
        checkpoint.restore_checkpoint(training_view(model), saved[0])
    else:
        training_view(model).load_weights(saved[0] / checkpoint.BEST_WEIGHTS)
    return model


def _train_phase(
    model: keras.Model,
    run: Run,
    data: TrainingData,
    config: TrainingConfig,
    epochs: range,
    resumed: Path | None,
    callbacks: Sequence[keras.callbacks.Callback],
    head_only: bool,
) -> None:
    """Train a range of epochs with one optimizer."""
    if not epochs:
        return
    train = data.batches("train", config, epoch=epochs.start)
    compiled = compile_model(model, config, len(train), head_only)
    early = plateau = None
    if not head_only and not config.folds:
        early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=config.patience)
        if config.schedule == PLATEAU:
            plateau = keras.callbacks.ReduceLROnPlateau(
                monitor="val_loss", factor=0.3, patience=max(1, config.patience // 2), min_lr=1e-6
            )
    create_variables(compiled, train[0])
    if resumed is not None:
        checkpoint.restore_checkpoint(compiled, resumed)
    all_callbacks = [
        keras.callbacks.TerminateOnNaN(),
        *(callback for callback in (early, plateau) if callback is not None),
        Checkpoint(run.checkpoints, early, plateau, resumed),
        TrainingProgressCallback(
            run, config.epochs, epochs.start, len(train), train.images_per_epoch, config.batch
        ),
        *callbacks,
    ]
    history = compiled.fit(
        train,
        validation_data=data.batches("val", config),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        shuffle=False,
        verbose=0,
        callbacks=all_callbacks,
    )
    if not all(math.isfinite(loss) for loss in history.history.get("loss", [])):
        raise TrainingError(
            f"The loss diverged in epoch {len(history.epoch)}: start a new run with a learning rate below "
            f"{config.learning_rate:g}."
        )


def compile_model(model: keras.Model, config: TrainingConfig, steps: int, head_only: bool) -> keras.Model:
    """Compile a network for a training phase and set which layers are trainable.

    Args:
        model: Network of the zoo.
        config: Settings of the run.
        steps: Steps per epoch.
        head_only: Whether only the head is trained.

    Returns:
        The compiled view that ends at the outputs of the loss.

    Raises:
        TrainingError: The network has no layer of the name in `freeze_before`.
    """
    _set_trainable(model, config, head_only)
    # The loss on the logit stays exact where the sigmoid saturates.
    compiled = training_view(model)
    metrics = [
        keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),
        keras.metrics.AUC(from_logits=True, name="auc"),
    ]
    has_map = FRACTURE_MAP_LAYER in compiled.output_names
    compiled.compile(
        optimizer=keras.optimizers.Adam(_HEAD_LEARNING_RATE if head_only else _learning_rate(config, steps)),
        loss={LOGIT_LAYER: _label_loss(), FRACTURE_MAP_LAYER: MapLoss()} if has_map else _label_loss(),
        loss_weights={LOGIT_LAYER: 1.0, FRACTURE_MAP_LAYER: config.box_weight} if has_map else None,
        metrics={LOGIT_LAYER: metrics} if has_map else metrics,
    )
    return compiled


def create_variables(compiled: keras.Model, batch: tuple[Any, Any, Any]) -> None:
    """Create the variables of optimizer, losses and metrics before the first step.

    TensorFlow traces a step that creates variables twice, which takes seconds.

    Args:
        compiled: Result of `compile_model`.
        batch: A batch of `Batches`, of which one image is used.
    """
    inputs, targets, weights = keras.tree.map_structure(lambda values: values[:1], batch)
    outputs = compiled(inputs, training=False)
    compiled.compute_loss(inputs, targets, outputs, weights)
    compiled.compute_metrics(inputs, targets, outputs, weights)
    compiled.reset_metrics()
    compiled.optimizer.build(compiled.trainable_variables)


def _learning_rate(
    config: TrainingConfig, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate or schedule of the whole network."""
    if config.schedule != COSINE:
        return config.learning_rate
    epochs = config.epochs - config.head_epochs
    return keras.optimizers.schedules.CosineDecay(config.learning_rate, steps * epochs)


def _label_loss() -> keras.losses.Loss:
    return keras.losses.BinaryCrossentropy(from_logits=True)


def _set_trainable(model: keras.Model, config: TrainingConfig, head_only: bool) -> None:
    """Set which layers are trainable in a phase."""
    names = [layer.name for layer in model.layers]
    if config.freeze_before and config.freeze_before not in names:
        raise TrainingError(
            f"{config.architecture} has no {config.freeze_before!r} layer to freeze before: choose one of its layers, "
            "or none."
        )
    first = names.index(config.freeze_before) if config.freeze_before else 0
    for number, layer in enumerate(model.layers):
        # Pretrained batch statistics are kept: those of few images would not match the pretrained weights.
        is_frozen = bool(config.backbone_weights) and isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = is_head_layer(layer.name) if head_only else number >= first and not is_frozen
