{{ config(
    materialized='score',
    unique_key=['product_id', 'store_id'],
    keep=['week', 'promotion', 'last_price', 'price'],
    scores={'expected_price': fn('price', 'predict') ~ '(r)'}
) }}
-- What each price of the newest week should be, by history and market, beside what it is.
SELECT *
FROM {{ ref('price_features') }}
WHERE week = (SELECT max(week) FROM {{ ref('price_features') }})
ORDER BY product_id, store_id
