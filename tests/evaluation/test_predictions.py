"""Reading and writing of predictions.csv."""

import pandas as pd
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation import predictions


def test_round_trip(tmp_path, six_predictions):
    path = tmp_path / "predictions.csv"
    written = predictions.write_predictions(path, six_predictions.assign(more=1))
    read = predictions.read_predictions(path)
    pd.testing.assert_frame_equal(written, read)
    assert list(read.columns) == list(predictions.PREDICTION_COLUMNS)
    assert read["id"].tolist() == ["0007", "c", "a", "b", "d", "e"]  # val before test, then by id
    assert read["label"].dtype == "int64"
    merged = six_predictions.merge(read, on="id", suffixes=("", "_read"))
    for name in predictions.PREDICTION_COLUMNS[1:]:
        assert merged[name].tolist() == merged[f"{name}_read"].tolist()


def test_file_does_not_depend_on_rounding_noise_or_row_order(tmp_path, six_predictions):
    predictions.write_predictions(tmp_path / "a.csv", six_predictions)
    perturbed = six_predictions.assign(probability=six_predictions["probability"] + 1e-9).iloc[::-1]
    predictions.write_predictions(tmp_path / "b.csv", perturbed)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    first = (tmp_path / "a.csv").read_bytes().split(b"\n")[:2]
    assert first == [
        b"id,path,split,group,regions,label,logit,probability",
        b"0007,images/f.png,val,3,forehand,0,0.25,0.56",
    ]


def test_text_such_as_na_is_not_a_missing_value(tmp_path, six_predictions):
    six_predictions.loc[0, ["id", "group"]] = ["NA", "null"]
    read = predictions.write_predictions(tmp_path / "p.csv", six_predictions)
    assert read.loc[read["id"] == "NA", "group"].tolist() == ["null"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", "2", "Expected the label 0 or 1 in row 2 of p.csv, got '2': correct"),
        ("label", "", "Expected the label 0 or 1 in row 2 of p.csv, got '': correct"),
        ("probability", "", "Expected a probability between 0 and 1 in row 2 of p.csv, got '': correct"),
        ("probability", "nan", "Expected a probability between 0 and 1 in row 2"),
        ("probability", "1.01", "Expected a probability between 0 and 1 in row 2 of p.csv, got '1.01'"),
        ("probability", "high", "Expected a probability between 0 and 1 in row 2 of p.csv, got 'high'"),
        ("logit", "inf", "Expected a finite logit in row 2 of p.csv, got 'inf'"),
        ("id", "a", "Expected a unique id in row 2 of p.csv, got 'a'"),
        (
            "split",
            "dev",
            "Expected one of the splits train, val, test or an empty field in row 2 of p.csv, got 'dev'",
        ),
        (
            "path",
            "/home/someone/b.png",
            "Expected a path relative to the data folder, with forward slashes in row 2",
        ),
        ("path", "C:/b.png", "Expected a path relative to the data"),
        ("path", "images\\b.png", "Expected a path relative to the data"),
        ("path", "../b.png", "Expected a path relative to the data"),
        ("path", "", "Expected a path relative to the data"),
    ],
)
def test_invalid_value_is_reported_with_its_row(tmp_path, six_predictions, column, value, message):
    path = tmp_path / "p.csv"
    six_predictions = six_predictions.astype(str)
    six_predictions.loc[1, column] = value
    six_predictions.to_csv(path, index=False)
    with pytest.raises(DataError) as excinfo:
        predictions.read_predictions(path)
    assert str(excinfo.value).startswith(message)
    with pytest.raises(DataError):
        predictions.write_predictions(tmp_path / "not-written.csv", six_predictions)
    assert not (tmp_path / "not-written.csv").exists()


def test_missing_columns_are_reported(tmp_path, six_predictions):
    path = tmp_path / "p.csv"
    six_predictions.drop(columns=["group", "logit"]).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"p\.csv lacks the columns group, logit"):
        predictions.read_predictions(path)


def test_table_without_rows(tmp_path, six_predictions):
    path = tmp_path / "p.csv"
    six_predictions.head(0).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"p\.csv contains no cases: evaluate"):
        predictions.read_predictions(path)


def test_missing_file_is_reported(tmp_path):
    with pytest.raises(DataError, match=r"no table of predictions at .*: evaluate the model first"):
        predictions.read_predictions(tmp_path / "p.csv")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x80", b'a,b\n1,2\n1,2,3,4,"x\n'])
def test_file_that_is_not_a_table(tmp_path, content):
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a valid CSV table of predictions: evaluate"):
        predictions.read_predictions(path)
