"""Test-time augmentation: mirrored images, and larger inputs than in training.

python -m benchmarks.test_time DIR [--sizes 384 448 512]

Only validation images are used. Reported are the AUC with its interval clustered by group, and how often the strongest
cell of the fracture map is in a bounding box. Larger test inputs follow Touvron et al. 2019 (arXiv:1906.06423).
"""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fracture_core import paths
from fracture_core.runs.config import TrainingConfig
from fracture_core.zoo.quiet_keras import load_keras

if TYPE_CHECKING:
    from fracture_core.training.training_data import TrainingData


def main() -> None:
    """Print a row for each size, plain and averaged with the mirror image."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DIR")
    parser.add_argument("--model", default="mobilenet_v2_map-fracatlas")
    parser.add_argument("--sizes", type=int, nargs="+", default=[384, 448, 512])
    args = parser.parse_args()
    load_keras()
    import keras

    from fracture_core.evaluation import summarise
    from fracture_core.imaging import normalise_canvas
    from fracture_core.registry.store import ModelStore
    from fracture_core.training.training_data import TrainingData
    from fracture_core.zoo import find_architecture
    from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

    card, shipped = ModelStore(paths.models_dir()).load(args.model)
    architecture = find_architecture(card.architecture)
    config = TrainingConfig.from_dict(card.training | {"data": args.data})
    print(f"{args.model}, validation split")
    for size in args.sizes:
        data = TrainingData.load(
            TrainingConfig.from_dict(asdict(config) | {"size": size}), paths.runs_dir() / ".cache"
        )
        model = architecture.build(data.spec)
        model.set_weights(shipped.get_weights())
        both = keras.Model(
            model.input, [model.get_layer(LOGIT_LAYER).output, model.get_layer(FRACTURE_MAP_LAYER).output]
        )
        val = data.indices_of("val")
        labels = data.labels(val)
        groups = [data.cases[at].group for at in val]
        scores, maps = [], []
        for at in val:
            pixels = normalise_canvas(data.canvases[data.rows[at]][None], data.spec)
            logit, cells = both.predict_on_batch(np.concatenate([pixels, pixels[:, :, ::-1]]))
            scores.append(logit[:, 0])
            maps.append(np.stack([cells[0, ..., 0], cells[1, :, ::-1, 0]]))
        for name, part in (("plain", slice(0, 1)), ("and mirrored", slice(0, 2))):
            mean = np.array([score[part].mean() for score in scores])
            auc = summarise(labels, 1 / (1 + np.exp(-mean)), groups, 0.5).auc
            hits = [
                _peak_in_box(data, at, both_maps[part].mean(axis=0), architecture.map_stride)
                for at, both_maps in zip(val, maps, strict=True)
                if data.cases[at].boxes
            ]
            print(f"{size} px, {name:<13} AUC {auc.text()}, pointing {np.mean(hits):.2f} of {len(hits)}")


def _peak_in_box(data: "TrainingData", row: int, cells: NDArray[np.float32], stride: int) -> bool:
    """Return whether the strongest cell of the map is in a bounding box."""
    y, x = np.unravel_index(cells.argmax(), cells.shape)
    height, width = data.transform(row).source
    corners = np.array(data.cases[row].boxes).reshape(-1, 2, 2) * (width, height)
    boxes = data.transform(row).to_canvas(corners).reshape(-1, 4)
    point = (np.array([x, y]) + 0.5) * stride
    return bool(((boxes[:, :2] <= point) & (point <= boxes[:, 2:])).all(axis=1).any())


if __name__ == "__main__":
    main()
