"""Steps shared by the browser tests."""

import re

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

_SECTIONS = {
    "Failures": "Evaluate",
    "Teaching": "Evaluate",
    "Train": "Build",
    "Data audit": "Build",
    "Published systems": "Build",
}


def choose_page(page, title: str) -> None:
    """Open a page through the navigation bar; Labels is a tab of Data audit."""
    if title == "Labels":
        choose_page(page, "Data audit")
        page.get_by_test_id("stMain").get_by_role("link", name="Labels", exact=True).click()
        return
    navigation = page.get_by_test_id("stTopNav")
    if title in _SECTIONS:
        navigation.get_by_role("button", name=_SECTIONS[title], exact=True).click()
        page.get_by_role("menuitem", name=title, exact=True).click()
    else:
        navigation.get_by_role("link", name=title, exact=True).click()


def choose_option(page, label: str, option: str) -> None:
    """Choose an option of a select box with the keyboard."""
    open_options(page, label)
    page.keyboard.type(option)
    page.get_by_role("option", name=option).first.wait_for()
    page.keyboard.press("Enter")
    wait_for_rerun(page)


def open_options(page, label: str) -> None:
    """Open the list of a select box, again if a rerun closed it."""
    for _ in range(10):
        wait_for_rerun(page)
        page.get_by_role("combobox", name=label, exact=True).click()
        try:
            page.get_by_role("option").first.wait_for(timeout=3_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(f"the list {label!r} did not open")


def wait_for_rerun(page) -> None:
    """Wait until the app has finished the last rerun."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'",
        polling=50,  # milliseconds; by default the browser would draw a frame for each check
    )


def save(page, label: str):
    """Press a download button; again if the page was drawn meanwhile, which cancels the download.

    Returns:
        Playwright's download.
    """
    for _ in range(4):
        wait_for_rerun(page)
        try:
            with page.expect_download(timeout=20_000) as saved:
                page.get_by_role("button", name=label, exact=True).click()
        except PlaywrightTimeoutError:
            continue
        return saved.value
    raise AssertionError(f"{label!r} saved nothing")


def put_in_use(page, reason: str = "a test", model: str = "") -> None:
    """Press the *Put in use* button of a model, by default the first, and confirm, with a reason if one is required."""
    wait_for_rerun(page)
    place = page.locator(f".st-key-train_use_{model}") if model else page
    place.get_by_role("button", name="Put in use", exact=True).first.click()
    confirm = page.get_by_role("button", name="Put it in use", exact=True)
    confirm.wait_for()
    wait_for_rerun(page)
    field = page.get_by_role("textbox", name="Reason for using it anyway")
    if field.count():
        field.fill(reason)
    confirm.click()


def mark_button(page, mark: str):
    """Return the button of a mark; the tags beside it have the same names."""
    return page.locator(".st-key-failures-marks").get_by_role("button", name=re.compile(f"^{mark}"))


def image_button(page, name: str):
    """Return the thumbnail of an image of a study by its file name."""
    return page.locator(f'.rail button[title="{name}"]')


def upload(page, *paths) -> None:
    """Upload the images of a study."""
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
        [str(path) for path in paths]
    )
