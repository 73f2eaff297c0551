"""``python -m retailsql.cli``."""

from retailsql.cli import main

main()
