{{ config(materialized='table') }}
-- Units sold per product and day, all stores, without gaps: what demand_forecast(history, n) takes.
--   0     the shop was open (something was sold that day) and nobody bought this
--   NULL  not known: nothing at all was sold, the shop was closed
-- A product begins with its first sale and does not end: a cell is decided by its own day and those
-- before it, never by what came later. So a pause reads the same in the past and at the end, and
-- the zeros of a product that left the shelf are judged like all others. (NULL after so many days
-- without a sale would be of the past too, but would keep the days on which a product came back
-- and lose those on which it did not: a forecast too high for everything that sells rarely.)
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
    SELECT product_id, min(day) AS first_sale
    FROM sold
    GROUP BY product_id
)

SELECT
    p.product_id,
    c.day,
    CAST(CASE WHEN o.day IS NOT NULL THEN coalesce(s.units, 0) END AS DOUBLE) AS units
FROM products AS p
JOIN calendar AS c ON c.day >= p.first_sale
LEFT JOIN open_days AS o ON o.day = c.day
LEFT JOIN sold AS s ON s.product_id = p.product_id AND s.day = c.day
ORDER BY p.product_id, c.day
