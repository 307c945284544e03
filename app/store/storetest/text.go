package storetest

import (
	"fmt"
	"strings"
	"testing"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// odd is text that some layer somewhere likes to change, to match loosely, or
// to obey.
var odd = map[string]string{
	"composed":           "\u304c\u00e9",
	"decomposed":         "\u304b\u3099e\u0301",
	"half width":         "ｶﾞ",
	"full width":         "Ａ１",
	"case":               "ID",
	"lower case":         "id",
	"beyond the BMP":     "𠮷野家",
	"variation selector": "葛\U000e0100城",
	"emoji family":       "👩‍👩‍👧",
	"spaces":             "  a  ",
	"ideographic space":  "　",
	"line ends":          "a\r\nb\nc\u2028d",
	"byte order mark":    "\ufeffa",
	"noncharacter":       "\uffff",
	"replacement":        "\ufffd",
	"control":            "\x01\x1b[31m\x7f",
	"operator":           "$ne",
	"operator object":    `{"$gt":""}`,
	"dotted key":         "a.b.$c",
	"SQL":                `'; DROP TABLE session; --`,
	"SQL quote":          `"a" OR "1"="1`,
	"pattern":            "%_*?[a-z]",
	"JSON":               `["x","y"]\u0000`,
	"HTML":               `<script>&amp;</script>`,
	"number":             "007",
	"float":              "1e3",
	"null":               "null",
	"long":               strings.Repeat("長い文字列", 2000),
}

// broken is text that cannot be kept.
var broken = map[string]string{
	"NUL":           "a\x00b",
	"only NUL":      "\x00",
	"bad byte":      "a\xffb",
	"cut short":     "\xe5\xbf",
	"surrogate":     "\xed\xa0\x80",
	"overlong":      "\xc0\xaf",
	"Shift_JIS":     "\x90\x53\x93\xbe",
	"beyond U+10FF": "\xf4\x90\x80\x80",
}

var textContracts = []contract{
	{"odd text is kept byte for byte, and told apart", oddText},
	{"broken text is refused and nothing is stored", brokenText},
	{"broken text finds nothing", func(t *testing.T, s store.Store) {
		for name, text := range broken {
			for what, err := range map[string]error{
				"Session": second(s.Session(t.Context(), text)), "TakeLogin": second(s.TakeLogin(t.Context(), text)),
				"Link": second(s.Link(t.Context(), text, text)), "EntryByKey": second(s.EntryByKey(t.Context(), text)),
				"Place":         second(s.Place(t.Context(), directory.PersonID(text), "c", "s")),
				"Attempt":       second(s.Attempt(t.Context(), learning.AttemptID(text))),
				"PublishedText": second(s.PublishedText(t.Context(), text)), "KeptText": second(s.KeptText(t.Context(), text)),
				"TouchSession": s.TouchSession(t.Context(), text, at),
			} {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s, %s: %v", name, what, err)
				}
			}
			noError(t, s.EndSession(t.Context(), text))
			same(t, value[int](t)(s.EndSessions(t.Context(), identity.SessionQuery{SID: text})), 0)
			same(t, len(value[[]evidence.Entry](t)(s.FindEntries(t.Context(), evidence.Query{Subject: text}))), 0)
			same(t, len(value[[]learning.Place](t)(s.Places(t.Context(), text, []directory.PersonID{directory.PersonID(text)}))), 0)
			same(t, len(value[[]learning.Attempt](t)(s.Attempts(t.Context(), directory.PersonID(text), "c"))), 0)
			same(t, len(value[[]notify.Message](t)(s.FindMessages(t.Context(), notify.MessageQuery{Person: directory.PersonID(text)}))), 0)
			same(t, value[int64](t)(s.CountMessages(t.Context(), notify.State(text))), 0)
		}
	}},
}

func second[T any](_ T, err error) error { return err }

func oddText(t *testing.T, s store.Store) {
	ctx := t.Context()
	var people []directory.Person
	size := int64(0)
	for _, x := range odd {
		people = append(people, directory.Person{
			ID: directory.PersonID(x), Number: x, Name: x, Kana: x, Mail: x, Employment: directory.Employment(x), Post: x,
			Memberships: []directory.Membership{{Department: directory.DepartmentID(x)}},
		})
		e := evidence.Entry{Seq: size, Key: x, Kind: x, Actor: x, Subject: x, Object: x, Scope: x, At: at}
		size++
		noError(t, s.AppendEntries(ctx, []evidence.Entry{e}))
		noError(t, s.SaveLogin(ctx, identity.Login{StateHash: x, BrowserHash: x, Provider: x, Nonce: x, Verifier: x, ReturnTo: x}))
		noError(t, s.SaveLink(ctx, identity.Link{Issuer: x, Subject: x, Person: directory.PersonID(x)}))
		noError(t, s.SaveSession(ctx, oddSession(x)))
		setPlace(t, s, oddPlace(x))
		openAttempt(t, s, oddAttempt(x))
		noError(t, s.Publish(ctx, policy.Publication{Policy: policy.ID(x), Version: 1, Language: x, Digest: x}))
		noError(t, s.KeepText(ctx, x, []byte(x)))
		noError(t, s.EnqueueMessages(ctx, []notify.Message{oddMessage(x)}))
		same(t, value[int64](t)(s.Position(ctx, x, size)), size)
		same(t, value[bool](t)(s.UseOnce(ctx, x, at)), true)
	}
	apply(t, s, 0, directory.Change{People: people})
	kept := map[directory.PersonID]directory.Person{}
	for _, p := range value[directory.Snapshot](t)(s.Roster(ctx)).People {
		kept[p.ID] = p
	}
	for _, name := range sortedKeys(odd) {
		x := odd[name]
		t.Run(name, func(t *testing.T) {
			same(t, kept[directory.PersonID(x)], people[indexOf(people, x)])
			e := value[evidence.Entry](t)(s.EntryByKey(ctx, x))
			same(t, e, evidence.Entry{Seq: e.Seq, Key: x, Kind: x, Actor: x, Subject: x, Object: x, Scope: x, At: at})
			for _, q := range []evidence.Query{{Subject: x}, {Actor: x}, {Object: x}, {Kind: x}} {
				same(t, value[[]evidence.Entry](t)(s.FindEntries(ctx, q)), []evidence.Entry{e})
			}
			same(t, value[identity.Login](t)(s.TakeLogin(ctx, x)),
				identity.Login{StateHash: x, BrowserHash: x, Provider: x, Nonce: x, Verifier: x, ReturnTo: x})
			same(t, value[identity.Link](t)(s.Link(ctx, x, x)), identity.Link{Issuer: x, Subject: x, Person: directory.PersonID(x)})
			same(t, value[identity.Session](t)(s.Session(ctx, x)), oddSession(x))
			want := oddPlace(x)
			want.Revision = 1
			same(t, value[[]learning.Place](t)(s.Places(ctx, x, []directory.PersonID{want.Person})), []learning.Place{want})
			attempt := oddAttempt(x)
			attempt.Revision = 1
			same(t, value[[]learning.Attempt](t)(s.Attempts(ctx, attempt.Person, attempt.Course)), []learning.Attempt{attempt})
			same(t, string(value[[]byte](t)(s.KeptText(ctx, x))), x)
			same(t, value[policy.Publication](t)(s.PublishedText(ctx, x)).Policy, policy.ID(x))
			for _, q := range []notify.MessageQuery{{Person: directory.PersonID(x)}, {State: notify.State(x)}} {
				same(t, value[[]notify.Message](t)(s.FindMessages(ctx, q)), []notify.Message{oddMessage(x)})
			}
			same(t, value[int64](t)(s.Position(ctx, x, 0)) > 0, true)
			same(t, value[bool](t)(s.UseOnce(ctx, x, at)), false)
			same(t, value[int](t)(s.EndSessions(ctx, identity.SessionQuery{SID: x})), 1)
		})
	}
}

func indexOf(people []directory.Person, id string) int {
	for i, p := range people {
		if string(p.ID) == id {
			return i
		}
	}
	return -1
}

func oddSession(x string) identity.Session {
	return identity.Session{
		Hash: x, Person: directory.PersonID(x), Provider: x, Issuer: x, Subject: x, SID: x, ACR: x, AMR: []string{x, "", x}, IDToken: x,
	}
}

func oddPlace(x string) learning.Place {
	return learning.Place{
		Person: directory.PersonID(x), Course: learning.CourseID(x), Scope: x, Done: []learning.LessonID{learning.LessonID(x), ""},
		Practised: []learning.QuestionID{"", learning.QuestionID(x)},
	}
}

func oddAttempt(x string) learning.Attempt {
	return learning.Attempt{
		ID: learning.AttemptID(x), Person: directory.PersonID(x), Course: learning.CourseID(x), Scope: x, Purpose: learning.Purpose(x),
		Drawn: []learning.Drawn{{Question: learning.QuestionID(x), Options: []learning.OptionID{learning.OptionID(x)}, Answer: []learning.OptionID{learning.OptionID(x)}}},
	}
}

func oddMessage(x string) notify.Message {
	return notify.Message{Key: x, Person: directory.PersonID(x), State: notify.State(x), Reason: notify.Reason(x), Holder: x, Answer: x}
}

func brokenText(t *testing.T, s store.Store) {
	openAttempt(t, s, sampleAttempt("a-1"))
	for name, x := range broken {
		t.Run(name, func(t *testing.T) {
			for what, write := range textWrites(s, x) {
				if err := write(); !fault.Is(err, fault.Invalid) {
					t.Errorf("%s: %v, want invalid", what, err)
				}
			}
		})
	}
	same(t, value[int64](t)(s.LogSize(t.Context())), 0)
	same(t, value[int64](t)(s.RosterRevision(t.Context())), 0)
	same(t, len(value[[]policy.Publication](t)(s.Publications(t.Context()))), 0)
	same(t, value[int64](t)(s.CountMessages(t.Context(), "")), 0)
	for _, what := range []string{"hash", "0", "1"} {
		wantKind(t, second(s.Session(t.Context(), what)), fault.NotFound)
		wantKind(t, second(s.TakeLogin(t.Context(), what)), fault.NotFound)
		wantKind(t, second(s.Place(t.Context(), "p", "c", what)), fault.NotFound)
	}
	same(t, value[learning.Attempt](t)(s.Attempt(t.Context(), "a-1")).Revision, 1)
}

// textWrites puts x into each text of each write in turn.
func textWrites(s store.Store, x string) map[string]func() error {
	writes := map[string]func() error{}
	person := directory.PersonID(x)
	for i, p := range []directory.Person{
		{ID: person}, {Number: x}, {Name: x}, {Kana: x}, {Mail: x}, {Employment: directory.Employment(x)}, {Post: x},
		{Memberships: []directory.Membership{{Department: directory.DepartmentID(x)}}},
	} {
		writes[fmt.Sprint("person ", i)] = func() error {
			return second(s.ApplyRoster(background, 0, directory.Change{People: []directory.Person{samplePerson(1), p}}))
		}
	}
	for i, d := range []directory.Department{{ID: directory.DepartmentID(x)}, {Name: x}, {Parent: directory.DepartmentID(x)}} {
		writes[fmt.Sprint("department ", i)] = func() error {
			return second(s.ApplyRoster(background, 0, directory.Change{Departments: []directory.Department{d}}))
		}
	}
	for i, e := range []evidence.Entry{{Key: x}, {Kind: x}, {Actor: x}, {Subject: x}, {Object: x}, {Scope: x}} {
		e.Seq = 1
		writes[fmt.Sprint("entry ", i)] = func() error { return s.AppendEntries(background, []evidence.Entry{sampleEntry(0), e}) }
	}
	for i, l := range []identity.Login{{StateHash: x}, {BrowserHash: x}, {Provider: x}, {Nonce: x}, {Verifier: x}, {ReturnTo: x}} {
		if i > 0 {
			l.StateHash = "hash"
		}
		writes[fmt.Sprint("login ", i)] = func() error { return s.SaveLogin(background, l) }
	}
	for i, l := range []identity.Link{{Issuer: x}, {Subject: x}, {Person: person}} {
		writes[fmt.Sprint("link ", i)] = func() error { return s.SaveLink(background, l) }
	}
	for i, v := range []identity.Session{
		{Hash: x}, {Person: person}, {Provider: x}, {Issuer: x}, {Subject: x}, {SID: x}, {ACR: x}, {AMR: []string{"ok", x}}, {IDToken: x},
	} {
		if i > 0 {
			v.Hash = "hash"
		}
		writes[fmt.Sprint("session ", i)] = func() error { return s.SaveSession(background, v) }
	}
	learningWrites(s, x, writes)
	for i, p := range []policy.Publication{{Policy: policy.ID(x)}, {Language: x}, {Digest: x}} {
		writes[fmt.Sprint("publication ", i)] = func() error { return s.Publish(background, p) }
	}
	messageWrites(s, x, writes)
	pieceWrites(s, x, writes)
	writes["token ID"] = func() error { return second(s.UseOnce(background, x, at)) }
	writes["kept text"] = func() error { return s.KeepText(background, x, []byte("x")) }
	return writes
}

func learningWrites(s store.Store, x string, writes map[string]func() error) {
	person, course := directory.PersonID(x), learning.CourseID(x)
	for i, p := range []learning.Place{
		{Person: person}, {Course: course}, {Scope: x},
		{Person: "p", Course: "c", Scope: "0", Done: []learning.LessonID{"ok", learning.LessonID(x)}},
		{Person: "p", Course: "c", Scope: "1", Practised: []learning.QuestionID{learning.QuestionID(x)}},
	} {
		writes[fmt.Sprint("place ", i)] = func() error {
			return second(s.UpdatePlace(background, p.Person, p.Course, p.Scope, func(learning.Place) (learning.Place, error) { return p, nil }))
		}
	}
	option := []learning.OptionID{learning.OptionID(x)}
	for i, a := range []learning.Attempt{
		{ID: learning.AttemptID(x)}, {Person: person}, {Course: course}, {Scope: x}, {Purpose: learning.Purpose(x)},
		{Drawn: []learning.Drawn{{Question: learning.QuestionID(x)}}}, {Drawn: []learning.Drawn{{Options: option}}},
		{Drawn: []learning.Drawn{{Answer: option}}},
	} {
		writes[fmt.Sprint("attempt ", i)] = func() error { return second(s.OpenAttempt(background, a)) }
		if len(a.Drawn) > 0 {
			writes[fmt.Sprint("attempt update ", i)] = func() error {
				return second(s.UpdateAttempt(background, "a-1", func(learning.Attempt) (learning.Attempt, error) { return a, nil }))
			}
		}
	}
}
