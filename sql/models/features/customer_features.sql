{{ config(materialized='table') }}
-- One row per customer who has bought, as of the cutoff: what churn_score(c) takes.
SELECT *
FROM ({{ customer_features_at(cutoff()) }})
ORDER BY customer_id
