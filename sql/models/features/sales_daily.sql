{{ config(materialized='table') }}
-- Units sold per product and day, all stores, without gaps: what demand_forecast(history, n) takes.
--   0     the shop was open and nobody bought
--   NULL  not known: the shop was closed, or the product had left the shelf (no sale for 28 days)
-- A product begins with its first sale.
WITH sold AS (
    SELECT product_id, ordered_on AS day, sum(quantity) AS units
    FROM {{ ref('stg_order_lines') }}
    WHERE ordered_on < {{ cutoff() }}
    GROUP BY ALL
),

open_days AS (
    SELECT DISTINCT day FROM sold
),

-- Every day of the shop's life, also those on which it sold nothing at all.
calendar AS (
    SELECT CAST(unnest(generate_series(
        (SELECT min(day) FROM sold), {{ cutoff() }} - 1, INTERVAL 1 DAY
    )) AS DATE) AS day
),

products AS (
    SELECT product_id, min(day) AS first_sale, max(day) AS last_sale
    FROM sold
    GROUP BY product_id
)

SELECT
    p.product_id,
    c.day,
    CAST(CASE
        WHEN o.day IS NULL THEN NULL
        WHEN c.day > p.last_sale + {{ var('off_shelf_days') }} THEN NULL
        ELSE coalesce(s.units, 0)
    END AS DOUBLE) AS units
FROM products AS p
JOIN calendar AS c ON c.day >= p.first_sale
LEFT JOIN open_days AS o ON o.day = c.day
LEFT JOIN sold AS s ON s.product_id = p.product_id AND s.day = c.day
ORDER BY p.product_id, c.day
