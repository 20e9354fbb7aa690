//go:build linux || darwin

package devpg

import (
	"context"
	"errors"
	"time"
)

// lockDownloads waits until no other process downloads into the folder.
func lockDownloads(ctx context.Context, dir string) (unlock func() error, err error) {
	tick := time.NewTicker(10 * pollInterval)
	defer tick.Stop()
	for {
		lock, err := lockFolder(dir)
		if err == nil {
			return lock.release, nil
		}
		if !errors.Is(err, ErrInUse) {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
