"""Exposures: who uses what the project makes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Exposure, Place, Project
from retailsql.runner.read.nodes import check_enabled
from retailsql.runner.read.properties import Properties, describe
from retailsql.runner.read.yml import YList, refuse, tags_of
from retailsql.runner.read.yml_jinja import YmlJinja

TYPES = ("dashboard", "notebook", "analysis", "ml", "application")
_REF = re.compile(r"""^\s*ref\(\s*(?:(['"])[^'"]+\1\s*,\s*)?(['"])([^'"]+)\2\s*\)\s*$""")
_SOURCE = re.compile(r"""^\s*source\(\s*(['"])([^'"]+)\1\s*,\s*(['"])([^'"]+)\3\s*\)\s*$""")


def read_exposures(
    properties: Properties, jinja: YmlJinja, project: Project, disabled: Mapping[str, str]
) -> tuple[Exposure, ...]:
    """All exposures.

    Raises:
        ProjectError: a wrong type, or it depends on what is not there.
    """
    found = []
    for raw in properties.of("exposures"):
        entry = jinja.value(raw, raw.place)
        kind = entry.get("type")
        if kind not in TYPES:
            refuse(entry.at("type"), "an exposure has another type", kind, ", ".join(TYPES))
        given = entry.get("depends_on") or YList()
        if not isinstance(given, YList):
            refuse(entry.at("depends_on"), "depends_on is not a list", given, "[ref('fct_orders')]")
        needs: dict[str, Place] = {}
        for i, text in enumerate(given):
            target = depends(str(text), given.at(i), project, disabled)
            if isinstance(target, str):
                needs[target] = given.at(i)
        found.append(
            Exposure(
                entry["name"], kind, tuple(needs), entry.place,
                describe(entry, jinja, properties.docs), tuple(tags_of(entry)),
            )
        )  # fmt: skip
    return tuple(found)


def depends(
    text: str, place: Place, project: Project, disabled: Mapping[str, str]
) -> str | tuple[str, str]:
    """What ``ref('a')`` or ``source('a', 'b')`` in a yml file names.

    Raises:
        ProjectError: it names nothing, or is neither.
    """
    if match := _REF.match(text):
        name = match[3]
        check_enabled({name: place}, disabled)
        if name not in project.nodes:
            raise ProjectError(
                f"{place}: ref({name!r}) names no model", wanted=nearest(name, project.nodes)
            )
        return name
    if match := _SOURCE.match(text):
        key = match[2], match[4]
        if key not in project.sources:
            raise ProjectError(
                f"{place}: source{key!r} is declared in no yml file",
                wanted=nearest(".".join(key), [".".join(k) for k in project.sources]),
            )
        return key
    return refuse(place, "neither a ref() nor a source()", text, "ref('fct_orders')")
