package console

import (
	"reflect"
	"strconv"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// sample is one look at the pool.
type sample struct {
	at                                         int64 // milliseconds since 1970
	idle, leased, tending, connecting, closing int32
	waiting, size, maxSize                     int32
	leases, failed                             uint32 // since the sample before
	leasesSoFar, failedSoFar                   uint64
}

// mark is where the figures of the last minutes count from.
type mark struct {
	at   time.Time
	stat pool.Stat
}

func newSample(now time.Time, s *pool.Stat, last sample) sample {
	leases, failed := s.Acquires.Immediate+s.Acquires.Waited, failures(s.Failures)
	x := sample{
		at: now.UnixMilli(), idle: int32(s.Idle), leased: int32(s.Leased), tending: int32(s.Tending), connecting: int32(s.Connecting),
		closing: int32(s.Closing), waiting: int32(s.Waiting), size: int32(s.Size), maxSize: int32(s.MaxSize),
		leasesSoFar: leases, failedSoFar: failed,
	}
	if last.at != 0 {
		x.leases, x.failed = uint32(leases-last.leasesSoFar), uint32(failed-last.failedSoFar)
	}
	return x
}

// failures are the acquires that failed, but those whose callers left by themselves.
func failures(f pool.FailureCounts) uint64 {
	return f.Timeout + f.Saturated + f.QueueFull + f.Shed + f.Unavailable + f.Closed + f.Nested
}

// append writes the sample as the page's script reads it: a list of numbers.
func (x sample) append(b []byte) []byte {
	b = append(b, '[')
	for _, n := range [...]int64{
		x.at, int64(x.leased), int64(x.tending), int64(x.idle), int64(x.connecting), int64(x.closing), int64(x.waiting),
		int64(x.size), int64(x.maxSize), int64(x.leases), int64(x.failed),
	} {
		b = append(strconv.AppendInt(b, n, 10), ',')
	}
	b[len(b)-1] = ']'
	return b
}

// MarshalJSON writes the sample as the page's script reads it.
func (x sample) MarshalJSON() ([]byte, error) { return x.append(nil), nil }

// since gives s with every count less what it was then, so that a count that is added to the pool cannot be forgotten here.
// What is of a moment stays.
func since(s, then pool.Stat) pool.Stat {
	var subtract func(now, before reflect.Value)
	subtract = func(now, before reflect.Value) {
		switch now.Kind() {
		case reflect.Uint64:
			now.SetUint(now.Uint() - before.Uint())
		case reflect.Struct:
			for i := range now.NumField() {
				subtract(now.Field(i), before.Field(i))
			}
		case reflect.Array:
			for i := range now.Len() {
				subtract(now.Index(i), before.Index(i))
			}
		}
	}
	subtract(reflect.ValueOf(&s).Elem(), reflect.ValueOf(then))
	for _, h := range [...]struct {
		now    *pool.Histogram
		before pool.Histogram
	}{{&s.WaitTime, then.WaitTime}, {&s.UseTime, then.UseTime}, {&s.CreateTime, then.CreateTime}} {
		h.now.Sum -= h.before.Sum
	}
	return s
}
