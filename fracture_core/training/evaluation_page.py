"""An evaluation as HTML: one page that needs nothing beside it."""

import base64
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from fracture_core.evaluation import VERDICTS, Slices, sentences
from fracture_core.evaluation.metrics import TITLES
from fracture_core.evaluation.slice_sentences import differs, how
from fracture_core.training.evaluate import Evaluation
from fracture_core.words import a_finding, told_of, verdict_words


def to_html(found: Evaluation, slices: Slices, plots: Mapping[str, bytes]) -> str:
    """The page.

    Args:
        found: what was measured.
        slices: where the model fails.
        plots: PNG files by the words that stand for them.
    """
    environment = Environment(
        loader=PackageLoader("fracture_core.training", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    verdicts = [
        (
            verdict_words(verdict, found.finding),
            found.states.count(verdict, 1),
            found.states.count(verdict, 0),
        )
        for verdict in VERDICTS
    ]
    coverage = [
        (
            region or "all films",
            verdict_words(verdict, found.finding),
            *(part.text() for part in given.of(verdict)),
        )
        for region, given in found.coverage.items()
        for verdict in VERDICTS
    ]
    measures = [(title, getattr(found.summary, name).text()) for name, title in TITLES.items()]
    rows = [
        (
            told_of(part.title, found.finding),
            differs(part),
            part.summary.n,
            part.summary.sensitivity.text(),
            part.summary.specificity.text(),
            part.summary.auc.text(),
        )
        for part in (*slices.single, *slices.pairs)
    ]
    return environment.get_template("evaluation.html").render(
        found=found,
        a_finding=a_finding(found.finding),
        measures=[*measures, ("ECE", f"{found.summary.ece:.3f}")],
        verdicts=verdicts,
        coverage=coverage,
        plots=[
            (title, f"data:image/png;base64,{base64.b64encode(picture).decode()}")
            for title, picture in plots.items()
        ],
        sentences=[told_of(sentence, found.finding) for sentence in sentences(slices)],
        slices=rows,
        how=told_of(how(slices), found.finding),
    )
