"""PostgreSQL's dialect on DuckDB: parameters, statements, names of columns, errors."""

from retailsql.adapters.server.postgres.edits import edits as edits
from retailsql.adapters.server.postgres.edits import guards_alone as guards_alone
from retailsql.adapters.server.postgres.errors import pg_error as pg_error
from retailsql.adapters.server.postgres.formats import register as register
from retailsql.adapters.server.postgres.install import install as install
from retailsql.adapters.server.postgres.literals import array_parameters as array_parameters
from retailsql.adapters.server.postgres.names import column_names as column_names
from retailsql.adapters.server.postgres.oids import oid_of as oid_of
from retailsql.adapters.server.postgres.refused import mended as mended
from retailsql.adapters.server.postgres.sums import sums as sums
from retailsql.adapters.server.postgres.sums import sums_matter as sums_matter
from retailsql.adapters.server.postgres.told import typed as typed
from retailsql.adapters.server.postgres.values import value as value
from retailsql.adapters.server.postgres.wording import worded as worded
