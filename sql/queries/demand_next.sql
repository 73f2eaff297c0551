-- The next 28 days of the ten best sellers of the last 28: units expected, and the range of a day.
WITH forecasts AS (
    SELECT
        product_id,
        sum(units) FILTER (WHERE day >= {{ cutoff() }} - 28) AS last_28_days,
        {{ fn('demand', 'forecast') }}(list(units ORDER BY day), 28) AS days
    FROM {{ ref('fct_sales_daily') }}
    GROUP BY product_id
    HAVING count(units) >= 28       -- four weeks of sales at least: one order is no history
    ORDER BY last_28_days DESC NULLS LAST, product_id
    LIMIT 10
)

SELECT
    f.product_id,
    p.description,
    f.last_28_days,
    round(list_sum([d.value FOR d IN f.days]), 1) AS next_28_days,
    round(f.days[1].value, 1)                     AS tomorrow,
    round(f.days[1].lower, 1)                     AS tomorrow_low,
    round(f.days[1].upper, 1)                     AS tomorrow_high
FROM forecasts AS f
LEFT JOIN {{ ref('stg_products') }} AS p ON p.product_id = f.product_id
ORDER BY f.last_28_days DESC NULLS LAST, f.product_id
