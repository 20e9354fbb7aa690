//go:build linux || darwin

package devpg

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
)

const (
	maxLogBytes  = 16 << 20 // a log of this size is set aside at the next start
	maxTailBytes = 16 << 10
	maxTailLines = 15
	maxSmallFile = 64 << 10
)

// logWriter is the end of a log that grows over many starts; tail shows this start's part only.
type logWriter struct {
	file  *os.File
	begin int64
}

func openLog(path string) (*logWriter, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	begin, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &logWriter{file: file, begin: begin}, nil
}

// tail is the last lines that were written since the log was opened.
func (l *logWriter) tail() string {
	info, err := l.file.Stat()
	if err != nil {
		return err.Error()
	}
	begin := max(l.begin, info.Size()-maxTailBytes)
	text, err := io.ReadAll(io.NewSectionReader(l.file, begin, info.Size()-begin))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-maxTailLines):], "\n")
}

// close ends our own use; what the server writes goes through its own descriptor.
func (l *logWriter) close() { _ = l.file.Close() }

// readForeign reads a small file in a folder that another user may own: it follows no link and waits on no pipe.
func readForeign(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSmallFile))
	return text, errors.Join(err, file.Close())
}
