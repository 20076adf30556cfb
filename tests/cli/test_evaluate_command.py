import json
import re
import shlex

import pandas as pd
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import Interval, Summary, predictions
from pages.components.common import test_record

pytestmark = pytest.mark.usefixtures("store")


def test_evaluate_writes_what_it_prints(command, store, phantoms, tmp_path):
    out = tmp_path / "deep" / "out"
    said = command("evaluate", "--data", phantoms, "--out", out)
    assert said.status == 0
    record = store.card("tiny").test
    assert said.lines[0].startswith(f"{record.n} films, {record.positives} with a fracture")
    assert f"AUC                {record.auc.text()}" in said.out
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert (metrics["model"], metrics["split"], metrics["warnings"]) == ("tiny", "test", [])
    assert Summary.from_json(metrics["all"]).confusion == record.confusion
    assert len(predictions.read_predictions(out / "predictions.csv")) == record.n
    slices = pd.read_csv(out / "slices.csv")
    assert {"Brightness", "Contrast"} <= {name.split(":")[0] for name in slices["slice"]}
    assert set(slices["threshold"].round(4)) == {round(record.threshold, 4)}
    nothing = "No subgroup has enough images to be compared with the rest."
    assert nothing in said.lines
    page = (out / "report.html").read_text("utf-8")
    assert nothing in page
    assert record.auc.text() in page
    curve = pd.read_csv(out / "decision_curve.csv")
    told = predictions.read_predictions(out / "predictions.csv")
    half = told["probability"] >= 0.5
    gained = ((told["label"] == 1) & half).mean() - ((told["label"] == 0) & half).mean()
    assert curve.set_index("threshold")["net_benefit"][0.5] == pytest.approx(gained)
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


def test_a_model_without_a_record_gets_one_by_the_command_that_the_page_names(command, store, phantoms):
    (store.root / "tiny" / "predictions.csv").unlink()
    with pytest.raises(DataError) as told:
        test_record.load_test_record(store, "tiny")
    words = shlex.split(re.search("“python -m fracture_core (.*)”", str(told.value))[1])
    said = command(*(phantoms if word == "DIR" else word for word in words))
    assert said.status == 0
    assert "does not say on which films it was trained" in said.err
    test = test_record.load_test_record(store, "tiny").test
    assert said.lines[0].startswith(f"{len(test)} films, {test['label'].sum()} with a fracture")


def test_all_films_come_with_a_warning(command, phantoms):
    said = command("evaluate", "--model", "tiny", "--data", phantoms, "--split", "all")
    assert said.status == 0
    assert said.lines[0].startswith("56 films")
    assert "the figures are too optimistic" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "gone"], "Expected one of the models here"),
        (["--layout", "mira"], "There is no layout 'mira'"),
    ],
)
def test_faults_are_one_sentence(command, phantoms, words, sentence):
    said = command("evaluate", "--data", phantoms, *words)
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(sentence)


def test_a_missing_folder(command, tmp_path):
    said = command("evaluate", "--data", tmp_path / "gone")
    assert (said.status, said.out) == (1, "")
    assert "is not a folder" in said.err
