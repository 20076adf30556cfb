"""Renders a model card as Markdown, the README of a model's folder.

The sections follow M. Mitchell et al., "Model Cards for Model Reporting", 2019, arXiv:1810.03993. The CLAIM checklist
is appended.
"""

from collections.abc import Iterable
from math import isfinite

from fracture_core.evaluation import Interval, Summary, VerdictCoverage
from fracture_core.explain.methods import HEATMAP_METHODS
from fracture_core.explain.trust_record import failed_text
from fracture_core.registry.card import ModelCard
from fracture_core.registry.claim_checklist import claim_checklist
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

#: File name in a model's folder.
README_NAME = "README.md"

_VERDICTS = (Verdict.SUSPECTED, Verdict.UNCERTAIN, Verdict.NOT_SEEN)


def render_readme(card: ModelCard) -> str:
    """Render a model card as Markdown.

    Args:
        card: The model card; all numbers come from it.

    Returns:
        The text of the README.
    """
    finding = finding_with_article(card.finding)
    parts = [
        f"# {card.title}",
        f"`{card.id}`. This file is generated from `card.json`. Unless stated otherwise, results are those on the test "
        "split, with 95% confidence intervals clustered by group.",
        "## Model details",
        _list(_details(card)),
        "## Intended use",
        "A second opinion on radiographs of the limbs, for people who read radiographs. The model reports whether it "
        f"suspects {finding}, a probability, and a heatmap. It is research software, not a medical device. Do not use "
        f"it to rule out {finding} without a reader. Do not use it for body regions, age groups or types of radiograph "
        "that are not in its training data.",
        "## Factors",
        _regions(card),
        "## Metrics",
        _metrics(card),
        "## Training and evaluation data",
        _data(card),
        "## Quantitative analyses",
        _results(card),
        "## Ethical considerations",
        "The dataset does not record age, sex, origin or the imaging site. Differences in performance between such "
        "groups are therefore unknown. A missed fracture harms the patient; a false alarm costs an unnecessary "
        "examination. The three verdicts leave the decision to the reader.",
        "## Caveats and recommendations",
        _list(card.limits),
        f"Train the model again: `{card.command}`" if card.command else "",
        f"Verify this copy: `python -m fracture_core models verify {card.id}`",
        "## CLAIM checklist",
        claim_checklist(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metrics(card: ModelCard) -> str:
    thresholds = card.thresholds
    # Thresholds of loaded weights were not chosen on images and have no targets.
    chosen = isfinite(thresholds.sensitivity_target)
    youden = (
        ", which maximises the Youden index on the validation split between the thresholds of the verdicts"
    )
    sensitivity = f" (target sensitivity on the validation split: {thresholds.sensitivity_target:g})"
    specificity = f" (target specificity on the validation split: {thresholds.specificity_target:g})"
    verdicts = [
        f"Probability below {thresholds.low:.3f}: “{verdict_text(Verdict.NOT_SEEN, card.finding)}”"
        f"{sensitivity if chosen else ''}.",
        f"Probability from {thresholds.high:.3f}: “{verdict_text(Verdict.SUSPECTED, card.finding)}”"
        f"{specificity if chosen else ''}.",
        f"Between them: “{verdict_text(Verdict.UNCERTAIN, card.finding)}”.",
    ]
    return (
        "AUC and expected calibration error (ECE) over ten bins. Sensitivity, specificity, predictive values and "
        f"accuracy are measured at the threshold {thresholds.balanced:.3f}{youden if chosen else ''}.\n\n"
        f"{_list(verdicts)}"
    )


def _details(card: ModelCard) -> list[str]:
    details = [
        f"Architecture: `{card.architecture}`, input {card.input.height} × {card.input.width} × {card.input.channels}, "
        f"scaling *{card.input.scaling}*.",
        f"Output: probability of {finding_with_article(card.finding)} after Platt scaling (slope "
        f"{card.calibration.slope:.3f}, intercept {card.calibration.intercept:.3f}"
        f"{', fitted on the validation split' if card.validation else ''}).",
        f"Created: {card.created[:10]}.",
        f"Weights: `{card.weights.file}`, {card.weights.bytes / 1e6:.1f} MB, SHA-256 `{card.weights.sha256}`.",
    ]
    if card.loaded:
        details.append(f"Loaded from: `{card.loaded.file}`, SHA-256 `{card.loaded.sha256}`.")
    if card.heads:
        details.append(
            "Auxiliary heads (body region, out-of-distribution, radiograph or not): "
            f"`{card.heads.file}`, SHA-256 `{card.heads.sha256}`."
        )
    details.append(
        f"Heatmap: Grad-CAM at the layer `{card.heatmap_layer}` for the logit of *{card.finding}*."
    )
    if card.data:
        details.append(
            f"Licence: that of the training data, {card.data.licence}; attribution: {card.data.name}."
        )
    return details


def _regions(card: ModelCard) -> str:
    if not card.test_regions:
        return "The dataset does not record the body region."
    rows = [["Region", "Images", f"With {card.finding}", "AUC", "Sensitivity", "Specificity"]]
    for region, summary in card.test_regions.items():
        intervals = (summary.auc, summary.sensitivity, summary.specificity)
        rows.append([region, f"{summary.n:,}", f"{summary.positives:,}", *map(_short, intervals)])
    return _table(rows)


def _data(card: ModelCard) -> str:
    if card.data is None:
        return "Unknown: the weights were loaded from a file."
    counts = [["Split", f"Without {card.finding}", f"With {card.finding}"]]
    counts += [[split, f"{row[0]:,}", f"{row[1]:,}"] for split, row in card.data.counts.items()]
    return (
        f"{card.data.name}, {card.data.licence}. Split: {card.data.split_rule}; SHA-256 of the split "
        f"`{card.data.split_hash}`.\n\n"
        f"{_table(counts)}"
    )


def _results(card: ModelCard) -> str:
    if card.test is None:
        return "The model has not been evaluated."
    parts = [_summaries(card.validation, card.test)]
    if card.external_tests:
        parts.append("Other datasets, at the same thresholds and with the same calibration:")
        parts.append(_external_tests(card))
    if card.test_pointing:
        parts.append(
            "Pointing game: share of test images with annotated fractures whose heatmap peak is inside a bounding box: "
            f"{_short(card.test_pointing)} of {card.test_pointing.n:,}."
        )
    if card.test_findings:
        parts.append(
            "Boxes of the findings; a box is right if its centre lies in a marked fracture unless stated:"
        )
        parts.append(_list(card.test_findings.lines()))
    if card.heatmap_trust:
        parts.append("Trust tests of the heatmap methods, on the validation split:")
        parts.append(
            _list(
                [
                    f"{HEATMAP_METHODS[name].title}: {failed_text(method.failed)}; average precision "
                    f"{method.marked.precision.text()}"
                    for name, method in card.heatmap_trust.methods.items()
                ]
            )
        )
    if card.test_coverage:
        parts.append("Coverage of the verdicts: share of images, and share of these with the finding.")
        parts.append(_coverage(card))
    if card.heads_record:
        record = card.heads_record
        lines = [
            f"Test images that pass without a warning: {_short(record.passed)}.",
            f"Test images that are rejected: {_short(record.refused)}.",
        ]
        if record.region:
            by_region = ", ".join(f"{name} {_short(interval)}" for name, interval in record.by_region.items())
            lines.insert(
                0,
                f"Accuracy of the body region, on images of one region: {_short(record.region)}"
                f"{f' ({by_region})' if by_region else ''}.",
            )
        parts.append("Auxiliary heads:")
        parts.append(_list(lines))
    return "\n\n".join(parts)


def _summaries(validation: Summary | None, test: Summary) -> str:
    rows = [["Metric", "Validation (used to choose the thresholds)", "Test"]]
    for name, title in (
        ("auc", "AUC"),
        ("sensitivity", "Sensitivity"),
        ("specificity", "Specificity"),
        ("precision", "Positive predictive value"),
        ("npv", "Negative predictive value"),
        ("accuracy", "Accuracy"),
    ):
        rows.append(
            [title, *(_short(getattr(summary, name)) if summary else "" for summary in (validation, test))]
        )
    rows.append(["ECE", *(f"{summary.ece:.3f}" if summary else "" for summary in (validation, test))])
    rows.append(
        [
            "Images, groups",
            *(f"{summary.n:,}, {summary.groups:,}" if summary else "" for summary in (validation, test)),
        ]
    )
    return _table(rows)


def _external_tests(card: ModelCard) -> str:
    rows = [["Dataset", "Date", "Images", f"With {card.finding}", "AUC", "Sensitivity", "Specificity", "ECE"]]
    for test in card.external_tests:
        summary = test.summary
        intervals = (summary.auc, summary.sensitivity, summary.specificity)
        rows.append(
            [
                test.name.replace("|", "/"),
                test.date,
                f"{summary.n:,}",
                f"{summary.positives:,}",
                *map(_short, intervals),
                f"{summary.ece:.3f}",
            ]
        )
    notes = [f"{test.name}: {warning}" for test in card.external_tests for warning in test.warnings]
    return "\n\n".join(filter(None, (_table(rows), _list(notes))))


def _coverage(card: ModelCard) -> str:
    rows = [["Images", *(verdict_text(verdict, card.finding).capitalize() for verdict in _VERDICTS)]]
    for region, coverage in card.test_coverage.items():
        rows.append([region or "all", *(_verdict(coverage, verdict) for verdict in _VERDICTS)])
    return _table(rows)


def _verdict(coverage: VerdictCoverage, verdict: Verdict) -> str:
    share, fractured = coverage.for_verdict(verdict)
    return f"{_short(share)}; {_short(fractured)}"


def _short(interval: Interval) -> str:
    """Value and interval without “95% CI” and n."""
    text = interval.text().replace("95% CI ", "").split(", n =")[0]
    return text + (")" if interval.is_measured else "")


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(rows: list[list[str]]) -> str:
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])
