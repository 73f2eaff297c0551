{{ config(
    materialized='model',
    model_type='BOOSTED_TREE_REGRESSOR',
    label='units',
    options={
        'loss': 'ABSOLUTE_ERROR',
        'data_split_method': 'SEQ',
        'data_split_col': 'week',
        'data_split_eval_fraction': 0.1,
        'baseline_col': ['mean_of_4_weeks', 'median_of_8_weeks'],
    }
) }}
-- units_predict(u): units of a product in a week at a price. Change the price in the row and ask
-- again: that is the demand curve that price advice needs. The absolute error is what we minimise: one
-- wholesale order of thousands must not lift every other week.
SELECT
    price,
    price_ratio,
    promotion,
    units_1w,
    units_4w,
    units_8w,
    units_12w,
    weeks_sold,
    week_of_year,
    category,
    brand,
    units_4w AS mean_of_4_weeks,
    units_8w AS median_of_8_weeks,
    week,
    units
FROM {{ ref('unit_features') }}
ORDER BY week, product_id
