"""Training: from a config to best weights, epoch by epoch, stoppable and resumable."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras

from fracture_core.errors import TrainingError
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training import checkpoint
from fracture_core.training.checkpoint import Checkpoint
from fracture_core.training.map_loss import MapLoss
from fracture_core.training.progress_callback import TrainingProgressCallback
from fracture_core.training.standardise import standardise
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import COSINE, FRACTURE_MAP_LAYER, LOGIT_LAYER, PLATEAU
from fracture_core.zoo.backbone import load_backbone
from fracture_core.zoo.head import is_head_layer
from fracture_core.zoo.model_views import training_view

# A fresh head on frozen features learns fast and cannot harm them.
_HEAD_RATE = 1e-3


def fit(
    run: Run, films: TrainingData, config: TrainingConfig, watchers: Sequence[keras.callbacks.Callback] = ()
) -> keras.Model:
    """Trains until the epochs are done or the validation loss has stopped falling.

    Continues from the run's last checkpoint where there is one; the films of each epoch, their
    order and variations, the optimizer, the random states of the layers and the patience are then
    what they would have been without the break.

    Args:
        run: where progress and checkpoints go.
        films: the data.
        config: the settings.
        watchers: callbacks beside those of its own; they come last, when an epoch is kept and reported.

    Returns:
        The network with the weights of the epoch with the lowest validation loss; in a cross-validation those of the
        last epoch, because the held-out films must not choose.

    Raises:
        TrainingError: the loss is no longer a number.
        StopRequested: somebody asked the run to stop.
    """
    keras.utils.set_random_seed(config.seed)
    row = find_architecture(config.architecture)
    model = row.build(config.input)
    saved = checkpoint.latest_checkpoint(run.checkpoints)
    if saved is None and config.backbone_weights:
        load_backbone(model, row, config.input, config.backbone_weights)
    if saved is None:
        standardise(model, films)
    start = saved[1] if saved else 0
    resumed = saved[0] if saved else None
    if start < config.head_epochs:
        _phase(model, run, films, config, range(start, config.head_epochs), resumed, watchers, head_only=True)
        start, resumed = config.head_epochs, None
    elif start == config.head_epochs and resumed is not None:
        # The head's phase was complete: its weights count, its optimizer does not fit the next phase.
        checkpoint.restore_checkpoint(training_view(model), resumed)
        resumed = None
    if resumed is None or config.folds or not checkpoint.is_patience_spent(resumed, config.patience):
        _phase(model, run, films, config, range(start, config.epochs), resumed, watchers, head_only=False)
    return load_best_model(run, config)


def load_best_model(run: Run, config: TrainingConfig) -> keras.Model:
    """The network with the best weights so far; in a cross-validation those of the last epoch.

    Raises:
        TrainingError: no epoch was completed.
    """
    saved = checkpoint.latest_checkpoint(run.checkpoints)
    if saved is None:
        raise TrainingError(
            f"Expected at least one completed epoch in {run.name}, but there is none: resume it."
        )
    model = find_architecture(config.architecture).build(config.input)
    if config.folds:
        checkpoint.restore_checkpoint(training_view(model), saved[0])
    else:
        training_view(model).load_weights(saved[0] / checkpoint.BEST_WEIGHTS)
    return model


def _phase(
    model: keras.Model,
    run: Run,
    films: TrainingData,
    config: TrainingConfig,
    epochs: range,
    resumed: Path | None,
    watchers: Sequence[keras.callbacks.Callback],
    head_only: bool,
) -> None:
    """Trains some epochs with one optimizer."""
    if not epochs:
        return
    train = films.batches("train", config, epoch=epochs.start)
    trained = compile_model(model, config, len(train), head_only)
    early = plateau = None
    if not head_only and not config.folds:
        early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=config.patience)
        if config.schedule == PLATEAU:
            plateau = keras.callbacks.ReduceLROnPlateau(
                monitor="val_loss", factor=0.3, patience=max(1, config.patience // 2), min_lr=1e-6
            )
    if resumed is not None:
        checkpoint.restore_checkpoint(trained, resumed)
    callbacks = [
        keras.callbacks.TerminateOnNaN(),
        *(callback for callback in (early, plateau) if callback is not None),
        Checkpoint(run.checkpoints, early, plateau, resumed),
        TrainingProgressCallback(
            run, config.epochs, epochs.start, len(train), train.images_per_epoch, config.batch
        ),
        *watchers,
    ]
    history = trained.fit(
        train,
        validation_data=films.batches("val", config),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    if not all(math.isfinite(loss) for loss in history.history.get("loss", [])):
        raise TrainingError(
            f"Expected a falling loss, but it is no longer a number after epoch {len(history.epoch)}: start again "
            f"with a learning rate below {config.learning_rate:g}."
        )


def compile_model(model: keras.Model, config: TrainingConfig, steps: int, head_only: bool) -> keras.Model:
    """What is trained of a network: its layers freed for a phase, with optimizer, loss and metrics.

    Args:
        model: the network.
        config: the settings.
        steps: of an epoch.
        head_only: whether only the new head learns in this phase.

    Raises:
        TrainingError: it has no layer of the name to freeze before.
    """
    _set_trainable(model, config, head_only)
    # The loss is taken on the logit: it stays exact where the sigmoid saturates.
    trained = training_view(model)
    metrics = [
        keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),
        keras.metrics.AUC(from_logits=True, name="auc"),
    ]
    mapped = FRACTURE_MAP_LAYER in trained.output_names
    trained.compile(
        optimizer=keras.optimizers.Adam(_HEAD_RATE if head_only else _rate(config, steps)),
        loss={LOGIT_LAYER: _label_loss(), FRACTURE_MAP_LAYER: MapLoss()} if mapped else _label_loss(),
        loss_weights={LOGIT_LAYER: 1.0, FRACTURE_MAP_LAYER: config.box_weight} if mapped else None,
        metrics={LOGIT_LAYER: metrics} if mapped else metrics,
    )
    return trained


def _rate(config: TrainingConfig, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of the whole network, over epochs of so many steps."""
    if config.schedule != COSINE:
        return config.learning_rate
    epochs = config.epochs - config.head_epochs
    return keras.optimizers.schedules.CosineDecay(config.learning_rate, steps * epochs)


def _label_loss() -> keras.losses.Loss:
    return keras.losses.BinaryCrossentropy(from_logits=True)


def _set_trainable(model: keras.Model, config: TrainingConfig, head_only: bool) -> None:
    """Lets the layers learn that this phase trains."""
    names = [layer.name for layer in model.layers]
    if config.freeze_before and config.freeze_before not in names:
        raise TrainingError(
            f"Expected a layer of {config.architecture} to freeze before, but it has no {config.freeze_before!r}: "
            "name one of its layers, or none."
        )
    first = names.index(config.freeze_before) if config.freeze_before else 0
    for number, layer in enumerate(model.layers):
        # Pretrained batch statistics stay: those of a few films would undo what the weights rely on.
        kept = bool(config.backbone_weights) and isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = is_head_layer(layer.name) if head_only else number >= first and not kept
