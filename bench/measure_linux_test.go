package main

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestProcessFigures(t *testing.T) {
	t.Parallel()
	own, err := readStat(os.Getpid())
	if err != nil || own.parent != os.Getppid() {
		t.Errorf("parent %d, error %v; want %d", own.parent, err, os.Getppid())
	}
	until := time.Now().Add(5 * time.Second)
	for own.own < 50*time.Millisecond && time.Now().Before(until) { // burn some
		if own, err = readStat(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := cpuOfTree(os.Getpid())
	if err != nil || own.own < 50*time.Millisecond || tree < own.own {
		t.Errorf("own CPU %v, of the tree %v, error %v", own.own, tree, err)
	}
	peak, err := memoryOf(os.Getpid(), "VmHWM")
	if err != nil || peak < 1<<20 {
		t.Errorf("peak %d, error %v", peak, err)
	}
	if err := waitForChildren(context.Background(), os.Getpid(), nil); err != nil {
		t.Error(err)
	}
}
