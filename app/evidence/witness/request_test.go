package witness_test

import (
	"bytes"
	"errors"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
)

// FuzzParseRequest: whatever is accepted is written again byte for byte, and
// what is refused is refused as malformed.
func FuzzParseRequest(f *testing.F) {
	log := newTree(f, 20)
	whole := witness.MarshalRequest(log.request(f, 7, 20))
	for _, seed := range [][]byte{
		whole, whole[:40], whole[:len(whole)-1], witness.MarshalRequest(log.request(f, 0, 20)), nil, []byte("old 0\n\n"), []byte("old 0\n"), []byte("\n\n\n"),
		bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")), bytes.Replace(whole, []byte("="), []byte("A"), 1), bytes.Repeat([]byte("old 1\n"), 90),
		bytes.Replace(whole, []byte("—"), []byte("-"), 1),
	} {
		f.Add(seed)
	}
	w := newAudit(f).open(f, log.key)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := witness.ParseRequest(body)
		if err != nil {
			if refusal, ok := errors.AsType[*evidence.WitnessRefusal](err); !ok || refusal.Reason != evidence.RefusedMalformed {
				t.Fatalf("%v", err)
			}
			return
		}
		if again := witness.MarshalRequest(r); !bytes.Equal(again, body) {
			t.Fatalf("%q is read as %q", body, again)
		}
		_, _ = w.Cosign(r) // and nothing in it makes a witness fall over
	})
}
