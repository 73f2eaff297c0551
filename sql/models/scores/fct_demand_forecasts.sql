{{ config(materialized='table') }}
-- One row per product and day of the next four weeks.
SELECT
    s.product_id,
    CAST(s.last_day + d.ahead.step AS DATE)  AS day,
    CAST(d.ahead.step AS INTEGER)            AS step,
    CAST(d.ahead."value" AS DOUBLE)          AS units,
    CAST(d.ahead."lower" AS DOUBLE)          AS units_low,
    CAST(d.ahead."upper" AS DOUBLE)          AS units_high,
    s.model_version,
    s.scored_at
FROM {{ ref('int_demand_forecasts') }} AS s,
     unnest(s.days) AS d(ahead)
ORDER BY s.product_id, step
