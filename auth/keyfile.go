package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwk"
)

// ReadSecretFile reads a secret: the file's raw bytes, less one trailing newline, which editors add.
func ReadSecretFile(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the secret: %w", err) // the path and the reason are in it
	}
	secret = bytes.TrimSuffix(secret, []byte{'\n'})
	if len(secret) == 0 {
		return nil, fmt.Errorf("reading the secret: %s is empty: write the secret's raw bytes into it", path)
	}
	return secret, nil
}

// ReadPublicKeyFile reads the public keys of a file, which holds either PEM (blocks PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE, of
// which the key alone counts) or JSON: one JWK or a set of them (RFC 7517). A private key, a secret and a key of a kind
// that verifies no tokens are errors, since a file is in its owner's hands.
func ReadPublicKeyFile(path string) ([]PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading public keys: %w", err)
	}
	read := readPEM
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		read = func(text []byte) ([]PublicKey, error) {
			keys, ignored, err := readJWKS(text)
			return keys, errors.Join(append([]error{err}, ignored...)...)
		}
	}
	keys, err := read(text)
	if err == nil && len(keys) == 0 {
		err = errors.New("there is no key in it: it must hold PEM (-----BEGIN PUBLIC KEY-----) or a JWK set")
	}
	if err != nil {
		return nil, fmt.Errorf("reading public keys: %s: %w", path, err)
	}
	return keys, nil
}

func readPEM(text []byte) (keys []PublicKey, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return keys, nil
		}
		var found any
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, errors.New("it holds a private key, which only signs: give the public one, as `openssl pkey -pubout` writes it")
		case block.Type == "PUBLIC KEY":
			found, err = x509.ParsePKIXPublicKey(block.Bytes)
		case block.Type == "RSA PUBLIC KEY":
			found, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case block.Type == "CERTIFICATE":
			var c *x509.Certificate
			if c, err = x509.ParseCertificate(block.Bytes); err == nil {
				found = c.PublicKey
			}
		default:
			return nil, fmt.Errorf("it holds a block %q, which is no public key: write PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE", block.Type)
		}
		if err != nil {
			return nil, err
		}
		if _, err := algorithmsOf(found); err != nil {
			return nil, err
		}
		keys = append(keys, PublicKey{Key: found})
	}
}

// maxKeys bounds a set of keys: a token without kid is tried with every one of its algorithm.
const maxKeys = 100

// readJWKS reads one JWK or a set. Keys that could not verify a token are not in the result; ignored tells why.
func readJWKS(text []byte) (keys []PublicKey, ignored []error, err error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
		Kty  string            `json:"kty"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, nil, fmt.Errorf("it is no JWK set: %w", err)
	}
	if document.Kty != "" {
		document.Keys = []json.RawMessage{text}
	}
	if n := len(document.Keys); n > maxKeys {
		return nil, nil, fmt.Errorf("the set has %d keys, and the limit is %d", n, maxKeys)
	}
	for i, raw := range document.Keys {
		k, err := readJWK(raw)
		if err != nil {
			ignored = append(ignored, fmt.Errorf("key %d: %w", i+1, err))
			continue
		}
		keys = append(keys, k)
	}
	return keys, ignored, nil
}

// readJWK reads a key that verifies. Source: RFC 7517, section 4.
func readJWK(raw []byte) (PublicKey, error) {
	parsed, err := jwk.ParseKey(raw)
	if err != nil {
		return PublicKey{}, errors.New("it is no JWK, or of a kind that is not known") // the library's error may quote the key
	}
	if use, ok := parsed.KeyUsage(); ok && use != "sig" {
		return PublicKey{}, fmt.Errorf("its use is %q and not sig", use)
	}
	if ops, ok := parsed.KeyOps(); ok && len(ops) > 0 {
		verifies := false
		for _, op := range ops {
			verifies = verifies || op == jwk.KeyOpVerify
		}
		if !verifies {
			return PublicKey{}, errors.New("its key_ops do not have verify")
		}
	}
	k := PublicKey{}
	k.ID, _ = parsed.KeyID()
	if a, ok := parsed.Algorithm(); ok {
		k.Algorithms = []string{a.String()}
	}
	var material any
	if err := jwk.Export(parsed, &material); err != nil {
		return PublicKey{}, errors.New("it is broken, or of a kind that is not known")
	}
	switch m := material.(type) {
	case []byte:
		return PublicKey{}, errors.New("it is a secret (oct), which has no place among public keys: whoever reads it can make tokens")
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		k.Key = m
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return PublicKey{}, errors.New("it is a private key, with which whoever reads it can make tokens: make a new one, and publish its public part")
	default:
		return PublicKey{}, fmt.Errorf("a %T verifies no tokens", m)
	}
	_, err = newKey(k.ID, k.Key, k.Algorithms)
	return k, err
}
