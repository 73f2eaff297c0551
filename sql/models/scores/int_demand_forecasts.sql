{{ config(
    materialized='score',
    unique_key='product_id',
    keep=['last_day'],
    scores={'days': fn('demand', 'forecast') ~ '(r.history, 28)'}
) }}
-- The next 28 days of each product, as a list: fct_demand_forecasts has them in rows.
SELECT product_id, max(day) AS last_day, list(units ORDER BY day) AS history
FROM {{ ref('fct_sales_daily') }}
GROUP BY product_id
HAVING count(units) >= 28       -- four weeks of sales at least: one order is no history
ORDER BY product_id
