-- The same schema and rows in DuckDB and in PostgreSQL 15: only what both read alike.
CREATE SCHEMA sales;

CREATE TABLE kinds (
    id integer PRIMARY KEY,
    flag boolean,
    small smallint,
    large bigint,
    single_ real,
    double_ double precision,
    price numeric(12,3),
    words text,
    raw_ bytea,
    day_ date,
    clock time,
    moment timestamp,
    instant timestamp with time zone,
    span interval,
    key_ uuid,
    doc json,
    numbers integer[],
    floats double precision[],
    tags text[]
);
INSERT INTO kinds VALUES (1, true, 7, 9007199254740993, 1.5, 3.141592653589793, 12345.678,
    'Grüße, "welt"' || chr(10) || '''x''\ €', '\x00'::bytea || '\xff'::bytea || '\x41'::bytea,
    '2024-02-29', '12:34:56.789012', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+00',
    '1 year 2 months 3 days 04:05:06.789', '12345678-1234-5678-1234-567812345678', '{"a": [1, null]}',
    ARRAY[1, NULL, 3]::integer[], ARRAY[1.5, -0.25]::double precision[], ARRAY['a', NULL, 'b,"c"']::text[]);
INSERT INTO kinds VALUES (2, false, -32768, -9223372036854775808, -1e30, 'NaN'::double precision, -0.001,
    '', ''::bytea, '0001-01-01', '00:00:00', '1969-12-31 23:59:59', '1969-12-31 23:59:59+00',
    '-1 day', '00000000-0000-0000-0000-000000000000', '[]', ARRAY[]::integer[], ARRAY[]::double precision[],
    ARRAY['']::text[]);
INSERT INTO kinds VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL);
INSERT INTO kinds VALUES (4, true, 32767, 9223372036854775807, 16777216, 1e300, 999999999.999,
    '日本語 🛒', '\xfe'::bytea, '9999-12-31', '23:59:59.999999', '9999-12-31 23:59:59.999999',
    '2024-07-01 00:00:00+02', '00:00:00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '"x"',
    ARRAY[2147483647, -2147483648]::integer[], ARRAY['Infinity'::double precision, 1e-300],
    ARRAY['{}', 'ä']::text[]);
COMMENT ON TABLE kinds IS 'every type, with NULLs';
COMMENT ON COLUMN kinds.price IS 'in euro, three places';

CREATE TABLE nothing (id integer, name text);

CREATE TABLE sales.customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    mail text UNIQUE,
    tenure double precision,
    city text DEFAULT 'Köln'
);
INSERT INTO sales.customers VALUES (1, 'Anna', 'anna@shop.test', 3.5, 'Köln'),
    (2, 'Björn', NULL, NULL, NULL), (3, 'O''Hara "Kit"', 'kit@shop.test', 0, 'Łódź');
COMMENT ON TABLE sales.customers IS 'who buys';
COMMENT ON COLUMN sales.customers.tenure IS 'years since the first order';

CREATE TABLE sales.orders (
    id bigint,
    line smallint,
    customer_id integer NOT NULL REFERENCES sales.customers (id),
    placed timestamp NOT NULL,
    total numeric(10,2) CHECK (total >= 0),
    PRIMARY KEY (id, line)
);
INSERT INTO sales.orders SELECT g::bigint, 1::smallint, (1 + g % 3)::integer,
    timestamp '2024-01-01 00:00:00' + g * interval '1 hour', (g * 1.25)::numeric(10,2)
    FROM generate_series(1, 200) AS s(g);
CREATE INDEX orders_customer ON sales.orders (customer_id);

CREATE TABLE sales.many AS SELECT g::integer AS id, (g % 97)::smallint AS part,
    g / 4.0::double precision AS amount, 'name ' || g::text AS name,
    (timestamp '2024-01-01 00:00:00' + g * interval '1 minute') AS moment
    FROM generate_series(1, 10000) AS s(g);

CREATE VIEW sales.spent AS SELECT c.id AS customer_id, c.name AS name, sum(o.total) AS total,
    count(*) AS orders FROM sales.customers AS c JOIN sales.orders AS o ON o.customer_id = c.id
    GROUP BY c.id, c.name;
COMMENT ON VIEW sales.spent IS 'what each customer spent';
