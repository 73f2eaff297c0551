-- No model learns from a label that was not known on the morning on which it is judged: the days of
-- every training snapshot were over when the test snapshot began.
SELECT DISTINCT t.as_of, s.as_of AS judged_on
FROM {{ ref('churn_training') }} AS t
CROSS JOIN (SELECT min(as_of) AS as_of FROM {{ ref('churn_training') }} WHERE is_test) AS s
WHERE NOT t.is_test
  AND t.as_of + {{ var('churn_days') }} > s.as_of
