{{ config(materialized='table') }}
-- Who left? Earlier days looked at as if they were today, with what happened afterwards.
--
--    train          train   train   train            test             cutoff
--  ----|--------------|-------|-------|----------------|----------------|
--      <-- 30 days -->                <--- 60 days ---> <--- 60 days --->
--                                      last label known  label of the test
--
-- The newest snapshot whose 60 days are over is the test; every label that we learn from was
-- already known on that morning. Only customers who bought in the 180 days before are asked about.
{%- set churn_days = var('churn_days') %}
{%- set ages = [churn_days] %}
{%- for n in range(var('train_snapshots')) %}
{%- do ages.append(2 * churn_days + n * var('snapshot_gap_days')) %}
{%- endfor %}

WITH snapshots AS (
    {%- for age in ages %}
    {% if not loop.first %}UNION ALL {% endif -%}
    SELECT *, {{ loop.first }} AS is_test
    FROM ({{ customer_features_at('(' ~ cutoff() ~ ' - ' ~ age ~ ')') }})
    {%- endfor %}
),

-- The next order on or after each snapshot, of those ordered before the cutoff.
labelled AS (
    SELECT
        s.*,
        NOT EXISTS (
            FROM {{ ref('stg_order_lines') }} AS l
            WHERE l.customer_id = s.customer_id
              AND l.ordered_on >= s.as_of
              AND l.ordered_on < s.as_of + {{ churn_days }}
              AND l.ordered_on < {{ cutoff() }}
        ) AS churned
    FROM snapshots AS s
    WHERE s.recency_days <= {{ var('active_days') }}
)

SELECT *
FROM labelled
ORDER BY as_of, customer_id
