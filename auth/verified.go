package auth

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
)

// verifiedTokens keeps who sent tokens that were verified, by the tokens' hashes, so that neither a token nor a refusal is in
// memory. An entry holds no longer than its token and the key that verified it.
type verifiedTokens struct {
	cache *otter.Cache[[sha256.Size]byte, verifiedToken]
}

type verifiedToken struct {
	principal *Principal // what the others get is a copy
	key       [sha256.Size]byte
	expires   time.Time
	weight    uint32
}

// entryBytes is about what an entry costs beside its claims, and claimsFactor how much more room claims take than the token.
const (
	entryBytes   = 512
	claimsFactor = 4
)

func newVerifiedTokens(size int) (*verifiedTokens, error) {
	cache, err := otter.New(&otter.Options[[sha256.Size]byte, verifiedToken]{
		MaximumWeight: uint64(size),
		Weigher:       func(_ [sha256.Size]byte, t verifiedToken) uint32 { return t.weight },
		Executor:      func(f func()) { f() }, // no goroutine of its own
		Logger:        &otter.NoopLogger{},
	})
	if err != nil {
		return nil, err
	}
	return &verifiedTokens{cache}, nil
}

// find gives the principal of a token that was verified by a key which still is one of keys; nil: verify it.
func (v *verifiedTokens) find(token string, keys *keySet) *Principal {
	if v == nil {
		return nil
	}
	hash := sha256.Sum256([]byte(token))
	t, ok := v.cache.GetIfPresent(hash)
	if !ok {
		return nil
	}
	if !keys.known[t.key] || !time.Now().Before(t.expires) {
		v.cache.Invalidate(hash)
		return nil
	}
	return t.principal.Clone()
}

// keep notes a token that was verified. p stays the caller's.
func (v *verifiedTokens) keep(token string, p *Principal, by *key, expires time.Time) {
	if v == nil || !time.Now().Before(expires) {
		return
	}
	v.cache.Set(sha256.Sum256([]byte(token)), verifiedToken{
		principal: p.Clone(), key: by.print, expires: expires, weight: uint32(entryBytes + claimsFactor*len(token)),
	})
}
