// Runs each check against the server of the environment; prints one line of JSON per check.
// With an argument: only the checks whose names begin with it.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/lib/pq"
)

const long = "SELECT count(*) FROM sales.many a, sales.many b, sales.many c WHERE sin(a.id + b.id + c.id) > 2"

type check struct {
	name string
	work func(ctx context.Context) (interface{}, error)
}

var checks []check

func add(name string, work func(ctx context.Context) (interface{}, error)) {
	checks = append(checks, check{name, work})
}

// told is what a client goes by in an error.
func told(err error) interface{} {
	var ours *pq.Error
	var theirs *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return []interface{}{string(ours.Code), ours.Severity, ours.Position}
	case errors.As(err, &theirs):
		return []interface{}{theirs.Code, theirs.Severity, theirs.Position}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "context"
	}
	return fmt.Sprintf("%T %v", err, err)
}

// plain is a value as JSON can hold it, no two different ones alike.
func plain(value interface{}) interface{} {
	switch v := value.(type) {
	case nil, bool, string:
		return v
	case []byte:
		return "bytes " + hex.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case json.Marshaler:
		return fmt.Sprintf("%T %v", v, v)
	}
	return fmt.Sprintf("%T %v", value, value)
}

func main() {
	for _, each := range checks {
		if len(os.Args) > 1 && !strings.HasPrefix(each.name, os.Args[1]) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		answer, err := each.work(ctx)
		cancel()
		if err != nil {
			answer = []interface{}{"raised", told(err)}
		}
		line, err := json.Marshal([]interface{}{each.name, answer})
		if err != nil {
			line, _ = json.Marshal([]interface{}{each.name, []string{"raised", err.Error()}})
		}
		fmt.Fprintln(os.Stdout, string(line))
	}
}
