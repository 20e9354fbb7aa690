// Package coding compresses answers: it chooses a content coding by what the client accepts, and encodes whole texts and
// streams with encoders that are used again and again.
//
// Source: RFC 9110, sections 8.4 and 12.5.3; RFC 1952 (gzip) and RFC 8878 (zstd).
package coding

import (
	"strconv"
	"strings"
)

// MinBytes is the length from which an answer is worth encoding: below, a packet is saved at best.
const MinBytes = 4 << 10

// Coding is a content coding.
type Coding uint8

// The codings. Identity is none.
const (
	Identity Coding = iota
	Gzip
	Zstd
	kinds
)

// String is the coding's name in headers.
func (c Coding) String() string {
	switch c {
	case Gzip:
		return "gzip"
	case Zstd:
		return "zstd"
	}
	return "identity"
}

// Negotiate chooses by the Accept-Encoding headers: the coding of the highest quality, and among equals zstd, whose texts
// are the shortest, then gzip. Identity is chosen when it is named with a higher quality than these, when nothing else is
// acceptable, and also when not even itself is: a client that accepts nothing gets what every client can read.
func Negotiate(accept []string) Coding {
	var quality [kinds]float64
	var named [kinds]bool
	rest := 0.0 // of *
	for _, list := range accept {
		for element := range strings.SplitSeq(list, ",") {
			name, params, _ := strings.Cut(element, ";")
			q, ok := weight(params)
			if !ok {
				continue
			}
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "zstd"):
				quality[Zstd], named[Zstd] = q, true
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				quality[Gzip], named[Gzip] = q, true
			case strings.EqualFold(name, "identity"):
				quality[Identity], named[Identity] = q, true
			case name == "*":
				rest = q
			}
		}
	}
	best := Identity
	for _, c := range [...]Coding{Zstd, Gzip} {
		if !named[c] {
			quality[c] = rest
		}
		if quality[c] > quality[best] {
			best = c
		}
	}
	return best
}

// weight reads the quality among the parameters of an element; 1 when there is none.
func weight(params string) (q float64, ok bool) {
	for params != "" {
		var param string
		param, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return q, err == nil && q >= 0 && q <= 1 // NaN is neither
	}
	return 1, true
}

// Tag makes the entity tag of an encoded text out of the strong tag of the text itself. Each coding has a tag of its own,
// since a cache must not answer a client with a coding that it does not accept; and it is weak, since the bytes that an
// encoder makes differ from one version of it to the next while the text is the same.
// Source: RFC 9110, section 8.8.3.3.
func Tag(strong string, c Coding) string {
	if c == Identity || len(strong) < 2 {
		return strong
	}
	return "W/" + strong[:len(strong)-1] + "-" + c.String() + `"`
}

// Matches tells whether an If-None-Match names the tag, or anything by *. It compares weakly.
// Source: RFC 9110, section 13.1.2.
func Matches(ifNoneMatch []string, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for _, list := range ifNoneMatch {
		for candidate := range strings.SplitSeq(list, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
