package console

import (
	"time"
)

const (
	parts     = 10 // that the last minutes are counted in
	partWidth = lately / parts
	mostTags  = 64 // in a part; more go together as others
	others    = "others"
)

// recent counts by tag in parts of the last minutes, so that old ones can be dropped. The zero value is empty.
type recent[T interface{ And(more T) T }] struct {
	parts [parts]struct {
		began time.Time
		seen  map[string]T
	}
}

// add counts something now.
func (r *recent[T]) add(now time.Time, tag string, x T) {
	began := now.Truncate(partWidth)
	p := &r.parts[int(began.Unix()/int64(partWidth/time.Second))%parts]
	if !p.began.Equal(began) || p.seen == nil {
		p.began, p.seen = began, map[string]T{}
	}
	if _, known := p.seen[tag]; !known && len(p.seen) >= mostTags {
		tag = others
	}
	p.seen[tag] = p.seen[tag].And(x)
}

// all are the counts of the last minutes.
func (r *recent[T]) all(now time.Time) map[string]T {
	all := map[string]T{}
	for _, p := range r.parts {
		if now.Sub(p.began) >= lately {
			continue
		}
		for tag, x := range p.seen {
			all[tag] = all[tag].And(x)
		}
	}
	return all
}
