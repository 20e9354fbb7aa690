package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
)

const (
	minSecretBytes = 32   // what HS256 asks of its key; source: RFC 7518, section 3.2
	minRSABits     = 2048 // source: RFC 7518, section 3.3
	maxRSABits     = 8192 // beyond it, checking one signature takes too long
)

// PublicKey verifies tokens that the owner of its private key has signed.
type PublicKey struct {
	// ID is the key's kid. A token that names another kid is not tried with this key. Default: none, it is tried with every token.
	ID string
	// Key is an *rsa.PublicKey of 2048 bits and more, an *ecdsa.PublicKey on P-256, P-384 or P-521, or an ed25519.PublicKey.
	Key crypto.PublicKey
	// Algorithms are those that the key verifies. Default: all that fit it: RS256, RS384, RS512, PS256, PS384 and PS512 for RSA;
	// ES256, ES384 or ES512, as its curve says; EdDSA (also by its newer name, Ed25519) for Ed25519.
	Algorithms []string
}

// key is what verifies a signature, with the algorithms under which it may. They come from the key and what is
// configured, never from a token: a token only chooses among them.
type key struct {
	id         string
	algorithms []string
	material   any // []byte, or what PublicKey.Key holds
	print      [sha256.Size]byte
}

// algorithmsOf tells which algorithms fit a key, and refuses a key that is too weak for any.
// Source: RFC 7518, section 3.1; RFC 8037; RFC 9864.
func algorithmsOf(material any) ([]string, error) {
	switch k := material.(type) {
	case []byte:
		switch n := len(k); {
		case n < minSecretBytes:
			return nil, fmt.Errorf("the JWT secret has %d bytes and HS256 needs at least %d (RFC 7518, section 3.2): make one with `openssl rand -hex 32`", n, minSecretBytes)
		case n < 48:
			return []string{"HS256"}, nil
		case n < 64:
			return []string{"HS256", "HS384"}, nil
		}
		return []string{"HS256", "HS384", "HS512"}, nil
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSABits || n > maxRSABits {
			return nil, fmt.Errorf("the RSA key has %d bits, and the limits are %d (RFC 7518, section 3.3) and %d: use one of 2048 or 3072 bits", n, minRSABits, maxRSABits)
		}
		if k.E < 3 || k.E%2 == 0 {
			return nil, fmt.Errorf("the RSA key's exponent is %d, which is none: make another key", k.E)
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PublicKey:
		algorithm := map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[k.Curve]
		if algorithm == "" {
			return nil, errors.New("the elliptic curve is none of P-256, P-384 and P-521: make a key on one of them")
		}
		if _, err := k.ECDH(); err != nil { // the point is not on the curve
			return nil, fmt.Errorf("the elliptic curve key is broken: %w", err)
		}
		return []string{algorithm}, nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("the Ed25519 key has %d bytes and needs %d", len(k), ed25519.PublicKeySize)
		}
		return []string{"EdDSA", "Ed25519"}, nil
	case crypto.Signer:
		return nil, fmt.Errorf("a %T is a private key: give its public one", material)
	}
	return nil, fmt.Errorf("a %T verifies no tokens: give an *rsa.PublicKey, an *ecdsa.PublicKey or an ed25519.PublicKey", material)
}

// newKey makes a key. With algorithms given, only those of them are accepted that fit the key.
func newKey(id string, material any, algorithms []string) (*key, error) {
	fitting, err := algorithmsOf(material)
	if err != nil {
		return nil, err
	}
	if len(algorithms) > 0 {
		for _, a := range algorithms {
			if !slices.Contains(fitting, a) {
				return nil, fmt.Errorf("the algorithm %q does not fit the key, which is for %s", a, strings.Join(fitting, ", "))
			}
		}
		fitting = slices.Clone(algorithms)
	}
	k := &key{id: id, algorithms: fitting, material: material}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %T ", id, fitting, material)
	switch m := material.(type) {
	case []byte:
		m = bytes.Clone(m)
		k.material = m
		h.Write(m)
	default:
		der, err := x509.MarshalPKIXPublicKey(material)
		if err != nil {
			return nil, fmt.Errorf("the key is broken: %w", err)
		}
		h.Write(der)
	}
	h.Sum(k.print[:0])
	return k, nil
}

// keySet is a frozen set of keys.
type keySet struct {
	keys  []*key
	known map[[sha256.Size]byte]bool
}

func newKeySet(keys ...*key) *keySet {
	s := &keySet{known: make(map[[sha256.Size]byte]bool, len(keys))}
	for _, k := range keys {
		if !s.known[k.print] {
			s.known[k.print] = true
			s.keys = append(s.keys, k)
		}
	}
	return s
}

// names tells whether a key of the set has the id.
func (s *keySet) names(id string) bool {
	return slices.ContainsFunc(s.keys, func(k *key) bool { return k.id == id })
}

// fitting gives the keys that may verify a token with this kid (empty: none) and algorithm.
func (s *keySet) fitting(id, algorithm string) (found []*key) {
	for _, k := range s.keys {
		if (id == "" || k.id == "" || k.id == id) && slices.Contains(k.algorithms, algorithm) {
			found = append(found, k)
		}
	}
	return found
}

// algorithms lists what the keys accept, for messages.
func (s *keySet) algorithms() string {
	var all []string
	for _, k := range s.keys {
		for _, a := range k.algorithms {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return strings.Join(all, ", ")
}

// asymmetric tells whether a public key could verify the algorithm.
func asymmetric(algorithm string) bool {
	a, ok := jwa.LookupSignatureAlgorithm(algorithm)
	return ok && !a.IsSymmetric() && a != jwa.NoSignature()
}
