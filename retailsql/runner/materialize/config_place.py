"""Where in a file its config() says something."""

from __future__ import annotations

import re

from retailsql.runner.node import Node, Place, Project


def config_place(project: Project, node: Node, key: str) -> Place:
    """The line of a file on which a key of config() stands; its first if a yml file says it.

    >>> from pathlib import Path
    >>> project = Project("p", Path("nowhere"), "main", {}, {}, {})
    >>> str(config_place(project, Node("s", "models/s.sql", "score", ""), "scores"))
    'models/s.sql:1'
    """
    try:
        text = (project.path / node.file).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return Place(node.file)
    found = re.search(rf"\b{re.escape(key)}['\"]?\s*[=:]", text)
    return Place(node.file, text.count("\n", 0, found.start()) + 1 if found else 1)
