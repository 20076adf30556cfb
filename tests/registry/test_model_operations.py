"""Models renamed and deleted, also by a process that is killed in the middle of it."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fracture_core.errors import ModelError
from fracture_core.registry.model_operations import delete_model, rename_model
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore
from fracture_core.review import ReviewStore
from fracture_core.teaching.lesson_store import LessonStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runs(tmp_path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def zeta(store):
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    rename_model(store, store.root.parent / "none", "zeta", "second")
    (store.root / "in_use.json").write_text('{"model": "tiny"}')
    return "second"


def _collected(runs, model_id):
    return LessonStore.for_model(runs, model_id).update(
        "Hands", lambda found: found.with_case_toggled("film")
    )


def test_a_renamed_model_is_the_same_with_its_reviews_and_teaching_files(store, runs):
    ReviewStore.for_model(runs, "tiny").add_annotation("film", "subtle", "Ada")
    _collected(runs, "tiny")
    store.use("tiny")
    before = store.card("tiny")
    rename_model(store, runs, "tiny", "wrist-2")
    assert store.ids() == ["wrist-2"] == [store.model_in_use()]
    assert store.card("wrist-2").weights == before.weights
    assert store.card("wrist-2").id == "wrist-2"
    assert "models verify wrist-2" in (store.root / "wrist-2" / "README.md").read_text("utf-8")
    assert store.verify("wrist-2") < 1e-4
    assert len(ReviewStore.for_model(runs, "wrist-2").all()) == 1
    assert ReviewStore.for_model(runs, "tiny").all() == []
    assert LessonStore.for_model(runs, "wrist-2").load("Hands").cases == ("film",)
    assert LessonStore.for_model(runs, "tiny").names() == []


def test_a_deleted_model_is_gone_and_what_people_made_of_it_is_set_aside(store, runs, zeta):
    ReviewStore.for_model(runs, zeta).add_annotation("film", "subtle", "Ada")
    _collected(runs, zeta)
    delete_model(store, runs, zeta)
    assert store.ids() == ["tiny"]
    assert sorted(path.name for path in store.root.iterdir()) == [".in_use.lock", "in_use.json", "tiny"]
    assert ReviewStore.for_model(runs, zeta).all() == []
    (kept,) = (runs / "reviews").glob("second deleted *")
    assert (kept / "reviews.db").is_file()
    (kept,) = (runs / "teaching").glob("second deleted *")
    assert LessonStore(kept).names() == ["Hands"]
    assert LessonStore.for_model(runs, zeta).names() == []


def test_the_model_in_use_and_the_shipped_one_stay(store, runs, zeta):
    store.use(zeta)
    with pytest.raises(ModelError, match="second is in use: put another one in use first"):
        delete_model(store, runs, zeta)
    shutil.copytree(store.root / "tiny", store.root / SHIPPED_MODEL)
    with pytest.raises(ModelError, match="came with the app, which falls back on it"):
        delete_model(store, runs, SHIPPED_MODEL)
    with pytest.raises(ModelError, match="its name stays as it is"):
        rename_model(store, runs, SHIPPED_MODEL, "mine")
    with pytest.raises(ModelError, match="one of the models here"):
        delete_model(store, runs, "gone")
    assert len(store.ids()) == 3


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("TINY", "is here already"),
        ("tiny", "is here already"),
        ("a/b", "letters, digits"),
        ("", "letters"),
        ("old", "reviews of"),
        ("taught", "files of"),
    ],
)
def test_a_name_that_is_taken_or_unfit_is_refused(store, runs, zeta, new, said):
    for model_id in ("old", "tiny"):
        ReviewStore.for_model(runs, model_id).add_annotation("film", "subtle", "Ada")
    _collected(runs, "taught")
    with pytest.raises(ModelError, match=said):
        rename_model(store, runs, zeta, new)
    assert store.ids() == ["second", "tiny"]


def test_what_is_left_of_a_broken_model_can_be_deleted(store, runs, zeta):
    store.use("tiny")
    (store.root / zeta / "card.json").write_text("{")
    delete_model(store, runs, zeta)
    assert store.ids() == ["tiny"]


# Every step that touches the disk is the last one once: a child is forked that kills itself there.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from fracture_core.errors import ModelError
from fracture_core.registry.store import ModelStore, checked

root, name = Path(sys.argv[1]), sys.argv[2]
# The check of the weights needs TensorFlow, touches nothing, and has tests of its own.
ModelStore.verify = lambda self, model_id: 0.0
ACTIONS = {
    "use": (lambda store: store.use("zeta"), {"tiny", "zeta"}, {"tiny", "zeta"}),
    "add": (lambda store: store.add(root.parent / "result"), {"tiny", "zeta"}, {"tiny"}),
    "rename": (lambda store: store.rename("tiny", "new"), {"zeta"}, {"tiny", "new"}),
    "delete": (lambda store: store.delete("zeta"), {"tiny"}, {"tiny"}),
}
action, stay, may_be_in_use = ACTIONS[name]
kept = root.with_name("kept")
shutil.copytree(root, kept)

def killed_at(step):
    child = os.fork()
    if child == 0:
        count = 0
        def hook(event, args):
            nonlocal count
            if event == "open" or event.startswith(("os.", "shutil.")):
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        action(ModelStore(root))
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])

step, outcomes = 0, set()
while True:
    step += 1
    killed = killed_at(step)
    store = ModelStore(root)
    ids = store.ids()
    assert stay <= set(ids), (step, ids)
    assert store.in_use() in may_be_in_use & set(ids), (step, store.in_use())
    for model_id in ids:
        card = store.card(model_id)
        assert card.id in (model_id, "tiny"), (step, card.id)
        checked(root / model_id, card, card.weights)
    outcomes.add((tuple(ids), store.in_use()))
    if not killed:
        break
    # Whatever was left behind stands in nobody's way: what was not done yet is done now.
    try:
        action(store)
    except ModelError as error:
        assert "new is here already" in str(error) or "Expected one of the models here" in str(error), error
    assert stay <= set(store.ids()) or name == "rename", store.ids()
    shutil.rmtree(root)
    shutil.copytree(kept, root)
print(step, len(outcomes))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no fork")
@pytest.mark.parametrize(("action", "outcomes"), [("use", 2), ("add", 2), ("rename", 4), ("delete", 2)])
def test_a_process_killed_at_any_step_leaves_the_registry_whole(store, trained, tmp_path, action, outcomes):
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    (store.root / "in_use.json").write_text('{"model": "tiny"}')
    if action == "add":
        shutil.copytree(trained.result, tmp_path / "result")
        card = tmp_path / "result" / "card.json"
        card.write_text(card.read_text("utf-8").replace('"id": "tiny"', '"id": "third"'))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root), action],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps, seen = map(int, done.stdout.split())
    assert steps > 2
    # It was killed before each change that shows, and after it.
    assert seen == outcomes


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no such signal")
def test_the_command_killed_while_it_puts_a_model_in_use(store):
    """The whole command, checks and all, is killed when it is about to change the choice."""
    shutil.copytree(store.root / "tiny", store.root / "zeta")
    store.use("tiny")
    code = (
        "import os, signal, sys\n"
        "def hook(event, args):\n"
        "    if event == 'os.rename' and str(args[1]).endswith('in_use.json'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "from fracture_core.cli.main import main\n"
        "main(['models', 'use', 'zeta', '--reason', 'a test'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert ModelStore(store.root).model_in_use() == "tiny"
    store.use("zeta")
    assert ModelStore(store.root).model_in_use() == "zeta"
