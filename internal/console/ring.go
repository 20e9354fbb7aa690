package console

// ring keeps the newest of what is added.
type ring[T any] struct {
	kept []T // grows to its capacity, and no further
	next int // where the next one goes, once it is full: there is the oldest
}

func newRing[T any](most int) ring[T] { return ring[T]{kept: make([]T, 0, most)} }

func (r *ring[T]) add(x T) {
	if len(r.kept) < cap(r.kept) {
		r.kept = append(r.kept, x)
		return
	}
	r.kept[r.next] = x
	r.next = (r.next + 1) % len(r.kept)
}

// all is what is kept, the oldest first.
func (r *ring[T]) all() []T {
	return append(append(make([]T, 0, len(r.kept)), r.kept[r.next:]...), r.kept[:r.next]...)
}

func (r *ring[T]) oldest() (x T, ok bool) {
	if len(r.kept) == 0 {
		return x, false
	}
	return r.kept[r.next], true
}

func (r *ring[T]) newest() (x T, ok bool) {
	if len(r.kept) == 0 {
		return x, false
	}
	return r.kept[(r.next+len(r.kept)-1)%len(r.kept)], true
}
