"""Kills a process at random moments while it changes models, reviews, lessons, runs and remembered folders.

    python -m benchmarks.kills --count 200 [--seed 0]

A worker changes state without a pause and writes a line to a journal after each change. It is killed with SIGKILL after
0 to 1.5 seconds. Then everything is opened as at the start of the program and checked: the model in use exists, every
card can be read and its files have the recorded size, every mark in the journal is there exactly once and belongs to a
model that exists, every lesson and run can be read, and no temporary file is left. The next worker goes on from there.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fracture_core.datasets.recent_folders import recent_folders, remember_folder
from fracture_core.errors import SecondLookError
from fracture_core.paths import models_dir
from fracture_core.registry.card import ModelCard
from fracture_core.registry.model_operations import delete_model, finish_interrupted_change, rename_model
from fracture_core.registry.store import CARD_NAME, SHIPPED_MODEL, ModelStore
from fracture_core.review import ANNOTATIONS
from fracture_core.review.review_store import ReviewStore
from fracture_core.runs import run_operations
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.teaching.lesson_store import LessonStore

_NAMES = ("first", "second", "third")


def prepare(folder: Path) -> None:
    """Create the models: the shipped one and a copy with another id."""
    shutil.copytree(models_dir() / SHIPPED_MODEL, folder / "models" / SHIPPED_MODEL)
    shutil.copytree(models_dir() / SHIPPED_MODEL, folder / "source")
    card = ModelCard.load(folder / "source" / CARD_NAME)
    replace(card, id=_NAMES[0]).save(folder / "source" / CARD_NAME)
    ModelStore(folder / "models").add(folder / "source")
    Run.create(folder / "runs", "run-0", TrainingConfig(data="nowhere", architecture="four_block"))


def work(folder: Path, seed: int) -> None:
    """Change state until the process is killed."""
    chance = random.Random(seed)
    store, runs = ModelStore(folder / "models"), folder / "runs"
    finish_interrupted_change(store, runs)
    journal = (folder / "journal.txt").open("a")

    def names() -> list[str]:
        return [name for name in store.ids() if name != SHIPPED_MODEL]

    def rename() -> None:
        rename_model(store, runs, chance.choice(names()), chance.choice(_NAMES))

    def add_or_delete() -> None:
        if len(names()) < 2:
            store.add(folder / "source")
        else:
            unused = [name for name in names() if name != store.model_in_use()]
            gone = chance.choice(unused)
            marked = {review.case for review in ReviewStore.for_model(runs, gone).all()}
            # Before the deletion: a mark of a deleted model is not expected any more.
            for case in marked:
                journal.write(f"deleted {case}\n")
            journal.flush()
            delete_model(store, runs, gone)

    def mark() -> None:
        case = f"case-{time.time_ns()}"
        name = chance.choice(names())
        ReviewStore.for_model(runs, name).add_annotation(case, chance.choice(ANNOTATIONS), "Reader")
        journal.write(f"marked {case}\n")
        journal.flush()

    def teach() -> None:
        lessons = LessonStore.for_model(runs, chance.choice(names()))
        lessons.update(chance.choice("AB"), lambda lesson: lesson.with_cases((f"{time.time_ns()}",)))
        if chance.random() < 0.3:
            lessons.rename("A", "C" if "C" not in lessons else "D")

    def change_runs() -> None:
        name = chance.choice([run.name for run in Run.all(runs)])
        if chance.random() < 0.4:
            run_operations.clone_run(runs, name, f"run-{time.time_ns()}")
        elif chance.random() < 0.5:
            run_operations.rename_run(runs, name, f"run-{time.time_ns()}")
        elif len(Run.all(runs)) > 1:
            run_operations.delete_run(runs, name)

    changes: list[Callable[[], object]] = [
        rename,
        add_or_delete,
        mark,
        mark,
        teach,
        change_runs,
        lambda: store.use(chance.choice(store.ids()), "a test", ("synthetic",)),
        lambda: remember_folder(runs, str(folder / chance.choice(("models", "runs")))),
    ]
    print("ready", flush=True)
    while True:
        try:
            chance.choice(changes)()
        except (SecondLookError, IndexError):
            continue  # for example a taken name; nothing may change then


def check(folder: Path) -> list[str]:
    """Open everything as at the start of the program; return what is wrong."""
    faults: list[str] = []
    store, runs = ModelStore(folder / "models"), folder / "runs"
    finish_interrupted_change(store, runs)
    ids = store.ids()
    if store.model_in_use() not in ids:
        faults.append("the model in use does not exist")
    for name in ids:
        card = store.card(name)
        for part in card.files:
            path = store.root / name / part.file
            if path.stat().st_size != part.bytes:
                faults.append(f"{path} is incomplete")
    counts: Counter[str] = Counter()
    reviews = runs / "reviews"
    for place in reviews.iterdir() if reviews.is_dir() else ():
        marks = ReviewStore.for_model(runs, place.name).all()
        if " deleted " not in place.name:
            counts.update(review.case for review in marks)
            if marks and place.name not in ids:
                faults.append(f"reviews of {place.name}, which does not exist")
    journal = (folder / "journal.txt").read_text().splitlines() if (folder / "journal.txt").exists() else []
    deleted = {line.split()[1] for line in journal if line.startswith("deleted ")}
    for line in journal:
        kind, case = line.split()
        if kind == "marked" and case not in deleted and counts[case] != 1:
            faults.append(f"{case} is there {counts[case]} times")
    for name in ids:
        lessons = LessonStore.for_model(runs, name)
        for lesson in lessons.names():
            lessons.load(lesson)
    for run in Run.all(runs):
        run.state()
        if run.is_complete:
            run.config()
    recent_folders(runs)
    for path in (*folder.rglob("*.tmp"), *folder.rglob(".tmp*")):
        if time.time() - path.stat().st_mtime > 5:
            faults.append(f"{path.relative_to(folder)} is left")
    for path in folder.rglob("*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            faults.append(f"{path.relative_to(folder)} is damaged")
    return faults


def main() -> None:
    """Kill and check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(Path(args.worker), args.seed)
        return
    chance = random.Random(args.seed)
    found = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for number in range(args.count):
            command = [sys.executable, "-m", "benchmarks.kills", "--worker", name, "--seed", str(number)]
            worker = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert worker.stdout is not None
            worker.stdout.readline()
            time.sleep(chance.uniform(0, 1.5))
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            worker.stdout.close()
            try:
                faults = check(folder)
            except (SecondLookError, OSError) as error:
                faults = [f"{type(error).__name__}: {error}"]
            for fault in faults:
                print(f"kill {number}: {fault}", flush=True)
            found += bool(faults)
        marks = (folder / "journal.txt").read_text().count("marked ")
    print(f"{args.count} kills, {marks} marks in the journal: {found} kills with a fault")


if __name__ == "__main__":
    main()
