"""An evaluation as HTML: one page that needs nothing beside it."""

import base64
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from fracture_core.evaluation import VERDICTS, SubgroupAnalysis, subgroup_sentences
from fracture_core.evaluation.metrics import METRIC_TITLES
from fracture_core.evaluation.subgroup_sentences import difference_text, method_text
from fracture_core.inference.evaluate import Evaluation
from fracture_core.vocabulary import finding_with_article, rephrase_for_finding, verdict_text


def evaluation_to_html(found: Evaluation, slices: SubgroupAnalysis, plots: Mapping[str, bytes]) -> str:
    """The page.

    Args:
        found: what was measured.
        slices: where the model fails.
        plots: PNG files by the words that stand for them.
    """
    environment = Environment(
        loader=PackageLoader("fracture_core.inference", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    verdicts = [
        (
            verdict_text(verdict, found.finding),
            found.states.count(verdict, 1),
            found.states.count(verdict, 0),
        )
        for verdict in VERDICTS
    ]
    coverage = [
        (
            region or "all films",
            verdict_text(verdict, found.finding),
            *(part.text() for part in given.for_verdict(verdict)),
        )
        for region, given in found.coverage.items()
        for verdict in VERDICTS
    ]
    measures = [(title, getattr(found.summary, name).text()) for name, title in METRIC_TITLES.items()]
    rows = [
        (
            rephrase_for_finding(part.title, found.finding),
            difference_text(part),
            part.summary.n,
            part.summary.sensitivity.text(),
            part.summary.specificity.text(),
            part.summary.auc.text(),
        )
        for part in (*slices.single, *slices.pairs)
    ]
    return environment.get_template("evaluation.html").render(
        found=found,
        a_finding=finding_with_article(found.finding),
        measures=[*measures, ("ECE", f"{found.summary.ece:.3f}")],
        verdicts=verdicts,
        coverage=coverage,
        plots=[
            (title, f"data:image/png;base64,{base64.b64encode(picture).decode()}")
            for title, picture in plots.items()
        ],
        sentences=[rephrase_for_finding(sentence, found.finding) for sentence in subgroup_sentences(slices)],
        slices=rows,
        how=rephrase_for_finding(method_text(slices), found.finding),
    )
