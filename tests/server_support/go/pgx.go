package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v4"
)

func pgxCheck(name string, change func(*pgx.ConnConfig), work func(ctx context.Context, c *pgx.Conn) (interface{}, error)) {
	add("pgx_"+name, func(ctx context.Context) (interface{}, error) {
		config, err := pgx.ParseConfig("sslmode=disable")
		if err != nil {
			return nil, err
		}
		if change != nil {
			change(config)
		}
		c, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return nil, err
		}
		defer c.Close(context.Background())
		return work(ctx, c)
	})
}

func simple(config *pgx.ConnConfig) { config.PreferSimpleProtocol = true }

// read is the columns, the raw values and the tag of one result.
func read(rows pgx.Rows) (interface{}, error) {
	defer rows.Close()
	columns, raw, values := []interface{}{}, [][]interface{}{}, [][]interface{}{}
	for _, f := range rows.FieldDescriptions() {
		columns = append(columns, []interface{}{string(f.Name), f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format})
	}
	for rows.Next() {
		line := []interface{}{}
		for _, value := range rows.RawValues() {
			if value == nil {
				line = append(line, nil)
			} else {
				line = append(line, plain(append([]byte{}, value...)))
			}
		}
		raw = append(raw, line)
		decoded, err := rows.Values()
		if err != nil {
			return nil, err
		}
		for i := range decoded {
			decoded[i] = plain(decoded[i])
		}
		values = append(values, decoded)
	}
	return []interface{}{columns, raw, values, rows.CommandTag().String()}, rows.Err()
}

func query(ctx context.Context, c *pgx.Conn, text string, values ...interface{}) (interface{}, error) {
	rows, err := c.Query(ctx, text, values...)
	if err != nil {
		return nil, err
	}
	return read(rows)
}

func init() {
	everything := func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		return query(ctx, c, "SELECT * FROM kinds WHERE id > $1 ORDER BY id", 0)
	}
	pgxCheck("every_type", nil, everything)
	pgxCheck("every_type_simple", simple, everything)
	pgxCheck("parameters", nil, pgxParameters)
	pgxCheck("parameters_simple", simple, pgxParameters)
	pgxCheck("cached_statement", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		all := []interface{}{}
		for i := 0; i < 6; i++ {
			found, err := query(ctx, c, "SELECT id, name FROM sales.customers WHERE id = $1", i%4)
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
		return all, nil
	})
	pgxCheck("cache_full", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		sum := 0
		for i := 0; i < 520; i++ { // more than its cache of 512 holds: Close of the oldest
			var n int
			if err := c.QueryRow(ctx, fmt.Sprintf("SELECT %d + $1::int", i), 1).Scan(&n); err != nil {
				return nil, err
			}
			sum += n
		}
		return sum, nil
	})
	pgxCheck("cache_after_deallocate", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		all := []interface{}{}
		for _, text := range []string{"SELECT 1 + $1::int AS x", "SELECT 1 + $1::int AS x", "SELECT 2 + $1::int AS x"} {
			found, err := query(ctx, c, text, 1)
			if err != nil {
				found = told(err)
			}
			all = append(all, found)
			if len(all) == 1 {
				if _, err := c.PgConn().Exec(ctx, "DEALLOCATE ALL").ReadAll(); err != nil {
					return nil, err
				}
			}
		}
		return all, nil
	})
	pgxCheck("batch", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		batch := &pgx.Batch{}
		batch.Queue("SELECT 1 AS a")
		batch.Queue("SELECT name FROM sales.customers WHERE id = $1", 3)
		batch.Queue("SELECT 1 / 0")
		batch.Queue("SELECT 2 AS b")
		results := c.SendBatch(ctx, batch)
		all := []interface{}{}
		for i := 0; i < 4; i++ {
			rows, err := results.Query()
			if err != nil {
				all = append(all, told(err))
				continue
			}
			found, err := read(rows)
			if err != nil {
				found = told(err)
			}
			all = append(all, found)
		}
		all = append(all, told(results.Close()))
		found, err := query(ctx, c, "SELECT 1 AS still")
		return append(all, found), err
	})
	pgxCheck("results", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		// As Grafana's newer data source asks: several statements, all read at once.
		results, err := c.PgConn().Exec(ctx, "SELECT 1 AS a; SELECT 'x' AS b, NULL AS c; SHOW search_path; SELECT id FROM nothing").ReadAll()
		all := []interface{}{}
		for _, result := range results {
			columns := []interface{}{}
			for _, f := range result.FieldDescriptions {
				columns = append(columns, []interface{}{string(f.Name), f.DataTypeOID, f.Format})
			}
			all = append(all, []interface{}{columns, fmt.Sprintf("%q", result.Rows), result.CommandTag.String()})
		}
		return all, err
	})
	pgxCheck("copy_to", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		all := []interface{}{}
		for _, text := range []string{
			"COPY (SELECT * FROM kinds ORDER BY id) TO STDOUT", "COPY (SELECT id, name FROM sales.customers ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)",
			"COPY (SELECT id, single_, double_, large, words, day_, moment FROM kinds ORDER BY id) TO STDOUT (FORMAT binary)", "COPY nowhere TO STDOUT",
		} {
			out := &bytes.Buffer{}
			tag, err := c.PgConn().CopyTo(ctx, out, text)
			all = append(all, []interface{}{plain(out.Bytes()), tag.String(), told(err)})
		}
		return all, nil
	})
	pgxCheck("errors", nil, pgxErrors)
	pgxCheck("errors_simple", simple, pgxErrors)
	pgxCheck("transaction", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		all := []interface{}{}
		for _, level := range []pgx.TxIsoLevel{"", pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
			tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: level, AccessMode: pgx.ReadOnly})
			if err != nil {
				return nil, err
			}
			var shown string
			if err := tx.QueryRow(ctx, "SHOW transaction_isolation").Scan(&shown); err != nil {
				return nil, err
			}
			inner, err := tx.Begin(ctx) // a savepoint
			if err != nil {
				all = append(all, []interface{}{shown, told(err), told(tx.Rollback(ctx))})
				continue
			}
			_, failed := inner.Exec(ctx, "SELECT nowhere")
			back := inner.Rollback(ctx)
			var n int
			after := tx.QueryRow(ctx, "SELECT count(*) FROM sales.customers").Scan(&n)
			all = append(all, []interface{}{shown, told(failed), told(back), told(after), n, told(tx.Commit(ctx))})
		}
		return all, nil
	})
	pgxCheck("deadline", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		inner, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := query(inner, c, long)
		return []interface{}{told(err), c.IsClosed()}, nil
	})
	pgxCheck("cancel_request", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		time.AfterFunc(300*time.Millisecond, func() { _ = c.PgConn().CancelRequest(ctx) })
		_, err := query(ctx, c, long)
		found, after := query(ctx, c, "SELECT 1 AS still")
		return []interface{}{told(err), found}, after
	})
	pgxCheck("parameter_status", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		all := map[string]string{}
		for _, name := range []string{"server_version", "server_encoding", "client_encoding", "DateStyle", "integer_datetimes", "standard_conforming_strings", "TimeZone", "IntervalStyle", "is_superuser"} {
			all[name] = c.PgConn().ParameterStatus(name)
		}
		delete(all, "server_version")
		delete(all, "is_superuser")
		return all, nil
	})
	pgxCheck("grafana_schema", nil, func(ctx context.Context, c *pgx.Conn) (interface{}, error) {
		return query(ctx, c, "SELECT column_name, data_type, udt_name, numeric_precision, numeric_scale FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position", "sales", "orders")
	})
}

func pgxErrors(ctx context.Context, c *pgx.Conn) (interface{}, error) {
	all := map[string]interface{}{}
	for _, text := range refused {
		_, err := query(ctx, c, text)
		all[text] = told(err)
	}
	found, err := query(ctx, c, "SELECT 1 AS still")
	return []interface{}{all, found}, err
}

func pgxParameters(ctx context.Context, c *pgx.Conn) (interface{}, error) {
	all := map[string]interface{}{}
	moment := time.Date(2024, 2, 29, 12, 34, 56, 789000000, time.UTC)
	values := map[string][]interface{}{
		"boolean": {true, nil}, "integer": {1, -5}, "bigint": {int64(9007199254740993)}, "smallint": {3},
		"double precision": {1.5, 1e300}, "real": {float32(1.5)}, "text": {"Grüße 'x' \"y\" \\ 🛒", ""},
		"numeric": {"1.50"}, "bytea": {[]byte{0, 255, 65}}, "date": {moment}, "timestamp": {moment}, "timestamptz": {moment},
		"uuid": {"12345678-1234-5678-1234-567812345678"}, "json": {`{"a": [1, null]}`}, "interval": {26 * time.Hour},
		"integer[]": {[]int32{1, 3}}, "text[]": {[]string{"a", "b,\"c\""}}, "double precision[]": {[]float64{1.5, -2}},
		"bigint[]": {[]int64{1, 1 << 40}},
	}
	for kind, some := range values {
		for _, value := range some {
			found, err := query(ctx, c, "SELECT $1::"+kind+" AS x", value)
			if err != nil {
				found = told(err)
			}
			all[fmt.Sprintf("%s %v", kind, plain(value))] = found
		}
	}
	queries := map[string][]interface{}{
		"SELECT id FROM kinds WHERE id = ANY($1) ORDER BY id":                                          {[]int32{1, 3}},
		"SELECT id FROM kinds WHERE day_ >= $1 ORDER BY id":                                            {moment},
		"SELECT id FROM kinds WHERE key_ = $1":                                                         {"12345678-1234-5678-1234-567812345678"},
		"SELECT id FROM sales.many ORDER BY id LIMIT $1 OFFSET $2":                                     {2, 10},
		"SELECT count(*) FROM sales.orders WHERE placed >= $1 AND total < $2":                          {moment.AddDate(0, -1, -24), 100.5},
		"SELECT name FROM sales.customers WHERE tenure > $1 OR city = $2 ORDER BY id":                  {1.0, "Köln"},
		"SELECT date_trunc($1, placed) AS d, count(*) FROM sales.orders GROUP BY 1 ORDER BY 1 LIMIT 2": {"day"},
	}
	for text, some := range queries {
		found, err := query(ctx, c, text, some...)
		if err != nil {
			found = told(err)
		}
		all[text] = found
	}
	return all, nil
}
