package evidence

import (
	"encoding/json"
	"time"
)

// Actor is who does something, and how they signed in: every call that writes
// names one.
type Actor struct {
	ID       string // opaque person ID
	Language string // BCP 47 tag of the language that the page was shown in
	SignIn   SignIn
}

// SignIn says how the actor was known (OpenID Connect Core 1.0, 2: acr, amr,
// auth_time).
type SignIn struct {
	Provider string    // the portal's name for the provider
	Issuer   string    // iss
	ACR      string    // acr, empty when the provider did not say
	AMR      []string  // amr
	AuthAt   time.Time // auth_time; zero when the provider did not say
}

// Statement is what a domain package asks the log to record.
type Statement struct {
	Kind    string    // versioned, such as "policy.acknowledged/v1"; released kinds are frozen
	Key     string    // idempotency key: the same key is recorded once, for ever
	Actor   Actor     // who acted
	Subject string    // opaque ID of the person it is about; the actor, unless done on behalf
	Object  string    // what it is about, such as "policy:basic-policy" or "course:annual"
	Scope   string    // the occurrence: a fiscal year "2026", or "contract:K-1"
	At      time.Time // when; kept to the millisecond, UTC
	Body    any       // what this kind says more; marshals to a JSON object without floats
}

// Entry is one line of the log, as the store keeps it. Seq counts from 0.
type Entry struct {
	Seq     int64
	Key     string
	Kind    string
	Actor   string
	Subject string
	Object  string
	Scope   string
	At      time.Time // UTC, milliseconds
	Record  []byte    // canonical bytes (RFC 8785); nil once erased
	Salt    []byte    // 32 bytes; nil once erased
	Leaf    []byte    // 32 bytes: HMAC-SHA-256(Salt, Record)
	Hashes  []byte    // n×32 bytes: the RFC 6962 hashes that this entry completes, level 0 first
}

// Body decodes the kind's own part of the record into v.
func (e Entry) Body(v any) error {
	r := struct {
		Body any `json:"body"` // v itself, so that a million records are each read once
	}{v}
	return json.Unmarshal(e.Record, &r)
}
