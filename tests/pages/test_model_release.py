"""Putting a model in use on the pages: comparison, reason, history, return, and the warning about the model."""

import shutil
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import SHIPPED_MODEL, ModelStore


def _release_page(model_id: str) -> None:
    from pages.components.common import resources
    from pages.components.train import release, state

    state.show_notice()
    release.show(resources.model_store().card(model_id))


def _release_page_of_two(first: str, second: str) -> None:
    from pages.components.common import resources
    from pages.components.train import release

    for model_id in (first, second):
        release.show(resources.model_store().card(model_id))


def _history_page() -> None:
    from pages.components.common import model_history
    from pages.components.train import state

    state.show_notice()
    model_history.show_return()
    model_history.show()


def _banner_page(model_id: str) -> None:
    from pages.components.common import model_banner, resources

    model_banner.show(resources.model_store().card(model_id))


def _run(page, *args) -> AppTest:
    app_page = AppTest.from_function(page, args=args).run()
    assert not app_page.exception
    return app_page


@pytest.fixture
def store_with_synthetic_model(tmp_path, shipped_models, monkeypatch) -> ModelStore:
    """The shipped model, `equal`, and `synthetic`, which claims to be trained on synthetic images."""
    root = tmp_path / "copies"
    for name in (SHIPPED_MODEL, "equal", "synthetic"):
        shutil.copytree(shipped_models / SHIPPED_MODEL, root / name)
        card = replace(ModelCard.load(root / name / "card.json"), id=name)
        # The hash tells the models apart.
        weights = card.weights if name == SHIPPED_MODEL else replace(card.weights, sha256=name)
        data = replace(card.data, layout="phantom") if name == "synthetic" else card.data
        replace(card, weights=weights, data=data).save(root / name / "card.json")
    monkeypatch.setenv("SECOND_LOOK_MODELS", str(root))
    monkeypatch.setattr(ModelStore, "verify", lambda self, model_id: 0.0)
    return ModelStore(root)


def _button(page: AppTest, label: str):
    return next(button for button in page.button if button.label == label)


def test_good_model_is_compared_and_put_in_use_after_confirmation(store_with_synthetic_model):
    page = _run(_release_page, "equal")
    _button(page, "Put in use").click().run()
    assert store_with_synthetic_model.model_in_use() == SHIPPED_MODEL
    blocks = " ".join(block.proto.body for block in page.get("html"))
    assert f"In use: {SHIPPED_MODEL}" in blocks
    assert store_with_synthetic_model.card("equal").test.auc.text() in blocks
    assert "On the 529 test images" in page.caption[0].value.replace("\\", "")
    assert not page.warning
    assert not page.text_input
    _button(page, "Put it in use").click().run()
    assert not page.exception
    assert store_with_synthetic_model.model_in_use() == "equal"
    assert "is now in use on every page" in page.success[0].value


def test_only_the_chosen_one_of_two_copies_of_a_model_is_compared(store_with_synthetic_model):
    shutil.copytree(store_with_synthetic_model.root / "equal", store_with_synthetic_model.root / "copy")
    card = ModelCard.load(store_with_synthetic_model.root / "copy" / "card.json")
    replace(card, id="copy").save(store_with_synthetic_model.root / "copy" / "card.json")
    page = _run(_release_page_of_two, "equal", "copy")
    _button(page, "Put in use").click().run()
    assert not page.exception
    assert [button.label for button in page.button].count("Put it in use") == 1
    _button(page, "Put it in use").click().run()
    assert store_with_synthetic_model.model_in_use() == "equal"


def test_cancel_changes_nothing(store_with_synthetic_model):
    page = _run(_release_page, "equal")
    _button(page, "Put in use").click().run()
    _button(page, "Cancel").click().run()
    assert _button(page, "Put in use")
    assert store_with_synthetic_model.model_in_use() == SHIPPED_MODEL


def test_model_that_fails_a_check_needs_a_reason(store_with_synthetic_model):
    page = _run(_release_page, "synthetic")
    _button(page, "Put in use").click().run()
    assert "trained on synthetic images" in page.warning[0].value
    _button(page, "Put it in use").click().run()
    assert page.error[0].value.startswith("Enter a reason first")
    assert store_with_synthetic_model.model_in_use() == SHIPPED_MODEL
    page.text_input[0].set_value("for a course")
    _button(page, "Put it in use").click().run()
    assert store_with_synthetic_model.model_in_use() == "synthetic"
    assert store_with_synthetic_model.history()[0].reason == "for a course"


def test_model_that_fails_verification_shows_an_error_message(store_with_synthetic_model, monkeypatch):
    page = _run(_release_page, "equal")
    _button(page, "Put in use").click().run()

    def fail(self, model_id):
        from fracture_core.errors import ModelError

        raise ModelError("The weights were changed.")

    monkeypatch.setattr(ModelStore, "verify", fail)
    _button(page, "Put it in use").click().run()
    assert not page.exception
    assert page.error[0].value.replace("\\", "") == "The weights were changed."


def test_history_is_shown_and_one_click_returns_to_the_previous_model(store_with_synthetic_model):
    page = _run(_history_page)
    assert "No change yet" in page.caption[0].value
    assert not page.button
    store_with_synthetic_model.use("synthetic", "for a <b>course", ["synthetic_training"])
    page = _run(_history_page)
    (text,) = (block.proto.body for block in page.get("html"))
    assert f"{SHIPPED_MODEL} → <b>synthetic</b>" in text
    assert "Failed checks: trained on synthetic images" in text
    assert "Reason: for a &lt;b&gt;course" in text
    (button,) = page.button
    assert button.label.replace("\\", "") == f"Return to {SHIPPED_MODEL}"
    button.click().run()
    assert not page.exception
    assert store_with_synthetic_model.model_in_use() == SHIPPED_MODEL
    assert page.get("html")[0].proto.body.count("<li>") == 2


def test_deleted_previous_model_gives_a_warning_and_a_return_to_the_shipped_model(store_with_synthetic_model):
    store_with_synthetic_model.use("equal")
    store_with_synthetic_model.use("synthetic", "for a course")
    store_with_synthetic_model.delete("equal")
    page = _run(_history_page)
    assert "The previous model, equal, was deleted" in page.warning[0].value.replace("\\", "")
    (button,) = page.button
    button.click().run()
    assert store_with_synthetic_model.model_in_use() == SHIPPED_MODEL


def test_banner_states_why_the_model_is_unreliable(store_with_synthetic_model):
    page = _run(_banner_page, "synthetic")
    assert page.markdown[0].value == (
        "The model synthetic was trained on synthetic images: do not rely on its verdicts.".replace(
            ":", "\\:"
        ).replace(".", "\\.")
    )
    assert [button.label for button in page.button] == ["Choose a model"]


def test_good_model_has_no_banner(store_with_synthetic_model):
    page = _run(_banner_page, SHIPPED_MODEL)
    assert not page.markdown
    assert not page.button


@pytest.mark.parametrize(
    ("synthetic", "text"),
    [
        (False, "was trained on real radiographs,"),
        (True, "was trained on synthetic images too,"),
        (None, "is not recorded,"),
    ],
)
def test_caption_of_a_sample_follows_the_card(synthetic, text):
    from types import SimpleNamespace

    from pages.components.common.model_banner import sample_caption

    assert text in sample_caption(SimpleNamespace(synthetic=synthetic))
