-- One to_char for all types: with overloads, to_char(sum(x), f) would be ambiguous, as a macro is
-- chosen before DuckDB knows the type of an aggregate.
-- to_char, to_date, to_timestamp and to_number over the functions of to_char.py.
CREATE MACRO IF NOT EXISTS shim.to_char(x, f) AS system.main.__rs_to_char(x, f::VARCHAR);
CREATE MACRO IF NOT EXISTS shim.to_date(s, f) AS system.main.__rs_to_timestamp(s::VARCHAR, f::VARCHAR)::DATE;
CREATE MACRO IF NOT EXISTS shim.__pg_to_timestamp(s, f) AS
    system.main.__rs_to_timestamp(s::VARCHAR, f::VARCHAR)::TIMESTAMPTZ;
CREATE MACRO IF NOT EXISTS shim.to_number(s, f) AS
    system.main.__rs_to_number(s::VARCHAR, f::VARCHAR)::DECIMAL(38,10);
