"""The state of a node: what it would be made of now, beside what it was made of.

Two digests. ``of(node)`` is written into its comment:

    table, incremental, seed, score, model    SQL, config, macros, and the rows it reads
    view                                      SQL, config, macros, and the columns it reads

so that a view is made again when it would have other columns, and stays when only rows are new.
``rows(node)`` is what those that read it depend on: of a table what is in it, of a view the rows
under it, of a model the deployed version. So a table that was made again and came out the same
does not set off what reads it. None is an unknown state, which equals no other: whoever depends on
it is run.
"""

from __future__ import annotations

import hashlib
import json
import uuid

from retailsql.functions.connection import raw
from retailsql.registry.fetch import first_row
from retailsql.registry.names import literal, quote
from retailsql.runner import made
from retailsql.runner.deployed import Deployed, deployed_versions
from retailsql.runner.materialize import model, score
from retailsql.runner.materialize.macro import macro_file
from retailsql.runner.node import DataTest, Node, Project, UnitTest
from retailsql.runner.state import sources
from retailsql.runner.state.functions import Functions
from retailsql.runner.state.uses import Uses, names_file, uses_of_all

_FORMAT = "2"
"""Raised when what goes into a fingerprint changes: everything is then run once more."""
LOOKED_AT = 1_000_000
"""Rows up to which a table of the project is known by what is in it (0.04 s). Of a larger one the
number of rows and the columns must do, beside a number of its own for every time it was made: an
UPDATE by hand is not seen there."""


_MADE_BY = {"score": score.FILE, "model": model.FILE}
"""Files of macros that make a kind of node; what they say is a part of it."""


def digest(*parts: object) -> str | None:
    """Sixteen digits for some parts; None if one of them is not known.

    >>> digest("a", None) is None, digest("a", "b") == digest("a", "b"), len(digest("a"))
    (True, True, 16)
    """
    if any(p is None for p in parts):
        return None
    text = json.dumps([_FORMAT, *parts], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class State:
    """What a schema holds of a project. It asks the database once and keeps what it was told.

    Args:
        con: a DuckDB connection or a Session.
        project: the project; its schema exists.
    """

    def __init__(self, con: object, project: Project) -> None:
        self._con, self._project = raw(con), project
        self.relations = made.relations(con, project.schema)
        self._versions: dict[str, Deployed] | None = None
        self._functions: Functions | None = None
        self._uses: dict[str, tuple[Uses, list[str]]] = {}
        self._parsed: dict[str, Uses] = {}
        self._read: dict[str, str | None] = {}
        self._columns: dict[str, str | None] = {}
        self._rows: dict[str, str | None] = {}
        self._comments: dict[tuple[str, str], str | None] | None = None

    @property
    def versions(self) -> dict[str, Deployed]:
        """Deployed versions of the schema's models, by name."""
        if self._versions is None:
            self._versions = deployed_versions(self._con, self._project.schema)
        return self._versions

    def of(self, node: Node) -> str | None:
        """The fingerprint that the node would get now; None if it has to be run in any case."""
        found, texts = self._reach(node)
        parts: list[object] = [node.kind, node.sql, node.again or "", dict(node.options), texts]
        parts += [node.contract and [(c.name, c.type, c.not_null) for c in node.columns]]
        if macros := _MADE_BY.get(node.kind):
            parts.append(macro_file(self._project.path, macros).read_text("utf-8"))
        if node.kind == "seed":
            return digest(*parts, self._seed(node))
        others = [self._project.sources[key].relation for key in node.sources]
        others += self._others(node.needs, node.name, found)
        if node.kind == "view":
            # Only a text: unless a file's columns stand in it, it is the same tomorrow.
            places = [self._place(name) for name in node.needs] + others
            clear = True if self._all_functions().clear(found) else None
            return digest(*parts, *map(self._shape, places), clear)
        needs = [self._scores(n) if node.kind == "score" else self.rows(n) for n in node.needs]
        return digest(*parts, *needs, *map(self._content, others), self._steady(found))

    def of_test(self, test: DataTest) -> str | None:
        """The fingerprint of a data test: its SQL and the rows it reads."""
        found, texts = self._all_functions().reach(self._con, self._parse(test.sql))
        read = [self._project.sources[key].relation for key in test.sources]
        self._leave_out(found, read)
        needs = [self.rows(name) for name in test.needs]
        content = map(self._content, read + self._others(test.needs, "", found))
        return digest("test", test.sql, test.warn, texts, *needs, *content, self._steady(found))

    def of_unit(self, test: UnitTest) -> str | None:
        """The fingerprint of a unit test: SQL, rows given, and the columns of what they are for."""
        node = self._project.nodes[test.of]
        found, texts = self._reach(node)
        places = [self._place(name) for name in node.needs]
        places += [self._project.sources[key].relation for key in node.sources]
        shapes = [self._shape(place) or "none" for place in places]
        rows = [list(test.given.items()), test.expect]
        return digest("unit", test.sql, rows, texts, shapes, self._steady(found))

    def rows(self, name: str) -> str | None:
        """The state of a node's rows, as those that read it see them."""
        if name not in self._rows:
            self._rows[name] = self._rows_of(self._project.nodes[name])
        return self._rows[name]

    def _scores(self, name: str) -> str | None:
        """The same for those that only call a model: what is told of it is nothing to them."""
        if self._project.nodes[name].kind != "model":
            return self.rows(name)
        held = self.versions.get(name.lower())
        return held.scores if held else "none"

    def _rows_of(self, node: Node) -> str | None:
        if node.kind == "model":
            return str(self.versions.get(node.name.lower(), "none"))
        held = self.relations.get(node.name.lower())
        if held is None:
            return None
        if held.kind == "TABLE":
            left, whole = self._left(node.name, held.kind)
            if whole:
                return left
            _, left_then, stamp = (*held.fingerprint.split("."), "", "")[:3]
            return digest(left, stamp) if left_then == left else None
        if not self._intact(held):
            return None
        found, _ = self._reach(node)
        under = [self.rows(name) for name in node.needs]
        under += [self._content(self._project.sources[key].relation) for key in node.sources]
        under += map(self._content, self._others(node.needs, node.name, found))
        return digest(held.fingerprint, *under, self._steady(found))

    def unchanged(self, node: Node, now: str | None) -> bool:
        """Whether the node is there already, made of just that, and nobody has changed it."""
        held = self.relations.get(node.name.lower())
        if now is None or held is None or held.fingerprint.partition(".")[0] != now:
            return False
        return self._intact(held) and (node.kind != "model" or node.name.lower() in self.versions)

    def words(self, node: Node, now: str | None, kind: str) -> str:
        """The comment for a node that has just been made as a TABLE or a VIEW."""
        left, whole = self._left(node.name, kind)
        stamp = "" if whole else f".{uuid.uuid4().hex[:8]}"
        return made.comment(node, f"{now or 0}.{left}{stamp}")

    def told(self, node: Node) -> bool:
        """Whether the comments of an unchanged node have the words that the yml file has now."""
        name = node.name.lower()
        held = self.relations[name]
        if self._comments is None:
            self._comments = made.column_comments(self._con, self._project.schema)
        columns = all(
            self._comments.get((name, c.name.lower()), words) == words
            for c in node.columns if (words := c.description.strip())
        )  # fmt: skip
        return columns and held.comment == made.comment(node, held.fingerprint)

    def done(self, node: Node, words: str, kind: str) -> None:
        """Take note of a node that was made, or whose comment was written anew."""
        if kind:
            self.relations[node.name.lower()] = made.Relation(node.name, kind, words)
        self._columns.pop(self._place(node.name), None)
        self._comments = None
        self._rows.clear()
        if node.kind == "model":
            self._versions = self._functions = None
            self._uses.clear()

    def _steady(self, found: Uses) -> bool | None:
        """True, or None if the same state may give other rows next time."""
        return True if self._all_functions().steady(found) else None

    def _all_functions(self) -> Functions:
        if self._functions is None:
            self._functions = Functions.of(self._con)
        return self._functions

    def _reach(self, node: Node) -> tuple[Uses, list[str]]:
        """What a node uses beside its sources, by way of macros too, and those macros' texts."""
        if node.name not in self._uses:
            found = Uses()
            if node.kind != "seed":
                found.add(self._parse(node.sql))
                found.add(self._parse(node.again or node.sql))
            for expression in (node.options.get("scores") or {}).values():
                found.add(self._parse(f"SELECT {expression}"))
            self._leave_out(found, [self._project.sources[key].relation for key in node.sources])
            self._uses[node.name] = self._all_functions().reach(self._con, found)
        return self._uses[node.name]

    def _parse(self, sql: str) -> Uses:
        """What a text uses; all texts of the project are read at once, when the first is asked."""
        if not self._parsed:
            p = self._project
            texts = {t.sql: 0 for t in p.tests} | {n.sql: 0 for n in p.nodes.values() if n.sql}
            texts |= {n.again: 0 for n in p.nodes.values() if n.again}
            self._parsed = uses_of_all(self._con, list(texts))
        if sql not in self._parsed:
            self._parsed |= uses_of_all(self._con, [sql])
        found = Uses()
        found.add(self._parsed[sql])
        return found

    def _leave_out(self, found: Uses, relations: list[str]) -> None:
        """Take out what stands in the SQL as a source: its rows are looked at themselves."""
        for relation in relations:
            given = self._parse(f"FROM {relation}")
            found.tables -= given.tables
            found.table_functions -= given.table_functions

    def _others(self, needs: tuple[str, ...], own: str, found: Uses) -> list[str]:
        """Tables and files that stand in the SQL by name, without ref() or source()."""
        schema = self._project.schema.lower().rpartition(".")[2]
        said = {(schema, name.lower()) for name in (*needs, own)}
        rest = {t for t in found.tables if t[-2:] not in said and (schema, *t) not in said}
        return sorted(literal(t[0]) if names_file(t) else ".".join(map(quote, t)) for t in rest)

    def _place(self, name: str) -> str:
        return made.relation(self._project.schema, name)

    def _content(self, relation: str) -> str | None:
        """What is in a relation that is not the project's; read once."""
        if relation not in self._read:
            held = sources.content(self._con, relation, self._project.path)
            self._read[relation] = digest(held, self._shape(relation))
        return self._read[relation]

    def _shape(self, relation: str) -> str | None:
        """Names and types of columns; asked once, and again when it was made anew."""
        if relation not in self._columns:
            self._columns[relation] = sources.columns(self._con, relation)
        return self._columns[relation]

    def _seed(self, node: Node) -> str | None:
        try:
            return hashlib.sha256((self._project.path / node.file).read_bytes()).hexdigest()
        except OSError:
            return None  # making it says why

    def _left(self, name: str, kind: str) -> tuple[str, bool]:
        """A few digits for a relation as it is now, and whether they stand for all its rows."""
        place = self._place(name)
        held: list[object] = [sources.columns(self._con, place) or "none"]
        whole = True
        if kind == "TABLE":
            row = first_row(self._con, f"SELECT count(*) FROM {place}")
            held += row or ()
            whole = row is not None and row[0] <= LOOKED_AT
            if whole:
                held.append(sources.content(self._con, place, self._project.path) or "none")
        return str(digest(*held)), whole

    def touched(self, held: made.Relation | None) -> bool:
        """Whether somebody has changed what a run of ours has made, as far as that is known."""
        return held is not None and bool(held.fingerprint) and not self._intact(held)

    def _intact(self, held: made.Relation) -> bool:
        """Whether a relation is as its maker left it."""
        return held.fingerprint.split(".")[1:2] == [self._left(held.name, held.kind)[0]]
