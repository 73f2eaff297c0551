package main

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/lib/pq"
)

func opened(options string) (*sql.DB, error) {
	return sql.Open("postgres", "sslmode=disable connect_timeout=10 "+options)
}

// table is the columns and rows of one result.
func table(rows *sql.Rows) (interface{}, error) {
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	columns, found := []interface{}{}, [][]interface{}{}
	for _, kind := range kinds {
		precision, scale, decimal := kind.DecimalSize()
		scan := fmt.Sprint(kind.ScanType())
		columns = append(columns, []interface{}{kind.Name(), kind.DatabaseTypeName(), scan, precision, scale, decimal})
	}
	for rows.Next() {
		values, places := make([]interface{}, len(kinds)), make([]interface{}, len(kinds))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		for i := range values {
			values[i] = plain(values[i])
		}
		found = append(found, values)
	}
	return []interface{}{columns, found}, rows.Err()
}

func asked(ctx context.Context, db *sql.DB, query string, values ...interface{}) (interface{}, error) {
	rows, err := db.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return table(rows)
}

func pqCheck(name, options string, work func(ctx context.Context, db *sql.DB) (interface{}, error)) {
	add("pq_"+name, func(ctx context.Context) (interface{}, error) {
		db, err := opened(options)
		if err != nil {
			return nil, err
		}
		defer db.Close()
		return work(ctx, db)
	})
}

func init() {
	pqCheck("every_type", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		return asked(ctx, db, "SELECT * FROM kinds ORDER BY id")
	})
	pqCheck("every_type_prepared", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		return asked(ctx, db, "SELECT * FROM kinds WHERE id > $1 ORDER BY id", 0)
	})
	pqCheck("every_type_in_binary", "binary_parameters=yes", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		return asked(ctx, db, "SELECT * FROM kinds WHERE id > $1 ORDER BY id", 0)
	})
	pqCheck("parameters", "", parameters)
	pqCheck("parameters_in_binary", "binary_parameters=yes", parameters)
	pqCheck("statement", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		statement, err := db.PrepareContext(ctx, "SELECT id, name FROM sales.customers WHERE id = $1")
		if err != nil {
			return nil, err
		}
		defer statement.Close()
		all := []interface{}{}
		for i := 0; i < 6; i++ {
			rows, err := statement.QueryContext(ctx, i%4)
			if err != nil {
				return nil, err
			}
			found, err := table(rows)
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
		return all, nil
	})
	pqCheck("results", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		rows, err := db.QueryContext(ctx, "SELECT 1 AS a; SELECT 'x' AS b, 2 AS c; SELECT id FROM nothing")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		all := []interface{}{}
		for {
			found, err := table(rows)
			if err != nil {
				return nil, err
			}
			all = append(all, found)
			if !rows.NextResultSet() {
				return all, rows.Err()
			}
		}
	})
	pqCheck("errors", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		all := map[string]interface{}{}
		for _, query := range refused {
			_, err := asked(ctx, db, query)
			all[query] = told(err)
		}
		found, err := asked(ctx, db, "SELECT 1 AS still")
		return []interface{}{all, found}, err
	})
	pqCheck("transaction", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		all := []interface{}{}
		for _, level := range []sql.IsolationLevel{0, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level, ReadOnly: true})
			if err != nil {
				return nil, err
			}
			var shown, only string
			err = tx.QueryRowContext(ctx, "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')").Scan(&shown, &only)
			if err != nil {
				return nil, err
			}
			_, failed := tx.ExecContext(ctx, "SELECT nowhere")
			_, after := tx.ExecContext(ctx, "SELECT 1")
			all = append(all, []interface{}{shown, only, told(failed), told(after), told(tx.Commit())})
		}
		return all, nil
	})
	pqCheck("cancel", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		inner, cancel := context.WithCancel(ctx)
		time.AfterFunc(300*time.Millisecond, cancel)
		begun := time.Now()
		_, err := asked(inner, db, long)
		quick := time.Since(begun) < 10*time.Second
		found, after := asked(ctx, db, "SELECT 1 AS still")
		return []interface{}{told(err), quick, found}, after
	})
	pqCheck("deadline", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		inner, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := asked(inner, db, long)
		found, after := asked(ctx, db, "SELECT 1 AS still")
		return []interface{}{told(err), found}, after
	})
	pqCheck("statement_timeout", "statement_timeout=200", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		_, err := asked(ctx, db, long)
		return told(err), nil
	})
	pqCheck("arrays", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		var texts []string
		var numbers []int64
		var floats []float64
		err := db.QueryRowContext(ctx, "SELECT ARRAY['a','b,\"c'], ARRAY[1,2]::bigint[], floats FROM kinds WHERE id = $1", 4).
			Scan(pq.Array(&texts), pq.Array(&numbers), pq.Array(&floats))
		if err != nil {
			return nil, err
		}
		found, err := asked(ctx, db, "SELECT id FROM kinds WHERE id = ANY($1) ORDER BY id", pq.Array([]int64{1, 3}))
		return []interface{}{texts, numbers, math.IsInf(floats[0], 1), floats[1], found}, err
	})
	pqCheck("many_rows", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		rows, err := db.QueryContext(ctx, "SELECT id, name FROM sales.many WHERE id > $1 ORDER BY id", 10)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		count, last := 0, ""
		for rows.Next() {
			var id int
			if err := rows.Scan(&id, &last); err != nil {
				return nil, err
			}
			count++
		}
		return []interface{}{count, last}, rows.Err()
	})
	add("pq_wrong_password", func(ctx context.Context) (interface{}, error) {
		db, err := opened("password=wrong")
		if err != nil {
			return nil, err
		}
		defer db.Close()
		return told(db.PingContext(ctx)), nil
	})
	pqCheck("listen", "", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		_, err := db.ExecContext(ctx, "UNLISTEN *")
		return told(err), nil
	})
	pqCheck("session", "application_name=grafana search_path=sales timezone=Europe/Berlin", func(ctx context.Context, db *sql.DB) (interface{}, error) {
		return asked(ctx, db, "SELECT current_setting('application_name') AS a, current_setting('search_path') AS s, current_setting('TimeZone') AS z, count(*) AS n FROM orders")
	})
}

var refused = []string{
	"SELECT nowhere", "SELECT * FROM nowhere", "SELECT nothing_such(1)", "SELEC 1", "SELECT 1/0",
	"SELECT 'x'::integer", "SELECT '2024-13-01'::date", "INSERT INTO nothing VALUES (1)", "CREATE TABLE t (a int)",
}

func parameters(ctx context.Context, db *sql.DB) (interface{}, error) {
	all := map[string]interface{}{}
	moment := time.Date(2024, 2, 29, 12, 34, 56, 789000000, time.UTC)
	values := map[string][]interface{}{
		"boolean": {true, false, nil}, "integer": {1, -5, int64(7)}, "bigint": {int64(9007199254740993)},
		"numeric": {"1.50", 2}, "double precision": {1.5, 1e300}, "text": {"Grüße 'x' \"y\" \\ 🛒", ""},
		"bytea": {[]byte{0, 255, 65}}, "date": {"2024-02-29"}, "timestamp": {"2024-02-29 12:34:56.789", moment},
		"timestamptz": {moment}, "uuid": {"12345678-1234-5678-1234-567812345678"}, "json": {`{"a": [1, null]}`},
		"interval": {"1 day 02:00:00"}, "integer[]": {pq.Array([]int64{1, 3})}, "text[]": {pq.Array([]string{"a", "b,\"c\""})},
	}
	for kind, some := range values {
		for _, value := range some {
			found, err := asked(ctx, db, "SELECT $1::"+kind+" AS x", value)
			if err != nil {
				found = told(err)
			}
			all[fmt.Sprintf("%s %v", kind, plain(value))] = found
		}
	}
	queries := map[string][]interface{}{
		"SELECT id FROM kinds WHERE id = $1":                                    {1},
		"SELECT id FROM kinds WHERE large = $1":                                 {int64(9007199254740993)},
		"SELECT id FROM kinds WHERE price > $1 ORDER BY id":                     {0.5},
		"SELECT id FROM kinds WHERE words = $1":                                 {""},
		"SELECT id FROM kinds WHERE moment < $1 ORDER BY id":                    {moment},
		"SELECT id FROM kinds WHERE instant < $1 ORDER BY id":                   {moment},
		"SELECT id FROM sales.many ORDER BY id LIMIT $1 OFFSET $2":              {2, 10},
		"SELECT id FROM sales.many WHERE name LIKE $1 ORDER BY id LIMIT 3":      {"name 99%"},
		"SELECT count(*) FROM sales.orders WHERE placed BETWEEN $1 AND $2":      {"2024-01-02", "2024-01-03"},
		"SELECT id FROM kinds WHERE $1::int IS NULL ORDER BY id":                {nil},
		"SELECT name FROM sales.customers WHERE id IN ($1, $2, $3) ORDER BY id": {1, 2, 9},
	}
	for query, some := range queries {
		found, err := asked(ctx, db, query, some...)
		if err != nil {
			found = told(err)
		}
		all[query] = found
	}
	return all, nil
}
