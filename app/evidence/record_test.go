package evidence_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

func TestCanonicalRecord(t *testing.T) {
	cases := []struct {
		name   string
		change func(s *evidence.Statement)
		want   string
	}{
		{"least", func(*evidence.Statement) {},
			`{"actor":"p-1","at":1775012400123,"body":{},"key":"k","kind":"a.b/v1","v":1}`},
		{"nanoseconds are cut", func(s *evidence.Statement) { s.At = s.At.Add(999999) },
			`{"actor":"p-1","at":1775012400123,"body":{},"key":"k","kind":"a.b/v1","v":1}`},
		{"sign-in", func(s *evidence.Statement) {
			s.Actor.SignIn = evidence.SignIn{Provider: "city", Issuer: "https://id", ACR: "2", AMR: []string{"pwd", "otp"}, AuthAt: clock()}
		}, `{"actor":"p-1","at":1775012400123,"body":{},"key":"k","kind":"a.b/v1","signin":{"acr":"2","amr":["pwd","otp"],"auth_at":1775012400123,"issuer":"https://id","provider":"city"},"v":1}`},
		{"voiced kana become one", func(s *evidence.Statement) { s.Object = "か\u3099" },
			`{"actor":"p-1","at":1775012400123,"body":{},"key":"k","kind":"a.b/v1","object":"が","v":1}`},
		{"body in NFC, names too", func(s *evidence.Statement) { s.Body = map[string]string{"e\u0301": "\nn\u0303"} },
			`{"actor":"p-1","at":1775012400123,"body":{"é":"\nñ"},"key":"k","kind":"a.b/v1","v":1}`},
		{"members by UTF-16", func(s *evidence.Statement) { s.Body = map[string]int{"\U00020000": 1, "\uff5e": 2, "a": 3, "A": 4} },
			`{"actor":"p-1","at":1775012400123,"body":{"A":4,"a":3,"𠀀":1,"～":2},"key":"k","kind":"a.b/v1","v":1}`},
		{"nothing is escaped that need not be", func(s *evidence.Statement) { s.Body = map[string]string{"x": "<&>/\u2028\"\\\t\x01"} },
			"{\"actor\":\"p-1\",\"at\":1775012400123,\"body\":{\"x\":\"<&>/\u2028\\\"\\\\\\t\\u0001\"},\"key\":\"k\",\"kind\":\"a.b/v1\",\"v\":1}"},
		{"nulls are left out", func(s *evidence.Statement) { s.Body = map[string]any{"x": nil, "y": []string(nil), "z": []string{}} },
			`{"actor":"p-1","at":1775012400123,"body":{"z":[]},"key":"k","kind":"a.b/v1","v":1}`},
		{"largest integers", func(s *evidence.Statement) { s.Body = []any{map[string]int64{"x": 1<<53 - 1, "y": -(1<<53 - 1)}}[0] },
			`{"actor":"p-1","at":1775012400123,"body":{"x":9007199254740991,"y":-9007199254740991},"key":"k","kind":"a.b/v1","v":1}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := evidence.Statement{Kind: "a.b/v1", Key: "k", Actor: evidence.Actor{ID: "p-1"}, At: clock()}
			c.change(&s)
			got, err := evidence.CanonicalRecord(s, "")
			if err != nil || string(got) != c.want {
				t.Fatalf("%s, %v\nwant %s", got, err, c.want)
			}
			if _, err := evidence.ParseRecord(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatCannotBeRecorded(t *testing.T) {
	deep := any("x")
	for range 40 {
		deep = map[string]any{"x": deep}
	}
	cases := []struct {
		name   string
		change func(s *evidence.Statement)
		field  string
	}{
		{"no kind", func(s *evidence.Statement) { s.Kind = "" }, "kind"},
		{"kind without version", func(s *evidence.Statement) { s.Kind = "a.b" }, "kind"},
		{"kind of version 0", func(s *evidence.Statement) { s.Kind = "a.b/v0" }, "kind"},
		{"kind in capitals", func(s *evidence.Statement) { s.Kind = "A.b/v1" }, "kind"},
		{"kind without noun", func(s *evidence.Statement) { s.Kind = ".b/v1" }, "kind"},
		{"no key", func(s *evidence.Statement) { s.Key = "" }, "key"},
		{"long key", func(s *evidence.Statement) { s.Key = strings.Repeat("k", 513) }, "key"},
		{"no actor", func(s *evidence.Statement) { s.Actor.ID = "" }, "actor"},
		{"line end in scope", func(s *evidence.Statement) { s.Scope = "2026\n" }, "scope"},
		{"broken text", func(s *evidence.Statement) { s.Object = "a\xff" }, "object"},
		{"empty amr", func(s *evidence.Statement) { s.Actor.SignIn.AMR = []string{""} }, "amr"},
		{"time out of range", func(s *evidence.Statement) { s.At = time.UnixMilli(math.MaxInt64) }, "at"},
		{"sign-in out of range", func(s *evidence.Statement) { s.Actor.SignIn.AuthAt = time.UnixMilli(1 << 53) }, "auth_at"},
		{"fraction", func(s *evidence.Statement) { s.Body = map[string]float64{"x": 0.5} }, "body"},
		{"large float", func(s *evidence.Statement) { s.Body = map[string]float64{"x": 1e300} }, "body"},
		{"integer of 54 bits", func(s *evidence.Statement) { s.Body = map[string]int64{"x": 1 << 53} }, "body"},
		{"negative zero", func(s *evidence.Statement) { s.Body = map[string]json.Number{"x": "-0"} }, "body"},
		{"null in a list", func(s *evidence.Statement) { s.Body = map[string]any{"x": []any{nil}} }, "body"},
		{"list", func(s *evidence.Statement) { s.Body = []int{1} }, "body"},
		{"names that become one", func(s *evidence.Statement) { s.Body = map[string]int{"é": 1, "e\u0301": 2} }, "body"},
		{"broken text in body", func(s *evidence.Statement) { s.Body = map[string]string{"x": "a\xff"} }, "body"},
		{"too deep", func(s *evidence.Statement) { s.Body = deep }, "body"},
		{"no JSON", func(s *evidence.Statement) { s.Body = map[string]any{"x": func() {}} }, "body"},
	}
	l := open(t, config(t, newMemory()))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := statement(1)
			c.change(&s)
			_, err := l.Append(t.Context(), s)
			wantFault(t, err, fault.Invalid, "evidence.record_invalid")
			if got := err.(*fault.Error).Args["Field"]; got != c.field {
				t.Errorf("field %v, want %s", got, c.field)
			}
		})
	}
}

func TestRecordLimit(t *testing.T) {
	s := statement(1)
	size := func(n int) error {
		s.Body = map[string]string{"x": strings.Repeat("漢", n)}
		b, err := evidence.CanonicalRecord(s, "test")
		if err == nil && len(b) > evidence.MaxRecord {
			t.Errorf("%d bytes", len(b))
		}
		return err
	}
	if err := size(21_700); err != nil {
		t.Error(err)
	}
	wantFault(t, size(21_900), fault.Invalid, "evidence.record_too_large")
	wantFault(t, size(900_000), fault.Invalid, "evidence.record_too_large")
	escaped := statement(1) // < is six bytes on the way and one in the record
	escaped.Body = map[string]string{"x": strings.Repeat("<", 60_000)}
	if _, err := evidence.CanonicalRecord(escaped, "test"); err != nil {
		t.Error(err)
	}
}

func TestParseRecord(t *testing.T) {
	good := `{"actor":"p-1","at":1,"body":{},"key":"k","kind":"a.b/v1","v":1}`
	cases := []struct{ name, record, message string }{
		{"good", good, ""},
		{"space", strings.Replace(good, ":", ": ", 1), "record.malformed"},
		{"order", `{"at":1,"actor":"p-1","body":{},"key":"k","kind":"a.b/v1","v":1}`, "record.malformed"},
		{"unknown member", strings.Replace(good, `"at"`, `"as":1,"at"`, 1), "record.malformed"},
		{"member in capitals", strings.Replace(good, `{"actor":"p-1",`, `{"Actor":"p-1",`, 1), "record.malformed"},
		{"member twice", strings.Replace(good, `"at":1`, `"at":1,"at":1`, 1), "record.malformed"},
		{"unknown member of signin", strings.Replace(good, `,"v"`, `,"signin":{"x":1},"v"`, 1), "record.malformed"},
		{"empty signin", strings.Replace(good, `,"v"`, `,"signin":{},"v"`, 1), "record.malformed"},
		{"empty member", strings.Replace(good, `,"v"`, `,"scope":"","v"`, 1), "record.malformed"},
		{"no body", strings.Replace(good, `"body":{},`, ``, 1), "record.malformed"},
		{"null body", strings.Replace(good, `{}`, `null`, 1), "record.malformed"},
		{"fraction", strings.Replace(good, `{}`, `{"x":0.5}`, 1), "record.malformed"},
		{"not in NFC", strings.Replace(good, `"k"`, "\"か\u3099\"", 1), "record.malformed"},
		{"last sign-in that a record can name", strings.Replace(good, `,"v"`, `,"signin":{"auth_at":9007199254740991},"v"`, 1), ""},
		{"sign-in of more than 53 bits", strings.Replace(good, `,"v"`, `,"signin":{"auth_at":9007199254740992},"v"`, 1), "record.malformed"},
		{"sign-in at no time", strings.Replace(good, `,"v"`, `,"signin":{"auth_at":-62135596800000},"v"`, 1), "record.malformed"},
		{"at no time", strings.Replace(good, `"at":1`, `"at":-62135596800000`, 1), "record.malformed"},
		{"version 2", strings.Replace(good, `"v":1`, `"v":2`, 1), "record.version_unknown"},
		{"list", `[]`, "record.malformed"},
		{"empty", ``, "record.malformed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := evidence.ParseRecord([]byte(c.record))
			if c.message != "" {
				wantFault(t, err, fault.Invalid, c.message)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRecordComesBackAsItWentIn(t *testing.T) {
	s := full()
	b, err := evidence.CanonicalRecord(s, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.ParseRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	s.Actor, r.Actor.SignIn.AMR = r.Actor, nil
	if r.Kind != s.Kind || r.Key != s.Key || r.Subject != s.Subject || r.Object != s.Object || r.Scope != s.Scope ||
		!r.At.Equal(s.At) || r.Program != "1.2.3" || r.Actor.ID != "p-1" || r.Actor.SignIn.ACR != "urn:example:mfa" {
		t.Errorf("record %+v", r)
	}
	if r.Shown.Text != digest(shownText) || r.Shown.Declaration != digest(shownDeclaration) {
		t.Errorf("shown %+v", r.Shown)
	}
}

// Whatever a body holds, the record is refused, or is canonical JSON that reads
// back and writes the same again.
func FuzzCanonicalRecord(f *testing.F) {
	for _, seed := range []string{`{}`, `{"x":[1,"か\u3099",{"y":null}]}`, `{"x":1.5}`, `{"x":"\ud800"}`, `[]`, `{"é":1,"e\u0301":2}`, `{"":-0}`} {
		f.Add("k", "thing:a", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, key, object string, body []byte) {
		s := statement(1)
		s.Key, s.Object, s.Body = key, object, json.RawMessage(body)
		b, err := evidence.CanonicalRecord(s, "test")
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if again, err := jcs.Transform(bytes.Clone(b)); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("not canonical: %s, %v", b, err)
		}
		r, err := evidence.ParseRecord(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		s.Key, s.Object, s.Body = r.Key, r.Object, json.RawMessage(r.BodyJSON)
		if again, err := evidence.CanonicalRecord(s, "test"); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s, then %s, %v", b, again, err)
		}
	})
}

// Whatever is read as a record is what this program writes.
func FuzzParseRecord(f *testing.F) {
	for _, record := range []string{minimal, withBody(`{"a":[1,{"b":"ガ"}]}`), withBody(`{"a":-0}`)} {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := evidence.ParseRecord(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		s := evidence.Statement{Kind: r.Kind, Key: r.Key, Actor: r.Actor, Subject: r.Subject, Object: r.Object, Scope: r.Scope,
			At: r.At, Body: json.RawMessage(r.BodyJSON)}
		if again, err := evidence.CanonicalRecord(s, r.Program); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q is written again as %q, %v", data, again, err)
		}
	})
}
