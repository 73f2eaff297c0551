"""Each adapter knows one part of the outside world (dbt, servers), and none knows another."""
