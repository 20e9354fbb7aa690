package cli

import (
	"context"
	"log/slog"
	"net"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
)

func (p *program) serve() *cobra.Command {
	var flags options
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve your database",
		Long: `Serve the annotated views and tables of a PostgreSQL database as a GraphQL API.

Every flag --a-b is also the environment variable FRAISEQL_A_B and the key a_b of the file; a
flag goes before the environment, and the environment before the file. In all three a literal 0
means zero, and never the default. Durations are written as 200ms, 30s, 1h.

SIGHUP has it read again the file of options, the database's catalog, and the files with secrets,
keys, certificates and trusted documents. Limits of operations, what is served and the size of the
pool then change without a restart; other options that have changed are named in the log. When
anything is wrong, all stays as it was.

SIGTERM and ctrl-C end the server in order: new requests are refused, and those under way may
finish for 30s. A second signal ends it at once. Under systemd (Type=notify) it is active as soon
as it listens, and its status tells whether it waits for the database.

Traces and the pool's metrics go to an OpenTelemetry collector when OTEL_EXPORTER_OTLP_ENDPOINT
names one, as http://localhost:4318; nothing is exported otherwise.`,
		Example: `  fraiseql serve --database-url postgres://app@localhost/shop
  fraiseql serve --production --addr :8000 --connection-pool-size 30 --jwt-secret-file /run/secrets/jwt --session app.tenant_id=tenant`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.load(p.environ)
			if err != nil {
				return err
			}
			o.Logger = p.logger(o.Production)
			o.OnStart = func(context.Context, *fraiseql.App) error {
				p.notify(o.Logger, "STATUS=serving")
				return nil
			}
			flush, err := p.telemetry(cmd.Context(), &o)
			if err != nil {
				return err
			}
			defer flush()
			app, err := fraiseql.New(o)
			if err != nil {
				return usageError{err}
			}
			l, err := fraiseql.Listen(cmd.Context(), o.Addr)
			if err != nil {
				return err
			}
			p.addresses(l.Addr(), o)
			p.notify(o.Logger, daemon.SdNotifyReady, "STATUS=waiting for the database")
			defer context.AfterFunc(cmd.Context(), func() { p.notify(o.Logger, daemon.SdNotifyStopping, "STATUS=requests under way may finish") })()
			defer p.onHangUp(cmd.Context(), app, &flags, o.Logger)()
			return app.Serve(cmd.Context(), l)
		},
	}
	flags.add(cmd)
	return cmd
}

// notify tells systemd how the server is, where its unit has Type=notify, and nobody otherwise.
// Source: sd_notify(3).
func (p *program) notify(log *slog.Logger, states ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(states, "\n")); err != nil {
		log.Warn("systemd cannot be told how the server is", "error", err)
	}
}

// addresses tells where things are, as a person on this machine would type it.
func (p *program) addresses(at net.Addr, o fraiseql.Options) {
	base := baseURL(at)
	if o.TLSCertFile != "" {
		base = "https" + strings.TrimPrefix(base, "http")
	}
	p.print("GraphQL  %s/graphql\n", base)
	p.print("state    %s/ready\n", base)
	if o.AdminAddr == "" && (!o.Production || o.AdminRole != "") {
		p.print("pool     %s/pool\n", base)
	}
}

func baseURL(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return "http://" + at.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// until runs serve with a context that also ends when stop is closed.
func until(ctx context.Context, stop <-chan struct{}, serve func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := serve(ctx)
	cancel()
	<-watched
	return err
}
