{{ config(materialized='table') }}
-- One row per product and week, weeks without a sale included: what units_predict(u) takes.
-- Sales are of earlier weeks; price and promotion are this week's, since the shop sets them.
WITH prices AS (
    SELECT
        product_id,
        week,
        avg(unit_price)                                AS price,
        avg(CAST(coalesce(on_promotion, false) AS INTEGER)) AS promotion
    FROM {{ ref('stg_order_lines') }}
    WHERE week + 7 <= {{ cutoff() }}
    GROUP BY ALL
),

filled AS (
    SELECT
        s.product_id,
        s.week,
        s.units,
        coalesce(x.promotion, 0)                       AS promotion,
        -- Nobody bought: the tag still says what it last said.
        coalesce(x.price, last_value(x.price IGNORE NULLS) OVER (
            PARTITION BY s.product_id ORDER BY s.week
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ))                                             AS price
    FROM {{ ref('sales_weekly') }} AS s
    LEFT JOIN prices AS x ON x.product_id = s.product_id AND x.week = s.week
),

with_past AS (
    SELECT
        *,
        lag(units) OVER earlier                        AS units_1w,
        avg(units) OVER (earlier ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING)  AS units_4w,
        median(units) OVER (earlier ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING) AS units_8w,
        avg(units) OVER (earlier ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS units_12w,
        count(units) OVER (earlier ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS weeks_on_sale,
        avg(price) OVER (earlier ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS price_12w
    FROM filled
    WINDOW earlier AS (PARTITION BY product_id ORDER BY week)
),

-- A week of the year says something only once that week has been seen in an earlier year.
seasons AS (
    SELECT coalesce(max(week) - min(week), 0) >= 400 AS known FROM filled
)

SELECT
    w.product_id,
    w.week,
    p.category,
    p.brand,
    CASE WHEN s.known THEN weekofyear(w.week) ELSE 0 END AS week_of_year,  -- 0: one year only
    w.price,
    w.price / nullif(w.price_12w, 0)                   AS price_ratio,   -- below 1: cheaper than usual
    w.promotion,
    w.units_1w,
    w.units_4w,
    w.units_8w,                                                          -- the median
    w.units_12w,
    w.weeks_on_sale,                                                     -- of the last twelve
    w.units
FROM with_past AS w
CROSS JOIN seasons AS s
LEFT JOIN {{ ref('stg_products') }} AS p ON p.product_id = w.product_id
WHERE w.units IS NOT NULL
  AND w.units_4w IS NOT NULL
ORDER BY w.product_id, w.week
