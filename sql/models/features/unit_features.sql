{{ config(materialized='table') }}
-- One row per product and week, weeks without a sale included: what units_predict(u) takes.
-- Sales are of earlier weeks; price and promotion are this week's, since the shop sets them. The
-- raw vocabulary holds no price list, so both are read off the order lines, in a way that how much
-- was bought does not bend:
--   price      the tag: the price on most order lines, each line once however many units it has;
--              of equals the higher, as it is quantities that are discounted. A mean of prices paid
--              would fall whenever somebody buys in bulk, and so would tell the units.
--   promotion  1 if any line was on promotion: the plan, not the share of buyers who used it.
-- What is left: a week whose every line is a bulk order shows the bulk price, and a promotion that
-- sold nothing at all is not seen. With a price list and a promotion calendar, join those instead.
WITH tags AS (
    SELECT
        product_id,
        week,
        unit_price,
        count(*)                                                   AS lines,
        max(CAST(coalesce(on_promotion, false) AS INTEGER))        AS promotion
    FROM {{ ref('stg_order_lines') }}
    WHERE week + 7 <= {{ cutoff() }}
    GROUP BY ALL
),

prices AS (
    SELECT
        product_id,
        week,
        CAST(arg_max(unit_price, (lines, unit_price)) AS DOUBLE)   AS price,
        max(promotion)                                             AS promotion
    FROM tags
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
    FROM {{ ref('fct_sales_weekly') }} AS s
    LEFT JOIN prices AS x ON x.product_id = s.product_id AND x.week = s.week
),

with_past AS (
    SELECT
        *,
        lag(units) OVER earlier                        AS units_1w,
        avg(units) OVER (earlier ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING)  AS units_4w,
        median(units) OVER (earlier ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING) AS units_8w,
        avg(units) OVER (earlier ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING) AS units_12w,
        count(nullif(units, 0)) OVER (earlier ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING)
                                                       AS weeks_sold,
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
    w.weeks_sold,                                                        -- of the last twelve
    w.units
FROM with_past AS w
CROSS JOIN seasons AS s
LEFT JOIN {{ ref('stg_products') }} AS p ON p.product_id = w.product_id
WHERE w.units IS NOT NULL
  AND w.units_4w IS NOT NULL
  AND w.weeks_sold > 0       -- nothing in twelve weeks: no past to learn from, perhaps off the shelf
ORDER BY w.product_id, w.week
