"""The interface that users and scripts rely on: commands, options, fields, columns, keys and URL parameters.

Each list holds what exists. A test fails when an entry disappears or is renamed; new entries may be added, here too.
"""

import argparse
import ast
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fracture_core.cli.main import build_parser
from fracture_core.cli.predict import PREDICT_FIELDS
from fracture_core.datasets.layouts import layout_names
from fracture_core.datasets.manifest import MANIFEST_COLUMNS, SOURCE_COLUMNS
from fracture_core.evaluation.predictions import PREDICTION_COLUMNS
from fracture_core.evaluation.subgroup_analysis import SubgroupAnalysis
from fracture_core.evaluation.subgroup_table import subgroups_to_frame
from fracture_core.label_errors.label_issues import LABEL_ISSUE_COLUMNS
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import ModelStore
from fracture_core.report.table import TABLE_FIELDS
from fracture_core.review.csv_exchange import REVIEW_COLUMNS
from fracture_core.training import comparison
from fracture_core.vocabulary import Verdict
from fracture_core.zoo import ARCHITECTURES

ROOT = Path(__file__).resolve().parent.parent
SHIPPED_MODEL = ROOT / "models" / "mobilenet_v2_map-fracatlas"

#: Positional arguments in upper case, then options, by command.
COMMANDS = {
    "predict": "PATH --model --format --heatmaps --pdf --dicom --keep-names --no-heatmap --ignore-scope",
    "score": "SOURCE --out --model --scheduler --workers --shard-size --ignore-scope",
    "audit": "DIR --layout --format --html --write-manifest --write-distinct --seed",
    "train": (
        "--data --architecture --run --runs --layout --size --published --epochs --batch "
        "--learning-rate --head-epochs --freeze-before --patience --schedule --box-weight "
        "--negatives --search --search-epochs --precision --sampling --doubled --no-doubled "
        "--seed --backbone-weights --class-weights --no-class-weights --crop-share --crop-min "
        "--crop-max --region-balance --folds --fold --rotation --shift --zoom --brightness "
        "--contrast --gamma --clahe --resolution --noise --flip --no-flip --resume --finish "
        "--queue"
    ),
    "runs list": "--runs --format",
    "runs queue": "--runs --add --up --remove",
    "runs stop": "--runs NAME",
    "runs clone": "--runs NAME NEW --epochs --batch --learning-rate --size --seed",
    "runs rename": "--runs NAME NEW",
    "runs delete": "--runs NAME --yes",
    "runs note": "--runs NAME TEXT",
    "speed": (
        "ARCHITECTURE --size --batch --pretrained --head-epochs --freeze-before --precision --data --epochs"
    ),
    "evaluate": "--model --data --layout --split --out --heatmaps --second-model --add-to-card",
    "models list": "",
    "models show": "ID",
    "models verify": "ID",
    "models prepare": "",
    "models use": "ID --reason",
    "models history": "--format",
    "models back": "",
    "models add": "RUN",
    "models compare": "ID --format --speed --out",
    "models load": "FILE --architecture --name --size",
    "models export": "ID --to --without-films",
    "models import": "PATH --name",
    "models rename": "ID NEW",
    "models delete": "ID --yes",
    "models average": "ID --name",
    "models heads": "ID --data",
    "models neighbours": "ID --data",
    "models scales": "ID --data",
    "published list": "",
    "published add": "RUN --column",
    "reviews export": "--model FILE",
    "reviews import": "--model FILE",
    "reviews rename": "--model OLD NEW",
    "reviews manifest": "--model --data --layout --out --reviewer --flip",
    "data list": "",
    "data get": "NAME --to --yes",
    "data unpack": "FILE.zip",
    "data delete": "DIR",
    "data phantom": (
        "--to --count --seed --format --masks --no-masks --size --regions --difficulty --kind "
        "--gap --displacement --angulation"
    ),
    "data suspects": "DIR --layout --model --out",
}

#: Values of options, by command and option.
VALUES = {
    ("predict", "--format"): "table json csv",
    ("audit", "--format"): "table json",
    ("runs list", "--format"): "table json",
    ("models history", "--format"): "table json",
    ("models compare", "--format"): "table json csv",
    ("evaluate", "--split"): "train val test all",
    ("train", "--precision"): "float32 bfloat16",
    ("train", "--schedule"): "plateau cosine constant",
    ("train", "--sampling"): "all under over",
}
LAYOUTS = "auto csv fracatlas grazpedwri mura phantom folders"
ARCHITECTURE_NAMES = (
    "mobilenet_v2 mobilenet_v2_map efficientnet_lite0 efficientnet_lite0_map efficientnet_lite2 efficientnet_lite2_map "
    "four_block inception cnn150 three_block frozen_efficientnet_b0 frozen_mobilenet_v2 frozen_resnet50 two_block "
    "small_fcn"
)

OPINION_FIELDS = "probability verdict model model_sha256 gate regions region_probabilities peak seconds error"
VERDICTS = ["fracture suspected", "uncertain", "no fracture seen"]

CSV_COLUMNS = {
    "predictions.csv": "id path split group regions label logit probability",
    "reviews": "id mark note reviewer time",
    "manifest": "path label id split group region view hardware boxes set_root set_layout",
    "label errors": "rank why id path label probability split regions group",
    "slices.csv": (
        "slice parts films positives groups sensitivity sensitivity_low sensitivity_high sensitivity_n specificity "
        "specificity_low specificity_high specificity_n accuracy accuracy_low accuracy_high accuracy_n auc auc_low "
        "auc_high auc_n misses misses_rest misses_p misses_holm misses_differ false_alarms false_alarms_rest "
        "false_alarms_p false_alarms_holm false_alarms_differ threshold looks"
    ),
}
COMPARISON_COLUMNS = (
    'Name,Kind,State,Test films,Groups,Data,Split,Network,MB,"A film here, ms",Epochs,"Training, min",'
    "Best validation AUC,Made,AUC,AUC low,AUC high,Sensitivity,Sensitivity low,Sensitivity high,Specificity,"
    "Specificity low,Specificity high"
)

#: Keys of a model card, by the object that contains them; "" for the card itself.
CARD_KEYS = {
    "": (
        "id title created architecture heatmap_layer heatmap_scale golden training command input weights calibration "
        "thresholds data validation test test_states test_regions test_coverage test_pointing network loaded heads "
        "heads_record heatmap_scales external_tests limits labels"
    ),
    "input": "height width channels scaling",
    "weights": "file sha256 bytes",
    "calibration": "slope intercept",
    "thresholds": "low high sensitivity_target specificity_target balanced",
    "data": "name licence layout split_hash split_rule counts checked finding",
    "validation": "n positives groups threshold confusion auc sensitivity specificity precision npv accuracy f1 mcc",
    "test": (
        "n positives groups threshold confusion auc sensitivity specificity precision npv accuracy balanced_accuracy "
        "f1 mcc ece brier"
    ),
    "test.confusion": "tp fp tn fn",
    "test.auc": "value low high n",
    "test_states": "fracture no_fracture",
    "heads": "file sha256 bytes",
    "heads_record": "region by_region passed refused",
}

#: URL parameters by page; the files of a page are its script and its folder of components.
URL_PARAMETERS = {
    "audit": "data",
    "failures": "model kind region slice sort like threshold prevalence review page case with",
    "labels": "model film",
    "second_opinion": "study",
    "teaching": "model file",
}


def _commands(
    parser: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    subparsers = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not subparsers:
        yield name, parser
    for action in subparsers:
        for word, subparser in action.choices.items():
            yield from _commands(subparser, f"{name} {word}".strip())


PARSERS = dict(_commands(build_parser()))


def _missing(expected: str, present: object) -> set[str]:
    return set(expected.split()) - set(present)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_keep_their_arguments(command):
    actions = PARSERS[command]._actions
    options = [option for action in actions for option in action.option_strings]
    positionals = [(action.metavar or action.dest).upper() for action in actions if not action.option_strings]
    expected = COMMANDS[command].split()
    assert not {word for word in expected if word.startswith("--")} - set(options)
    assert [word.upper() for word in expected if not word.startswith("--")] == positionals


@pytest.mark.parametrize(("command", "option"), VALUES)
def test_options_keep_their_values(command, option):
    (action,) = [action for action in PARSERS[command]._actions if option in action.option_strings]
    assert not _missing(VALUES[command, option], action.choices)


def test_layouts_and_architectures_keep_their_names():
    assert not _missing(LAYOUTS, layout_names())
    assert not _missing(ARCHITECTURE_NAMES, ARCHITECTURES)


def test_predictions_keep_their_fields_and_values():
    assert not _missing(f"path {OPINION_FIELDS}", PREDICT_FIELDS)
    assert not _missing(f"name {OPINION_FIELDS}", TABLE_FIELDS)
    assert [verdict.value for verdict in Verdict] == VERDICTS


def test_csv_files_keep_their_columns():
    subgroups = subgroups_to_frame(SubgroupAnalysis((), (), 0, 0, 0.5))
    present = {
        "predictions.csv": PREDICTION_COLUMNS,
        "reviews": REVIEW_COLUMNS,
        "manifest": (*MANIFEST_COLUMNS, *SOURCE_COLUMNS),
        "label errors": LABEL_ISSUE_COLUMNS,
        "slices.csv": subgroups.columns,
    }
    for name, expected in CSV_COLUMNS.items():
        assert not _missing(expected, present[name]), name


def test_the_comparison_of_models_keeps_its_columns(tmp_path):
    models = comparison.compared_models(ModelStore(SHIPPED_MODEL.parent), tmp_path)
    header = comparison.comparison_to_csv(models).splitlines()[0]
    expected, present = csv.reader([COMPARISON_COLUMNS, header])
    assert not set(expected) - set(present)


@pytest.mark.parametrize("part", CARD_KEYS)
def test_model_cards_keep_their_keys(part):
    stored = json.loads((SHIPPED_MODEL / "card.json").read_text("utf-8"))
    written = ModelCard.load(SHIPPED_MODEL / "card.json").to_json()
    for key in filter(None, part.split(".")):
        stored, written = stored[key], written[key]
    assert not _missing(CARD_KEYS[part], written)
    assert set(stored) <= set(written)


@pytest.mark.parametrize("page", URL_PARAMETERS)
def test_pages_keep_their_url_parameters(page):
    files = [ROOT / "pages" / f"{page}.py", *(ROOT / "pages" / "components" / page).glob("*.py")]
    texts = [path.read_text("utf-8") for path in files]
    present = {name for text in texts if "query_params" in text for name in _lookup_keys(ast.parse(text))}
    assert not _missing(URL_PARAMETERS[page], present)


def _lookup_keys(tree: ast.AST) -> Iterator[str]:
    """Strings that a module uses as keys: in dictionaries, subscripts, `get` and `pop`, directly or as a constant."""
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            keys = list(node.keys)
        elif isinstance(node, ast.Subscript):
            keys = [node.slice]
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "pop")
        ):
            keys = list(node.args[:1])
        for key in keys:
            value = constants.get(key.id) if isinstance(key, ast.Name) else getattr(key, "value", None)
            if isinstance(value, str):
                yield value
