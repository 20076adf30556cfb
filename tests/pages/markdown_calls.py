"""Texts that pages pass to Streamlit as Markdown without escaping them, found in their source code."""

import ast
from collections.abc import Iterator

#: Elements and widgets whose text, label or help Streamlit renders as Markdown.
_ELEMENTS = {
    *(
        "error",
        "warning",
        "info",
        "success",
        "caption",
        "markdown",
        "write",
        "toast",
        "subheader",
        "header",
        "title",
    ),
    *(
        "button",
        "checkbox",
        "radio",
        "expander",
        "popover",
        "tabs",
        "metric",
        "progress",
        "spinner",
        "page_link",
    ),
    *(
        "download_button",
        "text_input",
        "selectbox",
        "multiselect",
        "slider",
        "toggle",
        "segmented_control",
        "pills",
    ),
    *("number_input", "file_uploader", "text_area", "form_submit_button", "status", "link_button"),
}
_KEYWORDS = {"help", "label", "text", "body", "captions"}
_ESCAPING = {"escape_markdown", "len", "format_file_size"}


def find_unescaped_texts(source: str) -> set[str]:
    """Find the parts of Markdown texts that are neither written in the source, nor formatted numbers, nor escaped.

    Args:
        source: source code of a page.

    Returns:
        The expressions.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in _ELEMENTS:
            texts = [*node.args[:1], *(word.value for word in node.keywords if word.arg in _KEYWORDS)]
            for text in texts:
                found.update(map(ast.unparse, _unescaped(text)))
    return found


def _unescaped(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Constant():
            return
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)) if name in _ESCAPING:
            return
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[argument]):
            yield from _unescaped(argument)
        case ast.GeneratorExp() | ast.ListComp():
            yield from _unescaped(node.elt)
        case ast.FormattedValue(format_spec=spec) if spec is not None:
            if not set(ast.unparse(spec)) & set(",%fgd"):
                yield from _unescaped(node.value)
        case ast.FormattedValue():
            yield from _unescaped(node.value)
        case ast.JoinedStr():
            for value in node.values:
                yield from _unescaped(value)
        case ast.IfExp():
            yield from _unescaped(node.body)
            yield from _unescaped(node.orelse)
        case ast.BoolOp():
            for value in node.values:
                yield from _unescaped(value)
        case ast.BinOp():
            yield from _unescaped(node.left)
            yield from _unescaped(node.right)
        case ast.List() | ast.Tuple():
            for value in node.elts:
                yield from _unescaped(value)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name.lstrip("_").isupper():
            return
        case _:
            yield node
