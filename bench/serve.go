package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A server runs in a process of its own, so that its CPU time and memory are its own. It prints "listening HOST:PORT" when it
// is ready and ends when its standard input does: the end of this program, however it comes, is the end of its servers.
type process struct {
	name    string
	address string
	pid     int
	command *exec.Cmd
	stdin   io.Closer
}

const announcement = "listening "

// launch starts a server and waits until it listens, at most a minute.
func launch(ctx context.Context, name string, command *exec.Cmd) (*process, error) {
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, pid: command.Process.Pid, command: command, stdin: stdin}
	found := make(chan string, 1)
	go func() { // ends with the process at the latest: Stop waits for that
		defer close(found)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if address, ok := strings.CutPrefix(lines.Text(), announcement); ok {
				found <- address
				break
			}
		}
		_, _ = io.Copy(io.Discard, stdout) // the pipe breaks when the process ends, which is no news
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case address, ok := <-found:
		if !ok {
			return nil, errors.Join(fmt.Errorf("%s ended before it listened: see its messages above", name), p.stop())
		}
		p.address = address
		return p, nil
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("%s did not listen in time: %w", name, ctx.Err()), p.stop())
	}
}

// stop asks the server to end, kills it after five seconds, and waits for it.
func (p *process) stop() error {
	err := p.stdin.Close()
	timer := time.AfterFunc(5*time.Second, func() { _ = p.command.Process.Kill() }) // already gone is what we want
	defer timer.Stop()
	var exit *exec.ExitError
	if waited := p.command.Wait(); waited != nil && !errors.As(waited, &exit) {
		err = errors.Join(err, waited)
	}
	return err
}

// launchSelf starts one of this program's own servers.
func launchSelf(ctx context.Context, contender, databaseURL string, o options) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"serve-" + contender, databaseURL, strconv.Itoa(o.pool), strconv.FormatBool(o.memory)}
	return launch(ctx, contender, exec.Command(self, args...))
}

// settings are what a server is told by the process that starts it.
type settings struct {
	databaseURL string
	pool        int
	tenant      string // app.tenant_id of every request's statements; empty: nothing is set
	long        bool   // it will be asked for a list longer than a service should give
}

// serve is the other side of launchSelf: it runs in the server's process. args are those behind "serve-".
func serve(ctx context.Context, contender string, args []string) error {
	starters := map[string]func(context.Context, settings) (http.Handler, func() error, error){
		"b1":  serveByHand,
		"b1t": serveByHand,
		"b2":  serveTuned,
		"c":   serveFraiseQL,
		"ct":  serveFraiseQL,
	}
	start, ok := starters[contender]
	if !ok || len(args) != 3 {
		return errors.New("serve-b1 and the like are for this program's own use, with DATABASE-URL POOL-SIZE LONG behind them")
	}
	pool, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("the pool size %q is not a number", args[1])
	}
	long, err := strconv.ParseBool(args[2])
	if err != nil {
		return fmt.Errorf("LONG is %q: true or false", args[2])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := settings{databaseURL: args[0], pool: pool, long: long}
	if contender == "b1t" || contender == "ct" {
		s.tenant = "8d7a6f0c-41b2-4f0e-9f3e-2f1d0c9b8a76"
	}
	handler, stop, err := start(ctx, s)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, stop())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() { // the parent holds the other end of standard input
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin) // an error ends the wait just as well
		cancel()
		_ = server.Close() // Serve reports it
	}()
	fmt.Println(announcement + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, stop())
	}
	<-ended
	return stop()
}
