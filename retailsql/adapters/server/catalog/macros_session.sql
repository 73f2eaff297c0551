-- The session and the server.
CREATE MACRO {s}.main.rs_user() AS CAST(getvariable('rs_user') AS VARCHAR);
CREATE MACRO {s}.main.rs_database() AS '{db}';
CREATE MACRO {s}.main.current_database() AS '{db}';
CREATE MACRO {s}.main.version() AS 'PostgreSQL 15.0 (retailsql on DuckDB), 64-bit';
CREATE MACRO {s}.main.pg_backend_pid() AS CAST(getvariable('rs_pid') AS INTEGER);
CREATE MACRO {s}.main.current_schemas(p_implicit) AS
    CASE WHEN p_implicit THEN list_prepend('pg_catalog', {s}.private.path()) ELSE {s}.private.path() END;
-- No subquery in it: it may stand in the arguments of a table function.
CREATE MACRO {s}.private.setting(p_name) AS coalesce(
    map_values({s}.private.own_settings())[list_position(
        list_transform(map_keys({s}.private.own_settings()), lambda k: lower(k)), lower(p_name))],
    {s}.private.default_settings()[lower(p_name)]);
CREATE MACRO {s}.main.current_setting(p_name) AS CASE WHEN {s}.private.setting(p_name) IS NULL
        THEN error('unrecognized configuration parameter "' || p_name || '"') ELSE {s}.private.setting(p_name) END,
    (p_name, p_missing) AS CASE WHEN {s}.private.setting(p_name) IS NULL AND NOT p_missing
        THEN error('unrecognized configuration parameter "' || p_name || '"') ELSE {s}.private.setting(p_name) END;
-- The backend reads set_config itself where it can obey; elsewhere it only tells the value.
CREATE MACRO {s}.main.set_config(p_name, p_value, p_local) AS CAST(p_value AS VARCHAR);
CREATE MACRO {s}.main.inet_server_addr() AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.inet_server_port() AS CAST(NULL AS INTEGER);
CREATE MACRO {s}.main.inet_client_addr() AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.inet_client_port() AS CAST(NULL AS INTEGER);
CREATE MACRO {s}.main.pg_is_in_recovery() AS false;
CREATE MACRO {s}.main.pg_is_wal_replay_paused() AS false;
CREATE TABLE {s}.private.started AS SELECT now() AS at;
CREATE MACRO {s}.main.pg_postmaster_start_time() AS (SELECT rs_s.at FROM {s}.private.started AS rs_s);
CREATE MACRO {s}.main.pg_conf_load_time() AS (SELECT rs_s.at FROM {s}.private.started AS rs_s);
CREATE MACRO {s}.main.pg_encoding_to_char(p_number) AS
    CASE CAST(p_number AS INTEGER) WHEN 6 THEN 'UTF8' WHEN 0 THEN 'SQL_ASCII' ELSE '' END;
CREATE MACRO {s}.main.pg_char_to_encoding(p_name) AS CASE WHEN replace(upper(p_name), '-', '') IN ('UTF8', 'UNICODE') THEN 6
    WHEN upper(p_name) = 'SQL_ASCII' THEN 0 ELSE -1 END;
CREATE MACRO {s}.main.pg_client_encoding() AS 'UTF8';
CREATE MACRO {s}.main.getdatabaseencoding() AS 'UTF8';
CREATE MACRO {s}.main.txid_current() AS CAST(system.main.txid_current() AS BIGINT);
CREATE MACRO {s}.main.pg_my_temp_schema() AS CAST(0 AS UINTEGER);
CREATE MACRO {s}.main.pg_is_other_temp_schema(p_oid) AS false;
CREATE MACRO {s}.main.pg_listening_channels() AS TABLE SELECT NULL::VARCHAR AS pg_listening_channels WHERE false;
CREATE MACRO {s}.main.pg_get_keywords() AS TABLE FROM {s}.private.keywords;
CREATE MACRO {s}.main.pg_show_all_settings() AS TABLE FROM {s}.pg_part.pg_settings;
CREATE MACRO {s}.main.pg_timezone_names() AS TABLE FROM system.main.pg_timezone_names();
CREATE MACRO {s}.main.pg_options_to_table(p_options) AS TABLE SELECT NULL::VARCHAR AS option_name,
    NULL::VARCHAR AS option_value WHERE false;
CREATE MACRO {s}.main.aclexplode(p_acl) AS TABLE SELECT 0::UINTEGER AS grantor, 0::UINTEGER AS grantee, NULL::VARCHAR AS privilege_type,
    false AS is_grantable WHERE false;
CREATE MACRO {s}.main.acldefault(p_kind, p_owner) AS CAST(NULL AS VARCHAR[]);
CREATE MACRO {s}.main.pg_partition_tree(p_oid) AS TABLE SELECT 0::UINTEGER AS relid, 0::UINTEGER AS parentrelid, true AS isleaf,
    0 AS level WHERE false;
CREATE MACRO {s}.main.pg_partition_ancestors(p_oid) AS unnest(CAST([] AS UINTEGER[]));
CREATE MACRO {s}.main.rs_partition_ancestors(p_oid) AS TABLE SELECT 0::UINTEGER AS relid, 0 AS depth WHERE false;
CREATE MACRO {s}.main.pg_relation_is_publishable(p_oid) AS true;
CREATE MACRO {s}.main.pg_advisory_unlock_all() AS NULL;
CREATE MACRO {s}.main.pg_advisory_lock(p_key) AS NULL;
CREATE MACRO {s}.main.pg_advisory_unlock(p_key) AS true;
CREATE MACRO {s}.main.pg_try_advisory_lock(p_key) AS true;
CREATE MACRO {s}.main.pg_partition_root(p_oid) AS CAST(NULL AS UINTEGER);
CREATE MACRO {s}.main.pg_available_extensions() AS TABLE SELECT NULL::VARCHAR AS name, NULL::VARCHAR AS default_version,
    NULL::VARCHAR AS comment WHERE false;
CREATE MACRO {s}.main.pg_cancel_backend(p_pid) AS false;
CREATE MACRO {s}.main.pg_terminate_backend(p_pid) AS false;
CREATE MACRO {s}.main.pg_blocking_pids(p_pid) AS CAST([] AS INTEGER[]);
CREATE MACRO {s}.main.pg_notification_queue_usage() AS 0.0::DOUBLE;
CREATE MACRO {s}.main.pg_stat_get_numscans(p_oid) AS 0::BIGINT;
CREATE MACRO {s}.main.pg_stat_get_live_tuples(p_oid) AS 0::BIGINT;
CREATE MACRO {s}.main.pg_stat_get_dead_tuples(p_oid) AS 0::BIGINT;
CREATE MACRO {s}.main.pg_stat_get_last_analyze_time(p_oid) AS CAST(NULL AS TIMESTAMPTZ);
CREATE MACRO {s}.main.pg_stat_get_last_vacuum_time(p_oid) AS CAST(NULL AS TIMESTAMPTZ);
