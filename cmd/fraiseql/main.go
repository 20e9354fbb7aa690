// Command fraiseql serves GraphQL straight from PostgreSQL: "fraiseql dev" tries it on a
// database of its own, "fraiseql serve" serves yours, and "fraiseql help" tells the rest.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/fraiseql/fraiseql-go/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
