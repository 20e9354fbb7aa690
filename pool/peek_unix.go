//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package pool

import "syscall"

// peeker looks at a socket without taking anything from it and without waiting. It costs one system call and allocates
// nothing. It is used by whoever owns the connection, one at a time.
type peeker struct {
	raw    syscall.RawConn // nil: not a socket
	look   func(fd uintptr)
	result peekResult
	buf    [1]byte
}

func (k *peeker) init(conn any) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	k.raw = raw
	k.look = k.recv
}

func (k *peeker) recv(fd uintptr) {
	for {
		n, _, err := syscall.Recvfrom(int(fd), k.buf[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			k.result = peekQuiet
		case err == nil && n > 0:
			k.result = peekData
		default:
			k.result = peekEnded
		}
		return
	}
}

func (k *peeker) peek() peekResult {
	if k.raw == nil {
		return peekQuiet
	}
	k.result = peekEnded
	if err := k.raw.Control(k.look); err != nil {
		return peekEnded
	}
	return k.result
}
