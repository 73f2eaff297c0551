-- Dates, times and intervals as PostgreSQL has them.
CREATE MACRO IF NOT EXISTS shim.__pg_seconds(t) AS
    (system.main.date_part('microseconds', t)::DECIMAL(12,0) * 0.000001)::DECIMAL(18,6);
CREATE MACRO IF NOT EXISTS shim.__pg_milliseconds(t) AS
    (system.main.date_part('microseconds', t)::DECIMAL(12,0) * 0.001)::DECIMAL(18,3);
-- A year of an interval has 365.25 days; DuckDB counts twelve months of thirty.
CREATE MACRO IF NOT EXISTS shim.__pg_epoch(t) AS
    (system.main.epoch_us(t)::DECIMAL(19,0) * 0.000001)::DECIMAL(24,6),
    (t INTERVAL) AS (system.main.epoch_us(t)::DECIMAL(19,0) * 0.000001
        + datepart('year', t) * 453600)::DECIMAL(24,6);
CREATE MACRO IF NOT EXISTS shim.__pg_overlaps(a, b, c, d) AS
    (least(a, b) < greatest(c, d) AND least(c, d) < greatest(a, b)) OR least(a, b) = least(c, d);
CREATE MACRO IF NOT EXISTS shim.__pg_date_trunc(u, t) AS
    system.main.date_trunc(u, t - INTERVAL 1 YEAR) + INTERVAL 1 YEAR,
    (u, t, z) AS timezone(z, system.main.date_trunc(u, timezone(z, t)));
-- As in guards.py: a lambda tells the types, and the macro with types is made last.
CREATE OR REPLACE MACRO shim.__pg__date_bin(w, t, o) AS NULL;
CREATE OR REPLACE MACRO shim.date_bin(w, t, o) AS
    system.main.invoke(lambda w_, t_, o_: shim.__pg__date_bin(w_, t_, o_), w, t, o);
CREATE OR REPLACE MACRO shim.__pg__date_bin(w, t TIMESTAMP, o) AS
    time_bucket(w::INTERVAL, t, o::TIMESTAMP),
    (w, t TIMESTAMPTZ, o) AS time_bucket(w::INTERVAL, t, o::TIMESTAMPTZ),
    (w, t DATE, o) AS time_bucket(w::INTERVAL, t::TIMESTAMPTZ, o::TIMESTAMPTZ);
CREATE OR REPLACE MACRO shim.__pg__divided(a, b) AS NULL;
CREATE OR REPLACE MACRO shim.__pg_divided(a, b) AS
    system.main.invoke(lambda a_, b_: shim.__pg__divided(a_, b_), a, b);
CREATE OR REPLACE MACRO shim.__pg__divided(a INTERVAL, b) AS system.main."/"(a, b),
    (a, b) AS a // b;
CREATE MACRO IF NOT EXISTS shim.__pg_months(i) AS (datepart('year', i) * 12 + datepart('month', i))::INTEGER;
CREATE MACRO IF NOT EXISTS shim.__pg_sum(i INTERVAL) AS to_months(sum(shim.__pg_months(i))::INTEGER)
    + to_days(sum(datepart('day', i))::INTEGER)
    + to_microseconds(sum(epoch_us(i - to_months(shim.__pg_months(i))
        - to_days(datepart('day', i)::INTEGER)))::BIGINT), (i) AS sum(i);
CREATE OR REPLACE MACRO shim.__pg__plus(a, b) AS NULL;
CREATE OR REPLACE MACRO shim.__pg_plus(a, b) AS
    system.main.invoke(lambda a_, b_: shim.__pg__plus(a_, b_), a, b);
CREATE OR REPLACE MACRO shim.__pg__plus(a DATE, b BIGINT) AS a + b::INTEGER,
    (a BIGINT, b DATE) AS b + a::INTEGER, (a, b) AS a + b;
CREATE OR REPLACE MACRO shim.__pg__minus(a, b) AS NULL;
CREATE OR REPLACE MACRO shim.__pg_minus(a, b) AS
    system.main.invoke(lambda a_, b_: shim.__pg__minus(a_, b_), a, b);
CREATE OR REPLACE MACRO shim.__pg__minus(a DATE, b BIGINT) AS a - b::INTEGER,
    (a TIME, b TIME) AS to_microseconds(epoch_us(a) - epoch_us(b)), (a, b) AS a - b;
CREATE MACRO IF NOT EXISTS shim.justify_hours(i) AS
    to_months((datepart('year', i) * 12 + datepart('month', i))::INTEGER)
    + to_days((datepart('day', i) + trunc(datepart('epoch', i - to_months((datepart('year', i) * 12
        + datepart('month', i))::INTEGER) - to_days(datepart('day', i)::INTEGER)) / 86400))::INTEGER)
    + to_microseconds((round(datepart('epoch', i - to_months((datepart('year', i) * 12
        + datepart('month', i))::INTEGER) - to_days(datepart('day', i)::INTEGER)) * 1000000)::BIGINT % 86400000000));
CREATE MACRO IF NOT EXISTS shim.justify_days(i) AS
    i - to_days(datepart('day', i)::INTEGER) + to_months(trunc(datepart('day', i) / 30.0)::INTEGER)
    + to_days((datepart('day', i) % 30)::INTEGER);
CREATE MACRO IF NOT EXISTS shim.justify_interval(i) AS
    to_months((epoch_us(i) // 2592000000000)::INTEGER)
    + to_days((epoch_us(i) % 2592000000000 // 86400000000)::INTEGER)
    + to_microseconds(epoch_us(i) % 86400000000);
CREATE MACRO IF NOT EXISTS shim.make_interval(years := 0, months := 0, weeks := 0, days := 0,
    hours := 0, mins := 0, secs := 0) AS
    to_months((years * 12 + months)::INTEGER) + to_days((weeks * 7 + days)::INTEGER)
    + to_microseconds(((hours * 3600 + mins * 60)::BIGINT * 1000000
        + round(secs::DOUBLE * 1000000)::BIGINT));
CREATE MACRO IF NOT EXISTS shim.statement_timestamp() AS now();
CREATE MACRO IF NOT EXISTS shim.timeofday() AS strftime(now()::TIMESTAMP, '%a %b %d %H:%M:%S.%f %Y');
