{{ config(materialized='table') }}
-- One row per product, store and week with a sale: what price_predict(p) takes.
-- `price` is what was paid in that week; every other price is of an earlier week. A promotion is
-- planned ahead, so this week's is known.
WITH weekly AS (
    SELECT
        product_id,
        store_id,
        week,
        CAST(avg(unit_price) AS DECIMAL(12, 4))      AS price,   -- decimals: sums are exact
        max(CAST(coalesce(on_promotion, false) AS INTEGER)) AS promotion,
        CAST(sum(quantity) AS BIGINT)                AS units
    FROM {{ ref('stg_order_lines') }}
    WHERE week + 7 <= {{ cutoff() }}                 -- whole weeks before the cutoff
    GROUP BY ALL
),

-- What the same shelf cost before. lag and the frame end one row earlier: strictly before.
own AS (
    SELECT
        *,
        lag(price) OVER before                                 AS last_price,
        CAST((week - lag(week) OVER before) / 7 AS INTEGER)    AS weeks_since,
        last_value(CASE WHEN promotion = 0 THEN price END IGNORE NULLS)
            OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS regular_price,
        avg(CASE WHEN promotion = 0 THEN price END)
            OVER (before ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING)         AS usual_price,
        -- Up to this week itself: only for the market of the week after.
        last_value(CASE WHEN promotion = 0 THEN price END IGNORE NULLS)
            OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS regular_price_now
    FROM weekly
    WINDOW before AS (PARTITION BY product_id, store_id ORDER BY week)
),

-- The market: what the same product cost in the week before in all stores, promotions aside ...
by_product AS (
    SELECT product_id, week + 7 AS week, sum(regular_price_now) AS total, count(regular_price_now) AS n
    FROM own
    GROUP BY ALL
),

-- ... and the products of the category in this store.
by_category AS (
    SELECT
        p.category, w.store_id, w.week + 7 AS week,
        sum(w.regular_price_now) AS total, count(w.regular_price_now) AS n
    FROM own AS w
    JOIN {{ ref('stg_products') }} AS p USING (product_id)
    GROUP BY ALL
)

SELECT
    o.product_id,
    o.store_id,
    o.week,
    p.category,
    p.brand,
    weekofyear(o.week)                       AS week_of_year,
    o.promotion,
    CAST(o.last_price AS DOUBLE)             AS last_price,
    o.weeks_since,
    CAST(coalesce(o.regular_price, o.last_price) AS DOUBLE) AS regular_price,  -- not on promotion
    coalesce(o.usual_price, CAST(coalesce(o.regular_price, o.last_price) AS DOUBLE))
                                             AS usual_price,      -- of up to eight weeks
    CAST(o.promotion * coalesce(o.regular_price, o.last_price) AS DOUBLE) AS promoted_price,
    -- The mean of the others: the sum without this one, which is taken out only where it is in.
    -- Nobody else sold it: our own price is all there is of a market.
    coalesce(
        CAST(m.total - coalesce(y.regular_price_now, 0) AS DOUBLE)
            / nullif(m.n - CAST(y.regular_price_now IS NOT NULL AS INTEGER), 0),
        CAST(coalesce(o.regular_price, o.last_price) AS DOUBLE)
    )                                        AS other_stores_price,
    CAST(c.total - coalesce(y.regular_price_now, 0) AS DOUBLE)
        / nullif(c.n - CAST(y.regular_price_now IS NOT NULL AS INTEGER), 0)
                                             AS category_price,   -- NULL: nothing else was sold
    o.units,
    CAST(o.price AS DOUBLE)                  AS price
FROM own AS o
LEFT JOIN {{ ref('stg_products') }} AS p ON p.product_id = o.product_id
LEFT JOIN own AS y                                               -- this shelf, the week before
    ON y.product_id = o.product_id AND y.store_id = o.store_id AND y.week = o.week - 7
LEFT JOIN by_product AS m ON m.product_id = o.product_id AND m.week = o.week
LEFT JOIN by_category AS c
    ON c.category = p.category AND c.store_id = o.store_id AND c.week = o.week
WHERE o.last_price IS NOT NULL                                   -- the first week has no past
ORDER BY o.product_id, o.store_id, o.week
