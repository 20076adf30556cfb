"""Grouped cross-validation: trains the folds one after the other, each in a separate process.

python -m benchmarks.cross_validation NAME --folds 5 -- TRAIN OPTIONS

The options are those of `python -m fracture_core train` without --run, --runs, --folds, --fold and --resume. The folds
are in `runs/cross_validation/NAME/fold-K`. The same command continues after an interruption: finished folds are kept,
and an interrupted fold resumes from its last epoch. After each fold, `out_of_fold.csv` in that folder contains the
predictions of all finished folds. Only training and validation images are used.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fracture_core import paths
from fracture_core.io.atomic_write import write_atomically
from fracture_core.zoo.quiet_keras import load_keras

_OPTIONS = "options.json"


def main() -> int:
    """Train the missing folds; return 0 if all folds are finished."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], usage="%(prog)s NAME [--folds N] [-- TRAIN OPTIONS]"
    )
    parser.add_argument("name")
    parser.add_argument("--folds", type=int, default=5)
    arguments = sys.argv[1:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    args = parser.parse_args(arguments[:end])
    folder = paths.runs_dir() / "cross_validation" / args.name
    options = _stored_options(folder, {"folds": args.folds, "train": arguments[end + 1 :]})
    for fold in range(1, options["folds"] + 1):
        if not _train(folder, fold, options):
            print(f"Fold {fold} did not finish. Run the same command again to continue.", file=sys.stderr)
            return 1
        _summarise(folder)
    return 0


def _stored_options(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the cross-validation; exit if other options are given."""
    path = folder / _OPTIONS
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(options, indent=2) + "\n")
        return options
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if options["train"] and options != stored:
        raise SystemExit(
            f"{folder.name} was started with other options ({path}). Choose another name or omit the options."
        )
    return stored


def _train(folder: Path, fold: int, options: dict[str, Any]) -> bool:
    """Train or resume one fold; return whether it is finished."""
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
    """Write the predictions of all finished folds and print their AUC."""
    load_keras()
    from fracture_core.evaluation import summarise
    from fracture_core.training.out_of_fold import TABLE, read_folds

    table = read_folds(folder)
    write_atomically(folder / TABLE, table.to_csv(index=False, lineterminator="\n"))
    record = summarise(table["label"], 1 / (1 + np.exp(-table["logit"])), table["group"], 0.5)
    pointing = table.loc[table["peak_in_box"] != "", "peak_in_box"].astype(int)
    print(
        f"{table['fold'].nunique()} folds, {len(table)} images: out-of-fold AUC {record.auc.text()}, "
        f"peak in a marked fracture {pointing.mean():.2f} of {len(pointing)}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
