{{ config(materialized='table') }}
-- Units sold per product and week (its Monday), whole weeks only, without gaps.
-- NULL where the shop was closed all week, see fct_sales_daily.
SELECT
    product_id,
    CAST(date_trunc('week', day) AS DATE) AS week,
    sum(units)                            AS units
FROM {{ ref('fct_sales_daily') }}
GROUP BY ALL
HAVING date_trunc('week', min(day)) + INTERVAL 7 DAY <= {{ cutoff() }}
   AND count(*) = 7
ORDER BY product_id, week
