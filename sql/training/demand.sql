{{ config(
    materialized='model',
    model_type='LSTM',
    options={
        'time_series_timestamp_col': 'day',
        'time_series_data_col': 'units',
        'time_series_id_col': 'product_id',
        'horizon': 28,
        'data_frequency': 'DAILY',
    }
) }}
-- demand_forecast(history, 28): units per day for the next four weeks, one network for all products.
SELECT product_id, day, units
FROM {{ ref('fct_sales_daily') }}
ORDER BY product_id, day
