"""What is checked while a project runs; every message names a file and a line of the project.

data_tests.run_test            a SELECT that finds what is wrong
unit_tests.run_unit_test       rows given, rows expected
contract.check_contract        columns and types of a node, before it is made
freshness.check_freshness      how old the newest row of a source is
"""
