{{ config(
    materialized='model',
    model_type='ITEM_KNN',
    options={
        'user_col': 'customer_id',
        'item_col': 'product_id',
        'timestamp_col': 'ordered_at',
    }
) }}
-- basket_recommend(customer_id, 10): what this customer may buy next, from what others who bought
-- the same also bought.
SELECT customer_id, product_id, ordered_at
FROM {{ ref('fct_purchases') }}
ORDER BY customer_id, ordered_at, product_id
