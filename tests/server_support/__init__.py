"""What the tests of the PostgreSQL door share."""
