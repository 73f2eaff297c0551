"""What Google's reference says each ML function returns and takes, written from its pages alone.

Pages are ``cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-<page>``, read
as of 2026. Types are translated (INT64 BIGINT, FLOAT64 DOUBLE, STRING VARCHAR, BOOL BOOLEAN,
ARRAY<STRUCT<..>> STRUCT(..)[]); where a page writes STRING for a column that has the type of the
label, of an id or of a class, the column has that type. Where the project returns something else
on purpose, the entry says what, and why.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Documented:
    """One function for one kind of model.

    Args:
        page: of the reference.
        kind: of the model and of the call.
        call: a call on the models of ``documented_models``.
        columns: "name TYPE, name TYPE", in the order of the page.
        ours: what is returned instead, where that differs on purpose.
        why: the reason.
    """

    page: str
    kind: str
    call: str
    columns: str
    ours: str = ""
    why: str = ""


ROW = "tenure BIGINT, spend BIGINT, plan VARCHAR"
ROWS = "(SELECT tenure, spend, plan FROM customers)"
WIDE, WIDE_ROW = "(SELECT value, tenure, spend, plan FROM customers)", f"value BIGINT, {ROW}"
LABELLED = "(SELECT tenure, spend, plan, value, churned FROM customers)"
TOP = "top_feature_attributions STRUCT(feature VARCHAR, attribution DOUBLE)[]"
EXPLAINED = f"{TOP}, baseline_prediction_value DOUBLE, prediction_value DOUBLE, \
approximation_error DOUBLE"
CLASSIFICATION = "precision DOUBLE, recall DOUBLE, accuracy DOUBLE, f1_score DOUBLE, \
log_loss DOUBLE, roc_auc DOUBLE"
REGRESSION = "mean_absolute_error DOUBLE, mean_squared_error DOUBLE, mean_squared_log_error DOUBLE,\
 median_absolute_error DOUBLE, r2_score DOUBLE, explained_variance DOUBLE"
LOSSES = "mean_absolute_error DOUBLE, mean_squared_error DOUBLE, mean_squared_log_error DOUBLE"
TRAINING = "training_run BIGINT, iteration BIGINT, loss DOUBLE, eval_loss DOUBLE, \
learning_rate DOUBLE, duration_ms BIGINT"
FEATURE_INFO = "input VARCHAR, min DOUBLE, max DOUBLE, mean DOUBLE, median DOUBLE, stddev DOUBLE, \
category_count BIGINT, null_count BIGINT, dimension BIGINT"
CATEGORIES = "STRUCT(category VARCHAR, weight DOUBLE)[]"
WEIGHTS = f"processed_input VARCHAR, weight DOUBLE, category_weights {CATEGORIES}"
CENTROID = "centroid_id BIGINT, feature VARCHAR, numerical_value DOUBLE, categorical_value \
STRUCT(category VARCHAR, value {})[], geography_value VARCHAR"
DISTANCES = "STRUCT({} BIGINT, {} DOUBLE)[]"
RANKING = "mean_squared_error DOUBLE, normalized_discounted_cumulative_gain DOUBLE, \
average_rank DOUBLE"
FORECAST = "forecast_timestamp TIMESTAMP, forecast_value DOUBLE, standard_error DOUBLE, \
confidence_level DOUBLE, prediction_interval_lower_bound DOUBLE, \
prediction_interval_upper_bound DOUBLE, confidence_interval_lower_bound DOUBLE, \
confidence_interval_upper_bound DOUBLE"
PARTS = "time_series_timestamp TIMESTAMP, time_series_type VARCHAR, time_series_data DOUBLE, \
time_series_adjusted_data DOUBLE, standard_error DOUBLE, confidence_level DOUBLE, \
prediction_interval_lower_bound DOUBLE, prediction_interval_upper_bound DOUBLE, trend DOUBLE, \
seasonal_period_yearly DOUBLE, seasonal_period_quarterly DOUBLE, seasonal_period_monthly DOUBLE, \
seasonal_period_weekly DOUBLE, seasonal_period_daily DOUBLE, holiday_effect DOUBLE, \
spikes_and_dips DOUBLE, step_changes DOUBLE, residual DOUBLE"
VERDICT = "is_anomaly BOOLEAN, lower_bound DOUBLE, upper_bound DOUBLE, anomaly_probability DOUBLE"
ERRORS = "mean_absolute_error DOUBLE, mean_squared_error DOUBLE, root_mean_squared_error DOUBLE, \
mean_absolute_percentage_error DOUBLE, symmetric_mean_absolute_percentage_error DOUBLE, \
mean_absolute_scaled_error DOUBLE"
ORDERS = "non_seasonal_p BIGINT, non_seasonal_d BIGINT, non_seasonal_q BIGINT, has_drift BOOLEAN, \
log_likelihood DOUBLE, {} DOUBLE, variance DOUBLE, seasonal_periods {}, \
has_holiday_effect BOOLEAN, has_spikes_and_dips BOOLEAN, has_step_changes BOOLEAN"
ARIMA = "ar_coefficients DOUBLE[], ma_coefficients DOUBLE[], intercept_or_drift DOUBLE"
APART = "input VARCHAR, metric VARCHAR, threshold DOUBLE, value DOUBLE, is_anomaly BOOLEAN"
STATISTICS = "name VARCHAR, num_rows BIGINT, num_nulls BIGINT, num_zeros BIGINT, min VARCHAR, \
max VARCHAR, mean DOUBLE, stdev DOUBLE, median DOUBLE, quantiles DOUBLE[], unique BIGINT, \
avg_string_length DOUBLE, num_values BIGINT, top_values STRUCT(value VARCHAR, count BIGINT)[], \
min_array_length BIGINT, max_array_length BIGINT, avg_array_length DOUBLE, \
total_array_length BIGINT, array_length_quantiles BIGINT[], dimension BIGINT"

NEXT_DAYS = "(SELECT day + 14 AS day, monthday, weekday FROM calendar)"
LATER = "(SELECT sku, day + 10 AS day, units, 'sun' AS weather FROM sales)"
FORECASTER = "The column that says which forecaster serves the series stands behind those \
documented: a rule of ours, as ARIMA is only one of several."
UPPER = "The pages for k-means write both centroid_id and CENTROID_ID; the tutorial's printed \
rows, and what BigQuery answers, are in upper case. DuckDB's names ignore case."

D = Documented
TABULAR = (
    D("predict", "two classes", f"ML.PREDICT(MODEL churn, {ROWS})",
      "predicted_churned BOOLEAN, predicted_churned_probs STRUCT(label BOOLEAN, prob DOUBLE)[], "
      f"{ROW}"),
    D("predict", "several classes", f"ML.PREDICT(MODEL kinds, {ROWS})",
      f"predicted_plan VARCHAR, predicted_plan_probs STRUCT(label VARCHAR, prob DOUBLE)[], {ROW}"),
    D("predict", "regression", f"ML.PREDICT(MODEL yearly, {ROWS})",
      f"predicted_value DOUBLE, {ROW}"),
    D("predict", "tuned", f"ML.PREDICT(MODEL tuned, {ROWS})",
      f"trial_id BIGINT, predicted_value DOUBLE, {ROW}"),
    D("predict", "k-means", f"ML.PREDICT(MODEL segments, {ROWS})",
      f"centroid_id BIGINT, nearest_centroids_distance "
      f"{DISTANCES.format('centroid_id', 'distance')}, {ROW}",
      f"CENTROID_ID BIGINT, NEAREST_CENTROIDS_DISTANCE "
      f"{DISTANCES.format('CENTROID_ID', 'DISTANCE')}, {ROW}", UPPER),
    D("predict", "PCA", f"ML.PREDICT(MODEL space, {WIDE})",
      "principal_component_1 BIGINT, principal_component_2 BIGINT",
      "principal_component_1 DOUBLE, principal_component_2 DOUBLE, plan VARCHAR",
      "The page says INT64 of a projection, which is a number with a fraction; columns that the "
      "model does not read are passed on, as the same page says under TABLE."),
    D("predict", "PCA, keep_original_columns",
      f"ML.PREDICT(MODEL space, {WIDE}, STRUCT(TRUE AS keep_original_columns))",
      f"principal_component_1 BIGINT, principal_component_2 BIGINT, {WIDE_ROW}",
      f"principal_component_1 DOUBLE, principal_component_2 DOUBLE, {WIDE_ROW}",
      "INT64 as above."),
    D("predict", "autoencoder", f"ML.PREDICT(MODEL squeeze, {ROWS})",
      f"latent_col_1 BIGINT, latent_col_2 BIGINT, {ROW}",
      f"latent_col_1 DOUBLE, latent_col_2 DOUBLE, {ROW}", "INT64 as above."),
    D("generate-embedding", "PCA", f"ML.GENERATE_EMBEDDING(MODEL space, {WIDE})",
      f"ml_generate_embedding_result DOUBLE[], {WIDE_ROW}"),
    D("generate-embedding", "matrix factorization", "ML.GENERATE_EMBEDDING(MODEL taste)",
      "ml_generate_embedding_result DOUBLE[], processed_input VARCHAR, feature VARCHAR"),
    D("evaluate", "classification", "ML.EVALUATE(MODEL churn)", CLASSIFICATION),
    D("evaluate", "classification, rows",
      f"ML.EVALUATE(MODEL kinds, {LABELLED})", CLASSIFICATION),
    D("evaluate", "regression", "ML.EVALUATE(MODEL yearly)", REGRESSION),
    D("evaluate", "tuned", "ML.EVALUATE(MODEL tuned)", f"trial_id BIGINT, {REGRESSION}"),
    D("evaluate", "k-means", "ML.EVALUATE(MODEL segments)",
      "davies_bouldin_index DOUBLE, mean_squared_distance DOUBLE"),
    D("evaluate", "explicit feedback", "ML.EVALUATE(MODEL taste)",
      REGRESSION.replace("median_absolute_error", "mean_absolute_error"), REGRESSION,
      "The page lists mean_absolute_error twice; the tutorial prints median_absolute_error."),
    D("evaluate", "implicit feedback", "ML.EVALUATE(MODEL clicks)",
      f"recall DOUBLE, {RANKING}", f"mean_average_precision DOUBLE, {RANKING}",
      "The page's recall is mean_average_precision in the tutorial's printed row and in the "
      "objectives of hyperparameter tuning."),
    D("evaluate", "PCA", "ML.EVALUATE(MODEL space)", "total_explained_variance_ratio DOUBLE"),
    D("evaluate", "autoencoder", "ML.EVALUATE(MODEL squeeze)", LOSSES),
    D("explain-predict", "classification", f"ML.EXPLAIN_PREDICT(MODEL churn, {ROWS})",
      f"predicted_churned BOOLEAN, probability DOUBLE, {EXPLAINED}, {ROW}"),
    D("explain-predict", "regression", f"ML.EXPLAIN_PREDICT(MODEL stumps, {ROWS})",
      f"predicted_value DOUBLE, {EXPLAINED}, {ROW}"),
    D("global-explain", "regression", "ML.GLOBAL_EXPLAIN(MODEL stumps)",
      "feature VARCHAR, attribution DOUBLE"),
    D("global-explain", "classification", "ML.GLOBAL_EXPLAIN(MODEL kinds)",
      "feature VARCHAR, attribution DOUBLE"),
    D("global-explain", "classes",
      "ML.GLOBAL_EXPLAIN(MODEL kinds, STRUCT(TRUE AS class_level_explain))",
      "class_name VARCHAR, feature VARCHAR, attribution DOUBLE"),
    D("importance", "boosted trees", "ML.FEATURE_IMPORTANCE(MODEL stumps)",
      "feature VARCHAR, importance_weight DOUBLE, importance_gain DOUBLE, importance_cover DOUBLE"),
    D("confusion", "two classes", "ML.CONFUSION_MATRIX(MODEL churn)",
      "expected_label BOOLEAN, false BIGINT, true BIGINT"),
    D("confusion", "several classes", f"ML.CONFUSION_MATRIX(MODEL kinds, {LABELLED})",
      "expected_label VARCHAR, basic BIGINT, gold BIGINT, plus BIGINT"),
    D("confusion", "tuned, of classes that are no names", "ML.CONFUSION_MATRIX(MODEL flags)",
      "expected_label BIGINT, _0 BIGINT, _1 BIGINT"),
    D("roc", "two classes", f"ML.ROC_CURVE(MODEL churn, {LABELLED})",
      "threshold DOUBLE, recall DOUBLE, true_positives BIGINT, false_positives BIGINT, "
      "true_negatives BIGINT, false_negatives BIGINT",
      "threshold DOUBLE, recall DOUBLE, false_positive_rate DOUBLE, true_positives BIGINT, "
      "false_positives BIGINT, true_negatives BIGINT, false_negatives BIGINT",
      "The list leaves out false_positive_rate, which the page's own first example speaks of."),
    D("weights", "linear", "ML.WEIGHTS(MODEL yearly)", WEIGHTS),
    D("weights", "two classes", "ML.WEIGHTS(MODEL churn)", WEIGHTS),
    D("weights", "several classes", "ML.WEIGHTS(MODEL kinds)", f"{WEIGHTS}, class_label VARCHAR"),
    D("weights", "tuned", "ML.WEIGHTS(MODEL tuned)", f"trial_id BIGINT, {WEIGHTS}"),
    D("advanced-weights", "linear", "ML.ADVANCED_WEIGHTS(MODEL yearly)",
      "processed_input VARCHAR, category VARCHAR, weight DOUBLE, standard_error DOUBLE, "
      "p_value DOUBLE"),
    D("weights", "matrix factorization", "ML.WEIGHTS(MODEL taste)",
      "processed_input VARCHAR, feature VARCHAR, factor_weights "
      "STRUCT(factor BIGINT, weight DOUBLE)[], intercept DOUBLE"),
    D("centroids", "k-means", "ML.CENTROIDS(MODEL segments)", CENTROID.format("VARCHAR"),
      CENTROID.format("DOUBLE"),
      "The page says STRING of a category's share and prints it as JSON does every number; the "
      "same field of ML.PRINCIPAL_COMPONENTS is FLOAT64."),
    D("principal-components", "PCA", "ML.PRINCIPAL_COMPONENTS(MODEL space)",
      "principal_component_id BIGINT, feature VARCHAR, numerical_value DOUBLE, "
      "categorical_value STRUCT(category VARCHAR, value DOUBLE)[]"),
    D("principal-component-info", "PCA", "ML.PRINCIPAL_COMPONENT_INFO(MODEL space)",
      "principal_component_id BIGINT, eigenvalue DOUBLE, explained_variance_ratio DOUBLE, "
      "cumulative_explained_variance_ratio DOUBLE"),
    D("reconstruction-loss", "autoencoder", f"ML.RECONSTRUCTION_LOSS(MODEL squeeze, {ROWS})",
      LOSSES, f"{LOSSES}, {ROW}",
      "The columns of the rows stand behind, as with every other function of rows: a loss that "
      "no longer knows its row is of no use."),
    D("train", "linear", "ML.TRAINING_INFO(MODEL yearly)", TRAINING),
    D("train", "boosted trees", "ML.TRAINING_INFO(MODEL stumps)", TRAINING),
    D("train", "autoencoder", "ML.TRAINING_INFO(MODEL squeeze)", TRAINING),
    D("train", "matrix factorization", "ML.TRAINING_INFO(MODEL taste)", TRAINING),
    D("train", "k-means", "ML.TRAINING_INFO(MODEL segments)",
      TRAINING.replace("eval_loss DOUBLE, ", "") + ", cluster_info STRUCT(centroid_id BIGINT, "
      "cluster_radius DOUBLE, cluster_size BIGINT)[]"),
    D("trial-info", "tuned", "ML.TRIAL_INFO(MODEL tuned)",
      "trial_id BIGINT, hyperparameters STRUCT(l2_reg DOUBLE), hparam_tuning_evaluation_metrics "
      "STRUCT(r2_score DOUBLE), training_loss DOUBLE, eval_loss DOUBLE, status VARCHAR, "
      "error_message VARCHAR, is_optimal BOOLEAN"),
    D("feature", "linear", "ML.FEATURE_INFO(MODEL churn)", FEATURE_INFO),
    D("feature", "k-means", "ML.FEATURE_INFO(MODEL segments)", FEATURE_INFO),
    D("feature", "PCA", "ML.FEATURE_INFO(MODEL space)", FEATURE_INFO),
    D("feature", "TRANSFORM_ONLY", "ML.FEATURE_INFO(MODEL prep)", FEATURE_INFO),
    D("feature", "matrix factorization", "ML.FEATURE_INFO(MODEL taste)", FEATURE_INFO),
    D("recommend", "explicit feedback", "ML.RECOMMEND(MODEL taste)",
      "customer_id BIGINT, product_id BIGINT, predicted_rating DOUBLE"),
    D("recommend", "implicit feedback", "ML.RECOMMEND(MODEL clicks)",
      "customer_id BIGINT, product_id BIGINT, predicted_rating_confidence DOUBLE"),
    D("recommend", "pairs", "ML.RECOMMEND(MODEL taste, (SELECT 'x' AS note, * FROM ratings))",
      "customer_id BIGINT, product_id BIGINT, predicted_rating DOUBLE, note VARCHAR, "
      "rating BIGINT"),
    D("detect-anomalies", "k-means",
      f"ML.DETECT_ANOMALIES(MODEL segments, STRUCT(0.02 AS contamination), {ROWS})",
      f"is_anomaly BOOLEAN, normalized_distance DOUBLE, centroid_id BIGINT, {ROW}",
      f"is_anomaly BOOLEAN, normalized_distance DOUBLE, CENTROID_ID BIGINT, {ROW}", UPPER),
    D("detect-anomalies", "PCA",
      f"ML.DETECT_ANOMALIES(MODEL space, STRUCT(0.1 AS contamination), {WIDE})",
      f"is_anomaly BOOLEAN, mean_squared_error DOUBLE, {WIDE_ROW}"),
    D("detect-anomalies", "autoencoder",
      f"ML.DETECT_ANOMALIES(MODEL squeeze, STRUCT(0.1 AS contamination), {ROWS})",
      f"is_anomaly BOOLEAN, mean_squared_error DOUBLE, {ROW}"),
    D("transform", "TRANSFORM_ONLY", "ML.TRANSFORM(MODEL prep, TABLE customers)",
      "spend DOUBLE, plan VARCHAR"),
    D("describe-data", "rows", "ML.DESCRIBE_DATA(TABLE customers)", STATISTICS),
    D("validate-data-drift", "rows",
      "ML.VALIDATE_DATA_DRIFT(TABLE customers, TABLE customers)", APART),
    D("validate-data-drift", "rows, registered model",
      "ML.VALIDATE_DATA_DRIFT(TABLE customers, TABLE customers, MODEL churn)",
      f"{APART}, visualization_link VARCHAR"),
    D("validate-data-skew", "classification",
      "ML.VALIDATE_DATA_SKEW(MODEL churn, TABLE customers)", APART),
)  # fmt: skip

SERIES = (
    D("forecast", "many series", "ML.FORECAST(MODEL demand)", f"sku VARCHAR, {FORECAST}"),
    D("forecast", "one series", "ML.FORECAST(MODEL one)", FORECAST),
    D("forecast", "regressors", f"ML.FORECAST(MODEL xreg, STRUCT(3 AS horizon), {NEXT_DAYS})",
      FORECAST),
    D("explain-forecast", "many series", "ML.EXPLAIN_FORECAST(MODEL demand)",
      f"sku VARCHAR, {PARTS}"),
    D("explain-forecast", "one series with a holiday", "ML.EXPLAIN_FORECAST(MODEL one)",
      f"{PARTS}, holiday_effect_sale DOUBLE"),
    D("explain-forecast", "regressors",
      f"ML.EXPLAIN_FORECAST(MODEL xreg, STRUCT(3 AS horizon), {NEXT_DAYS})",
      f"{PARTS}, attribution_monthday DOUBLE, attribution_weekday DOUBLE"),
    D("evaluate", "series, rows", f"ML.EVALUATE(MODEL demand, {LATER})", f"sku VARCHAR, {ERRORS}"),
    D("evaluate", "series, timestamps",
      f"ML.EVALUATE(MODEL demand, {LATER}, STRUCT(FALSE AS perform_aggregation))",
      "sku VARCHAR, day DATE, units DOUBLE, forecasted_units DOUBLE, lower_bound DOUBLE, "
      "upper_bound DOUBLE, absolute_error DOUBLE, absolute_percentage_error DOUBLE"),
    D("evaluate", "series, no rows", "ML.EVALUATE(MODEL demand)",
      f"sku VARCHAR, {ORDERS.format('aic', 'VARCHAR')}",
      f"sku VARCHAR, {ORDERS.format('AIC', 'VARCHAR[]')}, forecaster VARCHAR",
      f"Deprecated by the page for ML.ARIMA_EVALUATE, whose columns these are. {FORECASTER}"),
    D("arima-evaluate", "many series", "ML.ARIMA_EVALUATE(MODEL demand)",
      f"sku VARCHAR, {ORDERS.format('AIC', 'VARCHAR[]')}, error_message VARCHAR",
      f"sku VARCHAR, {ORDERS.format('AIC', 'VARCHAR[]')}, error_message VARCHAR, "
      "forecaster VARCHAR", FORECASTER),
    D("arima-coefficients", "ARIMA_PLUS", "ML.ARIMA_COEFFICIENTS(MODEL demand)",
      f"sku VARCHAR, {ARIMA}, {WEIGHTS}", f"sku VARCHAR, {ARIMA}",
      "Of the weights of regressors a model without any has none: the tutorial's printed row ends "
      "with intercept_or_drift."),
    D("arima-coefficients", "ARIMA_PLUS_XREG", "ML.ARIMA_COEFFICIENTS(MODEL xreg)",
      f"{ARIMA}, {WEIGHTS}"),
    D("train", "series", "ML.TRAINING_INFO(MODEL demand)",
      "training_run BIGINT, iteration BIGINT, duration_ms BIGINT"),
    D("feature", "series", "ML.FEATURE_INFO(MODEL demand)", FEATURE_INFO),
    D("holiday-info", "one series with a holiday", "ML.HOLIDAY_INFO(MODEL one)",
      "region VARCHAR, holiday_name VARCHAR, primary_date DATE, preholiday_days BIGINT, "
      "postholiday_days BIGINT"),
    D("detect-anomalies", "history", "ML.DETECT_ANOMALIES(MODEL demand)",
      f"sku VARCHAR, day TIMESTAMP, units DOUBLE, {VERDICT}"),
    D("detect-anomalies", "new rows",
      f"ML.DETECT_ANOMALIES(MODEL demand, STRUCT(0.9 AS anomaly_prob_threshold), {LATER})",
      f"sku VARCHAR, day TIMESTAMP, units DOUBLE, {VERDICT}, weather VARCHAR"),
)  # fmt: skip
