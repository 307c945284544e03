package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"kokoroe/app/fault"
)

// Record is what canonical bytes say.
type Record struct {
	Kind     string
	Key      string
	Actor    Actor
	Subject  string
	Object   string
	Scope    string
	At       time.Time
	Program  string
	BodyJSON []byte // a JSON object, canonical
	Shown    Shown  // the digests in the body of the texts that were shown
}

// Shown are the members "text" and "declaration" of a record's body, where they
// are digests: of what stood on the page when the button was pressed. A receipt
// carries the texts themselves, and is refused when they are not these.
type Shown struct {
	Text        string // "sha256:" and 64 hex digits, or empty
	Declaration string
}

var (
	recordMembers = map[string]bool{"v": true, "kind": true, "key": true, "actor": true, "subject": true, "object": true,
		"scope": true, "at": true, "language": true, "signin": true, "program": true, "body": true}
	signInMembers = map[string]bool{"provider": true, "issuer": true, "acr": true, "amr": true, "auth_at": true}
)

// ParseRecord reads canonical bytes and accepts nothing else: bytes that differ
// from what CanonicalRecord would write for the same content are Invalid
// (record.malformed), and so is another version (record.version_unknown).
func ParseRecord(b []byte) (Record, error) {
	raw, err := parseRecord(b)
	if err != nil {
		return Record{}, err
	}
	r := Record{Kind: raw.Kind, Key: raw.Key, Subject: raw.Subject, Object: raw.Object, Scope: raw.Scope,
		At: time.UnixMilli(raw.At).UTC(), Program: raw.Program}
	r.Actor = Actor{ID: raw.Actor, Language: raw.Language}
	if in := raw.SignIn; in != nil {
		r.Actor.SignIn = SignIn{Provider: in.Provider, Issuer: in.Issuer, ACR: in.ACR, AMR: in.AMR}
		if in.AuthAt != 0 {
			r.Actor.SignIn.AuthAt = time.UnixMilli(in.AuthAt).UTC()
		}
	}
	body := struct {
		Body json.RawMessage `json:"body"`
	}{}
	if err := json.Unmarshal(b, &body); err != nil {
		return Record{}, malformed(err)
	}
	r.BodyJSON = body.Body
	r.Shown = shownIn(raw.Body)
	return r, nil
}

func parseRecord(b []byte) (recordJSON, error) {
	var r recordJSON
	if len(b) > MaxRecord {
		return r, tooLarge(len(b))
	}
	canonical, err := jcs.Transform(append([]byte{}, b...))
	if err != nil {
		return r, malformed(err)
	}
	if !bytes.Equal(canonical, b) {
		return r, malformed(fmt.Errorf("is not canonical JSON"))
	}
	v, err := decodeJSON(b)
	if err != nil {
		return r, malformed(err)
	}
	top, ok := v.(map[string]any)
	if !ok {
		return r, malformed(fmt.Errorf("is not an object"))
	}
	if version, ok := top["v"].(json.Number); !ok || version != "1" {
		return r, fault.New(fault.Invalid, "record.version_unknown", nil)
	}
	// encoding/json takes "Kind" for kind; the names are checked before it.
	signIn, _ := top["signin"].(map[string]any)
	if err := onlyMembers(top, recordMembers); err != nil {
		return r, malformed(err)
	}
	if err := onlyMembers(signIn, signInMembers); err != nil {
		return r, malformed(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, malformed(err)
	}
	return r, r.same(b, top["body"])
}

// same reports whether writing the record again gives the bytes b.
func (r *recordJSON) same(b []byte, body any) error {
	s := Statement{Kind: r.Kind, Key: r.Key, Subject: r.Subject, Object: r.Object, Scope: r.Scope,
		At: time.UnixMilli(r.At), Body: body, Actor: Actor{ID: r.Actor, Language: r.Language}}
	if in := r.SignIn; in != nil {
		s.Actor.SignIn = SignIn{Provider: in.Provider, Issuer: in.Issuer, ACR: in.ACR, AMR: in.AMR}
		if in.AuthAt != 0 {
			s.Actor.SignIn.AuthAt = time.UnixMilli(in.AuthAt)
		}
	}
	again, err := CanonicalRecord(s, r.Program)
	if err != nil {
		return malformed(err)
	}
	if !bytes.Equal(again, b) {
		return malformed(fmt.Errorf("is not what this program writes"))
	}
	r.Body = body
	return nil
}

func onlyMembers(o map[string]any, known map[string]bool) error {
	for name := range o {
		if !known[name] {
			return fmt.Errorf("has an unknown member %q", name)
		}
	}
	return nil
}

func shownIn(body any) Shown {
	o, _ := body.(map[string]any)
	return Shown{Text: digestIn(o["text"]), Declaration: digestIn(o["declaration"])}
}

// digestIn returns v when it is a digest. A kind may use the same name for
// something else, which is then no text that was shown.
func digestIn(v any) string {
	s, _ := v.(string)
	digits, ok := strings.CutPrefix(s, "sha256:")
	if !ok || len(digits) != 64 || strings.Trim(digits, "0123456789abcdef") != "" {
		return ""
	}
	return s
}

func malformed(err error) error {
	return &fault.Error{Kind: fault.Invalid, MessageID: "record.malformed", Err: fmt.Errorf("record: %w", err)}
}
