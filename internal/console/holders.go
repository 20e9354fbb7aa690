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

const (
	parts     = 10 // that the last minutes are counted in
	partWidth = lately / parts
	mostTags  = 64 // in a part; more go together as others
	others    = "others"
	untagged  = 10 * time.Millisecond // for which a lease may have no tag yet: it is on its way to its operation
)

// holders counts looks in parts of the last minutes, so that old ones can be dropped. The zero value is empty.
type holders struct {
	parts [parts]struct {
		began time.Time
		seen  map[string]found
	}
}

type found struct {
	looks   int
	longest time.Duration
}

func (f found) and(more found) found {
	return found{f.looks + more.looks, max(f.longest, more.longest)}
}

// look counts what is held now.
func (h *holders) look(now time.Time, held []pool.LeaseInfo) {
	began := now.Truncate(partWidth)
	p := &h.parts[int(began.Unix()/int64(partWidth/time.Second))%parts]
	if !p.began.Equal(began) {
		p.began, p.seen = began, nil
	}
	for _, l := range held {
		if p.seen == nil {
			p.seen = map[string]found{}
		}
		if l.Tag == "" && l.Held < untagged {
			continue
		}
		tag := l.Tag
		if _, known := p.seen[tag]; !known && len(p.seen) >= mostTags {
			tag = others
		}
		p.seen[tag] = p.seen[tag].and(found{1, l.Held})
	}
}

// top lists those that held most, the first ones first.
func (h *holders) top(now time.Time) []Holder {
	all, looks := map[string]found{}, 0
	for _, p := range h.parts {
		if now.Sub(p.began) >= lately {
			continue
		}
		for tag, f := range p.seen {
			all[tag] = all[tag].and(f)
			looks += f.looks
		}
	}
	list := make([]Holder, 0, len(all))
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		f := all[tag]
		list = append(list, Holder{tag, float64(f.looks) / float64(looks), f.looks, f.longest})
	}
	slices.SortStableFunc(list, func(a, b Holder) int { return cmp.Compare(b.Seen, a.Seen) })
	return list[:min(len(list), mostListed)]
}
