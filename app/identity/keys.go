package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"kokoroe/app/calendar"
)

// keySet is the provider's public keys. It is go-oidc's KeySet with what its
// own lacks: keys too weak are left out, a key verifies its own algorithm only,
// and unknown key IDs make one request in 30 seconds.
type keySet struct {
	keys *fetched[[]jose.JSONWebKey]
}

func newKeySet(client *http.Client, clock calendar.Clock, address func(context.Context) (string, error)) *keySet {
	load := func(ctx context.Context) ([]jose.JSONWebKey, error) {
		from, err := address(ctx)
		if err != nil {
			return nil, err
		}
		// Key by key: one of a kind that we do not know must not spoil the others.
		var document struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if err := readJSON(ctx, client, from, &document); err != nil {
			return nil, err
		}
		return usableKeys(document.Keys)
	}
	return &keySet{keys: &fetched[[]jose.JSONWebKey]{clock: clock, keep: keysFor, load: load}}
}

func usableKeys(raw []json.RawMessage) ([]jose.JSONWebKey, error) {
	var keys []jose.JSONWebKey
	ids := map[string]bool{}
	for _, r := range raw {
		var k jose.JSONWebKey
		if json.Unmarshal(r, &k) != nil || !k.IsPublic() || k.Use != "" && k.Use != "sig" || len(algorithmsOf(k)) == 0 {
			continue
		}
		if ids[k.KeyID] {
			return nil, fmt.Errorf("two keys have the ID %q", k.KeyID)
		}
		ids[k.KeyID] = true
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set holds no key that is accepted here")
	}
	return keys, nil
}

// algorithmsOf returns what a key may verify; nothing for a weak key.
func algorithmsOf(k jose.JSONWebKey) []jose.SignatureAlgorithm {
	var able []jose.SignatureAlgorithm
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 && key.E >= 65537 {
			able = []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			able = []jose.SignatureAlgorithm{jose.ES256}
		}
	case ed25519.PublicKey:
		able = []jose.SignatureAlgorithm{jose.EdDSA}
	}
	if k.Algorithm == "" {
		return able
	}
	return slices.DeleteFunc(able, func(a jose.SignatureAlgorithm) bool { return string(a) != k.Algorithm })
}

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	jws, err := jose.ParseSigned(raw, signatureAlgorithms(pinned))
	if err != nil {
		return nil, err
	}
	if len(jws.Signatures) != 1 {
		return nil, errors.New("not one signature")
	}
	keys, err := s.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	if payload, ok := verifyWith(keys, jws); ok {
		return payload, nil
	}
	// The provider may have changed its keys.
	keys, err = s.keys.renew(ctx, keysEvery)
	if err != nil {
		return nil, err
	}
	if payload, ok := verifyWith(keys, jws); ok {
		return payload, nil
	}
	return nil, errors.New("no key of the provider verifies the signature")
}

func verifyWith(keys []jose.JSONWebKey, jws *jose.JSONWebSignature) ([]byte, bool) {
	h := jws.Signatures[0].Header
	for _, k := range keys {
		// A token without key ID is clear only when there is a single key.
		named := h.KeyID == k.KeyID || h.KeyID == "" && len(keys) == 1
		if !named || !slices.Contains(algorithmsOf(k), jose.SignatureAlgorithm(h.Algorithm)) {
			continue
		}
		if payload, err := jws.Verify(k.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func signatureAlgorithms(names []string) []jose.SignatureAlgorithm {
	list := make([]jose.SignatureAlgorithm, len(names))
	for i, n := range names {
		list[i] = jose.SignatureAlgorithm(n)
	}
	return list
}
