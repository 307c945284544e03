package evidence

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
	"golang.org/x/text/unicode/norm"

	"kokoroe/app/fault"
)

const (
	// RecordVersion is the format of the record's bytes, its member v.
	RecordVersion = 1
	// MaxRecord is the size in bytes that a record may have.
	MaxRecord = 64 << 10
	// SaltSize is the size of the secret that makes a leaf unguessable.
	SaltSize = 32

	leafContext = "kokoroe/record/v1\n"
	maxField    = 512 // bytes of one member outside body
	maxDepth    = 32  // nesting of body
	maxInteger  = 1<<53 - 1
)

// recordJSON is the record as JSON. Members that are empty are left out; body
// always stands there.
type recordJSON struct {
	V        int         `json:"v"`
	Kind     string      `json:"kind"`
	Key      string      `json:"key"`
	Actor    string      `json:"actor"`
	Subject  string      `json:"subject,omitempty"`
	Object   string      `json:"object,omitempty"`
	Scope    string      `json:"scope,omitempty"`
	At       int64       `json:"at"`
	Language string      `json:"language,omitempty"`
	SignIn   *signInJSON `json:"signin,omitempty"`
	Program  string      `json:"program,omitempty"`
	Body     any         `json:"body"`
}

type signInJSON struct {
	Provider string   `json:"provider,omitempty"`
	Issuer   string   `json:"issuer,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	AuthAt   int64    `json:"auth_at,omitempty"`
}

// CanonicalRecord returns the bytes that the log keeps for the statement: RFC
// 8785 JSON with every string in NFC. Invalid names what cannot be recorded: a
// member that is missing, too long or not text, a fraction, an integer that
// JSON cannot carry exactly, a body that is no object.
func CanonicalRecord(s Statement, program string) ([]byte, error) {
	r, err := newRecord(s, program)
	if err != nil {
		return nil, err
	}
	return r.bytes()
}

func newRecord(s Statement, program string) (recordJSON, error) {
	r := recordJSON{
		V: RecordVersion, Kind: s.Kind, Key: s.Key, Actor: s.Actor.ID, Subject: s.Subject, Object: s.Object,
		Scope: s.Scope, At: s.At.UnixMilli(), Language: s.Actor.Language, Program: program,
	}
	if !isKind(s.Kind) {
		return r, unrecordable("kind", fmt.Errorf("%q is not a versioned kind", s.Kind))
	}
	if s.At.IsZero() || r.At < -maxInteger || r.At > maxInteger {
		return r, unrecordable("at", fmt.Errorf("%v cannot be recorded", s.At))
	}
	in := signInJSON{Provider: s.Actor.SignIn.Provider, Issuer: s.Actor.SignIn.Issuer, ACR: s.Actor.SignIn.ACR}
	fields := []struct {
		name  string
		value *string
		need  bool
	}{
		{"kind", &r.Kind, true}, {"key", &r.Key, true}, {"actor", &r.Actor, true}, {"subject", &r.Subject, false},
		{"object", &r.Object, false}, {"scope", &r.Scope, false}, {"language", &r.Language, false},
		{"program", &r.Program, false}, {"provider", &in.Provider, false}, {"issuer", &in.Issuer, false}, {"acr", &in.ACR, false},
	}
	for _, f := range fields {
		v, err := normalField(*f.value, f.need)
		if err != nil {
			return r, unrecordable(f.name, err)
		}
		*f.value = v
	}
	for _, m := range s.Actor.SignIn.AMR {
		v, err := normalField(m, true)
		if err != nil {
			return r, unrecordable("amr", err)
		}
		in.AMR = append(in.AMR, v)
	}
	if !s.Actor.SignIn.AuthAt.IsZero() {
		in.AuthAt = s.Actor.SignIn.AuthAt.UnixMilli()
	}
	if in.AuthAt < -maxInteger || in.AuthAt > maxInteger {
		return r, unrecordable("auth_at", fmt.Errorf("%v cannot be recorded", s.Actor.SignIn.AuthAt))
	}
	if in.Provider != "" || in.Issuer != "" || in.ACR != "" || in.AMR != nil || in.AuthAt != 0 {
		r.SignIn = &in
	}
	var err error
	if r.Body, err = normalBody(s.Body); err != nil {
		return r, unrecordable("body", err)
	}
	return r, nil
}

func (r recordJSON) bytes() ([]byte, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, unrecordable("body", err)
	}
	b, err := jcs.Transform(raw)
	if err != nil {
		return nil, unrecordable("body", err)
	}
	if len(b) > MaxRecord {
		return nil, tooLarge(len(b))
	}
	return b, nil
}

// normalField checks one member outside body: one line of text, in NFC.
func normalField(s string, need bool) (string, error) {
	if s == "" && need {
		return "", fmt.Errorf("is missing")
	}
	if len(s) > maxField {
		return "", fmt.Errorf("is longer than %d bytes", maxField)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", fmt.Errorf("holds a control character")
	}
	return normalText(s)
}

// normalText refuses U+FFFD too: where it stands, a character was lost on the
// way here, and encoding/json writes it for bytes that are no text.
func normalText(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return "", fmt.Errorf("is not UTF-8 text")
	}
	return norm.NFC.String(s), nil
}

// isKind reports whether s is dotted lower-case words and a version, such as
// "policy.acknowledged/v1".
func isKind(s string) bool {
	name, version, ok := strings.Cut(s, "/v")
	if !ok || version == "" || version[0] == '0' || strings.Trim(version, "0123456789") != "" || !strings.Contains(name, ".") {
		return false
	}
	for word := range strings.SplitSeq(name, ".") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return false
		}
	}
	return true
}

func normalBody(body any) (any, error) {
	if body == nil {
		return map[string]any{}, nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	if len(raw) > 6*MaxRecord { // six bytes here, \u003c, are at least one in the record
		return nil, tooLarge(len(raw))
	}
	v, err := decodeJSON(raw)
	if err != nil {
		return nil, err
	}
	if _, ok := v.(map[string]any); !ok {
		return nil, fmt.Errorf("is not an object")
	}
	return normalValue(v, 0)
}

func decodeJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // an int64 must not pass through a float
	var v any
	err := d.Decode(&v)
	return v, err
}

// normalValue returns v with strings in NFC and without members that are null.
func normalValue(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("is nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		return normalObject(v, depth)
	case []any:
		for i := range v {
			e, err := normalValue(v[i], depth+1)
			if err != nil {
				return nil, err
			}
			if e == nil {
				return nil, fmt.Errorf("holds a null in a list")
			}
			v[i] = e
		}
		return v, nil
	case string:
		return normalText(v)
	case json.Number:
		n, err := v.Int64()
		if err != nil || n < -maxInteger || n > maxInteger || v == "-0" {
			return nil, fmt.Errorf("holds %s, which is not an integer of at most 53 bits", v)
		}
		return v, nil
	default: // bool, nil
		return v, nil
	}
}

func normalObject(o map[string]any, depth int) (any, error) {
	out := make(map[string]any, len(o))
	for name, v := range o {
		name, err := normalText(name)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("holds member %q twice", name)
		}
		if v, err = normalValue(v, depth+1); err != nil {
			return nil, err
		}
		if v != nil {
			out[name] = v
		}
	}
	return out, nil
}

// Leaf returns the commitment that stands in the log for ever:
// HMAC-SHA-256(salt, "kokoroe/record/v1\n" || record). It says nothing about
// the record to somebody without the salt.
func Leaf(salt, record []byte) []byte {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(leafContext))
	mac.Write(record)
	return mac.Sum(make([]byte, 0, sha256.Size))
}

func milli(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

func unrecordable(field string, err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok { // already said, and better
		return e
	}
	return &fault.Error{Kind: fault.Invalid, MessageID: "evidence.record_invalid",
		Args: fault.Args{"Field": field}, Err: fmt.Errorf("%s %w", field, err)}
}

func tooLarge(size int) error {
	return fault.New(fault.Invalid, "evidence.record_too_large", fault.Args{"Size": size, "Limit": MaxRecord})
}
