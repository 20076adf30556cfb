"""Steps that browser tests share."""


def pick(page, label: str, words: str) -> None:
    """Chooses an option with the keyboard."""
    settled(page)  # a redraw would close the list
    page.get_by_role("combobox", name=label, exact=True).click()
    page.keyboard.type(words)
    page.get_by_role("option", name=words).first.wait_for()
    page.keyboard.press("Enter")
    settled(page)


def settled(page) -> None:
    """Waits until the app has answered the last input."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
    )
