package identity_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kokoroe/app/identity"
	"kokoroe/app/identity/identitytest"
)

// lie is one thing that a provider says wrongly.
type lie struct {
	name   string
	lie    func(*op)
	config func(*identity.ProviderConfig)
	told   string // sign_in.refused
	reason string // part of the log's text
}

func claim(name string, v any) func(*op) {
	return func(p *op) { p.claims = func(c object) { c[name] = v } }
}

func without(name string) func(*op) {
	return func(p *op) { p.claims = func(c object) { delete(c, name) } }
}

func in(name string, d time.Duration) func(*op) {
	return func(p *op) { p.claims = func(c object) { c[name] = p.clock.Now().Add(d).Unix() } }
}

func header(name string, v any) func(*op) {
	return func(p *op) { p.header = func(h object) { h[name] = v } }
}

func signedAs(signer, alg, kid string) func(*op) {
	return func(p *op) {
		p.signer = signer
		p.header = func(h object) { h["alg"], h["kid"] = alg, kid }
	}
}

func rewritten(change func(head, body, sig string) string) func(*op) {
	return func(p *op) {
		p.token = func(raw string) string {
			parts := strings.Split(raw, ".")
			return change(parts[0], parts[1], parts[2])
		}
	}
}

func withKey(signer, alg, kid string, change func(object)) func(*op) {
	return func(p *op) {
		signedAs(signer, alg, kid)(p)
		p.keys = func(list *[]any) {
			k := publicKey(signer, kid)
			change(k)
			*list = append(*list, k)
		}
	}
}

// Signatures, algorithms and keys.
var signatureLies = []lie{
	{name: "no signature algorithm", lie: signedAs("none", "none", ""), reason: "unexpected signature algorithm"},
	{name: "public key as HMAC secret", lie: signedAs("HS256", "HS256", "ES256"), reason: "unexpected signature algorithm"},
	{name: "algorithm outside the list", lie: signedAs("RS512", "RS512", "RS256"), reason: "unexpected signature algorithm"},
	{name: "curve outside the list", lie: withKey("ES384", "ES384", "ES384", func(object) {}), reason: "unexpected signature algorithm"},
	{name: "algorithm not offered", lie: func(p *op) {
		p.signer = "RS256"
		p.discovery = func(d object) { d["id_token_signing_alg_values_supported"] = []string{"ES256"} }
	}, reason: "unexpected signature algorithm"},
	{name: "unknown key ID", lie: header("kid", "made-up"), reason: "no key of the provider"},
	{name: "no key ID among several keys", lie: func(p *op) { p.header = func(h object) { delete(h, "kid") } }, reason: "no key of the provider"},
	{name: "another's key", lie: signedAs("other", "ES256", "ES256"), reason: "no key of the provider"},
	{name: "key of 1024 bits", lie: withKey("weak", "RS256", "weak", func(object) {}), reason: "no key of the provider"},
	{name: "key for encryption", lie: withKey("other", "ES256", "enc", func(k object) { k["use"] = "enc" }), reason: "no key of the provider"},
	{name: "key of another algorithm", lie: withKey("PS256", "PS256", "rs", func(k object) { k["alg"] = "RS256" }), reason: "no key of the provider"},
	{name: "header names an algorithm of another key", lie: signedAs("ES256", "RS256", "ES256"), reason: "no key of the provider"},
	{name: "key in the header", lie: func(p *op) {
		signedAs("other", "ES256", "other")(p)
		p.header = func(h object) { h["alg"], h["jwk"] = "ES256", publicKey("other", "other") }
	}, reason: `has "jwk"`},
	{name: "address of keys in the header", lie: header("jku", "https://evil.example/keys"), reason: `has "jku"`},
	{name: "address of a certificate in the header", lie: header("x5u", "https://evil.example/cert"), reason: `has "x5u"`},
	{name: "certificate in the header", lie: header("x5c", []string{"MIIB"}), reason: `has "x5c"`},
	{name: "critical extension", lie: header("crit", []string{"exp"}), reason: `has "crit"`},
	{name: "logout token as ID token", lie: header("typ", "logout+jwt"), reason: "a token of the type"},
	{name: "access token as ID token", lie: header("typ", "at+jwt"), reason: "a token of the type"},
	{name: "type is a number", lie: header("typ", 1), reason: "typ is not a string"},
	{name: "signature cut off", lie: rewritten(func(h, b, _ string) string { return h + "." + b + "." }), reason: "no key of the provider"},
	{name: "signature changed", lie: rewritten(func(h, b, s string) string { return h + "." + b + ".AAAA" + s[4:] }), reason: "no key of the provider"},
	{name: "claims changed after signing", lie: rewritten(func(h, b, s string) string {
		return h + "." + b64([]byte(`{"sub":"sub-taro","employee_number":"001002"}`)) + "." + s
	}), reason: "no key of the provider"},
	{name: "JSON serialization", lie: rewritten(func(h, b, s string) string {
		raw, _ := json.Marshal(object{"protected": h, "payload": b, "signature": s})
		return string(raw)
	}), reason: "compact form"},
	{name: "encrypted form", lie: rewritten(func(h, b, s string) string { return h + "." + b + "." + s + ".x.y" }), reason: "malformed"},
	{name: "not a token", lie: rewritten(func(string, string, string) string { return "hello" }), reason: "compact form"},
	{name: "enormous token", lie: claim("padding", strings.Repeat("x", 40<<10)), reason: "too long"},
}

// Claims.
var claimLies = []lie{
	{name: "issuer of another tenant", lie: claim("iss", "https://evil.example"), reason: "different provider"},
	{name: "issuer with a slash", lie: func(p *op) { claim("iss", p.URL+"/")(p) }, reason: "different provider"},
	{name: "no issuer", lie: without("iss"), reason: "different provider"},
	{name: "another audience", lie: claim("aud", "another"), reason: "expected audience"},
	{name: "list of other audiences", lie: claim("aud", []string{"a", "b"}), reason: "expected audience"},
	{name: "no audience", lie: without("aud"), reason: "expected audience"},
	{name: "several audiences without azp", lie: claim("aud", []string{clientID, "another"}), reason: "issued to"},
	{name: "issued to another client", lie: claim("azp", "another"), reason: "issued to"},
	{name: "azp is empty", lie: claim("azp", ""), reason: "issued to"},
	{name: "no nonce", lie: without("nonce"), reason: "nonce"},
	{name: "another nonce", lie: claim("nonce", identity.NewToken()), reason: "nonce"},
	{name: "nonce under another name", lie: func(p *op) {
		p.claims = func(c object) { c["NONCE"] = c["nonce"]; delete(c, "nonce") }
	}, reason: "nonce"},
	{name: "nonce is a list", lie: func(p *op) { p.claims = func(c object) { c["nonce"] = []any{c["nonce"]} } }, reason: "unmarshal"},
	{name: "expired a second ago", lie: in("exp", -time.Second), reason: "expired"},
	{name: "expires in ten years", lie: in("exp", 10*365*24*time.Hour), reason: "lives too long"},
	{name: "never expires", lie: without("exp"), reason: "expired"},
	{name: "expiry is text", lie: claim("exp", "tomorrow"), reason: "unmarshal"},
	{name: "no time of issue", lie: without("iat"), reason: "iat and exp"},
	{name: "issued in an hour", lie: in("iat", time.Hour), reason: "from the future"},
	{name: "issued yesterday", lie: in("iat", -24*time.Hour), reason: "not fresh"},
	{name: "valid in an hour", lie: in("nbf", time.Hour), reason: "nbf"},
	{name: "valid in two minutes", lie: in("nbf", 2*time.Minute), reason: "not valid yet"},
	{name: "no subject", lie: without("sub"), reason: "sub,"},
	{name: "empty subject", lie: claim("sub", ""), reason: "sub,"},
	{name: "subject under another name", lie: func(p *op) {
		p.claims = func(c object) { c["SUB"] = "sub-taro"; delete(c, "sub") }
	}, reason: "sub,"},
	{name: "subject is a number", lie: claim("sub", 7), reason: "unmarshal"},
	{name: "subject of 300 characters", lie: claim("sub", strings.Repeat("x", 300)), reason: "sub,"},
	{name: "line break in the subject", lie: claim("sub", "a\nb"), reason: "sub,"},
	{name: "number without its zeros", lie: claim("employee_number", 1001), reason: "employee_number is not a string"},
	{name: "event token", lie: claim("events", object{}), reason: "event token"},
	{name: "access token exchanged", lie: claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), reason: "access token hash"},
	{name: "authenticated tomorrow", lie: in("auth_time", 24*time.Hour), reason: "auth_time"},
	{name: "amr is not a list", lie: claim("amr", object{}), reason: "amr"},
	{name: "control characters in acr", lie: claim("acr", "silver\x00"), reason: "acr"},
	{name: "claims that are to be fetched elsewhere", lie: claim("_claim_names", object{"employee_number": "src"}), reason: "source does not exist"},

	{name: "auth_time asked for and missing", lie: without("auth_time"), config: maxAge, reason: "auth_time"},
	{name: "authenticated too long ago", lie: in("auth_time", -20*time.Minute), config: maxAge, reason: "auth_time"},
	{name: "acr asked for and missing", lie: without("acr"), config: gold, told: "sign_in.too_weak", reason: "acr"},
	{name: "acr lower than asked for", lie: claim("acr", "silver"), config: gold, told: "sign_in.too_weak", reason: "acr"},

	{name: "no number, known mail address", lie: without("employee_number"), told: "sign_in.unknown_person", reason: "has no employee_number"},
	{name: "unknown number, known mail address", lie: claim("employee_number", "999999"), told: "sign_in.unknown_person", reason: "person"},
	{name: "number of one who left", lie: claim("employee_number", "001009"), told: "sign_in.unknown_person", reason: "today"},
	{name: "number of a contractor's worker", lie: claim("employee_number", "K-1"), told: "sign_in.other_entrance", reason: "forbidden"},
}

func maxAge(c *identity.ProviderConfig) { c.MaxAge = 10 * time.Minute }
func gold(c *identity.ProviderConfig)   { c.ACRValues = []string{"gold"} }

func TestHostileTokens(t *testing.T) {
	for group, lies := range map[string][]lie{"signature": signatureLies, "claim": claimLies} {
		t.Logf("%s: %d cases", group, len(lies))
		for _, l := range lies {
			t.Run(group+"/"+l.name, func(t *testing.T) {
				w := newWorld(t)
				if l.config != nil {
					l.config(&w.cfg.Providers[0])
				}
				l.lie(w.staff)
				_, err := w.signIn(w.instance(), "")
				told := l.told
				if told == "" {
					told = "sign_in.refused"
				}
				refused(t, err, told, l.reason)
				if n := w.store.Counts(); n != (identitytest.Counts{}) {
					t.Errorf("something was stored: %+v", n)
				}
			})
		}
	}
}

// What the lies are measured against: the same provider, telling the truth.
func TestHonestTokens(t *testing.T) {
	for _, c := range []struct {
		name string
		say  func(*op)
	}{
		{"ES256", func(p *op) { p.signer = "ES256" }},
		{"RS256", func(p *op) { p.signer = "RS256" }},
		{"PS256", func(p *op) { signedAs("PS256", "PS256", "RS256")(p) }},
		{"EdDSA", func(p *op) { p.signer = "EdDSA" }},
		{"no type", func(p *op) { p.header = func(h object) { delete(h, "typ") } }},
		{"no key ID, one key", func(p *op) {
			p.header = func(h object) { delete(h, "kid") }
			p.keys = func(l *[]any) { *l = (*l)[:1] }
		}},
		{"several audiences, issued to us", func(p *op) {
			p.claims = func(c object) { c["aud"], c["azp"] = []string{clientID, "another"}, clientID }
		}},
		{"clock 30 seconds ahead", in("iat", 30*time.Second)},
		{"unknown keys beside", func(p *op) {
			p.keys = func(l *[]any) {
				*l = append(*l, object{"kty": "XYZ", "kid": "new"}, object{"kty": "oct", "k": "AAAA", "kid": "s"})
			}
		}},
		{"nothing optional", func(p *op) {
			p.claims = func(c object) {
				for _, k := range []string{"sid", "acr", "amr", "auth_time", "email", "email_verified"} {
					delete(c, k)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.say(w.staff)
			in, err := w.signIn(w.instance(), "")
			if err != nil {
				t.Fatal(err)
			}
			if in.Session.Person != "p-hanako" || in.Session.Subject != "sub-hanako" || in.ReturnTo != "/tasks" {
				t.Errorf("signed in as %+v", in)
			}
		})
	}
}
