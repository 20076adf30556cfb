"""The command `evaluate`."""

import json
import re
import shlex

import pandas as pd
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval, Summary, predictions
from pages.components.common import test_record

pytestmark = pytest.mark.usefixtures("store")


def test_files_contain_the_printed_metrics(run_command, store, phantoms, tmp_path):
    out = tmp_path / "deep" / "out"
    result = run_command("evaluate", "--data", phantoms, "--out", out)
    assert result.status == 0
    record = store.card("tiny").test
    assert result.lines[0].startswith(f"{record.n} images, {record.positives} with a fracture")
    assert f"AUC                {record.auc.text()}" in result.out
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert (metrics["model"], metrics["split"], metrics["warnings"]) == ("tiny", "test", [])
    assert Summary.from_json(metrics["all"]).confusion == record.confusion
    assert len(predictions.read_predictions(out / "predictions.csv")) == record.n
    slices = pd.read_csv(out / "slices.csv")
    assert {"Brightness", "Contrast"} <= {name.split(":")[0] for name in slices["slice"]}
    assert set(slices["threshold"].round(4)) == {round(record.threshold, 4)}
    no_subgroups = "No subgroup has enough images to be compared with the rest."
    assert no_subgroups in result.lines
    page = (out / "report.html").read_text("utf-8")
    assert no_subgroups in page
    assert record.auc.text() in page
    curve = pd.read_csv(out / "decision_curve.csv")
    table = predictions.read_predictions(out / "predictions.csv")
    flagged = table["probability"] >= 0.5
    net_benefit = ((table["label"] == 1) & flagged).mean() - ((table["label"] == 0) & flagged).mean()
    assert curve.set_index("threshold")["net_benefit"][0.5] == pytest.approx(net_benefit)
    assert 'alt="Decision curve"' in page
    for verdict, share in metrics["coverage"][""].items():
        assert page.count(verdict) >= 2
        assert Interval.from_json(share["share"]).text() in page
    assert "<td>fracture suspected</td><td>{2}</td>".format(*metrics["states"]["fracture"]) in page
    plots = {path.stem for path in out.glob("*.png")}
    assert {path.stem for path in out.glob("*.svg")} == plots
    for name in plots - {"confusion_matrix"}:
        assert len(pd.read_csv(out / f"{name}.csv")) > 1
    assert page.count("data:image/png;base64,") == len(list(out.glob("*.png"))) > 0


def test_the_command_in_the_message_of_the_page_creates_a_test_record(run_command, store, phantoms):
    (store.root / "tiny" / "predictions.csv").unlink()
    with pytest.raises(DataError) as excinfo:
        test_record.load_test_record(store, "tiny")
    arguments = shlex.split(re.search("“python -m fracture_core (.*)”", str(excinfo.value))[1])
    result = run_command(*(phantoms if word == "DIR" else word for word in arguments))
    assert result.status == 0
    assert "has no record of its training and test images" in result.err
    test = test_record.load_test_record(store, "tiny").test
    assert result.lines[0].startswith(f"{len(test)} images, {test['label'].sum()} with a fracture")


def test_evaluating_all_splits_gives_a_warning(run_command, phantoms):
    result = run_command("evaluate", "--model", "tiny", "--data", phantoms, "--split", "all")
    assert result.status == 0
    assert result.lines[0].startswith("56 images")
    assert "the figures are too optimistic" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "gone"], "Expected one of the models here"),
        (["--layout", "mira"], "There is no layout 'mira': choose one of"),
    ],
)
def test_errors_are_one_sentence(run_command, phantoms, arguments, sentence):
    result = run_command("evaluate", "--data", phantoms, *arguments)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(sentence)


def test_a_missing_folder(run_command, tmp_path):
    result = run_command("evaluate", "--data", tmp_path / "gone")
    assert (result.status, result.out) == (1, "")
    assert "is not a folder" in result.err


def test_card_keeps_the_metrics_on_another_dataset(run_command, store, phantoms):
    store.use("tiny")
    arguments = ("evaluate", "--data", phantoms, "--add-to-card", "Phantoms")
    result = run_command(*arguments)
    assert (result.status, store.card("tiny").external_tests) == (1, ())
    assert "add --split all" in result.err
    assert run_command(*arguments, "--split", "all").status == 0
    (test,) = store.card("tiny").external_tests
    assert (test.name, test.summary.n, len(test.warnings)) == ("Phantoms", 56, 1)
