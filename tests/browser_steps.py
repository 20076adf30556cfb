"""Steps shared by the browser tests."""


def pick(page, label: str, words: str) -> None:
    """Choose an option of a select box with the keyboard."""
    settled(page)  # a rerun would close the list
    page.get_by_role("combobox", name=label, exact=True).click()
    page.keyboard.type(words)
    page.get_by_role("option", name=words).first.wait_for()
    page.keyboard.press("Enter")
    settled(page)


def settled(page) -> None:
    """Wait until the app has finished the last rerun."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
    )


def put_in_use(page, reason: str = "a test") -> None:
    """Press the first *Put in use* button and confirm, with a reason if one is required."""
    settled(page)
    page.get_by_role("button", name="Put in use", exact=True).first.click()
    confirm = page.get_by_role("button", name="Put it in use", exact=True)
    confirm.wait_for()
    settled(page)
    field = page.get_by_role("textbox", name="Reason for using it anyway")
    if field.count():
        field.fill(reason)
    confirm.click()
