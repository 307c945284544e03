package duty_test

import (
	"testing"
	"time"

	"kokoroe/app/duty"
	"kokoroe/app/evidence"
)

// TestRecordsAreFrozen: released kinds keep their bytes for ever; a change is a
// v2 beside them.
func TestRecordsAreFrozen(t *testing.T) {
	at := time.UnixMilli(1795309200000).UTC()
	for want, s := range map[string]evidence.Statement{
		`{"actor":"p-2","at":1795309200000,"body":{"already":1,"day":"2026-11-27","no_address":2,"people":12},` +
			`"key":"duty.reminded/v1|p-2|f","kind":"duty.reminded/v1","language":"ja","object":"department:d-1","program":"1","scope":"2026","v":1}`: {
			Kind: duty.KindReminded, Key: "duty.reminded/v1|p-2|f", Actor: evidence.Actor{ID: "p-2", Language: "ja"}, Object: "department:d-1", Scope: "2026", At: at,
			Body: duty.Reminded{Day: "2026-11-27", People: 12, Already: 1, NoAddress: 2},
		},
		`{"actor":"p-2","at":1795309200000,"body":{"item":"course:annual","reason":"理由","requirement":"annual-staff"},` +
			`"key":"k","kind":"duty.exempted/v1","language":"ja","object":"course:annual","program":"1","scope":"2026","subject":"p-1","v":1}`: {
			Kind: duty.KindExempted, Key: "k", Actor: evidence.Actor{ID: "p-2", Language: "ja"}, Subject: "p-1", Object: "course:annual", Scope: "2026", At: at,
			Body: duty.Exempted{Requirement: "annual-staff", Item: "course:annual", Reason: "理由"},
		},
	} {
		got, err := evidence.CanonicalRecord(s, "1")
		if err != nil || string(got) != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
		}
	}
}
