package gqlop

import (
	"cmp"
	"math"
)

// Limits bound what a document may ask for. Zero is the default, a negative number is none.
type Limits struct {
	// MaxTokens is the number of tokens of a document, comments included. Default 15,000.
	// It also bounds what fragments may do: an operation whose fragments were written out in
	// place would hold more fields, spreads and values than this is refused.
	MaxTokens int
	// MaxDepth is how deep fields may nest, fragments followed; a root field is level 1.
	// Default 20. Below __schema and __type another rule holds: 15 levels, and at most two
	// lists of fields, interfaces or possible types inside one another.
	MaxDepth int
	// MaxRootFields is the number of response keys at the root of an operation. Default 50.
	MaxRootFields int
	// MaxAliases is the number of aliased fields of an operation; a fragment's count each
	// time it is spread. Default 500.
	MaxAliases int
	// MaxErrors is the number of faults reported for one document; reading stops there.
	// Default 20.
	MaxErrors int
	// NoIntrospection refuses __schema and __type. __typename stays. Default false.
	NoIntrospection bool
	// NoSuggestions keeps names of the schema that were probably meant out of messages; NoIntrospection does so too. Default false.
	NoSuggestions bool
	// CacheEntries is the number of documents kept. Default 1,024; negative: none is kept.
	CacheEntries int
	// CacheBytes is about how much memory the documents kept may hold. Default 64 MiB;
	// negative: only CacheEntries bounds them.
	CacheBytes int
}

const (
	// maxCachedText is the length of the longest document kept, in bytes.
	maxCachedText = 64 << 10
	// maxIntrospectionDepth lets the query pass that clients send to learn a schema: it
	// follows a type through nine wrappers, which makes 15 levels.
	maxIntrospectionDepth = 15
	// maxIntrospectionLists is the number of lists of type members that may nest. Source:
	// graphql-js, which refuses the third.
	maxIntrospectionLists = 2
	// maxUnlimited bounds an operation with its fragments written out when MaxTokens is none.
	maxUnlimited = 200_000
	// maxShared is how many times the bound of one operation all operations of a document
	// may reach together, as they can share their fragments.
	maxShared = 8
)

func (l Limits) withDefaults() Limits {
	l.MaxTokens = cmp.Or(l.MaxTokens, 15_000)
	l.MaxDepth = cmp.Or(l.MaxDepth, 20)
	l.MaxRootFields = cmp.Or(l.MaxRootFields, 50)
	l.MaxAliases = cmp.Or(l.MaxAliases, 500)
	l.MaxErrors = cmp.Or(l.MaxErrors, 20)
	l.CacheEntries = cmp.Or(l.CacheEntries, 1024)
	l.CacheBytes = cmp.Or(l.CacheBytes, 64<<20)
	return l
}

// orNone turns a negative limit into one that nothing reaches.
func orNone(limit int) int {
	if limit < 0 {
		return math.MaxInt
	}
	return limit
}

// written is the bound of one operation with its fragments written out.
func (l Limits) written() int {
	if l.MaxTokens < 0 {
		return maxUnlimited
	}
	return l.MaxTokens
}
