package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/fraiseql/fraiseql-go"
)

// onHangUp reloads the app at each SIGHUP until the function that it gives is called.
func (p *program) onHangUp(ctx context.Context, app *fraiseql.App, flags *options, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	asked := make(chan os.Signal, 1) // several while one is under way are one
	signal.Notify(asked, syscall.SIGHUP)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-asked:
			}
			p.notify(log, daemon.SdNotifyReloading, daemon.SdNotifyMonotonicUsec(), "STATUS=reading everything again")
			status := "STATUS=serving"
			if err := p.reload(ctx, app, flags); err != nil {
				log.Error("SIGHUP", "error", err)
				status = "STATUS=serving; the last reload failed, see the log"
			}
			p.notify(log, daemon.SdNotifyReady, status)
		}
	})
	return func() {
		signal.Stop(asked)
		cancel()
		running.Wait()
	}
}

// reload takes the options as they are now, the flags being those of the start, and has the app read all else again.
func (p *program) reload(ctx context.Context, app *fraiseql.App, flags *options) error {
	o, err := flags.load(p.environ)
	if err != nil {
		return fmt.Errorf("the options are wrong, so all stays as it is: %w", err)
	}
	return app.Reconfigure(ctx, o)
}
