"""Streamlit calls in the functions of the pages, found in their source code without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

#: Parts of Streamlit that a cached function may use: other caches and the configuration.
ALLOWED = {
    "streamlit.cache_data",
    "streamlit.cache_resource",
    "streamlit.get_option",
    "streamlit.auth_util.get_secrets_auth_section",
}
CACHES = {"streamlit.cache_data", "streamlit.cache_resource"}
#: Types of parameters that can draw when they are called or used.
_DRAWING = ("Callable", "DeltaGenerator")

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class _Module:
    """Names that a module defines or imports, as dotted names."""

    name: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)


class Pages:
    """The pages of an app.

    Args:
        sources: source by dotted name of the module, such as `pages.components.second_opinion.workspace`.
    """

    def __init__(self, sources: Mapping[str, str]):
        self._modules = {name: _Module(name, ast.parse(text)) for name, text in sources.items()}
        self._functions: dict[str, tuple[_Module, ast.AST]] = {}
        self._methods: dict[str, list[str]] = {}
        for module in self._modules.values():
            self._collect(module)

    def _collect(self, module: _Module) -> None:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    module.names[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    module.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                module.names.setdefault(node.name, f"{module.name}.{node.name}")
                self._functions.setdefault(f"{module.name}.{node.name}", (module, node))
                if isinstance(node, ast.ClassDef):
                    self._collect_methods(module, node)
        # `keep = st.cache_data` and `draw = _draw` are other names of the same thing.
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value.func if isinstance(node.value, ast.Call) else node.value
                known = self._resolve(module, value)
                if known is not None and (known in CACHES or not isinstance(node.value, ast.Call)):
                    module.names[node.targets[0].id] = known

    def _collect_methods(self, module: _Module, node: ast.ClassDef) -> None:
        for each in node.body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{module.name}.{node.name}.{each.name}"
                self._functions[name] = (module, each)
                self._methods.setdefault(each.name, []).append(name)

    def _resolve(self, module: _Module, node: ast.expr) -> str | None:
        """Return the dotted name that an expression refers to, or None for a local value."""
        if isinstance(node, ast.Name):
            return module.names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._resolve(module, node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None

    def _follow_imports(self, name: str) -> str:
        """Return the original name of a name that one module imports from another."""
        for _ in range(10):
            owner, _, last = name.rpartition(".")
            known = self._modules[owner].names.get(last) if owner in self._modules else None
            if known is None or known == name:
                return name
            name = known
        return name

    def cached_functions(self) -> Iterator[tuple[str, _Module, _Function]]:
        """Yield the functions that `st.cache_data` or `st.cache_resource` caches, by a decorator or a call."""
        for module in self._modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    if any(self._is_cache(module, each) for each in node.decorator_list):
                        yield f"{module.name}.{node.name}", module, node
                elif isinstance(node, ast.Call) and self._is_cache(module, node.func):
                    for argument in node.args:
                        if isinstance(argument, ast.Lambda):
                            yield f"{module.name}:{node.lineno}", module, argument
                            continue
                        name = self._follow_imports(self._resolve(module, argument) or "")
                        if name in self._functions:
                            owner, function = self._functions[name]
                            assert not isinstance(function, ast.ClassDef)
                            yield name, owner, function  # type: ignore[misc]

    def _is_cache(self, module: _Module, node: ast.expr) -> bool:
        while isinstance(node, ast.Call):
            node = node.func
        return self._follow_imports(self._resolve(module, node) or "") in CACHES

    def find_violations(self) -> list[str]:
        """Describe each forbidden use of Streamlit in cached functions, one sentence each."""
        violations = []
        for name, module, function in self.cached_functions():
            for parameter in _parameters(function):
                annotation = ast.unparse(parameter.annotation) if parameter.annotation else ""
                if (
                    isinstance(function, ast.Lambda)
                    or annotation in ("", "Any")
                    or any(each in annotation for each in _DRAWING)
                ):
                    violations.append(
                        f"{name}: the parameter {parameter.arg} ({annotation or 'no type'}) may draw"
                    )
            violations += [
                f"{name} uses {used} in {where}" for used, where in self._uses(name, module, function)
            ]
        return sorted(set(violations))

    def _uses(self, name: str, module: _Module, function: ast.AST) -> Iterator[tuple[str, str]]:
        """Yield the Streamlit names that a function and its callees in the pages use, with the place of use."""
        pending, seen = [(name, module, function)], {name}
        while pending:
            where, owner, node = pending.pop()
            for used in self._references(owner, node):
                full = self._follow_imports(used)
                if full.split(".")[0] == "streamlit":
                    if not any(full == each or full.startswith(f"{each}.") for each in ALLOWED):
                        yield full, where
                elif full in self._functions and full not in seen:
                    seen.add(full)
                    pending.append((full, *self._functions[full]))

    def _references(self, module: _Module, function: ast.AST) -> Iterator[str]:
        """Yield every dotted name in a body; a method of an unknown object counts for each class that has it."""
        body = function.body if not isinstance(function, ast.Lambda) else [function.body]  # type: ignore[attr-defined]
        covered: set[int] = set()
        for statement in body:
            for node in ast.walk(statement):
                if not isinstance(node, ast.Name | ast.Attribute) or id(node) in covered:
                    continue
                name = self._resolve(module, node)
                if name is not None:
                    covered.update(id(each) for each in ast.walk(node))
                    yield name
                elif isinstance(node, ast.Attribute):
                    yield from self._methods.get(node.attr, ())


def _parameters(function: _Function) -> Iterator[ast.arg]:
    arguments = function.args
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (each for each in (arguments.vararg, arguments.kwarg) if each is not None)


def find_unguarded_calls(source: str, name: str) -> list[str]:
    """Describe fragments, callbacks and deferred downloads that do not use the boundary, one sentence each."""
    violations = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.alias) and "fragment" in (
            getattr(node, "attr", ""),
            getattr(node, "name", ""),
        ):
            owner = getattr(getattr(node, "value", None), "id", "")
            if owner != "boundary":
                violations.append(f"{name}:{node.lineno} uses a fragment without boundary.fragment")
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg in ("on_click", "on_change", "on_select", "on_submit"):
                guarded = isinstance(keyword.value, ast.Constant) or _is_call(keyword.value, "callback")
                if not guarded:
                    violations.append(f"{name}:{node.lineno} has {keyword.arg} without boundary.callback")
            elif keyword.arg == "data" and isinstance(keyword.value, ast.Lambda):
                violations.append(f"{name}:{node.lineno} has deferred data without boundary.download")
    return violations


def _is_call(node: ast.expr, function: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == f"boundary.{function}"
