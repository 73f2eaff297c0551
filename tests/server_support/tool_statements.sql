-- One statement a line, which both answer alike: names, types and rows.
SELECT date_trunc('week', timestamp '2024-01-03 10:00')::timestamp
SELECT date_trunc('week', moment + interval '1 day')::timestamp - interval '1 day' FROM kinds ORDER BY 1
SELECT (CAST(date_trunc('week', CAST(day_ AS timestamp) + INTERVAL '1 day') AS timestamp) + INTERVAL '-1 day')::date AS w FROM kinds ORDER BY 1
SELECT date_trunc('month', instant AT TIME ZONE 'America/New_York') FROM kinds ORDER BY 1
SELECT date_trunc('day', instant, 'Asia/Tokyo') FROM kinds ORDER BY 1
SELECT date_trunc('hour', span) FROM kinds ORDER BY 1
SELECT date_trunc('year', day_)::date FROM kinds ORDER BY 1
SELECT CAST(instant AT TIME ZONE 'Europe/Berlin' AS date) FROM kinds ORDER BY 1
SELECT CAST(moment AS time) FROM kinds ORDER BY 1
SELECT EXTRACT(ISODOW FROM day_), EXTRACT(DOY FROM day_), EXTRACT(HOUR FROM clock) FROM kinds ORDER BY 1,2
SELECT EXTRACT(DAY FROM span), EXTRACT(MONTH FROM span), extract(year from span), extract(minute from span) FROM kinds ORDER BY 1,2
SELECT EXTRACT(EPOCH FROM instant) FROM kinds ORDER BY 1
SELECT EXTRACT(EPOCH FROM (instant - now())) < 0 FROM kinds ORDER BY 1
SELECT to_char(moment, 'YYYY-"Q"Q') FROM kinds ORDER BY 1
SELECT to_char(moment, 'IYYY-IW') FROM kinds ORDER BY 1
SELECT to_char(day_, 'FMMonth YYYY') FROM kinds ORDER BY 1
SELECT to_char(moment, 'HH12:MI AM') FROM kinds ORDER BY 1
SELECT to_char(double_, 'FM999990.00') FROM kinds WHERE id = 1
SELECT to_char(-5, '99')
SELECT to_char(id, '000') FROM kinds ORDER BY 1
SELECT to_char(interval '1 day 02:03:04', 'DD HH24:MI:SS')
SELECT to_char(0.256, '99.9%')
SELECT moment - interval '1 hour' * 3 FROM kinds WHERE id = 1
SELECT day_ - interval '3 months' FROM kinds WHERE id = 1
SELECT instant + (5 || ' days')::interval FROM kinds WHERE id = 1
SELECT interval '1 month' * 1.5
SELECT justify_interval(interval '1 mon -1 hour')
SELECT interval '1 year' > interval '360 days'
SELECT interval '24 hours' = interval '1 day'
SELECT interval '1' day
SELECT id::text || ':' || words FROM kinds WHERE id = 4
SELECT words || id FROM kinds ORDER BY id
SELECT words || price FROM kinds ORDER BY id
SELECT words || day_ FROM kinds ORDER BY id
SELECT words || flag FROM kinds ORDER BY id
SELECT id || ' ' || flag FROM kinds ORDER BY id
SELECT string_agg(words, ', ' ORDER BY id DESC) FROM kinds
SELECT string_agg(DISTINCT flag::text, ',' ORDER BY flag::text) FROM kinds
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY id) FROM kinds
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id DESC) FROM kinds
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY price) FROM kinds
SELECT percentile_cont(ARRAY[0.25,0.75]) WITHIN GROUP (ORDER BY double_) FROM kinds WHERE id IN (1)
SELECT mode() WITHIN GROUP (ORDER BY flag) FROM kinds
SELECT count(*) FILTER (WHERE id > 1), sum(price) FILTER (WHERE flag) FROM kinds
SELECT flag, count(*), grouping(flag) FROM kinds GROUP BY GROUPING SETS ((flag), ()) ORDER BY 1, 3
SELECT flag, small, sum(id) FROM kinds GROUP BY CUBE (flag, small) ORDER BY 1, 2, 3
SELECT flag, small, grouping(flag, small) FROM kinds GROUP BY ROLLUP (flag, small) ORDER BY 1, 2, 3
SELECT DISTINCT ON (flag) flag, id FROM kinds ORDER BY flag, id DESC
SELECT k.id, x.n FROM kinds k, LATERAL (SELECT k.id * 2 AS n) x ORDER BY 1
SELECT k.id, u FROM kinds k LEFT JOIN LATERAL unnest(k.numbers) u ON true ORDER BY 1, 2
SELECT k.id, u FROM kinds k CROSS JOIN LATERAL unnest(k.tags) WITH ORDINALITY AS t(u, n) ORDER BY 1, n
SELECT d::date FROM generate_series('2024-01-01'::date, '2024-03-01'::date, '1 month'::interval) AS d
SELECT * FROM generate_series(timestamptz '2024-01-01 00:00+00', timestamptz '2024-01-01 02:00+00', '30 min') ts
SELECT id FROM kinds ORDER BY id FETCH FIRST 2 ROWS ONLY
SELECT id FROM kinds ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROW ONLY
SELECT id FROM kinds ORDER BY id LIMIT ALL OFFSET 2
SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM kinds ORDER BY id
SELECT avg(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM kinds ORDER BY id
SELECT sum(id) OVER (ORDER BY moment RANGE BETWEEN interval '1 day' PRECEDING AND CURRENT ROW) FROM kinds ORDER BY id
SELECT sum(id) OVER w, count(*) OVER w FROM kinds WINDOW w AS (PARTITION BY flag ORDER BY id GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) ORDER BY id
SELECT ntile(3) OVER (ORDER BY id), percent_rank() OVER (ORDER BY id), cume_dist() OVER (ORDER BY id), dense_rank() OVER (ORDER BY flag) FROM kinds ORDER BY id
SELECT lag(price, 1, 0) OVER (ORDER BY id), lead(words) OVER (ORDER BY id), nth_value(id, 2) OVER (ORDER BY id) FROM kinds ORDER BY id
SELECT coalesce(price, 0), coalesce(id, 1.5), coalesce(small, large), coalesce(double_, 0) FROM kinds ORDER BY id
SELECT coalesce(day_, moment), coalesce(words, 'x') FROM kinds ORDER BY id
SELECT CASE WHEN flag THEN 1 ELSE 1.5 END, CASE WHEN flag THEN id ELSE large END FROM kinds ORDER BY id
SELECT 1.0, 1.50, .5, 1e3, 1e-3, 2147483648, 9223372036854775808, -1, +1
SELECT 1.5 * 2, 1.5 + 1, 10 / 4.0, 0.1 + 0.2, 2.50 * 2.50
SELECT round(price, 1), round(price), trunc(price, 1), floor(price), ceil(price) FROM kinds ORDER BY id
SELECT sum(id) * 1.0 / count(*) FROM kinds
SELECT sum(id) / count(*) FROM kinds
SELECT 'Total: ' || sum(double_)::int FROM kinds WHERE id = 1
SELECT CAST(words AS varchar(2)) FROM kinds ORDER BY id
SELECT CAST(words AS character varying(3)), CAST(words AS char(3)), words::char(2), CAST(words AS text) FROM kinds WHERE id = 1
SELECT CAST(CAST(words AS varchar(4)) AS varchar(2)) FROM kinds ORDER BY id
SELECT words::varchar(2) || 'z' FROM kinds ORDER BY id
SELECT CAST(price AS numeric(8,1)) FROM kinds WHERE id < 3 ORDER BY id
SELECT price::numeric(8,1), CAST(double_ AS numeric(10,2)), id::numeric(6,2) FROM kinds WHERE id = 1
SELECT CAST(CASE WHEN flag THEN words ELSE 'nothing' END AS varchar(3)) FROM kinds ORDER BY id
SELECT CAST('abcdef' AS varchar(2)), CAST('abcdef' AS char(2)), 'abcdef'::char, CAST('abc' AS char)
SELECT CAST(123456 AS varchar(3)), 123456::varchar(3), 1234.5::varchar(4), CAST(date '2024-05-06' AS varchar(7)), to_char(date '2024-05-06','YYYY-MM-DD')::varchar(4)
SELECT COALESCE(words, 'x')::varchar(1) FROM kinds ORDER BY id
SELECT cast(words as varchar(2)) AS "W", cast(id as varchar(10)) AS "Id" FROM kinds ORDER BY id
SELECT 'abc'::bpchar, CAST('abc' AS bpchar), 'abcdef'::varchar(2)::text
SELECT "k"."words"::varchar(2) FROM "kinds" "k" ORDER BY 1
SELECT numbers[1], numbers[2:3], numbers[5], tags[1] FROM kinds ORDER BY id
SELECT numbers @> ARRAY[1], numbers && ARRAY[3,9], ARRAY[1] <@ numbers FROM kinds WHERE id = 1
SELECT flag IS DISTINCT FROM true, flag IS NOT TRUE, flag IS UNKNOWN, flag ISNULL, flag NOTNULL FROM kinds ORDER BY id
SELECT 'foobar' SIMILAR TO '(foo|bar)%', 'foo' NOT SIMILAR TO 'b%', 'abc' ~ '^a.c$', 'ABC' ~* 'b', 'x' !~* 'X'
SELECT 'a_b' LIKE 'a\_b', 'a%b' LIKE 'a!%b' ESCAPE '!', 'axb' LIKE 'a\_b', 'ABC' ILIKE '%b%', words ~~ '%w%', words ~~* '%W%', words !~~ 'x' FROM kinds WHERE id = 1
SELECT (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', date '2024-03-01')
SELECT moment AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' FROM kinds WHERE id = 1
SELECT age(timestamp '2024-03-31', timestamp '2024-02-29'), age(date '2000-01-01', date '1999-12-31'), age(timestamp '2020-05-05 10:00', timestamp '2024-01-01')
SELECT make_date(2024, 2, 29) + 1, make_timestamp(2024,1,1,0,0,0), make_timestamptz(2024,1,1,0,0,0,'Europe/Berlin'), make_interval(hours => 2, mins => 5), make_interval(0, 1)
SELECT justify_hours(interval '27 hours'), justify_days(interval '65 days')
SELECT '{"a":{"b":[1,2,{"c":"x"}]}}'::json #>> '{a,b,2,c}', '{"a":{"b":1}}'::jsonb #> '{a}' ->> 'b', '[1,2,3]'::json ->> 1, '[1,2,3]'::jsonb ->> -1
SELECT * FROM json_array_elements_text('["a","b"]')
SELECT jsonb_object_keys('{"a":1,"b":2}')
SELECT jsonb_typeof('[1]'), jsonb_extract_path_text('{"a":{"b":"c"}}','a','b'), json_extract_path_text('{"a":1}','a')
SELECT row_to_json(q) FROM (SELECT 1 AS a, 'x' AS b) q
SELECT "Mixed Case" FROM (SELECT 1 AS "Mixed Case") q
SELECT Upper FROM (SELECT 2 AS upper) q
SELECT 1 AS "a b", 2 AS "select", 3 AS Abc, 4 abc2
SELECT count(DISTINCT (flag, small)) FROM kinds
SELECT count(*) AS count, count(1), max(id) AS "max" FROM kinds
SELECT sum(CASE WHEN flag THEN 1 ELSE 0 END), sum(flag::int), avg(flag::int) FROM kinds
SELECT (id, flag) = (1, true), row(1,2) < row(1,3) FROM kinds ORDER BY id
SELECT id FROM kinds WHERE (id, small) IN (SELECT 1, 7::smallint)
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC
TABLE nothing
SELECT * FROM (VALUES (1, 'x'), (2, NULL)) AS t(id, name) ORDER BY id
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r
WITH x AS MATERIALIZED (SELECT id FROM kinds) SELECT count(*) FROM x
SELECT id FROM kinds EXCEPT ALL SELECT 1 ORDER BY 1
SELECT id, flag FROM kinds ORDER BY flag NULLS FIRST, id
SELECT id FROM kinds ORDER BY words COLLATE "C" DESC NULLS LAST
SELECT 1 FROM kinds HAVING count(*) > 1
SELECT extract(dow from instant at time zone 'Asia/Tokyo'), date_part('hour', instant), date_part('epoch', span), extract(epoch from span) FROM kinds ORDER BY 1
SELECT (extract(epoch from moment) / 60)::bigint * 60, floor(extract(epoch from moment)/300)*300 FROM kinds ORDER BY 1
SELECT to_timestamp(floor(extract(epoch from moment)/300)*300) AT TIME ZONE 'UTC' FROM kinds WHERE id = 1
SELECT day_ BETWEEN '2024-01-01' AND now() FROM kinds WHERE id = 1
SELECT '2024-01-01'::timestamp + interval '1 day' * id FROM kinds ORDER BY 1
SELECT greatest('2024-01-01'::date, day_), least(price, id), greatest(id, double_) FROM kinds ORDER BY id
SELECT 7 / 2 * 2.0, 7 / 2::float8, 1 / 3::numeric, -7 / 2, 7 % -3, 2 ^ 0.5, 2 ^ 3 ^ 2, -2 ^ 2
SELECT stddev_samp(id), var_samp(id), variance(price), corr(id, small), covar_pop(id, small), regr_slope(id, small), regr_r2(id, small) FROM kinds
SELECT bit_and(id), bit_or(id), bool_or(flag), every(flag) FROM kinds
SELECT array_agg(DISTINCT flag ORDER BY flag), array_agg(words ORDER BY id) FILTER (WHERE id < 3) FROM kinds
SELECT split_part('a@b.c', '@', 2), left(words, 3), substring(words from '[a-z]+'), regexp_replace(words, '\s+', '', 'g'), overlay('abc' placing 'X' from 2 for 1), translate('abc','ab','xy') FROM kinds WHERE id = 1
SELECT regexp_split_to_table('a,b', ',')
SELECT unnest(ARRAY[1,2]), unnest(ARRAY['a','b','c'])
SELECT unnest(string_to_array('a,b', ',')) AS part
SELECT string_to_table('a,b', ',')
SELECT trim(both 'x' from 'xax'), trim(trailing from 'a  '), rtrim('abb', 'b'), lpad(id::text, 5, '0'), repeat('=', 3), to_hex(255), chr(8364), ascii('€'), strpos('abc', 'd'), starts_with('abc', 'ab') FROM kinds WHERE id = 1
SELECT gen_random_uuid() IS NOT NULL, md5('x'), sha256('x'::bytea), encode(sha256('x'::bytea), 'hex')
SELECT key_ = '12345678-1234-5678-1234-567812345678', key_::text LIKE '1234%' FROM kinds WHERE id = 1
SELECT nullif(words, ''), coalesce(nullif(words, ''), 'leer') FROM kinds ORDER BY id
SELECT CAST(NULL AS integer), NULL::date, NULL::text || 'a', NULL::numeric(5,2)
SELECT true AND NULL, NOT NULL::boolean, 1 = NULL, 'a' < 'B', 'Z' < 'a', 'é' > 'z'
SELECT CAST('t' AS boolean), CAST(1 AS boolean), CAST(true AS integer), 'yes'::boolean, 'off'::bool
SELECT CAST('12.7' AS numeric)::int, 12.5::int, 13.5::int, -12.5::int, '  42 '::int, '1e3'::float8, 12.5::float8::int
SELECT sum(double_)::text, max(id)::text || '%', CAST(avg(double_) AS varchar(4)) FROM kinds WHERE id = 1
SELECT CAST(row_number() OVER (ORDER BY id) AS text) FROM kinds ORDER BY id
SELECT id::float8::text, count(*) FROM kinds GROUP BY id::float8::text ORDER BY id::float8::text
SELECT CAST(id::float8 AS text) AS x, count(*) FROM kinds GROUP BY 1 ORDER BY 1
SELECT CAST(words AS text) LIKE ANY(ARRAY['G%', 'x']) FROM kinds ORDER BY id
SELECT words::text LIKE ANY(ARRAY['G%', 'x']) FROM kinds ORDER BY id
SELECT words::varchar(2)::text || 'x', words::text::varchar(2), words::varchar(3)::varchar(1), double_::text::varchar(3) FROM kinds ORDER BY id
SELECT CAST(CAST(double_ AS text) AS varchar(3)), CAST(CAST(double_ AS varchar(3)) AS text) FROM kinds ORDER BY id
SELECT date_trunc('month', moment)::text, extract(year from moment)::text, (moment::date)::text FROM kinds ORDER BY id
SELECT array_agg(id::text ORDER BY id) FROM kinds
SELECT ARRAY[1.0::float8::text, 'x'::text]
SELECT CASE WHEN flag THEN 1.0::float8 END::text FROM kinds ORDER BY id
SELECT json_typeof(doc)::text, doc::text FROM kinds ORDER BY id
SELECT (double_ + 1)::text, -double_::text::float8 FROM kinds WHERE id = 1
SELECT numbers[1]::text, k.double_::text, "k"."double_"::text FROM kinds k ORDER BY id
SELECT string_agg(double_::text, ',' ORDER BY id) FROM kinds
SELECT EXTRACT(EPOCH FROM interval '1 year 2 mons 3 days'), date_part('epoch', interval '-14 mons'), extract(epoch from age(date '2024-03-01', date '2022-01-01')), extract(epoch from timestamp '2024-01-01'), extract(epoch from timestamptz '2024-01-01 00:00+00'), extract(epoch from date '2024-01-01'), extract(epoch from time '01:00'), extract(epoch from NULL::interval)
SELECT 'a_b' LIKE 'a\_b', 'axb' LIKE 'a\_b', 'a\b' LIKE 'a\\b', 'a_b' ILIKE 'A\_B', 'a_b' NOT LIKE 'a\_b', 'a%' LIKE '%\%', 'a_b' LIKE 'a\_b' ESCAPE '!', 'a\b' LIKE 'a\b' ESCAPE '', words LIKE '%\_%' FROM kinds WHERE id = 1
SELECT 'a_b' LIKE E'a\\_b', 'a_b' LIKE ANY(ARRAY['a\_b']), 'ab' LIKE 'a\b'
SELECT json_object_keys('{"a":1,"b":2}') AS k
SELECT k FROM json_object_keys('{"a":1,"b":2}') k
SELECT json_array_elements_text('["a","b"]')
SELECT e FROM jsonb_array_elements_text('["a",2]') AS e
SELECT e.v ->> 'x' FROM jsonb_array_elements('[{"x":1},{"x":"z"}]') AS e(v)
SELECT k.id, t FROM kinds k CROSS JOIN LATERAL json_array_elements_text('["a","b"]') t WHERE id = 1 ORDER BY 2
SELECT justify_interval(interval '1 mon -1 hour'), justify_interval(interval '70 days 30 hours')
SELECT bool_and(flag)::text, count(*)::varchar(10) FROM kinds
SELECT CAST(1 AS text), CAST('x' AS text), CAST(NULL AS text), NULL::text, true::text, 1.50::text
SELECT 1 WHERE CAST('2024-01-05' AS varchar(7)) = '2024-01'
SELECT date_trunc('month', CAST(day_ AS timestamp)) AS m, COUNT(DISTINCT CAST(words AS text)) FROM kinds GROUP BY 1 ORDER BY 1
SELECT CAST(EXTRACT(year FROM day_) AS text) || '-' || LPAD(CAST(EXTRACT(month FROM day_) AS text), 2, '0') FROM kinds ORDER BY id
SELECT COALESCE(CAST(id AS text), 'n/a'), NULLIF(CAST(words AS varchar(100)), '') FROM kinds ORDER BY id
SELECT to_char(moment, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), to_char(instant, 'YYYY-MM-DD HH24:MI:SSOF'), to_char(moment, 'Dy DD Mon'), to_char(moment, 'D'), to_char(moment,'ID'), to_char(moment,'WW'), to_char(moment, 'DDD') FROM kinds WHERE id = 1
SELECT to_char(moment, 'FMDay'), to_char(moment, 'TMMonth'), to_char(moment, 'Month'), to_char(1234567.891, '9G999G999D99'), to_char(0.5, '0.00'), to_char(-1234, 'FM9,999'), to_char(12, 'RN'), to_char(5, 'FM00') FROM kinds WHERE id = 1
SELECT CAST(date_trunc('year', moment) AS date) + interval '3 month', date_trunc('day', moment)::date, date_trunc('hour', instant AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin') FROM kinds WHERE id = 1
SELECT floor((extract(epoch from moment) - extract(epoch from timestamp '2024-01-01')) / 86400) FROM kinds WHERE id = 1
SELECT id, sum(count(*)) OVER (), round(100.0 * count(*) / sum(count(*)) OVER (), 1) FROM kinds GROUP BY id ORDER BY id
SELECT count(*) OVER (PARTITION BY flag), first_value(id) OVER (PARTITION BY flag ORDER BY id DESC), last_value(id) OVER (ORDER BY id) FROM kinds ORDER BY id
SELECT max(CASE WHEN id = 1 THEN words END), min(words) FILTER (WHERE id > 1), bool_or(id = 2), count(*) FILTER (WHERE flag IS NULL) FROM kinds
SELECT EXISTS (SELECT 1 FROM nothing), (SELECT count(*) FROM nothing), id IN (SELECT id FROM nothing), NOT EXISTS (SELECT 1 FROM kinds WHERE id = 9) FROM kinds WHERE id = 1
SELECT c.name, o.total FROM sales.customers c LEFT JOIN LATERAL (SELECT sum(total) AS total FROM sales.orders o WHERE o.customer_id = c.id) o ON true ORDER BY 1
SELECT date_trunc('day', placed) AS d, sum(total) AS t, sum(sum(total)) OVER (ORDER BY date_trunc('day', placed)) FROM sales.orders GROUP BY 1 ORDER BY 1 LIMIT 3
SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY total DESC) rn FROM sales.orders) q WHERE rn = 1 ORDER BY id
SELECT customer_id, percentile_disc(0.9) WITHIN GROUP (ORDER BY total), mode() WITHIN GROUP (ORDER BY line) FROM sales.orders GROUP BY 1 ORDER BY 1
SELECT to_char(date_trunc('month', placed), 'YYYY-MM') AS m, count(*), avg(total)::numeric(10,2) FROM sales.orders GROUP BY 1 ORDER BY 1
SELECT date_bin('6 hours', placed, timestamp '2024-01-01'), count(*) FROM sales.orders GROUP BY 1 ORDER BY 1 LIMIT 3
SELECT d::date, coalesce(s, 0) FROM generate_series(date '2024-01-01', date '2024-01-05', '1 day') d LEFT JOIN (SELECT placed::date AS p, sum(total) s FROM sales.orders GROUP BY 1) o ON o.p = d ORDER BY 1
SELECT width_bucket(total, 0, 250, 5), count(*) FROM sales.orders GROUP BY 1 ORDER BY 1
SELECT o.id % 10 AS k, array_agg(o.id ORDER BY o.id DESC) FROM sales.orders o WHERE o.id < 25 GROUP BY 1 ORDER BY 1
SELECT name, tenure FROM sales.customers ORDER BY tenure DESC NULLS LAST, name
SELECT coalesce(city, '(none)') AS city, count(*) AS "Number of Records" FROM sales.customers GROUP BY 1 HAVING count(*) > 0 ORDER BY 2 DESC, 1
SELECT name || ' <' || coalesce(mail, '-') || '>', length(mail), position('@' IN mail), split_part(mail, '@', 1) FROM sales.customers ORDER BY id
SELECT sum(total) AS "SUM(total)", avg(total)::float8 AS "AVG", min(placed), max(placed)::date FROM sales.orders WHERE placed >= TO_TIMESTAMP('2024-01-02 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND placed < '2024-01-05'
SELECT CAST(total AS integer), CAST(total AS bigint), total::float8, total::text, CAST(total AS numeric(12,1)), trunc(total)::int FROM sales.orders ORDER BY id LIMIT 3
SELECT (total * 100)::int, total / 3, total % 2, -total, abs(-total), total > 1.25, total = 1.25::float8 FROM sales.orders ORDER BY id LIMIT 2
SELECT 1 AS x UNION SELECT 1.5 ORDER BY x
SELECT NULL AS x UNION ALL SELECT 1
SELECT 'a' AS x UNION ALL SELECT name FROM nothing
SELECT id FROM kinds INTERSECT SELECT 2 UNION SELECT 5 ORDER BY 1
SELECT * FROM kinds k JOIN nothing n USING (id)
SELECT k.* FROM kinds k NATURAL JOIN nothing
SELECT DISTINCT ON (customer_id) customer_id, placed, total FROM sales.orders ORDER BY customer_id, placed DESC
SELECT count(DISTINCT customer_id) FILTER (WHERE total > 100) FROM sales.orders
SELECT GROUPING(customer_id, line), customer_id, line, sum(total) FROM sales.orders GROUP BY GROUPING SETS ((customer_id, line), (customer_id), ()) ORDER BY 1, 2, 3
SELECT make_date(2024, 1, 31) + interval '1 month' * n FROM generate_series(0, 3) AS n
SELECT extract(isoyear from d), extract(week from d), to_char(d, 'IYYY-"W"IW') FROM (VALUES (date '2024-12-30'), (date '2021-01-03')) v(d)
SELECT now() - interval '7 days' < now(), current_date - 7 < current_date, localtimestamp - interval '1 hour' < localtimestamp
SELECT 'infinity'::timestamp > now(), 'infinity'::date > current_date, isfinite(timestamp 'infinity')
SELECT cast(floor(cast(id as double precision)/2)*2 as double precision), mod(id::numeric, 2), power(id, 2)::int FROM kinds ORDER BY id
SELECT array_to_string(array_agg(DISTINCT city ORDER BY city), '; ', 'none') FROM sales.customers
SELECT lower(name) LIKE '%ö%', upper(name), initcap(name), reverse(name), name < 'B', name COLLATE "C" < 'b' FROM sales.customers ORDER BY id
SELECT count(kinds) FROM kinds
SELECT (k).id FROM kinds k ORDER BY 1
SELECT to_json(n) FROM nothing n
SELECT 10 AS "Größe", 'x' AS "a""b", 1 AS "1st"
SELECT cast(null as text) || 'x', concat(null, 'x'), concat_ws('-', null, 'x'), greatest(null, 1), coalesce(null, null, 3)
SELECT extract(year from age(date '2024-05-01', date '1990-06-15')), date_part('month', age(timestamp '2024-05-01', timestamp '2023-06-15')), age(date '2024-01-01') IS NOT NULL
SELECT concat(id, '-', double_, '-', price, '-', flag, '-', day_) FROM kinds ORDER BY id
SELECT concat_ws('/', extract(year from moment), extract(month from moment)), concat(concat('a', flag), flag) FROM kinds ORDER BY id
SELECT concat('a', count(*), max(double_)) FROM kinds WHERE id = 1
SELECT lower(concat(words, flag)) AS x, count(*) FROM kinds GROUP BY lower(concat(words, flag)) ORDER BY 1
