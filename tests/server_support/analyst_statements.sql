-- One statement a line, as analysts write them, which both answer alike: names, types and rows.
SELECT round(x, NULL) from (values (1.5)) t(x)
SELECT round(1.5::numeric, NULL::int)
SELECT round(double_::numeric, 2) from kinds where id=1
SELECT round(price, id) from kinds where id < 4 order by id
SELECT percentile_cont(NULL::double precision[]) within group (order by id) from kinds
SELECT percentile_disc(NULL::double precision[]) within group (order by id) from kinds
SELECT percentile_cont(NULL::double precision) within group (order by id) from kinds
SELECT percentile_disc(NULL::double precision) within group (order by id) from kinds
SELECT percentile_cont(NULL) within group (order by id) from kinds
SELECT percentile_cont(array[0.25,0.5]) within group (order by id) from kinds
SELECT percentile_disc(array[0.25,0.5]) within group (order by id) from kinds
SELECT percentile_disc(0.5) within group (order by words) from kinds
SELECT mode() within group (order by flag) from kinds
SELECT 3 between symmetric 5 and 1
SELECT 3 not between symmetric 5 and 1
SELECT id between symmetric 3 and 2 from kinds order by id
SELECT count(*) from kinds where id between symmetric 3 and 2 and flag is null
SELECT count(*) from kinds where id + 1 between symmetric 3 and 2 or flag
SELECT 3 between asymmetric 1 and 5
SELECT interval '1 day' / 2
SELECT interval '1 month' / 2
SELECT interval '1 day' / 0.5
SELECT interval '1 hour' / 3
SELECT interval '1 year' / 5
SELECT interval '10 days' / 4
SELECT span / 2 from kinds order by id
SELECT span * 2 from kinds order by id
SELECT span * 1.5 from kinds order by id
SELECT 1.5 * span from kinds order by id
SELECT 2 * interval '1 day'
SELECT 0.5 * interval '1 day'
SELECT interval '1 day' * 0.1
SELECT interval '1 month' * 0.5
SELECT interval '1 mon 3 days' * 1.5
SELECT (now() - now()) / 2
SELECT (moment - timestamp '2024-01-01') / 3 from kinds where id = 1
SELECT avg(moment - timestamp '2024-01-01') from kinds where id = 1
SELECT sum(span) / count(*) from kinds where id < 3
SELECT interval '1 day' * double_ from kinds where id = 1
SELECT -interval '1 day' * 2
SELECT id * interval '1 day' from kinds order by id
SELECT interval '1 day' * id from kinds order by id
SELECT 1::float8 || 'x'
SELECT 'x' || 1::float8
SELECT double_ || ' kg' from kinds where id = 1
SELECT double_ || '' from kinds order by id
SELECT 'v' || double_ || 'w' from kinds order by id
SELECT span || '' from kinds order by id
SELECT '' || span from kinds order by id
SELECT flag || '' from kinds order by id
SELECT round(2.5::float8) || 'x'
SELECT sum(double_) || 'x' from kinds where id=1
SELECT numbers::text from kinds order by id
SELECT floats::text from kinds order by id
SELECT tags::text from kinds order by id
SELECT ARRAY[1,2]::text
SELECT ARRAY[[1,2],[3,4]]::text
SELECT ARRAY['a b','c,d','e"f','null',NULL,'']::text
SELECT ARRAY[true,false]::text
SELECT ARRAY[date '2024-01-02']::text
SELECT ARRAY[timestamp '2024-01-02 03:04']::text
SELECT CAST(ARRAY[1,2] AS varchar)
SELECT array_agg(id order by id)::text from kinds
SELECT ARRAY[1,2] || ARRAY[3]
SELECT 'x' || numbers::text from kinds order by id
SELECT 'x' || array_to_string(numbers, ',') from kinds order by id
SELECT array_to_string(ARRAY[1,NULL,3], ',')
SELECT array_to_string(ARRAY[1,NULL,3], ',', '*')
SELECT array_to_string(floats, ',') from kinds order by id
SELECT array_to_string(ARRAY[1.0::float8, 2.5], ';')
SELECT array_to_string(ARRAY[true,false], ';')
SELECT array_to_string(ARRAY['a',NULL], NULL)
SELECT concat(ARRAY[1,2])
SELECT concat('a', numbers) from kinds order by id
SELECT string_agg(numbers::text, ';' order by id) from kinds
SELECT 1 = ANY(ARRAY[2,NULL])
SELECT 2 = ANY(ARRAY[2,NULL])
SELECT 1 <> ALL(ARRAY[2,NULL])
SELECT 2 <> ALL(ARRAY[2,NULL])
SELECT 1 = ALL(ARRAY[1,NULL])
SELECT 1 <> ANY(ARRAY[1,NULL])
SELECT 1 < ANY(ARRAY[1,NULL])
SELECT 1 > ALL(ARRAY[0,NULL])
SELECT 1 = ANY('{2,NULL}'::int[])
SELECT 1 = ANY('{2,NULL}')
SELECT NULL = ANY(ARRAY[1])
SELECT 1 = ANY(NULL::int[])
SELECT 1 = ANY('{}'::int[])
SELECT NULL = ANY('{}'::int[])
SELECT 1 <> ALL('{}'::int[])
SELECT id = ANY(numbers) from kinds order by id
SELECT 3 = ANY(numbers) from kinds order by id
SELECT id <> ALL(numbers) from kinds order by id
SELECT 'a' = ANY(tags) from kinds order by id
SELECT 'zz' = ANY(tags) from kinds order by id
SELECT count(*) from kinds where not (id = ANY(ARRAY[1,NULL]))
SELECT count(*) from kinds where id = ANY(ARRAY(select id from kinds))
SELECT count(*) from kinds where id = ANY(select id from kinds)
SELECT count(*) from kinds where id <> ALL(select id from kinds)
SELECT id = SOME(ARRAY[1,2]) from kinds order by id
SELECT id >= ALL(ARRAY[1,2]) from kinds order by id
SELECT upper('a') = ANY(ARRAY['A'])
SELECT 2 * '2'
SELECT 2.5 * '2'
SELECT id + '2' from kinds order by id
SELECT price * '2.5' from kinds order by id
SELECT id > '1' from kinds order by id
SELECT count(*) from kinds where id = '1'
SELECT id % '2' from kinds order by id
SELECT '5' - id from kinds order by id
SELECT large * '2' from kinds where id = 3
SELECT double_ * '2.5' from kinds where id=1
SELECT id from kinds order by id fetch first 2 rows with ties
SELECT flag from kinds order by flag fetch first 1 rows with ties
SELECT flag, id from kinds order by flag fetch first row with ties
SELECT flag, id from kinds order by flag desc fetch first 1 row with ties
SELECT flag, id from kinds order by flag offset 1 rows fetch next 1 rows with ties
SELECT * from (select flag from kinds order by flag fetch first 1 rows with ties) q
SELECT id from kinds order by id fetch first row only
SELECT id from kinds order by id fetch first 2 rows only
SELECT id from kinds order by id offset 1 row fetch next row only
SELECT '{"a":1}'::jsonb ? 'a'
SELECT '{"a":1}'::jsonb ? 'b'
SELECT '["a","b"]'::jsonb ? 'a'
SELECT '{"a":1,"b":2}'::jsonb ?| array['b','c']
SELECT '{"a":1,"b":2}'::jsonb ?& array['a','b']
SELECT ARRAY[1,2] @> ARRAY[1]
SELECT ARRAY[1] <@ ARRAY[1,2]
SELECT ARRAY[1,2] && ARRAY[2,3]
SELECT * from json_to_recordset('[{"a":1,"b":"x"},{"a":2}]') as t(a int, b text)
SELECT * from jsonb_to_recordset('[{"a":1,"b":"x"},{"a":2}]'::jsonb) as t(a int, b text)
SELECT * from json_to_record('{"a":1,"b":"x"}') as t(a int, b text)
SELECT * from json_each('{"a":1,"b":"x"}'::json)
SELECT * from jsonb_each_text('{"a":1,"b":"x"}')
SELECT * from json_each_text('{"a":1,"b":null}')
SELECT jsonb_object_keys('{"a":1,"b":"x"}')
SELECT e.key from kinds k, json_each(case when id=1 then doc end) e
SELECT jsonb_array_elements_text('["a","b"]')
SELECT json_array_length('[1,2,3]')
SELECT jsonb_typeof('1')
SELECT row_to_json(t) from (select 1 as a, 'x' as b) t
SELECT date_trunc('decade', timestamp '2024-05-06 07:08:09')
SELECT date_trunc('century', timestamp '2024-05-06 07:08:09')
SELECT date_trunc('millennium', timestamp '2024-05-06 07:08:09')
SELECT date_trunc('milliseconds', timestamp '2024-05-06 07:08:09.123456')
SELECT date_trunc('week', timestamptz '2024-05-06 07:08:09+02')
SELECT date_trunc('day', now()) <= now()
SELECT date_trunc('month', current_date) + interval '1 month - 1 day' > current_date - 40
SELECT (date_trunc('month', date '2024-02-10') + interval '1 month - 1 day')::date
SELECT date_part('year', age(date '2024-05-06', date '1990-07-01'))
SELECT age(timestamp '2024-05-06')  < interval '100 years'
SELECT age(date '2024-03-31', date '2024-02-29')
SELECT age(timestamp '2024-01-31 10:00', timestamp '2024-03-01 09:00')
SELECT extract(century from date '2024-01-01')
SELECT extract(decade from date '2024-01-01')
SELECT extract(millennium from date '2024-01-01')
SELECT extract(isoyear from date '2024-12-30')
SELECT extract(microseconds from timestamp '2024-01-01 00:00:01.5')
SELECT extract(timezone from timestamptz '2024-01-01 00:00+00')
SELECT extract(timezone_hour from timestamptz '2024-01-01 00:00+00')
SELECT extract(julian from date '2024-01-01')
SELECT extract(hour from time '12:34:56')
SELECT extract(day from interval '3 days 4 hours')
SELECT extract(epoch from date '2024-01-01')
SELECT extract(epoch from interval '1 day 2 hours')
SELECT extract(epoch from timestamp '2024-01-02' - timestamp '2024-01-01') / 3600
SELECT extract(dow from timestamp '2024-01-07') = 0
SELECT extract(epoch from time '01:00')
SELECT date_part('week', timestamp '2024-01-07')
SELECT date_part('isodow', timestamp '2024-01-07')
SELECT to_char(timestamp '2024-05-06 17:08:09.123', 'HH12:MI:SS.MS AM')
SELECT to_char(timestamp '2024-05-06 17:08:09', 'FMDay, FMDDth FMMonth YYYY')
SELECT to_char(timestamp '2024-05-06', 'Dy DD-Mon-YY')
SELECT to_char(timestamp '2024-05-06', 'IYYY"W"IW')
SELECT to_char(timestamp '2024-05-06', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
SELECT to_char(timestamptz '2024-05-06 07:08:09+00', 'YYYY-MM-DD HH24:MI:SS TZ')
SELECT to_char(1234567.891, '999,999,999.99')
SELECT to_char(1234567.891, 'FM999,999,999.00')
SELECT to_char(0.5, 'FM0.00')
SELECT to_char(-12.5, 'S99.9')
SELECT to_char(12.5, '99.9MI')
SELECT to_char(-12.5, '99.9PR')
SELECT to_char(12345, '9.99EEEE')
SELECT to_char(42, 'RN')
SELECT to_char(1234.5, 'L9,999.99')
SELECT to_char(1234, '00000000')
SELECT to_char(interval '36 hours 5 minutes', 'HH24:MI')
SELECT to_char(125, '999D9')
SELECT to_number('1,234.56', '9,999.99')
SELECT to_number('-12', 'S99')
SELECT to_date('20240506', 'YYYYMMDD')
SELECT to_date('May 6, 2024', 'Mon DD, YYYY')
SELECT to_timestamp('06/05/2024 17:08', 'DD/MM/YYYY HH24:MI')
SELECT to_timestamp(1700000000.5)
SELECT make_timestamp(2024, 5, 6, 7, 8, 9.5)
SELECT make_time(7, 8, 9.5)
SELECT make_timestamptz(2024, 5, 6, 7, 8, 9)
SELECT make_interval(days => 3, hours => 4)
SELECT make_interval(1, 2, 3, 4)
SELECT justify_hours(interval '50 hours')
SELECT justify_days(interval '65 days')
SELECT date_bin('15 minutes', timestamp '2024-05-06 07:08:09', timestamp '2001-01-01')
SELECT date_bin(interval '1 hour', timestamptz '2024-05-06 07:08:09+00', timestamptz '2001-01-01')
SELECT date '2024-05-06' - 7
SELECT date '2024-05-06' - interval '1 week'
SELECT timestamp '2024-05-06' + '1 day'
SELECT timestamp '2024-05-06' - '2 hours'::interval
SELECT now() - interval '1 hour' < now()
SELECT date '2024-05-06' + time '10:00'
SELECT timestamp '2024-05-06 10:00' - date '2024-05-05'
SELECT time '10:00' + interval '90 minutes'
SELECT time '10:00' - time '09:30'
SELECT timestamp '2024-05-06 10:00'::time
SELECT timestamp '2024-05-06 10:00'::date
SELECT interval '1 year 2 months'::text
SELECT interval '2' hour
SELECT interval '1 week'
SELECT timestamptz '2024-05-06 10:00+00' at time zone 'UTC'
SELECT timestamp '2024-05-06 10:00' at time zone 'UTC' at time zone 'America/New_York'
SELECT timezone('Europe/Berlin', timestamptz '2024-05-06 10:00+00')
SELECT (timestamptz '2024-05-06 10:00+00' at time zone 'Asia/Kolkata')::date
SELECT date_trunc('day', timestamptz '2024-05-06 23:00+00' at time zone 'Asia/Tokyo')
SELECT isfinite(date '2024-01-01')
SELECT date 'infinity'
SELECT greatest(date '2024-01-01', date '2024-02-01')
SELECT overlay('abcdef' placing 'xx' from 2 for 3)
SELECT translate('abcabc', 'ab', 'xy')
SELECT strpos('hello', 'l')
SELECT starts_with('hello', 'he')
SELECT rpad('a', 3, 'xy')
SELECT lpad('abc', 2)
SELECT trim(both 'x' from 'xxaxx')
SELECT trim(leading '0' from '007')
SELECT trim(trailing from 'a  ')
SELECT rtrim('axx', 'x')
SELECT substring('foobar' from 'o(.)b')
SELECT substring('foobar', 'o.b')
SELECT regexp_replace('Hello World', '(\w+) (\w+)', '\2 \1')
SELECT regexp_replace('abc', 'B', 'x', 'i')
SELECT regexp_replace('a1b22', '[0-9]+', '#', 'g')
SELECT regexp_match('foobarbequebaz', '(bar)(beque)')
SELECT (regexp_match('abc123', '\d+'))[1]
SELECT regexp_split_to_array('a, b,c', ',\s*')
SELECT regexp_count('abcabc', 'b')
SELECT regexp_substr('abc123', '\d+')
SELECT regexp_like('abc', 'B', 'i')
SELECT 'foo' ~ '^f' and 'foo' !~* 'X'
SELECT 'abc' similar to '%(b|d)%'
SELECT 'a' || NULL
SELECT concat('a', NULL, 'b')
SELECT format('%s has %s', 'x', 3)
SELECT string_to_array('a,,b', ',', '')
SELECT array_to_string(string_to_array('a b', ' '), '-')
SELECT split_part('a-b-c', '-', -1)
SELECT chr(8364)
SELECT ascii('€')
SELECT upper(left('straße', 4))
SELECT length('a b')
SELECT bit_length('abc')
SELECT reverse('äb')
SELECT to_hex(255)
SELECT encode('abc', 'base64')
SELECT convert_from('\x616263'::bytea, 'UTF8')
SELECT quote_nullable(NULL)
SELECT string_agg(words, ',' order by id desc) filter (where id < 3) from kinds
SELECT string_agg(distinct flag::text, '/' order by flag::text) from kinds
SELECT array_agg(distinct flag order by flag) from kinds
SELECT count(distinct (flag, small)) from kinds
SELECT count(*) filter (where flag) as a, count(*) filter (where not flag) as b from kinds
SELECT sum(id) over (order by id rows between 1 preceding and 1 following) from kinds
SELECT sum(id) over (order by id range between 1 preceding and current row) from kinds
SELECT avg(id) over (order by id rows 2 preceding) from kinds
SELECT count(*) over (order by flag groups between 1 preceding and current row) from kinds
SELECT sum(id) over (order by id rows between unbounded preceding and current row exclude current row) from kinds
SELECT nth_value(id, 2) over (order by id rows between unbounded preceding and unbounded following) from kinds
SELECT last_value(id) over (order by id) from kinds
SELECT ntile(2) over (order by id), cume_dist() over (order by id), percent_rank() over (order by id) from kinds order by 1,2
SELECT lag(id, 2, 0) over (order by id), lead(id, 1) over (order by id) from kinds order by id
SELECT dense_rank() over w, row_number() over w from kinds window w as (order by flag, id) order by 2
SELECT sum(id) filter (where id > 1) over (order by id) from kinds order by id
SELECT flag, count(*) from kinds group by grouping sets ((flag), ()) order by 1, 2
SELECT flag, small > 0 as s, count(*), grouping(flag, small > 0) from kinds group by cube (flag, small > 0) order by 1,2,3,4
SELECT flag, count(*) from kinds group by rollup (flag) having count(*) > 1 order by 1,2
SELECT distinct on (flag) flag, id from kinds order by flag, id desc
SELECT k.id, l.x from kinds k cross join lateral (select k.id * 2 as x) l order by 1
SELECT k.id, u.n from kinds k left join lateral unnest(k.numbers) as u(n) on true order by 1, 2
SELECT k.id, u.n, u.o from kinds k, unnest(k.numbers) with ordinality as u(n, o) order by 1, 3
SELECT d::date from generate_series(date '2024-01-01', date '2024-01-03', interval '1 day') d
SELECT generate_series(timestamp '2024-01-01', timestamp '2024-01-01 02:00', '1 hour')
SELECT generate_series(date_trunc('month', date '2024-01-15'), date '2024-03-01', '1 month')::date
SELECT width_bucket(5.35, 0.024, 10.06, 5)
SELECT array_position(array['a','b'], 'b')
SELECT array_append(array[1,2], 3)
SELECT array_prepend(0, array[1,2])
SELECT array_cat(array[1], array[2,3])
SELECT array_remove(array[1,2,1], 1)
SELECT array_replace(array[1,2], 2, 9)
SELECT array_positions(array[1,2,1], 1)
SELECT array_dims(array[1,2,3])
SELECT trim_array(array[1,2,3], 1)
SELECT (array[1,2,3])[2:3]
SELECT (array[1,2,3])[5]
SELECT unnest(array[1,2]) as u
SELECT array(select id from kinds order by id)
SELECT array[1,2] = array[1,2]
SELECT array[1,2] < array[1,3]
SELECT '{a,b}'::text[]
SELECT 'a' = any('{a,b}'::text[])
SELECT array_length(array[]::int[], 1)
SELECT row_to_json(r) from (select 1 as a, 'x' as b) r
SELECT to_json(array[1,2])
SELECT '{"a":{"b":[1,2]}}'::json #>> '{a,b,1}'
SELECT '{"a":{"b":[1,2]}}'::json -> 'a' -> 'b' -> -1
SELECT ('{"a":1.5}'::jsonb ->> 'a')::numeric * 2
SELECT ('{"a":null}'::json ->> 'a') is null
SELECT '[1,2]'::json ->> 0
SELECT jsonb_array_length('[1,2,3]'::jsonb)
SELECT jsonb_exists('{"a":1}'::jsonb, 'a')
SELECT json_extract_path_text('{"a":{"b":"c"}}', 'a', 'b')
SELECT 12.5::int
SELECT 13.5::int
SELECT -12.5::int
SELECT 2.5::float8::int
SELECT 1e3::int
SELECT '12'::float8
SELECT '  12 '::int
SELECT true::int
SELECT 1::boolean
SELECT 'yes'::boolean
SELECT '2024-05-06T07:08:09Z'::timestamptz
SELECT '2024-05-06'::timestamp
SELECT '20240506'::date
SELECT '12:30'::time
SELECT cast(1.005 as numeric(10,2))
SELECT 1/3.0
SELECT round(1/3.0, 4)
SELECT round(-2.5), round(2.5::float8), round(3.5::float8)
SELECT trunc(-2.567, 2)
SELECT ceil(-0.5)
SELECT mod(-7, 3)
SELECT -7 % 3
SELECT div(7, 2)
SELECT power(2, 0.5)
SELECT 2 ^ 0.5
SELECT |/ 25
SELECT exp(1)
SELECT ln(10), log(100), log(2, 8)
SELECT degrees(pi())
SELECT cbrt(27)
SELECT factorial(5)
SELECT abs(-2.5)
SELECT num_nulls(1, null)
SELECT greatest(1, null, 3)
SELECT nullif(2, 2)
SELECT coalesce(null, 'x')
SELECT corr(id, id * 2) from kinds
SELECT stddev_pop(id), variance(id), var_pop(id) from kinds
SELECT covar_pop(id, id) from kinds
SELECT bit_and(id), bit_or(id) from kinds
SELECT percentile_disc(0.5) within group (order by id) from kinds
SELECT id from kinds order by id limit all
SELECT id from kinds order by flag nulls first, id limit 2
SELECT * from (values (1,'a'),(2,'b')) v(x, y)
SELECT x is not distinct from null from (values (1),(null)) t(x)
SELECT (1,2) = (1,2)
SELECT row(1,2) < row(1,3)
SELECT 1 in (1, null)
SELECT 2 in (1, null)
SELECT not (null::boolean)
SELECT true and null
SELECT flag is unknown, flag is not true from kinds order by id
SELECT case id when 1 then 'one' else 'other' end from kinds order by id
SELECT 1 <> 2, 1 != 2
SELECT current_date - g < current_date from generate_series(1, 2) g
SELECT current_date + g * 2 - 1 > current_date from generate_series(1, 2) g
SELECT x.d - x.g + interval '1 day' from (select date '2024-01-10' d, g from generate_series(1,2) g) x
SELECT (max(moment) - min(moment)) / count(*) from kinds where id in (1,2)
SELECT interval '1 month -1 day'
SELECT '1 year - 2 days'::interval
SELECT to_char(interval '100 hours', 'HH24:MI:SS')
SELECT to_char(interval '3 days 5 hours', 'DD HH24:MI')
SELECT 'x' || (case when flag then 1 else 0 end) from kinds order by id
SELECT id || '-' || small from kinds order by id
SELECT count(*) || ' rows' from kinds
SELECT flag, count(*) || ' rows' as n from kinds group by flag order by 'a' || flag
SELECT distinct 'x' || flag from kinds order by 'x' || flag
SELECT 'a' || id + 1 || 'b' n from kinds order by n
SELECT words || ' ' || coalesce(price::text, '-') from kinds order by id
SELECT '%' || 'a' || '%' like '%a%'
SELECT count(*) from kinds where words like '%' || 'a' || '%'
SELECT 'a' || to_char(moment, 'YYYY') || '!' from kinds where id = 1
SELECT sum(id) over () || 'x' from kinds limit 1
SELECT 'x' || sum(id) filter (where flag) from kinds
SELECT sum(span) from kinds where id < 4
SELECT sum(span), sum(id), sum(price) from kinds
SELECT flag, sum(span) / 2 as half from kinds group by flag having sum(span) > interval '0 days' order by 1
SELECT sum(moment - timestamp '2024-01-01') from kinds where id = 1
SELECT sum(span) from kinds where id = 3
SELECT extract(epoch from sum(span)) from kinds where id < 3
SELECT '2024-5-6'::date
SELECT '2024/05/06'::date
SELECT '2024-05-06 10:00'::timestamp
SELECT '2024-05-06 10:00:00 UTC'::timestamptz
SELECT '2024-05-06 10:00 PM'::timestamp
SELECT date '20240506' + 1
SELECT timestamp '2024-05-06 10:00 PM'
SELECT cast('10:00 PM' as time)
SELECT '12345678'::text
SELECT '12345678'::int
SELECT count(*) from kinds tablesample bernoulli (100)
