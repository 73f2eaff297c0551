"""Points and the distance between them; BigQuery's other geography is not translated."""

from __future__ import annotations

from retailsql.dialect.bigquery.functions import Call, Function, Table, fail, say

RADIUS = 6371010.0
"""Metres from the middle of the sphere that BigQuery measures on, S2's Earth.
https://github.com/google/s2geometry: s2earth.h, RadiusMeters"""


def _point(call: Call) -> str:
    """ST_GEOGPOINT(longitude, latitude): a struct of the two, NULL where one is."""
    east, north = (f"CAST({text} AS DOUBLE)" for text in call.texts)
    wrong = fail("a latitude outside -90 to 90", "DOUBLE")
    checked = f"CASE WHEN abs({north}) > 90 THEN {wrong} ELSE {north} END"
    return (
        f"(CASE WHEN ({east}) IS NOT NULL AND ({north}) IS NOT NULL "
        f"THEN struct_pack(longitude := {east}, latitude := {checked}) END)"
    )


def _distance(call: Call) -> str:
    """ST_DISTANCE(a, b) in metres: on the sphere, by the haversine formula."""
    if len(call) > 2 and call.text(2).lower() != "false":
        raise call.refuse(
            "ST_DISTANCE is translated on the sphere only", seen=call.text(2),
            wanted="use_spheroid FALSE, BigQuery's default",
        )  # fmt: skip
    a, b = (f"({text})" for text in call.texts[:2])
    high = f"radians({b}.latitude - {a}.latitude) / 2"
    wide = f"radians({b}.longitude - {a}.longitude) / 2"
    cosines = f"cos(radians({a}.latitude)) * cos(radians({b}.latitude))"
    square = f"pow(sin({high}), 2) + {cosines} * pow(sin({wide}), 2)"
    # Rounding may bring it above 1; least() would make 1 of NULL.
    return f"({2 * RADIUS!r}e0 * asin(sqrt(CASE WHEN {square} > 1 THEN 1 ELSE {square} END)))"


FUNCTIONS: Table = {
    "ST_GEOGPOINT": Function(_point, 2, 2, "struct"),
    "ST_DISTANCE": Function(_distance, 2, 3, "float"),
    "ST_X": say("(({0}).longitude)", 1, kind="float"),
    "ST_Y": say("(({0}).latitude)", 1, kind="float"),
}
