"""Who may use the app from another computer, and which folders of this computer its pages then read."""

import os
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.auth_util import get_secrets_auth_section

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name

_ALLOW_ANONYMOUS, _DATA_ROOTS = "SECOND_LOOK_ALLOW_ANONYMOUS", "SECOND_LOOK_DATA_ROOTS"

#: What to do to let others use the app.
HOW_TO_SHARE = (
    "To share the app, set up a login as docs/deployment.md describes, or set "
    f"{_ALLOW_ANONYMOUS}=1 if a firewall or a proxy restricts who can connect."
)


def is_login_configured() -> bool:
    """Return whether the secrets of the app name an identity provider (OpenID Connect)."""
    return bool(get_secrets_auth_section())


def may_be_shared() -> bool:
    """Return whether other computers may connect: with a login, or anonymously by explicit consent."""
    return os.environ.get(_ALLOW_ANONYMOUS) == "1" or is_login_configured()


def require_login(draw: Callable[[], None]) -> None:
    """Draw the app, or a login button for a visitor who must log in first.

    Args:
        draw: draws the app.
    """
    if not is_login_configured() or st.user.is_logged_in:
        draw()
        return
    st.title("Second Look", anchor=False)
    st.markdown("Log in to use this app.")
    if st.button("Log in", type="primary"):
        st.login()


def check_folder(path: Path) -> None:
    """Check that pages may read a file or folder that a user named.

    On the user's own computer every path is allowed. An app that others can reach reads only folders below
    `SECOND_LOOK_DATA_ROOTS`, below `SECOND_LOOK_DATASET` and those in which it stores datasets itself.

    Args:
        path: the path after links are resolved.

    Raises:
        DataError: the path is not allowed.
    """
    if not (may_be_shared() or os.environ.get(_DATA_ROOTS)):
        return
    if any(path.is_relative_to(root) for root in _allowed_roots()):
        return
    raise DataError(
        f"{escape_name(str(path))} is not one of the folders that this app may read, because others can use it. Ask "
        f"its administrator to add the folder to {_DATA_ROOTS}."
    )


def is_allowed_folder(path: Path) -> bool:
    """Return whether `check_folder` accepts a path."""
    try:
        check_folder(path)
    except DataError:
        return False
    return True


def _allowed_roots() -> list[Path]:
    named = os.environ.get(_DATA_ROOTS, "").split(os.pathsep)
    named.append(os.environ.get("SECOND_LOOK_DATASET", ""))
    return [Path(name).expanduser().resolve() for name in named if name.strip()] + [
        paths.runs_dir().resolve()
    ]
