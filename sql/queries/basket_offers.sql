-- Ten products to offer to the customer who spent most in the last 90 days, best first.
WITH best AS (
    SELECT customer_id, country, spend_90d
    FROM {{ ref('customer_features') }}
    ORDER BY spend_90d DESC, customer_id
    LIMIT 1
),

offers AS (
    SELECT customer_id, country, unnest({{ fn('basket', 'recommend') }}(customer_id, 10)) AS offer
    FROM best
)

SELECT
    o.customer_id,
    o.country,
    o.offer.rank            AS rank,
    o.offer.item_id         AS product_id,
    p.description,
    round(o.offer.score, 3) AS score
FROM offers AS o
LEFT JOIN {{ ref('stg_products') }} AS p ON p.product_id = o.offer.item_id
ORDER BY o.offer.rank
LIMIT 10
