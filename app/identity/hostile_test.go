package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/identity/identitytest"
)

const (
	clientID     = "kokoroe"
	clientSecret = "not much of a secret"
	baseURL      = "https://kokoroe.example"
)

type object = map[string]any

// clock is a clock that tests set.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.now.Store(time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) Now() time.Time          { return time.UnixMilli(c.now.Load()) }
func (c *clock) advance(d time.Duration) { c.now.Add(d.Milliseconds()) }

// op is an OpenID provider that tells the truth until a test has it lie.
type op struct {
	*httptest.Server
	clock *clock

	mu       sync.Mutex
	logins   map[string]url.Values // by code: what the browser brought
	fetches  int                   // of the key set
	requests int

	// How it lies. They get what would have been honest.
	discovery func(object)
	keys      func(*[]any)
	claims    func(object)
	header    func(object)
	signer    string // key of signers; ES256
	token     func(raw string) string
	answer    func(object)                                      // of the token endpoint
	serve     func(w http.ResponseWriter, r *http.Request) bool // true: it answered
}

func newOP(t testing.TB, c *clock) *op {
	p := &op{clock: c, logins: map[string]url.Values{}, signer: "ES256"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.serveDiscovery)
	mux.HandleFunc("GET /keys", p.serveKeys)
	mux.HandleFunc("POST /token", p.serveToken)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests++
		p.mu.Unlock()
		if p.serve == nil || !p.serve(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *op) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	doc := object{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "end_session_endpoint": p.URL + "/end", "code_challenge_methods_supported": []string{"plain", "S256"},
		"id_token_signing_alg_values_supported": []string{"ES256", "RS256", "PS256", "EdDSA", "RS512", "ES384", "HS256", "none"},
	}
	if p.discovery != nil {
		p.discovery(doc)
	}
	answerJSON(w, doc)
}

func (p *op) serveKeys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.fetches++
	p.mu.Unlock()
	list := []any{}
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		list = append(list, publicKey(alg, alg))
	}
	if p.keys != nil {
		p.keys(&list)
	}
	answerJSON(w, object{"keys": list})
}

func publicKey(name, kid string) object {
	raw, err := jose.JSONWebKey{Key: signers()[name].Public(), KeyID: kid, Use: "sig"}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	var k object
	if err := json.Unmarshal(raw, &k); err != nil {
		panic(err)
	}
	return k
}

func (p *op) serveToken(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	p.mu.Lock()
	login, ok := p.logins[r.PostFormValue("code")]
	delete(p.logins, r.PostFormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	unescaped, _ := url.QueryUnescape(secret)
	if !ok || id != clientID || unescaped != clientSecret || r.PostFormValue("redirect_uri") != login.Get("redirect_uri") ||
		login.Get("code_challenge_method") != "S256" || login.Get("code_challenge") != b64(sum[:]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		answerJSON(w, object{"error": "invalid_grant"})
		return
	}
	answer := object{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": p.idToken(login.Get("nonce"))}
	if p.answer != nil {
		p.answer(answer)
	}
	answerJSON(w, answer)
}

func (p *op) idToken(nonce string) string {
	now := p.clock.Now().Unix()
	c := object{
		"iss": p.URL, "sub": "sub-hanako", "aud": clientID, "nonce": nonce, "iat": now, "exp": now + 300, "auth_time": now - 5,
		"sid": "sid-1", "acr": "silver", "amr": []string{"pwd", "otp"}, "employee_number": "001001", "email": "hanako@city.example", "email_verified": true,
	}
	if p.claims != nil {
		p.claims(c)
	}
	raw := p.sign(object{}, c)
	if p.token != nil {
		raw = p.token(raw)
	}
	return raw
}

// sign makes a token in compact form, with whatever the header is to say.
func (p *op) sign(extra, claims object) string {
	h := object{"alg": p.signer, "kid": p.signer, "typ": "JWT"}
	for k, v := range extra {
		h[k] = v
	}
	if p.header != nil {
		p.header(h)
	}
	head, _ := json.Marshal(h)
	body, _ := json.Marshal(claims)
	input := b64(head) + "." + b64(body)
	return input + "." + b64(signature(p.signer, input))
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// signers are the keys, by name; made once.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ec384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{"ES256": ec, "ES384": ec384, "RS256": r, "PS256": r, "RS512": r, "EdDSA": ed, "weak": weak, "other": other}
})

func signature(name, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	key := signers()[name]
	switch name {
	case "none":
		return nil
	case "HS256": // with the public key as the secret, the classic confusion
		raw, _ := json.Marshal(publicKey("ES256", "ES256"))
		mac := hmac.New(sha256.New, raw)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	case "RS512":
		long := sha512.Sum512([]byte(input))
		sig, _ := key.Sign(rand.Reader, long[:], crypto.SHA512)
		return sig
	case "RS256", "weak":
		sig, _ := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		return sig
	case "PS256":
		sig, _ := key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
		return sig
	case "EdDSA":
		sig, _ := key.Sign(rand.Reader, []byte(input), crypto.Hash(0))
		return sig
	case "ES384":
		long := sha512.Sum384([]byte(input))
		return ecSignature(key.(*ecdsa.PrivateKey), long[:], 48)
	default:
		return ecSignature(key.(*ecdsa.PrivateKey), sum[:], 32)
	}
}

func ecSignature(key *ecdsa.PrivateKey, sum []byte, size int) []byte {
	r, s, _ := ecdsa.Sign(rand.Reader, key, sum)
	out := make([]byte, 2*size)
	for i, n := range []*big.Int{r, s} {
		n.FillBytes(out[i*size : (i+1)*size])
	}
	return out
}

// world is one store, a provider for staff and one for contractors, and as
// many instances of the service as a test wants.
type world struct {
	t           testing.TB
	clock       *clock
	store       *identitytest.Store
	people      *identitytest.People
	staff, firm *op
	cfg         identity.Config
}

func newWorld(t testing.TB) *world {
	c := newClock()
	w := &world{t: t, clock: c, store: new(identitytest.Store), staff: newOP(t, c), firm: newOP(t, c)}
	since := calendar.MustDate("2020-04-01")
	w.people = identitytest.NewPeople(
		directory.Person{ID: "p-hanako", Number: "001001", Name: "見本 花子", Mail: "hanako@city.example", Employment: directory.Regular, JoinedOn: since},
		directory.Person{ID: "p-taro", Number: "001002", Name: "見本 太郎", Employment: directory.Regular, JoinedOn: since, Post: "課長"},
		directory.Person{ID: "p-saburo", Number: "K-1", Name: "委託 三郎", Employment: directory.Contracted, JoinedOn: since},
		directory.Person{ID: "p-left", Number: "001009", Name: "退職 四郎", Employment: directory.Regular, JoinedOn: since, LeftOn: calendar.MustDate("2026-11-19")},
	)
	w.cfg = identity.Config{
		BaseURL: baseURL, Clock: c.Now, Timeout: 30 * time.Second,
		Grants: func() identity.Grants { return identity.Grants{identity.HR: {"001002"}} },
		Providers: []identity.ProviderConfig{
			{ID: "staff", Issuer: w.staff.URL, ClientID: clientID, ClientSecret: clientSecret, Kinds: []directory.Kind{directory.Employee}},
			{ID: "firm", Issuer: w.firm.URL, ClientID: clientID, ClientSecret: clientSecret, Kinds: []directory.Kind{directory.ContractorWorker}},
		},
	}
	return w
}

// instance starts another service over the same store.
func (w *world) instance() *identity.Service {
	w.t.Helper()
	s, err := identity.New(w.cfg, w.store, w.people)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// visit plays the browser at the provider: it returns the callback.
func (p *op) visit(authURL string) identity.Callback {
	u, err := url.Parse(authURL)
	if err != nil {
		panic(err)
	}
	code := identity.NewToken()
	p.mu.Lock()
	p.logins[code] = u.Query()
	p.mu.Unlock()
	return identity.Callback{Code: code, State: u.Query().Get("state")}
}

// signIn goes the whole way through one instance.
func (w *world) signIn(s *identity.Service, previous string) (identity.SignedIn, error) {
	browser := identity.NewToken()
	authURL, err := s.Begin(w.t.Context(), "staff", browser, "/tasks")
	if err != nil {
		return identity.SignedIn{}, err
	}
	return s.Finish(w.t.Context(), "staff", browser, w.staff.visit(authURL), previous)
}

func (w *world) mustSignIn(s *identity.Service) identity.SignedIn {
	w.t.Helper()
	in, err := w.signIn(s, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return in
}

// messageOf returns what the reader is told.
func messageOf(err error) string {
	for ; err != nil; err = unwrap(err) {
		if f, ok := err.(*fault.Error); ok {
			return f.MessageID
		}
	}
	return ""
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// refused wants an error with the message, whose text for the log names the
// reason, so that a case does not pass by failing at something else.
func refused(t *testing.T, err error, message, reason string) {
	t.Helper()
	if err == nil {
		t.Fatal("it was accepted")
	}
	if got := messageOf(err); got != message {
		t.Errorf("the reader is told %q, not %q (%v)", got, message, err)
	}
	if !strings.Contains(err.Error(), reason) {
		t.Errorf("refused for another reason than %q: %v", reason, err)
	}
}
