"""Results of the trust tests of a model's heatmap methods.

This module imports no TensorFlow, so that cards and pages can use it.

Sources: N. Arun et al., Radiol. Artif. Intell. 3(6), 2021; J. Adebayo et al., arXiv:1810.03292.
"""

from dataclasses import dataclass

from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval
from fracture_core.explain.methods import FRACTURE_MAP, GRAD_CAM, HEATMAP_METHODS
from fracture_core.io.json_record import Count, JsonRecord

#: Minimum mean rank correlation with the heatmap of a slightly changed image.
MIN_STABILITY = 0.8

#: Small changes of an image that a heatmap has to withstand, by name.
IMAGE_CHANGES = {"shift": "shift by 2 pixels", "jpeg": "JPEG quality 80", "window": "5% more contrast"}

#: Titles of the tests, in the order in which they are reported.
TEST_TITLES = {
    "localisation": "Localisation",
    "faithfulness": "Deletion and insertion",
    "randomisation": "Random weights",
    "repeatability": "Repeatability",
    "stability": "Stability",
}

#: What each test asks, in one sentence.
TEST_QUESTIONS = {
    "localisation": "Does it mark fractures better than the best simple baseline (centre, brightness, edges, random)?",
    "faithfulness": "Does deleting its strongest areas lower the probability, and inserting them raise it, more than a "
    "random order?",
    "randomisation": "Does it change when the weights become random, at least as much as between different images?",
    "repeatability": "Is it more alike between two trainings than between different images?",
    "stability": "Does it stay the same under small changes of the image?",
}


@dataclass(frozen=True)
class Similarity(JsonRecord):
    """Mean similarity of pairs of heatmaps.

    Attributes:
        rank: Spearman's rank correlation, −1 to 1.
        ssim: structural similarity, −1 to 1.
    """

    rank: Interval
    ssim: Interval


@dataclass(frozen=True)
class LocalisationRecord(JsonRecord):
    """Localisation over all images; see `localisation.Localisation`.

    Attributes:
        pointing: share of images whose strongest pixel lies in a marked fracture.
        precision: mean average precision of the pixels.
        mass: mean share of the heatmap in marked fractures.
    """

    pointing: Interval
    precision: Interval
    mass: Interval


@dataclass(frozen=True)
class MethodTrust(JsonRecord):
    """Results of one heatmap method.

    Attributes:
        marked: localisation of fractures that radiologists marked.
        gain: average precision minus that of the best baseline on the same images.
        phantoms: localisation of fractures of known extent in synthetic radiographs.
        deletion: fall of the probability while its strongest areas are deleted, beyond that of a random order.
        insertion: rise of the probability while its strongest areas are inserted, beyond that of a random order.
        randomised: similarity with the heatmap of networks with more and more random weights; one entry per step of
            `randomisation_steps.RANDOMISED_SHARES`, in their order.
        between_images: similarity of the heatmaps of different images, the reference of two tests.
        changed: similarity with the heatmap of a slightly changed image, by a name of `IMAGE_CHANGES`.
        second_training: similarity with the heatmap of another training; None without one.
    """

    marked: LocalisationRecord
    gain: Interval
    phantoms: LocalisationRecord
    deletion: Interval
    insertion: Interval
    randomised: list[Similarity]
    between_images: Similarity
    changed: dict[str, Similarity]
    second_training: Similarity | None = None

    def __post_init__(self) -> None:
        if not self.randomised or self.changed.keys() != IMAGE_CHANGES.keys():
            raise DataError("randomised and changed: results of trust tests are missing")

    @property
    def results(self) -> dict[str, bool | None]:
        """Whether each test of `TEST_TITLES` is passed; None if it was not made."""
        last = self.randomised[-1]
        return {
            "localisation": self.gain.low > 0,
            "faithfulness": self.deletion.low > 0 and self.insertion.low > 0,
            # Without evidence anywhere, a network with random weights gives another heatmap, not the same one.
            "randomisation": not (
                last.ssim.value > self.between_images.ssim.value
                or last.rank.value > self.between_images.rank.value
            ),
            "repeatability": None
            if self.second_training is None
            else self.second_training.rank.low > self.between_images.rank.value,
            "stability": all(same.rank.value >= MIN_STABILITY for same in self.changed.values()),
        }

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the tests that are not passed, in the order of `TEST_TITLES`."""
        return tuple(name for name, passed in self.results.items() if passed is False)


@dataclass(frozen=True)
class HeatmapTrust(JsonRecord):
    """Results of the trust tests of all heatmap methods of one model.

    Attributes:
        split: split whose fractured images were used.
        images: images with marked fractures.
        methods: results by method.
        baselines: localisation of heatmaps that know nothing about fractures, by a name of `localisation.BASELINES`.
        agreement: mean rank correlation of each pair of methods, named “first|second”.
        second_model: model of the other training; "" without one.
    """

    split: str
    images: Count
    methods: dict[str, MethodTrust]
    baselines: dict[str, LocalisationRecord]
    agreement: dict[str, Interval]
    second_model: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(self.methods.keys() - HEATMAP_METHODS.keys())
        if unknown or not self.methods:
            raise DataError(f"methods: must name heatmap methods, but has {unknown or 'none'}")

    @property
    def best(self) -> str:
        """The method that fails the fewest tests and, among those, localises best by average precision."""
        return min(
            self.methods,
            key=lambda name: (len(self.methods[name].failed), -self.methods[name].marked.precision.value),
        )

    def failed(self, method: str) -> tuple[str, ...]:
        """Return the tests that a method does not pass; none for a method that was not tested."""
        found = self.methods.get(method)
        return found.failed if found else ()

    def lines(self) -> list[str]:
        """Return the results as lines of text."""
        lines = [f"{self.images:,} images with annotated fractures, {self.split} split"]
        for name, baseline in self.baselines.items():
            lines.append(f"baseline {name}: {_localisation_text(baseline)}")
        for name, method in self.methods.items():
            lines += [f"{HEATMAP_METHODS[name].title}: {failed_text(method.failed)}", *_method_lines(method)]
        lines.append(f"default: {HEATMAP_METHODS[self.best].title}")
        return lines


def default_method(trust: HeatmapTrust | None, available: tuple[str, ...]) -> str:
    """Return the heatmap method that is shown first.

    Args:
        trust: results of the trust tests; None if they were not made.
        available: methods that can be chosen, at least one.

    Returns:
        The best of the tested methods; without tests the fracture map, because it was trained on marked fractures, else
        Grad-CAM.
    """
    best = trust.best if trust else FRACTURE_MAP.name
    return next(name for name in (best, GRAD_CAM.name, available[0]) if name in available)


def failed_text(failed: tuple[str, ...]) -> str:
    """Return which tests a method does not pass, as words.

    Example:
        >>> failed_text(("localisation", "stability"))
        'fails localisation, stability'
    """
    if not failed:
        return "passes all tests"
    return "fails " + ", ".join(TEST_TITLES[name].lower() for name in failed)


def _method_lines(method: MethodTrust) -> list[str]:
    lines = [
        f"  marked fractures: {_localisation_text(method.marked)}; gain over the best baseline {method.gain.text()}",
        f"  synthetic fractures: {_localisation_text(method.phantoms)}",
        f"  deletion {method.deletion.text()}, insertion {method.insertion.text()} beyond a random order",
        f"  all weights random: {_similarity_text(method.randomised[-1])}",
        f"  different images: {_similarity_text(method.between_images)}",
    ]
    lines += [f"  {IMAGE_CHANGES[name]}: {_similarity_text(same)}" for name, same in method.changed.items()]
    if method.second_training is not None:
        lines.append(f"  second training: {_similarity_text(method.second_training)}")
    return lines


def _localisation_text(record: LocalisationRecord) -> str:
    return (
        f"pointing {record.pointing.text()}, average precision {record.precision.text()}, "
        f"mass {record.mass.text()}"
    )


def _similarity_text(similarity: Similarity) -> str:
    return f"rank correlation {similarity.rank.text()}, SSIM {similarity.ssim.text()}"
