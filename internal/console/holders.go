package console

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// Holder is what held connections in the last minutes, as the looks of each second found it: what holds them for long is
// found, what is quick and rare is not.
type Holder struct {
	Tag     string        `json:"tag"`     // the operation's kind with its name, or with the start of its document's SHA-256; empty: no operation
	Share   float64       `json:"share"`   // of all that was found leased
	Seen    int           `json:"seen"`    // how many times it was found
	Longest time.Duration `json:"longest"` // the longest that one of its leases had been held when it was seen
}

// untagged is for how long a lease may have no tag yet: it is on its way to its operation.
const untagged = 10 * time.Millisecond

// found is what looks have found of one tag.
type found struct {
	looks   int
	longest time.Duration
}

// And adds what else was found.
func (f found) And(more found) found {
	return found{f.looks + more.looks, max(f.longest, more.longest)}
}

// holders are what was found in the last minutes.
type holders struct{ recent[found] }

// look counts what is held now.
func (h *holders) look(now time.Time, held []pool.LeaseInfo) {
	for _, l := range held {
		if l.Tag != "" || l.Held >= untagged {
			h.add(now, l.Tag, found{1, l.Held})
		}
	}
}

// top lists those that held most, the first ones first.
func (h *holders) top(now time.Time) []Holder {
	all, looks := h.all(now), 0
	for _, f := range all {
		looks += f.looks
	}
	list := make([]Holder, 0, len(all))
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		f := all[tag]
		list = append(list, Holder{tag, float64(f.looks) / float64(looks), f.looks, f.longest})
	}
	slices.SortStableFunc(list, func(a, b Holder) int { return cmp.Compare(b.Seen, a.Seen) })
	return list[:min(len(list), mostListed)]
}
