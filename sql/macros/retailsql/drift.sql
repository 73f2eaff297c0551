{#
  Drift: rows of today against what training saw, one column at a time, by the population stability
  index (PSI) and its critical value.

  Every column becomes cells: of a number what lies between the tenths of its training rows, below
  and above them; of a category its values; of both the NULLs. With n rows in training and m today,

      psi = sum of (p - q) * ln(p / q),      p, q = shares of a cell, each count plus one half

  is, where nothing has drifted, about (1/n + 1/m) times a chi-square variable with one degree of
  freedom less than there are cells (Yurdakul, Statistical Properties of PSI, 2018). So the limit
  depends on how many rows there are; a fixed one such as 0.1 cries wolf on few and sleeps on many.

  For the approximation to hold a cell must expect ten rows on the smaller side: sparse neighbours
  (numbers) and sparse values (categories) are put together. Cells are chosen by both sides'
  counts together, which tell nothing of their difference. One exception lets a few rows say what
  is certain: a sparse cell stays alone if today's share of it is impossible (Hoeffding's bound
  below a twentieth of the error allowed), such as values beyond all that training saw.
#}

{#- P(X > x) of a chi-square variable: one less the series of the incomplete gamma function,
    which for half-integers of df is finite in effect. `x` and `df` are SQL. -#}
{%- macro chi2_sf(x, df) -%}
CASE WHEN {{ x }} <= 0 THEN 1.0
     WHEN {{ x }} > {{ df }} + 40 * sqrt({{ df }}) + 400 THEN 0.0
     ELSE greatest(0.0, 1.0 - list_sum(list_transform(
         range(CAST(ceil({{ x }} / 2 + 12 * sqrt({{ x }} / 2) + 60) AS BIGINT)),
         lambda j: exp(({{ df }} / 2.0 + j) * ln({{ x }} / 2.0) - {{ x }} / 2.0
                       - lgamma({{ df }} / 2.0 + j + 1)))))
END
{%- endmacro -%}

{#- The x with P(X > x) = alpha, bit by bit: the largest sum of halves of 4,096 that is not yet
    beyond it. `alpha` and `df` are SQL. -#}
{%- macro chi2_limit(alpha, df) -%}
list_reduce(
    list_transform(range(54), lambda i: 4096.0 / pow(2, i)),
    lambda found, half: CASE WHEN {{ chi2_sf('(found + half)', df) }} > {{ alpha }}
                             THEN found + half ELSE found END,
    0.0)
{%- endmacro -%}

{#- The error allowed to one of several columns so that all together have `alpha` (Sidak). -#}
{%- macro shared_alpha(alpha, columns) -%}
(1.0 - pow(1.0 - {{ alpha }}, 1.0 / greatest(1, {{ columns }})))
{%- endmacro -%}

{#
  One row per column that can be told: "column", cells, psi, critical_value, p_value, n, m, drifts.
  A column with fewer rows than make two cells, or without a profile, is not among them.

  Args:
    rows: the relation of today's rows.
    trained: the relation of the model's view.
    columns: names to look at; all that the model takes if none.
    alpha: chance that the whole test cries wolf.
#}
{% macro drift(rows, trained, columns=none, alpha=0.05) %}
WITH RECURSIVE
told AS (
    SELECT e.key AS "column",
           CAST(e.value ->> '$.rows' AS DOUBLE) AS n,
           CAST(e.value ->> '$.nulls' AS DOUBLE) AS nulls,
           CAST(e.value -> '$.buckets.edges' AS DOUBLE[]) AS edges,
           CAST(e.value -> '$.buckets.counts' AS DOUBLE[]) AS bucket_counts,
           CASE WHEN (e.value -> '$.buckets') IS NULL
                THEN map_entries(CAST(e.value -> '$.counts' AS MAP(VARCHAR, DOUBLE))) END AS counts,
           coalesce(CAST(e.value ->> '$.other' AS DOUBLE), 0) AS other
    FROM {{ trained }} AS t, json_each(t.profile) AS e
    WHERE list_contains(t.inputs, e.key)
      AND coalesce(e.value -> '$.buckets', e.value -> '$.counts') IS NOT NULL
{%- if columns is not none %}
      AND lower(e.key) IN (
          {%- for c in columns %}lower('{{ c | replace("'", "''") }}'){{ ", " if not loop.last }}{% endfor -%}
      )
{%- endif %}
),
texts AS (
    SELECT t."column", u.__rs_text AS text, count(*)::DOUBLE AS rows
    FROM (SELECT COLUMNS(*)::VARCHAR FROM {{ rows }})
         UNPIVOT INCLUDE NULLS (__rs_text FOR __rs_column IN (COLUMNS(*))) AS u
    JOIN told AS t ON lower(t."column") = lower(u.__rs_column)
    GROUP BY ALL
),
today AS (
    SELECT "column", text, rows,
           coalesce(TRY_CAST(text AS DOUBLE), epoch(TRY_CAST(text AS TIMESTAMP)) / 86400.0) AS x
    FROM texts
),
sizes AS (SELECT "column", sum(rows) AS m FROM today GROUP BY ALL),
-- A cell's place: of numbers from -1 (below all of training) to the number of edges (above all of
-- it); of categories their text. One more each for NULL and for values the profile does not count.
counted AS (
    SELECT "column", 1000000 AS place, NULL::VARCHAR AS text, nulls AS b, 0::DOUBLE AS s
    FROM told WHERE nulls > 0
    UNION ALL
    SELECT "column", 2000000, NULL, other, 0::DOUBLE FROM told WHERE edges IS NULL AND other > 0
    UNION ALL
    SELECT "column", unnest(range(len(bucket_counts))), NULL, unnest(bucket_counts), 0::DOUBLE FROM told
    UNION ALL
    SELECT "column", NULL, unnest(counts).key, unnest(counts).value, 0::DOUBLE FROM told
    UNION ALL
    SELECT d."column",
           CASE WHEN d.text IS NULL THEN 1000000 WHEN t.edges IS NULL THEN NULL
                WHEN d.x < t.edges[1] THEN -1
                ELSE len(list_filter(t.edges, lambda e: e < d.x)) END,
           CASE WHEN t.edges IS NULL THEN d.text END, 0::DOUBLE, d.rows
    FROM today AS d JOIN told AS t USING ("column")
),
cells AS (
    SELECT c."column", c.place, c.text, t.n, z.m, t.edges IS NOT NULL AS number,
           sum(c.b) AS b, sum(c.s) AS s, least(t.n, z.m) / (t.n + z.m) AS share
    FROM counted AS c JOIN told AS t USING ("column") JOIN sizes AS z USING ("column")
    GROUP BY ALL
),
-- Where the profile does not count every value, a value stands alone only if both sides together
-- say that it belongs to the counted ones, well above the rarest of these.
rarest AS (
    SELECT "column", min(b) AS rows FROM cells
    WHERE text IS NOT NULL AND b > 0
      AND "column" IN (SELECT "column" FROM cells WHERE place = 2000000)
    GROUP BY ALL
),
judged AS (
    SELECT c.*, coalesce(c.place, 0) <> 2000000 AND (c.b + c.s) * c.share >= 10
                AND (r.rows IS NULL OR c.text IS NULL
                     OR (c.b + c.s) * c.n / (c.n + c.m) >= r.rows + 4 * sqrt(r.rows)) AS dense
    FROM cells AS c LEFT JOIN rarest AS r USING ("column")
),
pooled AS (   -- the sparse values of a category are one cell
    SELECT "column", n, m, share, number, place, b, s FROM judged WHERE number OR dense
    UNION ALL
    SELECT "column", n, m, share, false, NULL, sum(b), sum(s)
    FROM judged WHERE NOT number AND NOT dense GROUP BY ALL
),
-- Hoeffding: that of r rows s or more are today's has a chance below exp(-r KL(s / r, m / (n + m))).
weighed AS (
    SELECT *, (b + s) * share AS expected,
           expected < 10 AND s / (b + s) > m / (n + m)
           AND s * ln(s / (b + s) / (m / (n + m)))
               + CASE WHEN b > 0 THEN b * ln(b / (b + s) / (n / (n + m))) ELSE 0 END
               > ln(20 * 14 * (SELECT count(*) FROM told) / {{ alpha }}) AS impossible
    FROM pooled WHERE b + s > 0
),
ordered AS (   -- numbers in their order, categories from the rarest on
    SELECT *, row_number() OVER (
                  PARTITION BY "column"
                  ORDER BY impossible, CASE WHEN number THEN place END, expected, b) AS nth
    FROM weighed
),
walk AS (   -- of numbers, neighbours join until together they expect ten rows
    SELECT "column", nth, 1 AS cell, expected AS together FROM ordered WHERE nth = 1 AND number
    UNION ALL
    SELECT o."column", o.nth,
           CASE WHEN w.together >= 10 OR o.impossible THEN w.cell + 1 ELSE w.cell END,
           CASE WHEN w.together >= 10 OR o.impossible THEN 0 ELSE w.together END + o.expected
    FROM walk AS w JOIN ordered AS o ON o."column" = w."column" AND o.nth = w.nth + 1
),
joined AS (   -- of categories, only the cell of the sparse ones may be too small
    SELECT o.*, coalesce(w.cell, CASE WHEN o.expected < 10 AND NOT o.impossible
                                      THEN o.nth + 1 ELSE o.nth END) AS cell
    FROM ordered AS o LEFT JOIN walk AS w ON w."column" = o."column" AND w.nth = o.nth
),
lasting AS (   -- the last neighbours may still be too few: they join those before them
    SELECT "column", max(cell) AS cell, sum(expected) FILTER (cell = most) < 10 AS small
    FROM (SELECT *, max(cell) OVER (PARTITION BY "column") AS most FROM joined WHERE NOT impossible)
    GROUP BY "column"
),
together AS (
    SELECT j."column", j.n, j.m, sum(j.b) AS b, sum(j.s) AS s,
           CASE WHEN l.small AND j.cell = l.cell AND NOT j.impossible THEN l.cell - 1
                ELSE j.cell END AS cell
    FROM joined AS j LEFT JOIN lasting AS l USING ("column")
    GROUP BY ALL
),
shares AS (
    SELECT *, count(*) OVER w AS cells, (b + 0.5) / (sum(b + 0.5) OVER w) AS p,
           (s + 0.5) / (sum(s + 0.5) OVER w) AS q
    FROM together WINDOW w AS (PARTITION BY "column")
),
psis AS (
    SELECT "column", n, m, cells, sum((p - q) * ln(p / q)) AS psi
    FROM shares WHERE cells > 1 GROUP BY ALL
),
scaled AS (
    SELECT *, psi / (1 / n + 1 / m) AS chi2, (cells - 1)::DOUBLE AS df,
           {{ shared_alpha(alpha, 'count(*) OVER ()') }} AS alpha
    FROM psis
)
SELECT "column", CAST(cells AS INTEGER) AS cells, psi,
       {{ chi2_limit('alpha', 'df') }} * (1 / n + 1 / m) AS critical_value,
       {{ chi2_sf('chi2', 'df') }} AS p_value,
       CAST(n AS BIGINT) AS n, CAST(m AS BIGINT) AS m, psi > critical_value AS drifts
FROM scaled
{% endmacro %}
