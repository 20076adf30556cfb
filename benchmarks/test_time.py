"""Whether the shipped network reads better when it sees a film mirrored as well, or larger than it was trained on.

python -m benchmarks.test_time DIR [--sizes 384 448 512]

Asked of the validation films alone: AUC with its interval clustered by group, and how often the strongest cell of the
fracture map lies in a marked fracture. Larger films at test time are after Touvron et al. 2019 (arXiv:1906.06423).
"""

import argparse
from dataclasses import replace

import numpy as np

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.runs.config import TrainingConfig


def main() -> None:
    """Prints a row for each size, plain and averaged with the mirror image."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DIR")
    parser.add_argument("--model", default="mobilenet_v2_map-fracatlas")
    parser.add_argument("--sizes", type=int, nargs="+", default=[384, 448, 512])
    chosen = parser.parse_args()
    load_keras()
    import keras

    from fracture_core.evaluation import summarise
    from fracture_core.imaging import normalise_canvas
    from fracture_core.registry.store import ModelStore
    from fracture_core.training.training_data import TrainingData
    from fracture_core.zoo import find_architecture
    from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER

    card, shipped = ModelStore(paths.models_dir()).load(chosen.model)
    row = find_architecture(card.architecture)
    config = TrainingConfig.from_dict(card.training | {"data": chosen.data})
    print(f"{chosen.model}, validation split")
    for size in chosen.sizes:
        films = TrainingData.load(replace(config, size=size), paths.runs_dir() / ".cache")
        model = row.build(films.spec)
        model.set_weights(shipped.get_weights())
        both = keras.Model(
            model.input, [model.get_layer(LOGIT_LAYER).output, model.get_layer(FRACTURE_MAP_LAYER).output]
        )
        val = films.indices_of("val")
        labels = films.labels(val)
        groups = [films.cases[at].group for at in val]
        scores, maps = [], []
        for at in val:
            pixels = normalise_canvas(films.canvases[films.rows[at]][None], films.spec)
            logit, cells = both.predict_on_batch(np.concatenate([pixels, pixels[:, :, ::-1]]))
            scores.append(logit[:, 0])
            maps.append(np.stack([cells[0, ..., 0], cells[1, :, ::-1, 0]]))
        for name, part in (("plain", slice(0, 1)), ("and mirrored", slice(0, 2))):
            mean = np.array([score[part].mean() for score in scores])
            auc = summarise(labels, 1 / (1 + np.exp(-mean)), groups, 0.5).auc
            hits = [
                _inside(films, at, both_maps[part].mean(axis=0), row.map_stride)
                for at, both_maps in zip(val, maps, strict=True)
                if films.cases[at].boxes
            ]
            print(f"{size} px, {name:<13} AUC {auc.text()}, pointing {np.mean(hits):.2f} of {len(hits)}")


def _inside(films, at: int, cells: np.ndarray, stride: int) -> bool:
    y, x = np.unravel_index(cells.argmax(), cells.shape)
    height, width = films.transform(at).source
    corners = np.array(films.cases[at].boxes).reshape(-1, 2, 2) * (width, height)
    boxes = films.transform(at).to_canvas(corners).reshape(-1, 4)
    point = (np.array([x, y]) + 0.5) * stride
    return bool(((boxes[:, :2] <= point) & (point <= boxes[:, 2:])).all(axis=1).any())


if __name__ == "__main__":
    main()
