-- Statements as BI tools write them, over shop.sql; each ends with an empty line. The word before
-- the statement is the tool's. Metabase's are put together as metabase/metabase,
-- src/metabase/driver/postgres.clj and sql/query_processor.clj do; Grafana's as grafana/grafana,
-- pkg/tsdb/grafana-postgresql-datasource/macros.go and schema.go do; Superset's as its
-- db_engine_specs/postgres.py. Tableau's and Power BI's are closed: these are after what people
-- show of them. What all of them ask the catalog is in bi_catalog.sql.

-- metabase: count by month
SELECT CAST(DATE_TRUNC('month', "sales"."orders"."placed") AS date) AS "placed", COUNT(*) AS "count" FROM "sales"."orders" GROUP BY CAST(DATE_TRUNC('month', "sales"."orders"."placed") AS date) ORDER BY CAST(DATE_TRUNC('month', "sales"."orders"."placed") AS date) ASC

-- metabase: week that begins on Sunday
SELECT (CAST(DATE_TRUNC('week', ("sales"."many"."moment" + INTERVAL '1 day')) AS timestamp) + INTERVAL '-1 day') AS "moment", SUM("sales"."many"."amount") AS "sum" FROM "sales"."many" GROUP BY 1 ORDER BY 1 ASC

-- metabase: day of week
SELECT CEIL((((CAST(extract(dow from "sales"."orders"."placed") AS integer) + 1) + 0) % 7)) AS "placed", COUNT(*) AS "count" FROM "sales"."orders" GROUP BY 1 ORDER BY 1

-- metabase: hour of day
SELECT CAST(extract(hour from "sales"."orders"."placed") AS integer) AS "placed", COUNT(*) AS "count", SUM("sales"."orders"."total") AS "sum" FROM "sales"."orders" GROUP BY CAST(extract(hour from "sales"."orders"."placed") AS integer) ORDER BY CAST(extract(hour from "sales"."orders"."placed") AS integer) ASC

-- metabase: a question on a question
SELECT "source"."city" AS "city", SUM("source"."total") AS "sum" FROM (SELECT "c"."city" AS "city", "o"."total" AS "total" FROM "sales"."orders" "o" LEFT JOIN "sales"."customers" AS "c" ON "o"."customer_id" = "c"."id") "source" WHERE "source"."total" > 10 GROUP BY "source"."city" ORDER BY "sum" DESC, "source"."city" ASC LIMIT 2000

-- metabase: bins
SELECT FLOOR((("sales"."orders"."total" - 0.0) / 25.0)) * 25.0 + 0.0 AS "total", COUNT(*) AS "count" FROM "sales"."orders" GROUP BY FLOOR((("sales"."orders"."total" - 0.0) / 25.0)) * 25.0 + 0.0 ORDER BY 1

-- metabase: contains, without case
SELECT "sales"."customers"."name" AS "name" FROM "sales"."customers" WHERE (LOWER("sales"."customers"."name") LIKE '%n%') AND ("sales"."customers"."city" <> 'Rom' OR "sales"."customers"."city" IS NULL) ORDER BY 1

-- metabase: a share
SELECT CAST(SUM(CASE WHEN "sales"."orders"."total" > 100 THEN 1 ELSE 0.0 END) AS float) / NULLIF(COUNT(*), 0) AS "share" FROM "sales"."orders"

-- metabase: median and percentile
SELECT PERCENTILE_CONT(0.5) within group (order by "sales"."orders"."total") AS "median", PERCENTILE_CONT(0.9) within group (order by "sales"."orders"."total") AS "p90" FROM "sales"."orders"

-- metabase: last days
SELECT COUNT(*) AS "count" FROM "sales"."orders" WHERE "sales"."orders"."placed" >= DATE_TRUNC('day', (timestamp '2024-01-09 10:00' + (INTERVAL '-3 day'))) AND "sales"."orders"."placed" < DATE_TRUNC('day', timestamp '2024-01-09 10:00')

-- metabase: its comment before, and all parts of a date
-- Metabase:: userID: 1 queryType: MBQL queryHash: 4fd0
SELECT CAST(extract(month from "sales"."orders"."placed") AS integer) AS "m", CAST(extract(quarter from "sales"."orders"."placed") AS integer) AS "q", CAST(extract(day from "sales"."orders"."placed") AS integer) AS "d", CAST(extract(doy from "sales"."orders"."placed") AS integer) AS "y", CAST(extract(week from "sales"."orders"."placed") AS integer) AS "w", CAST(extract(minute from "sales"."orders"."placed") AS integer) AS "i", CAST(extract(year from "sales"."orders"."placed") AS integer) AS "a", COUNT(*) AS "count" FROM "sales"."orders" WHERE "sales"."orders"."id" < 30 GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 4

-- metabase: differences of times
SELECT CAST(extract(year from AGE(DATE_TRUNC('day', "b"."moment"), DATE_TRUNC('day', "a"."placed"))) AS integer) AS "years", CAST(extract(month from AGE(DATE_TRUNC('day', "b"."moment"), DATE_TRUNC('day', "a"."placed"))) + (extract(year from AGE(DATE_TRUNC('day', "b"."moment"), DATE_TRUNC('day', "a"."placed"))) * 12) AS integer) AS "months", CAST("b"."moment" AS DATE) - CAST("a"."placed" AS DATE) AS "days", CAST(TRUNC(extract(epoch from "b"."moment") - extract(epoch from "a"."placed")) AS integer) AS "seconds" FROM "sales"."orders" "a", "sales"."many" "b" WHERE "a"."id" = 1 AND "b"."id" IN (1, 5000) ORDER BY 4

-- metabase: a zone to another
SELECT timezone('America/New_York', timezone('UTC', "sales"."many"."moment")) AS "local", timezone('Asia/Tokyo', "k"."instant") AS "tokyo" FROM "sales"."many", main.kinds "k" WHERE "sales"."many"."id" = 1 AND "k"."id" IN (1, 4) ORDER BY 2

-- metabase: a time cut off
SELECT MAKE_TIME(extract(hour from "k"."clock")::integer, extract(minute from "k"."clock")::integer, 0.0) AS "minute", MAKE_TIME(extract(hour from "k"."clock")::integer, 0, 0.0) AS "hour" FROM main.kinds "k" WHERE "k"."id" < 3 ORDER BY "k"."id"

-- metabase: relative dates
SELECT COUNT(*) AS "count" FROM "sales"."orders" WHERE "sales"."orders"."placed" >= CAST((CAST(timestamp '2024-01-09 10:00' AS timestamp) + (INTERVAL '-7 day')) AS date) AND "sales"."orders"."placed" < CAST(timestamp '2024-01-09 10:00' AS date)

-- metabase: a week that begins on Sunday, of a date
SELECT CAST((CAST(DATE_TRUNC('week', CAST("k"."day_" + INTERVAL '1 day' AS date)) AS date) + INTERVAL '-1 day') AS date) AS "week" FROM main.kinds "k" WHERE "k"."id" = 1

-- metabase: texts
SELECT substring("c"."name" FROM '[A-Z]') AS "first", CASE WHEN 1 < 1 THEN '' ELSE SPLIT_PART("c"."name", 'n', 1) END AS "part", CAST("c"."id" AS TEXT) AS "text", CONCAT("c"."name", ' ', "c"."city") AS "both", REGEXP_REPLACE("c"."name", '[aeiou]', '-', 'g') AS "r", COALESCE("c"."mail", 'none') AS "mail" FROM "sales"."customers" "c" ORDER BY "c"."id"

-- metabase: inside a json column
SELECT ("k"."doc"#>> array['a', '0']::text[])::integer AS "a0", ("k"."doc"#>> array['a', '1']::text[])::text AS "a1" FROM main.kinds "k" WHERE "k"."id" IN (1, 2) ORDER BY "k"."id"

-- metabase: aggregates
SELECT STDDEV_POP("m"."amount") AS "stddev", VAR_POP("m"."amount") AS "var", SUM(CASE WHEN "m"."part" = 3 THEN "m"."amount" ELSE 0.0 END) AS "sum-where", COUNT(DISTINCT "m"."part") AS "distinct", PERCENTILE_CONT(0.5) within group (order by "m"."amount") AS "median", SUM("m"."id") AS "s" FROM "sales"."many" "m" WHERE "m"."id" <= 400

-- metabase: values of a field, fingerprinted
SELECT SUBSTRING("sales"."customers"."name", 1, 1234) AS "substring1", "sales"."customers"."id" AS "id" FROM "sales"."customers" ORDER BY 2 LIMIT 10000

-- metabase: running totals
SELECT "source"."placed" AS "placed", SUM(SUM("source"."total")) OVER (ORDER BY "source"."placed" ASC ROWS UNBOUNDED PRECEDING) AS "sum" FROM (SELECT CAST("o"."placed" AS date) AS "placed", "o"."total" AS "total" FROM "sales"."orders" "o") "source" GROUP BY "source"."placed" ORDER BY 1

-- superset: time grain of a week
SELECT DATE_TRUNC('week', placed) AS __timestamp, sum(total) AS "SUM(total)" FROM sales.orders WHERE placed >= TO_TIMESTAMP('2024-01-02 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND placed < TO_TIMESTAMP('2024-01-08 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY DATE_TRUNC('week', placed) ORDER BY "SUM(total)" DESC LIMIT 50000

-- superset: quarter
SELECT DATE_TRUNC('quarter', moment) AS "moment", COUNT(DISTINCT part) AS "COUNT_DISTINCT(part)" FROM sales.many GROUP BY DATE_TRUNC('quarter', moment) ORDER BY 1 LIMIT 1000

-- superset: 15 minutes
SELECT DATE_TRUNC('hour', moment) + INTERVAL '15 minutes' * FLOOR(EXTRACT(MINUTE FROM moment) / 15) AS "__timestamp", COUNT(*) AS count FROM sales.many GROUP BY 1 ORDER BY count DESC, 1 LIMIT 10

-- superset: a virtual dataset
SELECT virtual_table.name AS name, sum(virtual_table.spent) AS "SUM(spent)" FROM (SELECT c.name, o.total AS spent FROM sales.customers c JOIN sales.orders o ON o.customer_id = c.id) AS virtual_table GROUP BY virtual_table.name ORDER BY "SUM(spent)" DESC LIMIT 10000

-- superset: top series
SELECT DATE_TRUNC('day', o.placed) AS __timestamp, o.customer_id AS customer_id, count(*) AS count FROM sales.orders o JOIN (SELECT customer_id AS customer_id__, count(*) AS mme_inner__ FROM sales.orders GROUP BY customer_id ORDER BY mme_inner__ DESC, 1 LIMIT 2) AS anon_1 ON o.customer_id = anon_1.customer_id__ GROUP BY DATE_TRUNC('day', o.placed), o.customer_id ORDER BY 1, 2 LIMIT 50

-- superset: histogram and its filter
SELECT part, amount FROM sales.many WHERE part IN (1, 2) AND amount IS NOT NULL AND ((name LIKE 'name 1%')) ORDER BY amount LIMIT 20

-- superset: having
SELECT customer_id, sum(total) AS total FROM sales.orders GROUP BY customer_id HAVING sum(total) > 8000 ORDER BY 2 DESC

-- superset: filter values
SELECT city AS city FROM sales.customers GROUP BY city ORDER BY city ASC NULLS LAST LIMIT 1000

-- superset: number of rows
SELECT COUNT(*) AS rowcount FROM (SELECT name AS name, part AS part FROM sales.many GROUP BY name, part LIMIT 500) AS rowcount_qry

-- tableau: year and month
SELECT CAST(EXTRACT(YEAR FROM "orders"."placed") AS INTEGER) AS "yr:placed:ok", CAST(TRUNC(EXTRACT(MONTH FROM "orders"."placed")) AS INTEGER) AS "mn:placed:ok", SUM("orders"."total") AS "sum:total:ok" FROM "sales"."orders" "orders" GROUP BY 1, 2 ORDER BY 1, 2

-- tableau: truncated
SELECT DATE_TRUNC( 'MONTH', CAST("orders"."placed" AS TIMESTAMP) ) AS "tmn:placed:ok", SUM(1) AS "sum:Number of Records:ok" FROM "sales"."orders" "orders" GROUP BY 1

-- tableau: quarter as a number
SELECT CAST(TRUNC((EXTRACT(MONTH FROM "many"."moment") - 1) / 3) + 1 AS INTEGER) AS "qr", COUNT(1) AS "cnt" FROM "sales"."many" "many" GROUP BY 1 ORDER BY 1

-- tableau: month over three
SELECT EXTRACT(MONTH FROM "many"."moment") / 2 AS "half", COUNT(1) AS "cnt" FROM "sales"."many" "many" GROUP BY 1 ORDER BY 1

-- tableau: top and set
SELECT "t0"."customer_id" AS "customer_id", SUM("orders"."total") AS "sum" FROM "sales"."orders" "orders" INNER JOIN (SELECT "orders"."customer_id" AS "customer_id", SUM("orders"."total") AS "$__alias__0" FROM "sales"."orders" "orders" GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1 LIMIT 2) "t0" ON ("orders"."customer_id" = "t0"."customer_id") GROUP BY 1 ORDER BY 1

-- tableau: string functions
SELECT SUBSTRING("c"."name", 1, 2) AS "a", STRPOS("c"."name", 'n') AS "b", LENGTH("c"."name") AS "l", LTRIM(RTRIM("c"."name")) AS "t", UPPER(LEFT("c"."name", 1)) AS "u", REPLACE("c"."name", 'n', '-') AS "r", SPLIT_PART("c"."name", ' ', 1) AS "s" FROM "sales"."customers" "c" ORDER BY 1

-- tableau: conditions
SELECT (CASE WHEN ("o"."total" < 50) THEN 'low' WHEN ("o"."total" < 150) THEN 'middle' ELSE 'high' END) AS "bucket", COUNT(DISTINCT "o"."customer_id") AS "ctd", MIN("o"."placed") AS "first", MAX("o"."total") AS "most" FROM "sales"."orders" "o" GROUP BY 1 ORDER BY 3

-- tableau: days between
SELECT (CAST("o"."placed" AS DATE) - CAST('2024-01-01' AS DATE)) / 7 AS "weeks", COUNT(*) AS "n" FROM "sales"."orders" "o" GROUP BY 1 ORDER BY 1

-- tableau: nothing but the types
SELECT * FROM (SELECT o.*, c.name FROM sales.orders o, sales.customers c WHERE c.id = o.customer_id) "Custom SQL Query" LIMIT 0

-- tableau: a number of text
SELECT CAST("o"."total" AS TEXT) AS "t", CAST("o"."id" AS DOUBLE PRECISION) AS "d", CAST("o"."line" AS TEXT) AS "l" FROM "sales"."orders" "o" ORDER BY "o"."id" LIMIT 3

-- power bi: a page
select "$Table"."id" as "id", "$Table"."name" as "name" from "sales"."customers" "$Table" order by "$Table"."id" limit 1000

-- power bi: grouped
select "rows"."customer_id" as "customer_id", sum("rows"."total") as "a0", count("rows"."total") as "a1" from (select "_"."customer_id", "_"."total" from "sales"."orders" "_" where "_"."placed" >= timestamp '2024-01-03 00:00:00' and "_"."placed" < timestamp '2024-01-06 00:00:00') "rows" group by "customer_id" order by 1 limit 1000001

-- power bi: joined
select "$Outer"."name" as "name", "$Inner"."total" as "total" from "sales"."customers" "$Outer" left outer join (select "_"."customer_id" as "k", sum("_"."total") as "total" from "sales"."orders" "_" group by "_"."customer_id") "$Inner" on ("$Outer"."id" = "$Inner"."k") order by 1

-- power bi: distinct with blanks
select distinct case when "_"."city" is null then '(blank)' else "_"."city" end as "c0", case when "_"."tenure" is null then 1 else 0 end as "c1" from "sales"."customers" "_" order by 1, 2

-- power bi: first and last
select min("_"."placed") as "a0", max("_"."placed") as "a1", avg("_"."total") as "a2", avg("_"."line") as "a3" from "sales"."orders" "_"

-- power bi: sums that may be null
select sum("_"."total") as "a0", sum("_"."line") as "a1", sum("_"."id") as "a2" from "sales"."orders" "_" where "_"."id" < 0

-- grafana: $__timeGroupAlias and $__timeFilter
SELECT floor(extract(epoch from moment)/3600)*3600 AS "time", avg(amount) AS "amount" FROM sales.many WHERE moment BETWEEN '2024-01-02T00:00:00Z' AND '2024-01-02T06:00:00.123Z' GROUP BY 1 ORDER BY 1

-- grafana: $__timeGroup of milliseconds, with a metric
SELECT floor(extract(epoch from placed)/0.25)*0.25 AS "time", customer_id::text AS metric, sum(total) AS value FROM sales.orders WHERE placed BETWEEN '2024-01-06T00:00:00Z' AND '2024-01-06T12:00:00Z' GROUP BY 1, 2 ORDER BY 1, 2

-- grafana: $__timeEpoch
SELECT extract(epoch from placed) as "time", total AS value FROM sales.orders WHERE placed BETWEEN '2024-01-06T00:00:00Z' AND '2024-01-06T03:00:00Z' ORDER BY 1

-- grafana: $__time, $__timeFrom and $__timeTo
SELECT instant AS "time", id AS value FROM main.kinds WHERE instant > '2000-01-01T00:00:00Z' AND instant < '2030-01-01T00:00:00.999999999Z' ORDER BY 1

-- grafana: $__timeFilter of a date
SELECT day_ AS "time", count(*) AS n FROM main.kinds WHERE day_ BETWEEN '2000-01-01T00:00:00Z' AND '2030-01-01T00:00:00Z' GROUP BY 1 ORDER BY 1

-- grafana: $__unixEpochFilter and $__unixEpochGroupAlias
SELECT floor((id)/100)*100 AS "time", count(*) AS n FROM sales.many WHERE id >= 1000 AND id <= 1500 GROUP BY 1 ORDER BY 1

-- grafana: $__unixEpochNanoFilter
SELECT large AS "time", id AS value FROM main.kinds WHERE large >= 1704067200000000000 AND large <= 9223372036854775807 ORDER BY 1

-- grafana: $__interval in a date_bin of one's own
SELECT date_bin('5m', moment, timestamp '2000-01-01') AS "time", max(amount) AS value FROM sales.many WHERE moment BETWEEN '2024-01-02T00:00:00Z' AND '2024-01-02T00:30:00Z' GROUP BY 1 ORDER BY 1

-- grafana: values to choose from
SELECT 'city' AS col_name, "city"::text AS val FROM (SELECT DISTINCT "city" FROM "sales"."customers" WHERE "city" IS NOT NULL ORDER BY "city" LIMIT 100) sub_0 UNION ALL SELECT 'id' AS col_name, "id"::text AS val FROM (SELECT DISTINCT "id" FROM "sales"."customers" WHERE "id" IS NOT NULL ORDER BY "id" LIMIT 100) sub_1 ORDER BY 1, 2

-- grafana: to local time
SELECT (moment AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin' AS local, count(*) FROM sales.many WHERE id <= 3 GROUP BY 1 ORDER BY 1

-- grafana: day in a zone
SELECT date_trunc('day', instant AT TIME ZONE 'America/New_York') AS day, count(*) AS n FROM main.kinds WHERE id IN (1, 4) GROUP BY 1 ORDER BY 1

-- window: running total
SELECT id, total, sum(total) OVER (PARTITION BY customer_id ORDER BY placed ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running, row_number() OVER (PARTITION BY customer_id ORDER BY placed) AS n FROM sales.orders ORDER BY id LIMIT 12

-- window: moving average and change
SELECT day, total, avg(total) OVER (ORDER BY day ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving, total - lag(total) OVER (ORDER BY day) AS change FROM (SELECT date_trunc('day', placed) AS day, sum(total) AS total FROM sales.orders GROUP BY 1) d ORDER BY day

-- window: share of all
SELECT customer_id, count(*) AS n, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS percent FROM sales.orders GROUP BY customer_id ORDER BY 1

-- window: rank
SELECT * FROM (SELECT id, total, rank() OVER (ORDER BY total DESC) AS r, dense_rank() OVER (ORDER BY customer_id) AS d, ntile(4) OVER (ORDER BY id) AS quartile, percent_rank() OVER (ORDER BY id) AS p, cume_dist() OVER (ORDER BY id) AS c FROM sales.orders) x WHERE r <= 5 ORDER BY r

-- window: named
SELECT id, first_value(total) OVER w AS first, last_value(total) OVER w AS last, nth_value(total, 2) OVER w AS second FROM sales.orders WINDOW w AS (PARTITION BY customer_id ORDER BY id) ORDER BY id LIMIT 6

-- cte: months without gaps
WITH days AS (SELECT generate_series(timestamp '2024-01-01', timestamp '2024-01-10', interval '1 day') AS day) SELECT days.day, coalesce(sum(o.total), 0) AS total FROM days LEFT JOIN sales.orders o ON date_trunc('day', o.placed) = days.day GROUP BY days.day ORDER BY days.day

-- cte: cohorts
WITH firsts AS (SELECT customer_id, min(placed)::date AS first FROM sales.orders GROUP BY 1), ages AS (SELECT o.customer_id, o.placed::date - f.first AS age FROM sales.orders o JOIN firsts f USING (customer_id)) SELECT age, count(DISTINCT customer_id) FROM ages GROUP BY age ORDER BY age

-- cte: recursive
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i, i * i AS square FROM n ORDER BY i

-- union: two sources
SELECT 'orders' AS source, count(*) FROM sales.orders UNION ALL SELECT 'many', count(*) FROM sales.many ORDER BY 1

-- union: without doubles
SELECT customer_id FROM sales.orders UNION SELECT id FROM sales.customers ORDER BY 1

-- except and intersect
(SELECT id FROM sales.customers EXCEPT SELECT 1) INTERSECT SELECT customer_id FROM sales.orders ORDER BY 1

-- grouping sets
SELECT customer_id, date_trunc('day', placed) AS day, sum(total), grouping(customer_id) FROM sales.orders WHERE id < 60 GROUP BY ROLLUP (customer_id, date_trunc('day', placed)) ORDER BY 1 NULLS LAST, 2 NULLS LAST

-- filter
SELECT count(*) FILTER (WHERE total > 100) AS dear, sum(total) FILTER (WHERE customer_id = 1) AS first, count(*) FROM sales.orders

-- lateral
SELECT c.name, l.total FROM sales.customers c CROSS JOIN LATERAL (SELECT o.total FROM sales.orders o WHERE o.customer_id = c.id ORDER BY o.total DESC LIMIT 2) l ORDER BY 1, 2

-- distinct on
SELECT DISTINCT ON (customer_id) customer_id, id, total FROM sales.orders ORDER BY customer_id, total DESC

-- page
SELECT id, name FROM (SELECT id, name FROM sales.many ORDER BY id DESC) t ORDER BY id OFFSET 20 ROWS FETCH NEXT 5 ROWS ONLY

-- text of dates
SELECT to_char(placed, 'YYYY-MM') AS month, to_char(placed, 'IYYY-IW') AS week, to_char(sum(total), 'FM999,999.00') AS total FROM sales.orders GROUP BY 1, 2 ORDER BY 1, 2

-- whole division of sums
SELECT sum(line) / 3 AS small, sum(id) / 3 AS large, count(*) / 7 AS n, sum(total) / 3 AS total, sum(customer_id) * 100 / count(*) AS percent FROM sales.orders

-- lists of text
SELECT customer_id, string_agg(id::text, ',' ORDER BY id) AS ids, array_agg(line ORDER BY id) AS lines FROM sales.orders WHERE id < 9 GROUP BY 1 ORDER BY 1

-- patterns
SELECT name FROM sales.customers WHERE name LIKE ANY (ARRAY['A%', 'B%']) OR name ~* '^o' OR name NOT ILIKE ALL (ARRAY['%a%', '%o%']) ORDER BY name

-- overlapping times
SELECT count(*) FROM sales.orders WHERE (placed, placed + interval '1 hour') OVERLAPS (timestamp '2024-01-02 00:30', timestamp '2024-01-02 03:00')

-- correlated
SELECT c.id, (SELECT count(*) FROM sales.orders o WHERE o.customer_id = c.id AND o.total > 100) AS n, (SELECT max(o.total) FROM sales.orders o WHERE o.customer_id = c.id) FROM sales.customers c WHERE EXISTS (SELECT 1 FROM sales.orders o WHERE o.customer_id = c.id) ORDER BY 1

-- statistics
SELECT stddev(amount), variance(amount), corr(amount, part), covar_pop(amount, id), regr_slope(amount, id), mode() WITHIN GROUP (ORDER BY part) FROM sales.many WHERE id <= 500

-- parts of dates
SELECT extract(dow FROM placed) AS dow, extract(isodow FROM placed) AS iso, date_part('week', placed) AS week, extract(doy FROM placed) AS doy, extract(quarter FROM placed) / 4 AS q, count(*) FROM sales.orders GROUP BY 1, 2, 3, 4, 5 ORDER BY 4 LIMIT 5

-- sums of bigints are numerics
SELECT sum(id) / 7 AS a, sum(id + 1) * 10 / count(*) AS b, sum(line) * 10 / 7 AS c, sum(line) FILTER (WHERE id > 3) % 7 AS d, sum(sum(line)) OVER (ORDER BY customer_id) / 9 AS e, sum(DISTINCT line) AS f FROM sales.orders GROUP BY customer_id ORDER BY 1

-- a sum of a subquery's sum
SELECT sum(q.sum) / 7 AS s, max(q.sum) AS m, max(q.price) AS p FROM (SELECT customer_id, sum(line), 1.5 * max(total) AS price FROM sales.orders GROUP BY 1) q

-- a function as a relation of one row
SELECT s[2] AS second, v, u.x, c.c AS path, extract(year FROM date_trunc('year', timestamp '2024-05-05')) AS y, 'a' IS DISTINCT FROM lower('A') AS same FROM string_to_array('a,b', ',') s, lower('A') v CROSS JOIN upper('b') AS u(x), current_setting('search_path') c

-- a function of a row before it
SELECT c.id, low, f AS part FROM sales.customers c, lower(c.name) AS low, LATERAL split_part(c.name, 'n', 1) f WHERE c.id IN (1, 2) ORDER BY c.id

-- a function without a name
SELECT * FROM upper('x'), pg_catalog.quote_ident('a b')
