"""Steps that browser tests share."""


def settled(page) -> None:
    """Waits until the app has answered the last input."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
    )
