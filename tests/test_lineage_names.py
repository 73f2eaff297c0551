"""Lineage: a column without its table, and files that stand for raw tables, as people see them."""

from __future__ import annotations

import duckdb
import pytest

from retailsql.errors import ProjectError
from retailsql.runner.lineage import column_lineage, downstream
from retailsql.runner.lineage.show import draw
from retailsql.runner.project import load_project, shipped_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The shipped project, its order lines a file."""
    file = tmp_path_factory.mktemp("till") / "lines.csv"
    file.write_text("no;who;what;day;n;Einzelpreis\n1;2;3;2025-01-01;1;2.5\n")
    columns = {"order_id": "no", "customer_id": "who", "product_id": "what", "ordered_at": "day"}
    own = {
        "from": f"read_csv('{file}', delim = ';')",
        "columns": {**columns, "quantity": "n", "unit_price": "Einzelpreis"},
    }
    return load_project(shipped_project(), {"order_lines": own})


@pytest.mark.parametrize("find", [column_lineage, downstream])
@pytest.mark.parametrize("name", ["Einzelpreis", "einzelpries"])
def test_a_column_without_a_table_is_told_with_its_table(project, find, name):
    with duckdb.connect() as con:
        message = "names no column. Wanted: TABLE.COLUMN, such as raw.order_lines.Einzelpreis"
        with pytest.raises(ProjectError, match=message):
            find(con, project, name)


def test_a_file_is_drawn_by_the_name_of_its_source(project):
    with duckdb.connect() as con:
        tree = draw(downstream(con, project, "raw.order_lines.Einzelpreis"))
        assert tree.label.plain.startswith("raw.order_lines.Einzelpreis  source (lines.csv)")
        with pytest.raises(ProjectError, match=r"^raw.order_lines \(lines.csv\) has no column"):
            downstream(con, project, "raw.order_lines.nope")
