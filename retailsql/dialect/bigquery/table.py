"""Every function of BigQuery that is translated; all others are refused."""

from __future__ import annotations

from retailsql.dialect.bigquery import (
    functions_aggregates,
    functions_arrays,
    functions_dates,
    functions_geography,
    functions_json,
    functions_numbers,
    functions_strings,
)
from retailsql.dialect.bigquery.functions import Table

FUNCTIONS: Table = {
    **functions_numbers.FUNCTIONS,
    **functions_strings.FUNCTIONS,
    **functions_json.FUNCTIONS,
    **functions_geography.FUNCTIONS,
    **functions_dates.FUNCTIONS,
    **functions_arrays.FUNCTIONS,
    **functions_aggregates.FUNCTIONS,
}
"""By BigQuery's name in upper case."""
