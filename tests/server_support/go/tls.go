package main

import (
	"context"
	"database/sql"
	"strings"

	"github.com/jackc/pgx/v4"
)

// secured is how the driver ends its try to connect: or why it does not connect.
func secured(err error) string {
	switch {
	case err == nil:
		return "connected"
	case strings.Contains(err.Error(), "unknown authority"):
		return "unknown authority"
	case strings.Contains(err.Error(), "SSL is not enabled"), strings.Contains(err.Error(), "refused TLS"):
		return "no TLS"
	}
	return err.Error()
}

func init() {
	for _, mode := range []string{"disable", "require", "verify-full"} {
		mode := mode
		add("tls_pq_"+mode, func(ctx context.Context) (interface{}, error) {
			db, err := sql.Open("postgres", "sslmode="+mode)
			if err != nil {
				return nil, err
			}
			defer db.Close()
			return secured(db.PingContext(ctx)), nil
		})
		add("tls_pgx_"+mode, func(ctx context.Context) (interface{}, error) {
			c, err := pgx.Connect(ctx, "sslmode="+mode)
			if err == nil {
				err = c.Close(ctx)
			}
			return secured(err), nil
		})
	}
}
