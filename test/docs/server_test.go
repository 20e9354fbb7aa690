//go:build unix

package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is a block that goes on running.
type server struct {
	block  block
	shown  string // what its page shows of its output
	cmd    *exec.Cmd
	output *lockedBuffer
	ended  chan struct{}
	err    error // set before ended is closed
}

type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts a server and returns when it is ready. The server before it is stopped.
func (p *page) serve(b block, text, shown string) error {
	if err := p.stop(); err != nil {
		return err
	}
	s := &server{block: b, shown: shown, output: &lockedBuffer{}, ended: make(chan struct{})}
	s.cmd = p.command(context.WithoutCancel(p.t.Context()), execLast(text))
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	p.server, p.output = s, ""
	deadline := time.After(blockTimeout)
	for {
		if p.ready(text) {
			return nil
		}
		select {
		case <-s.ended:
			p.server = nil
			return fmt.Errorf("the server ended: %w\n%s", s.err, s.output)
		case <-deadline:
			return fmt.Errorf("the server is not ready after %v:\n%s", blockTimeout, s.output)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// execLast lets the last command take the shell's place, which ctrl-C would end too.
func execLast(text string) string {
	lines := strings.SplitAfter(strings.TrimSpace(text), "\n")
	last := len(lines) - 1
	for last > 0 && strings.HasSuffix(strings.TrimSpace(lines[last-1]), `\`) {
		last--
	}
	lines[last] = "exec " + lines[last]
	return strings.Join(lines, "")
}

// ready asks the ports that the server may listen on.
func (p *page) ready(text string) bool {
	wanted := []string{defaultPort}
	for _, found := range port.FindAllStringSubmatch(text, -1) {
		wanted = append(wanted, found[1])
	}
	if !strings.Contains(text, "fraiseql serve") { // the addresses of another program stand in its source
		wanted = slices.Collect(maps.Keys(p.ports))
	}
	return slices.ContainsFunc(wanted, func(name string) bool {
		answer, err := http.Get("http://127.0.0.1:" + p.port(name) + "/ready")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode == http.StatusOK
	})
}

// stop ends the server as ctrl-C does, which must be an orderly end.
func (p *page) stop() error {
	s := p.server
	if s == nil {
		return nil
	}
	p.server = nil
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
		return fmt.Errorf("%s: the server did not end within %v of ctrl-C:\n%s", s.block.where(), stopTimeout, s.output)
	}
	if s.err != nil {
		return fmt.Errorf("%s: the server ended by ctrl-C with %w:\n%s", s.block.where(), s.err, s.output)
	}
	if s.shown == "" {
		return nil
	}
	if err := compare(s.shown, p.there(s.output.String())); err != nil {
		return fmt.Errorf("%s: %w", s.block.where(), err)
	}
	return nil
}
