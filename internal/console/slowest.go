package console

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Operation is what the operations of one name took in the last minutes, from reading the document to the end of the answer.
type Operation struct {
	Tag     string        `json:"tag"`     // the operation's kind with its name, or with the start of its document's SHA-256
	Count   int           `json:"count"`   // how many ended
	Failed  int           `json:"failed"`  // of them with an error, also beside data
	Mean    time.Duration `json:"mean"`    // of what they took
	Longest time.Duration `json:"longest"` // that one of them took
}

// took is what operations of one tag took.
type took struct {
	count, failed int
	sum, longest  time.Duration
}

// And adds what others took.
func (t took) And(more took) took {
	return took{t.count + more.count, t.failed + more.failed, t.sum + more.sum, max(t.longest, more.longest)}
}

// operations are those that ended in the last minutes. Requests add to them, so they have a lock of their own.
type operations struct {
	mu sync.Mutex
	recent[took]
}

// Answered counts an operation that has ended.
func (c *Console) Answered(tag string, d time.Duration, failed bool) {
	c.operations.ended(time.Now(), tag, d, failed)
}

func (o *operations) ended(now time.Time, tag string, d time.Duration, failed bool) {
	x := took{count: 1, sum: d, longest: d}
	if failed {
		x.failed = 1
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.add(now, tag, x)
}

// slowest lists those whose longest took most, the first ones first.
func (o *operations) slowest(now time.Time) []Operation {
	o.mu.Lock()
	all := o.all(now)
	o.mu.Unlock()
	list := make([]Operation, 0, len(all))
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		t := all[tag]
		list = append(list, Operation{tag, t.count, t.failed, t.sum / time.Duration(t.count), t.longest})
	}
	slices.SortStableFunc(list, func(a, b Operation) int { return cmp.Compare(b.Longest, a.Longest) })
	return list[:min(len(list), mostListed)]
}
