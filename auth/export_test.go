package auth

import "sync/atomic"

// TokensKept is how many tokens are in the cache; -1: there is none.
func TokensKept(a Authenticator) int {
	j, _ := a.(*jwtAuthenticator)
	if j.verified == nil {
		return -1
	}
	j.verified.cache.CleanUp()
	return j.verified.cache.EstimatedSize()
}

// CountComparisons counts how often a secret of an authenticator of API keys is compared.
func CountComparisons(a Authenticator) *atomic.Int64 {
	k, _ := a.(*apiKeys)
	n, equal := new(atomic.Int64), k.equal
	k.equal = func(x, y []byte) int {
		n.Add(1)
		return equal(x, y)
	}
	return n
}
