-- The registry of one database. {db} is the quoted name of the database; all names are
-- three-part, since a file called retailsql.duckdb would make `retailsql.models` ambiguous.
CREATE SCHEMA IF NOT EXISTS {db}.retailsql;

-- One row per model: which of its versions the public functions use.
CREATE TABLE IF NOT EXISTS {db}.retailsql.models (
    model_schema     VARCHAR NOT NULL,
    model_name       VARCHAR NOT NULL,
    deployed_version INTEGER,
    PRIMARY KEY (model_schema, model_name)
);

-- One row per version, never changed once written.
CREATE TABLE IF NOT EXISTS {db}.retailsql.versions (
    model_schema    VARCHAR   NOT NULL,
    model_name      VARCHAR   NOT NULL,
    version         INTEGER   NOT NULL,
    content_hash    VARCHAR   NOT NULL,  -- of artefact, signature and histories; names the hidden function
    model_type      VARCHAR   NOT NULL,  -- RANDOM_FOREST_CLASSIFIER, LSTM, ONNX, ...
    kind            VARCHAR   NOT NULL,  -- classifier, regressor, forecaster, recommender
    artefact_kind   VARCHAR   NOT NULL,  -- onnx, or rows: SQL and stored rows, no bytes
    artefact        BLOB      NOT NULL,
    artefact_sha256 VARCHAR   NOT NULL,
    signature       JSON      NOT NULL,
    options         JSON      NOT NULL,
    training_sql    VARCHAR,             -- NULL for an imported model
    evaluation      JSON,                -- split, metrics, baselines; NULL if nobody evaluated it
    primary_metric  VARCHAR,
    metric_value    DOUBLE,
    baseline_name   VARCHAR,             -- the strongest trivial rule on the same rows
    baseline_value  DOUBLE,
    beats_baseline  BOOLEAN,
    profile         JSON      NOT NULL,  -- what training saw, per column
    certificate     JSON      NOT NULL,  -- source framework against SQL: rows and differences
    libraries       JSON      NOT NULL,
    format          INTEGER   NOT NULL,
    created_at      TIMESTAMP NOT NULL,  -- UTC
    PRIMARY KEY (model_schema, model_name, version)
);

-- What was deployed when: deploy, rollback, drop.
CREATE TABLE IF NOT EXISTS {db}.retailsql.deployments (
    model_schema VARCHAR   NOT NULL,
    model_name   VARCHAR   NOT NULL,
    version      INTEGER   NOT NULL,
    action       VARCHAR   NOT NULL,
    changed_at   TIMESTAMP NOT NULL   -- UTC
);

-- What a model knows of a customer or a series, for the forms that take an id.
CREATE TABLE IF NOT EXISTS {db}.retailsql.histories (
    content_hash VARCHAR NOT NULL,
    key          VARCHAR NOT NULL,
    last_at      TIMESTAMP,
    items        VARCHAR[],           -- recommender: oldest first
    history      DOUBLE[]             -- forecaster: oldest first
);

-- What ML functions tell about a version: weights, centroids, iterations. No score depends on it.
CREATE TABLE IF NOT EXISTS {db}.retailsql.reports (
    model_schema VARCHAR NOT NULL,
    model_name   VARCHAR NOT NULL,
    version      INTEGER NOT NULL,
    report       VARCHAR NOT NULL,
    rows         JSON    NOT NULL     -- an array of objects
);

-- The rows a version was evaluated on, out of sample: for every threshold, and every metric in SQL.
CREATE TABLE IF NOT EXISTS {db}.retailsql.held_out (
    model_schema VARCHAR NOT NULL,
    model_name   VARCHAR NOT NULL,
    version      INTEGER NOT NULL,
    label        VARCHAR,
    scores       DOUBLE[]             -- a regressor's value, a classifier's probabilities
);

-- What people wrote about a model: description, labels. Nothing depends on it.
CREATE TABLE IF NOT EXISTS {db}.retailsql.notes (
    model_schema VARCHAR NOT NULL,
    model_name   VARCHAR NOT NULL,
    note         VARCHAR NOT NULL,
    value        JSON    NOT NULL
);

-- The stored steps of a forecast table: step 1, 2, ... ahead and 0, -1, ... of the history. The
-- value is the sum of its parts (of the future, the regressors' part is added when asked).
CREATE TABLE IF NOT EXISTS {db}.retailsql.forecasts (
    content_hash              VARCHAR   NOT NULL,
    key                       VARCHAR   NOT NULL,  -- of the series, as in histories
    step                      INTEGER   NOT NULL,
    ts                        TIMESTAMP NOT NULL,
    value                     DOUBLE,
    standard_error            DOUBLE,
    trend                     DOUBLE,
    seasonal_period_yearly    DOUBLE,
    seasonal_period_quarterly DOUBLE,
    seasonal_period_monthly   DOUBLE,
    seasonal_period_weekly    DOUBLE,
    seasonal_period_daily     DOUBLE,
    holiday_effect            DOUBLE,
    holidays                  DOUBLE[],            -- one per holiday of the signature
    spikes_and_dips           DOUBLE,
    step_changes              DOUBLE,
    residual                  DOUBLE,
    attributions              DOUBLE[],            -- one per regressor, of the history
    weights                   DOUBLE[]             -- one per number or category of the regressors
);
