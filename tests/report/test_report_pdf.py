"""The PDF report."""

import io
import itertools
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from patient_data import IDENTIFYING_TEXTS
from pypdf import PdfReader

from fracture_core import __version__
from fracture_core.report import pdf_figures, sentences
from fracture_core.report.finding_sentences import NO_BOX, finding_text, findings_meaning
from fracture_core.report.pdf import opinion_to_pdf
from fracture_core.report.reliability import next_step, reliability_details, reliability_line
from fracture_core.vocabulary import Verdict

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))


def _page(opinion, label="Film 1", region="leg"):
    """The only page, and its text with single spaces."""
    (page,) = PdfReader(io.BytesIO(opinion_to_pdf(opinion, label, region, MADE))).pages
    return page, " ".join(page.extract_text().split())


def test_the_page_contains_all_facts(opinion):
    page, text = _page(opinion)
    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    card = opinion.card
    metrics = card.test_regions["leg"]
    for text_part in (
        "Film 1",
        f"{opinion.film.width} × {opinion.film.height} pixels",
        sentences.verdict_headline(opinion),
        f"Probability of a fracture: {sentences.percent_text(opinion.probability)}",
        *sentences.scale_zones(card),
        f"AUC {metrics.auc.text()}",
        reliability_line(opinion.verdict, "leg", card),
        *reliability_details("leg", card)[:-1],
        next_step(opinion.verdict, "fracture"),
        card.id,
        card.weights.sha256,
        *card.limits,
        sentences.CLINICIAN_NOTICE,
        "4 March 2026, 05:06 (UTC-03:30)",
        f"Second Look {__version__}",
    ):
        assert " ".join(text_part.split()) in text, text_part
    assert len(page.images) == 3  # film, overlay, legend
    for number, finding in enumerate(opinion.findings, 1):
        assert finding_text(number, finding) in text
    assert findings_meaning(card) in text
    assert opinion.findings
    assert NO_BOX in _page(replace(opinion, findings=()))[1]


def test_every_font_is_embedded(opinion):
    page, _ = _page(opinion)
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert {font["/BaseFont"].split("+")[1] for font in fonts} == {"DejaVuSans", "DejaVuSans-Bold"}
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


def test_the_report_names_no_person(opinion):
    document = PdfReader(io.BytesIO(opinion_to_pdf(opinion, "Film 1", "leg", MADE)))
    drawn_text = document.pages[0].get_contents().get_data().decode("latin-1")
    text = f"{document.pages[0].extract_text()} {document.metadata} {drawn_text}"
    assert "SYNTHETIC" not in text
    assert not [part for part in IDENTIFYING_TEXTS if part in text]


def test_a_rejected_image_gets_no_opinion(rejected_opinion):
    page, text = _page(rejected_opinion, region="")
    assert "Not a radiograph, no verdict" in text
    assert rejected_opinion.gate.reasons[0] in text
    assert "Rejected:" in text
    assert "Probability" not in text
    assert "sensitivity" not in text
    assert len(page.images) == 1


def test_the_report_contains_warnings(opinion):
    gate = replace(opinion.gate, state="warn", reasons=("The image is <very> dark & small.",))
    assert "Warning: The image is <very> dark & small." in _page(replace(opinion, gate=gate))[1]


def test_a_heatmap_without_evidence(opinion_without_evidence):
    page, text = _page(opinion_without_evidence)
    assert "No positive evidence" in text
    assert "Grad-CAM" not in text
    assert len(page.images) == 2


def test_a_region_chosen_by_the_reader(opinion):
    text = _page(opinion, region="hip")[1]
    assert "Hip, chosen by the reader; predicted by the model: leg" in text
    assert "Hip, fracture suspected: too little is known." in text
    assert "No test record for this region, so that of all images is shown" in _page(opinion, region="")[1]


def test_a_region_predicted_by_the_model(opinion):
    assert (
        f"Leg, predicted by the model ({sentences.percent_text(dict(opinion.regions)['leg'])})"
        in _page(opinion)[1]
    )


def test_a_model_without_record(opinion_with_card):
    text = _page(opinion_with_card(test=None, test_regions={}, test_coverage={}, limits=()), region="")[1]
    assert sentences.NO_RECORD in text
    assert "has no test record: do not rely on its verdicts." in text
    assert "None are stated." in text


def test_a_reliable_model_gives_no_warning(opinion):
    assert "do not rely" not in _page(opinion)[1]


def test_uncertain_is_explained(opinion):
    assert "The model cannot tell" in _page(replace(opinion, verdict=Verdict.UNCERTAIN))[1]


@pytest.mark.parametrize(
    "label", ["a_name_without_blanks_" * 30, "<b>&amp; ünïcode Ж.png"], ids=["long", "markup"]
)
def test_long_texts_fit_on_the_page(opinion_with_card, label):
    long = opinion_with_card(limits=tuple(f"Limit {number} {'of many words ' * 20}" for number in range(30)))
    text = _page(long, label)[1].replace(" ", "")
    assert label.replace(" ", "") in text
    assert "Limit29" in text
    assert sentences.CLINICIAN_NOTICE.replace(" ", "") in text


@pytest.mark.parametrize("shape", [(60, 900), (900, 60)], ids=["wide", "tall"])
def test_images_of_any_shape(opinion, shape):
    transform = replace(opinion.heat.transform, source=shape)
    film = replace(opinion.film, pixels=np.zeros(shape, np.float32))
    assert _page(replace(opinion, film=film, heat=replace(opinion.heat, transform=transform)))[1]


def test_the_zones_of_the_scale_differ_in_greyscale():
    grey = [0.299 * zone.red + 0.587 * zone.green + 0.114 * zone.blue for zone in pdf_figures._ZONE_COLOURS]
    assert all(lighter - darker > 0.15 for lighter, darker in itertools.pairwise(grey))


@pytest.mark.parametrize(("low", "high"), [(0.03, 0.3), (0.0, 0.0), (1.0, 1.0), (0.5, 0.51), (0.98, 0.999)])
def test_labels_of_the_scale_never_overlap(low, high):
    scale = pdf_figures.ProbabilityScale(0.5, low, high)
    scale.wrap(400, 100)
    from reportlab.pdfbase.pdfmetrics import stringWidth

    ends = sorted(
        (left, left + stringWidth(label, pdf_figures.REGULAR_FONT, pdf_figures._FONT_SIZE))
        for left, label in scale._place_labels()
    )
    assert all(0 <= left < right <= 400 for left, right in ends)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ends))
