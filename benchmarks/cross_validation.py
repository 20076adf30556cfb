"""Trains the folds of a grouped cross-validation one after the other, in a process each.

python -m benchmarks.cross_validation NAME --folds 5 -- TRAIN OPTIONS

The options are those of `python -m fracture_core train` without --run, --runs, --folds, --fold and --resume. The folds
lie in `runs/cross_validation/NAME/fold-K`. The same command continues after an interruption: finished folds are kept,
and an interrupted fold resumes at its last epoch. After each fold, `out_of_fold.csv` in that folder holds the
predictions of all finished folds. Only train and validation films are used.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from fracture_core import paths
from fracture_core.cli.quiet_keras import load_keras
from fracture_core.io.atomic_write import write_atomically

_OPTIONS = "options.json"


def main() -> int:
    """Trains what is missing; returns 0 when all folds are finished."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], usage="%(prog)s NAME [--folds N] [-- TRAIN OPTIONS]"
    )
    parser.add_argument("name")
    parser.add_argument("--folds", type=int, default=5)
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    chosen = parser.parse_args(given[:end])
    folder = paths.runs_dir() / "cross_validation" / chosen.name
    options = _settled_options(folder, {"folds": chosen.folds, "train": given[end + 1 :]})
    for fold in range(1, options["folds"] + 1):
        if not _train(folder, fold, options):
            print(f"Fold {fold} did not finish: run the same command again to continue.", file=sys.stderr)
            return 1
        _summarise(folder)
    return 0


def _settled_options(folder: Path, options: dict) -> dict:
    """The options that the cross-validation began with; refuses others."""
    path = folder / _OPTIONS
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(options, indent=2) + "\n")
        return options
    before = json.loads(path.read_text(encoding="utf-8"))
    if options["train"] and options != before:
        raise SystemExit(
            f"{folder.name} began with other options ({path}): choose another name, or leave the options out."
        )
    return before


def _train(folder: Path, fold: int, options: dict) -> bool:
    """Trains or resumes one fold; returns whether it is finished."""
    from fracture_core.runs.run import Run

    run = Run(folder / f"fold-{fold}")
    if run.state().status == "finished":
        return True
    command = [sys.executable, "-m", "fracture_core", "train", "--runs", str(folder), "--run", run.name]
    if run.is_complete:
        command += ["--resume"]
    else:
        command += ["--folds", str(options["folds"]), "--fold", str(fold), *options["train"]]
    print(" ".join(command), file=sys.stderr, flush=True)
    return subprocess.run(command, check=False).returncode == 0


def _summarise(folder: Path) -> None:
    """Writes the predictions of all finished folds and prints their AUC."""
    load_keras()
    from fracture_core.evaluation import summarise
    from fracture_core.training.out_of_fold import TABLE, read_folds

    table = read_folds(folder)
    write_atomically(folder / TABLE, table.to_csv(index=False, lineterminator="\n"))
    record = summarise(table["label"], 1 / (1 + np.exp(-table["logit"])), table["group"], 0.5)
    pointed = table.loc[table["peak_in_box"] != "", "peak_in_box"].astype(int)
    print(
        f"{table['fold'].nunique()} folds, {len(table)} films: out-of-fold AUC {record.auc.text()}, "
        f"peak in a marked fracture {pointed.mean():.2f} of {len(pointed)}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
