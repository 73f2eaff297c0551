{{ config(
    materialized='model',
    model_type='RANDOM_FOREST_CLASSIFIER',
    label='churned',
    options={
        'data_split_method': 'CUSTOM',
        'data_split_col': 'is_test',
        'baseline_col': 'fewer_orders',
        'min_tree_child_weight': 100,
    }
) }}
-- churn_score(c): the probability that an active customer buys nothing in the next 60 days.
-- Learned from four earlier snapshots, judged on the newest (is_test), beside the trivial rule
-- "who has ordered less, leaves sooner". Leaves of 100 rows: a customer is in several snapshots, so
-- that smaller ones learn people by heart (chosen on an earlier snapshot, benchmarks/quality_churn.py).
SELECT
    recency_days,
    tenure_days,
    orders,
    orders_30d,
    orders_90d,
    months,
    lines,
    products,
    spend,
    spend_90d,
    basket,
    days_between,
    lateness,
    -orders AS fewer_orders,
    is_test,
    churned
FROM {{ ref('churn_training') }}
ORDER BY as_of, customer_id
