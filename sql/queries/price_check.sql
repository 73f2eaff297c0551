-- The ten prices of the newest week that are furthest from what history and market suggest.
SELECT
    p.product_id,
    p.store_id,
    p.week,
    p.promotion,
    round(p.last_price, 2)                                   AS last_price,
    round(p.price, 2)                                        AS price,
    round({{ fn('price', 'predict') }}(p), 2)                               AS expected,
    round(100 * (p.price / nullif({{ fn('price', 'predict') }}(p), 0) - 1), 1) AS percent_off
FROM {{ ref('price_features') }} AS p
WHERE p.week = (SELECT max(week) FROM {{ ref('price_features') }})
ORDER BY abs(percent_off) DESC NULLS LAST, p.product_id, p.store_id
LIMIT 10
