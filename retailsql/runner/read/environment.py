"""Jinja as dbt sets it up: its blocks, filters and macros that ``return()``."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError
from types import CodeType
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    FileSystemBytecodeCache,
    TemplateNotFound,
    Undefined,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace

from retailsql.runner.node import Place
from retailsql.runner.not_supported import by_name
from retailsql.runner.read import line_map
from retailsql.runner.read.offered import ReturnError

MACRO = "macro__"
"""How a macro is called inside; by its own name one calls the wrapper that knows ``return()``."""

Files = dict[str, Callable[[], str]]
"""Name of a file -> what reads its text."""


class Missing(Undefined):
    """A name nobody knows, or an entry that a list or mapping of the file has not. The latter is
    false, empty and equal to nothing, so that ``{% if column.alias %}`` can be asked, as in dbt;
    to write it, which dbt does with nothing, is an error, and so is all use of an unknown name.
    """

    def _entry(self) -> None:
        if type(self._undefined_obj) not in (dict, list, tuple, Namespace):
            self._fail_with_undefined_error()

    def __str__(self) -> str:
        return self._fail_with_undefined_error()

    def __bool__(self) -> bool:
        self._entry()
        return super().__bool__()

    def __len__(self) -> int:
        self._entry()
        return super().__len__()

    def __iter__(self) -> Iterator[Any]:
        self._entry()
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        self._entry()
        return super().__eq__(other)

    __hash__ = Undefined.__hash__


class _Loader(BaseLoader):
    def __init__(self, files: Files) -> None:
        self._files = files

    def get_source(
        self, environment: Any, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        if template not in self._files:
            raise TemplateNotFound(template)
        return self._files[template](), template, None


class _Compiled(BytecodeCache):
    """Compiled files: kept while the process lives and, since compiling is most of the time that a
    command takes to read a project, in Jinja's own folder of this user's temporary files. A file
    that has changed is another one, and so is one compiled by another version of this code.
    """

    _held: dict[str, CodeType] = {}  # noqa: RUF012  (shared on purpose: every load uses it)
    _most = 2000

    def __init__(self) -> None:
        makers = "".join(
            Path(str(m.__file__)).read_text("utf-8") for m in (line_map, sys.modules[__name__])
        )
        self._maker = hashlib.sha1(makers.encode(), usedforsecurity=False).hexdigest()
        try:
            self._disk: FileSystemBytecodeCache | None = FileSystemBytecodeCache()
        except (OSError, RuntimeError):  # no folder that is this user's alone
            self._disk = None

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._held.get(bucket.key + bucket.checksum)
        if bucket.code is None and self._disk is not None:
            try:
                self._disk.load_bytecode(bucket)
            except (OSError, EOFError, ValueError, UnpicklingError):  # cut off, as by a full disk
                bucket.reset()
            self._hold(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._hold(bucket)
        if self._disk is not None:
            with suppress(OSError):
                self._disk.dump_bytecode(bucket)

    def _hold(self, bucket: Bucket) -> None:
        if len(self._held) >= self._most:
            self._held.clear()
        if bucket.code is not None:
            self._held[bucket.key + bucket.checksum] = bucket.code

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return hashlib.sha1((self._maker + name).encode(), usedforsecurity=False).hexdigest()


class _Test(Extension):
    """``{% test name(model, column_name) %}``: the macro ``test_name``."""

    tags = {"test", "data_test"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        tag = next(parser.stream)
        made = nodes.Macro(lineno=tag.lineno)
        made.name = f"test_{parser.parse_assign_target(name_only=True).name}"
        parser.parse_signature(made)
        made.body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return made


class _Skipped(Extension):
    """``{% materialization %}`` is dbt's business; ``{% docs %}`` is read elsewhere."""

    tags = {"materialization", "docs"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        tag = next(parser.stream)
        while parser.stream.current.type != "block_end":
            next(parser.stream)
        parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return []


class _Refused(Extension):
    """``{% snapshot %}``: named, with its line."""

    tags = {"snapshot"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        tag = next(parser.stream)
        known = by_name(str(tag.value))
        raise TemplateSyntaxError(
            f"{known.what}; {known.todo}", tag.lineno, parser.name, parser.filename
        )


class SqlEnvironment(SandboxedEnvironment):
    """Jinja for SQL files: places are kept (see :mod:`line_map`), macros may ``return()``."""

    concat = staticmethod(line_map.join)

    def __init__(self, files: Files, macro_files: set[str]) -> None:
        self._macro_files = macro_files
        super().__init__(
            loader=_Loader(files),
            undefined=Missing,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", _Test, _Skipped, _Refused],
            autoescape=False,  # SQL, not HTML
            bytecode_cache=_Compiled(),
        )
        for name in ("as_text", "as_bool", "as_native", "as_number"):
            self.filters[name] = _as_it_is
        self.filters["is_list"] = _is_list

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for macro in tree.find_all(nodes.Macro):
            if name not in self._macro_files:
                raise TemplateSyntaxError(
                    f"a {{% macro %}} outside of the macros folder, which dbt does not find; "
                    f"move {macro.name!r} there",
                    macro.lineno, name, filename,
                )  # fmt: skip
            macro.name = MACRO + macro.name
        line_map.trace(tree, name or "")
        return tree


class Macro:
    """A macro of the project: ``return(value)`` in it makes the call that value.

    Args:
        macro: Jinja's macro.
        file: where it stands.
    """

    def __init__(self, macro: Any, file: str) -> None:
        self._macro, self.file = macro, file
        self.arguments: tuple[str, ...] = tuple(macro.arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What it renders to, or returns."""
        try:
            return self._macro(*args, **kwargs)
        except ReturnError as left:
            return left.value


def here(default: Place) -> Place:
    """The line of the file that is being rendered, not of a macro; to be called from within."""
    frame: Any = sys._getframe(1)
    found = default
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            found = Place(template.name, template.get_corresponding_lineno(frame.f_lineno))
        frame = frame.f_back
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
