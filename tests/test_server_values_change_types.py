"""A column has the type it was announced with, whatever the values of parameters are."""

import itertools

import pytest

from retailsql.adapters.server.records import PgError
from tests.server_sessions import READER, enter, make_door, make_file
from tests.server_sessions import Extended as Asked

KINDS = {23: "1", 20: "5", 1700: "1.5", 701: "1.5", 25: "7", 1082: "2024-01-01",
         1114: "2024-01-01 00:00:00", 1186: "1 day", 114: '{"a": 1}', 17: "\\x01"}  # fmt: skip
SHAPES = ["coalesce($1, $2)", "ifnull($2, INTERVAL 1 DAY)", "[$1, $2][1]"]


@pytest.fixture
def session(tmp_path):
    door = make_door(make_file(tmp_path / "shop.duckdb"), tmp_path, anna=READER)
    yield enter(door)
    door.close()


def one(session, shape, kinds, values):
    """The type that was announced, and the value."""
    session.prepare("", f"SELECT {shape} AS c", kinds)
    (field,) = session.describe_statement("").fields
    session.bind("", "", [], [value.encode() for value in values], [])
    ((value,),) = Asked(session).go()[0]
    return field.oid, value


@pytest.mark.parametrize("shape", SHAPES)
def test_every_value_can_be_read_as_the_announced_type(session, shape):
    states = set()
    for kinds in itertools.product(KINDS, repeat=2):
        try:
            oid, value = one(session, shape, kinds, [KINDS[kind] for kind in kinds])
        except PgError as error:
            session.fail()
            states.add(error.sqlstate[:2])
        else:
            if oid in (20, 21, 23):
                int(value)
        session.sync()
    assert states <= {"22", "42"}


@pytest.mark.parametrize(
    ("shape", "wanted"), [("coalesce(NULL, $1, $2)", "1.5"), ("greatest($1, $2)", "2")]
)
def test_a_numeric_beside_a_whole_number_is_not_rounded(session, shape, wanted):
    oid, value = one(session, shape, [1700, 23], ["1.5", "2"])
    assert (oid, float(value)) == (1700, float(wanted))
