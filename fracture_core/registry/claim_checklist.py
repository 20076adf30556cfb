"""The CLAIM checklist of a model, filled from its model card.

Source: J. Mongan, L. Moy and C. E. Kahn, "Checklist for Artificial Intelligence in Medical Imaging (CLAIM)", Radiology:
Artificial Intelligence 2, 2020, doi:10.1148/ryai.2020200029. Items are numbered as in the checklist. What the card does
not contain is stated as unknown.
"""

from typing import Any

from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import finding_with_article


def claim_checklist(card: ModelCard) -> str:
    """Fill the CLAIM checklist of a model.

    Args:
        card: The model card.

    Returns:
        A Markdown table with the 42 items.
    """
    rows = [f"| {number} | {item} | {answer} |" for number, (item, answer) in enumerate(_items(card), 1)]
    return "\n".join(["| No. | Item | Answer |", "|---|---|---|", *rows])


def _items(card: ModelCard) -> list[tuple[str, str]]:
    training = card.training
    dataset = card.data.name if card.data else "Unknown"
    counts = card.data.counts if card.data else {}
    total = sum(sum(row) for row in counts.values())
    checked = card.data is not None and card.data.checked
    return [
        (
            "Identification as a study of AI methodology",
            f"{card.title}; a convolutional neural network for radiographs",
        ),
        ("Structured summary", "This file"),
        (
            "Scientific and clinical background, intended use and clinical role",
            "Second opinion on radiographs of the limbs; see *Intended use*",
        ),
        (
            "Study objectives and hypotheses",
            f"Performance in the detection of {finding_with_article(card.finding)}; no hypothesis was tested",
        ),
        ("Prospective or retrospective study", "Retrospective"),
        ("Study goal", "Model development and test on a held-out part of one dataset"),
        ("Data sources", dataset),
        ("Eligibility criteria", "All readable images of the dataset; see its publication"),
        (
            "Data preprocessing",
            "Grey levels scaled to 0–1 by VOI LUT or bit depth, letterboxed to "
            f"{card.input.height} × {card.input.width} px, scaling *{card.input.scaling}*; the same function for "
            "training and prediction",
        ),
        ("Selection of data subsets", "None"),
        ("Definition of data elements", f"Label 1 is *{card.finding}*; labels as given by the dataset"),
        ("De-identification", "By the publishers of the dataset; not checked further"),
        (
            "Handling of missing data",
            "Unreadable images are excluded; images of unknown region are not counted for any region",
        ),
        ("Definition of the reference standard", "Labels as published with the dataset"),
        ("Rationale for the reference standard", "No other labels are available"),
        ("Source of annotations, qualification of annotators", "See the publication of the dataset"),
        ("Annotation tools", "See the publication of the dataset"),
        (
            "Inter- and intrarater variability",
            "Not published with the labels; the audit lists duplicates with contradictory labels",
        ),
        ("Intended sample size", f"All images: {total:,}; no power analysis" if total else "Unknown"),
        ("Assignment of data to partitions", card.data.split_rule if card.data else "Unknown"),
        (
            "Level at which partitions are disjoint",
            "Groups and duplicate images, including rotated and mirrored copies"
            if checked
            else "Not ensured or not checked",
        ),
        (
            "Description of the model",
            f"`{card.architecture}`, heatmap at the layer `{card.heatmap_layer}`; see `fracture_core/zoo`",
        ),
        ("Software", "TensorFlow, Keras 3, tf-keras-vis; versions in `requirements.txt`"),
        ("Initialisation of model parameters", _initialisation(training)),
        ("Training approach", f"`{card.command}`" if card.command else "Unknown"),
        ("Selection of the final model", _selection(training)),
        ("Ensembling", _ensembling(training)),
        (
            "Performance metrics",
            "AUC, sensitivity, specificity, predictive values, calibration, pointing game",
        ),
        (
            "Statistical significance and uncertainty",
            "95% confidence intervals clustered by group (Obuchowski for the AUC, Rao–Scott for proportions, cluster "
            "bootstrap for other metrics)",
        ),
        (
            "Robustness or sensitivity analysis",
            "Performance by region; not by age, sex, device or hospital, which are unknown",
        ),
        (
            "Explainability",
            "Grad-CAM, compared with annotated fractures" if card.test_pointing else "Grad-CAM",
        ),
        ("Validation or test on external data", "Not part of this card"),
        ("Flow of cases", _flow(card)),
        ("Demographic and clinical characteristics", "Not published with the dataset"),
        (
            "Performance on all partitions",
            "Validation and test: see *Quantitative analyses*; training: not reported",
        ),
        ("Diagnostic accuracy and precision", _accuracy(card)),
        (
            "Failure analysis",
            "The *Failures* page of the app shows all misclassified test images listed in `predictions.csv`",
        ),
        ("Limitations", "See *Caveats and recommendations*"),
        ("Implications for practice", "See *Intended use*"),
        ("Registration", "None"),
        (
            "Study protocol",
            "The training command and `docs/` of the source code" if card.command else "Unknown",
        ),
        ("Funding", "None"),
    ]


def _initialisation(training: dict[str, Any]) -> str:
    if not training:
        return "Unknown"
    if "members" in training:
        return "See the members of the ensemble"
    weights = training.get("backbone_weights")
    return (
        f"Backbone from `{weights}`, other layers random"
        if weights
        else f"Random, seed {training.get('seed', 0)}"
    )


def _selection(training: dict[str, Any]) -> str:
    if not training:
        return "Unknown"
    if "members" in training:
        return "See the members of the ensemble"
    return "Epoch with the lowest validation loss"


def _ensembling(training: dict[str, Any]) -> str:
    members = training.get("members")
    return f"Mean of the calibrated probabilities of {', '.join(members)}" if members else "None"


def _flow(card: ModelCard) -> str:
    if card.data is None:
        return "Unknown"
    return "; ".join(
        f"{split}: {row[0]:,} without and {row[1]:,} with {finding_with_article(card.finding)}"
        for split, row in card.data.counts.items()
    )


def _accuracy(card: ModelCard) -> str:
    if card.test is None:
        return "Not measured"
    return (
        f"AUC {card.test.auc.text()}, sensitivity {card.test.sensitivity.text()}, specificity "
        f"{card.test.specificity.text()}"
    )
