package fraiseql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// shutdownGrace is for requests under way when Run is told to stop.
const shutdownGrace = 30 * time.Second

// Run listens on addr, such as ":8000", starts the app and serves until ctx ends; then it
// shuts down, and requests under way get 30 s to finish. An empty addr means Options.Addr. It
// gives nil after an orderly stop.
//
// An app that was started already is left alone: then Run and Serve only give an error.
func (a *App) Run(ctx context.Context, addr string) error {
	if err := a.claim(); err != nil {
		return err
	}
	l, err := Listen(ctx, cmp.Or(addr, a.o.Addr))
	if err != nil {
		if ctx.Err() != nil {
			err = nil // told to stop before it listened: that is an orderly stop
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		return errors.Join(err, a.Shutdown(grace))
	}
	return a.serve(ctx, l)
}

// Listen opens a TCP address as Run does, or the default of Options.Addr when addr is empty; its
// error says what to do when the port is taken.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	addr = cmp.Or(addr, defaultAddr)
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w: choose another address, or end what uses this one", addr, plain(err))
	}
	return l, nil
}

// plain leaves out "listen tcp 127.0.0.1:8000: bind:", which the message around it says.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call interface{ Unwrap() error }
	if errors.As(err, &call) && call.Unwrap() != nil {
		return call.Unwrap()
	}
	return err
}

// Serve is Run on a listener that is open already. It closes it.
func (a *App) Serve(ctx context.Context, l net.Listener) error {
	if err := a.claim(); err != nil {
		return errors.Join(err, l.Close())
	}
	return a.serve(ctx, l)
}

func (a *App) serve(ctx context.Context, l net.Listener) error {
	handler := http.Handler(a)
	if a.o.Mux != nil {
		handler = a.o.Mux // what is mounted beside the app is served too
	}
	shown, err := a.o.readCertificate()
	if err != nil {
		return errors.Join(err, l.Close(), a.Shutdown(ctx))
	}
	a.certificate.Store(shown)
	servers := []*http.Server{a.server(handler)}
	listeners := []net.Listener{l}
	if a.o.AdminAddr != "" {
		admin, err := Listen(ctx, a.o.AdminAddr)
		if err != nil {
			return errors.Join(fmt.Errorf("AdminAddr: %w", err), l.Close(), a.Shutdown(ctx))
		}
		servers, listeners = append(servers, a.server(a.admin)), append(listeners, admin)
		a.o.Logger.Info("metrics and pool", "address", admin.Addr().String())
	}
	ended := make(chan error, len(servers))
	for i, s := range servers {
		go func() {
			if s.TLSConfig != nil {
				ended <- s.ServeTLS(listeners[i], "", "")
				return
			}
			ended <- s.Serve(listeners[i])
		}()
	}
	running := len(servers)
	err = a.begin(true)
	if err == nil {
		err = a.launch(ctx)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // told to stop while it was starting: that is an orderly stop too
	} else if err == nil {
		select {
		case <-ctx.Done():
		case <-a.life.Done(): // Shutdown was called
		case failed := <-ended:
			running--
			err = fmt.Errorf("serving: %w", failed)
		}
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err = errors.Join(err, unlessStopped(err, a.Shutdown(grace)))
	for _, s := range servers {
		if late := s.Shutdown(grace); late != nil {
			err = errors.Join(err, s.Close())
		}
	}
	for range running {
		<-ended
	}
	return err
}

// unlessStopped leaves out what a failed Start has told already.
func unlessStopped(before, stop error) error {
	if before != nil && stop != nil && errors.Is(before, stop) {
		return nil
	}
	return stop
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		TLSConfig:         a.tls(),
		ReadHeaderTimeout: a.o.ReadHeaderTimeout,
		IdleTimeout:       a.o.IdleTimeout,
		MaxHeaderBytes:    a.o.MaxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return a.hardCtx },
		ErrorLog:          slog.NewLogLogger(a.o.Logger.Handler(), slog.LevelDebug),
	}
}
