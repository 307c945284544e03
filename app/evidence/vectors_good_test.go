package evidence_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
)

const (
	logOnly    = "log-only.policy"
	twoOfThree = "two-of-three.policy"
	rotated    = "rotated.policy"
	nested     = "nested.policy"
	one        = "one-witness.policy"
	everybody  = "all.policy"
	newOnly    = "new-key-only.policy"
	stranger   = "stranger.policy"
)

// witnesses of the vectors; the fourth is in no policy.
func (w *workshop) witness(n int) *evidence.Cosigner {
	return fixedWitness(w.t, []string{"audit.city.example/w", "witness.pref.example", "tlog.univ.example", "unknown.example"}[n])
}

// newKey is the key that the log signs with after rotation.
func (w *workshop) newKey() evidence.Key { return keyOf(w.t, origin, "rotated") }

func makePolicies(w *workshop) {
	base := policyOf(w.t)
	w.policy(twoOfThree, base)
	plain := evidence.TrustPolicy{Logs: base.Logs, Quorum: evidence.NoQuorum}
	w.policy(logOnly, plain)
	both := plain
	both.Logs = []string{w.newKey().Public, base.Logs[0]}
	w.policy(rotated, both)
	onlyNew := plain
	onlyNew.Logs = both.Logs[:1]
	w.policy(newOnly, onlyNew)
	other := plain
	other.Logs = []string{keyOf(w.t, "other.example/log", "other").Public}
	w.policy(stranger, other)
	single := base
	single.Groups, single.Quorum = nil, "prefecture"
	w.policy(one, single)
	all := base
	all.Groups, all.Quorum = []evidence.WitnessGroup{{Name: "all-three", Threshold: 3, Members: base.Groups[0].Members}}, "all-three"
	w.policy(everybody, all)
	deep := base
	deep.Groups = []evidence.WitnessGroup{
		{Name: "outside", Threshold: 1, Members: []string{"prefecture", "university"}},
		{Name: "inside-and-outside", Threshold: 2, Members: []string{"audit", "outside"}},
	}
	deep.Quorum = "inside-and-outside"
	w.policy(nested, deep)

	good := string(w.files[twoOfThree])
	lines := strings.SplitAfter(good, "\n")
	w.badPolicy("cut-off.policy", 6, strings.TrimSuffix(good, "\n"))
	w.badPolicy("windows-line-ends.policy", 1, strings.ReplaceAll(good, "\n", "\r\n"))
	w.badPolicy("no-quorum.policy", 6, strings.Join(lines[:5], ""))
	w.badPolicy("no-log.policy", 6, strings.Join(lines[1:], ""))
	w.badPolicy("two-quorums.policy", 7, good+"quorum none\n")
	w.badPolicy("something-behind-the-quorum.policy", 7, good+lines[0])
	w.badPolicy("unknown-word.policy", 1, "Log "+strings.TrimPrefix(good, "log "))
	w.badPolicy("two-spaces.policy", 2, strings.Replace(good, "witness audit", "witness  audit", 1))
	w.badPolicy("repeated-name.policy", 3, strings.Replace(good, "witness prefecture", "witness audit", 1))
	w.badPolicy("repeated-key.policy", 2, lines[0]+good)
	w.badPolicy("one-witness-under-two-names.policy", 5, strings.Join(lines[:4], "")+
		"witness again "+renamed(w.t, w.witness(0).Public(), "again.example")+"\n"+strings.Join(lines[4:], ""))
	w.badPolicy("undefined-member.policy", 5, strings.Replace(good, " university\nquorum", " universities\nquorum", 1))
	w.badPolicy("too-many-asked.policy", 5, strings.Replace(good, "two-of-three 2", "two-of-three 4", 1))
	w.badPolicy("none-asked.policy", 5, strings.Replace(good, "two-of-three 2", "two-of-three 0", 1))
	w.badPolicy("undefined-quorum.policy", 6, strings.Replace(good, "quorum two-of-three", "quorum three", 1))
	w.badPolicy("log-key-as-witness.policy", 2, lines[0]+"witness audit "+fixedKey(w.t).Public+"\n")
	w.badPolicy("witness-key-as-log.policy", 1, "log "+w.witness(0).Public()+"\n")
	w.badPolicy("wrong-key-hash.policy", 1, strings.Replace(good, "1395e4fd", "1395e4fe", 1))
}

// witnessed is the golden acknowledgement, cosigned by two of three witnesses.
func (w *workshop) witnessed() evidence.Receipt {
	r := parsed(w.t, w.read("acknowledged.receipt"))
	r.Checkpoint = cosignedBy(w.t, r.Checkpoint, w.witness(2), w.witness(3), w.witness(0))
	return r
}

func (w *workshop) read(name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func makeGood(w *workshop) {
	for _, name := range []string{"acknowledged.receipt", "plain.receipt"} {
		for _, policy := range []string{logOnly, rotated} {
			w.row(vector{Name: "handed out first, " + name + ", " + policy, File: "../" + name, Policy: policy}, "", w.read(name))
		}
	}
	w.add("witnessed by two", twoOfThree, "", written(w.witnessed()))
	w.add("witnessed inside and outside", nested, "", written(w.witnessed()))
	r := w.witnessed()
	r.Checkpoint = append(r.Checkpoint, signatureLine("witness.pref.example", 1, make([]byte, 72))...)
	w.add("an unknown key of a known name", twoOfThree, "", written(r))

	r = w.witnessed()
	text, _, _ := strings.Cut(string(r.Checkpoint), "\n\n")
	r.Checkpoint = signedText(w.t, text+"\n", w.newKey().Signer)
	w.add("signed after rotation", rotated, "", written(r))
	r.Checkpoint = signedText(w.t, text+"\n", w.newKey().Signer, fixedKey(w.t).Signer)
	w.add("signed by both keys", rotated, "", written(r))
	w.add("signed by both keys, one known", logOnly, "", written(r))
	r.Checkpoint = cosignedBy(w.t, signedText(w.t, text+"\n", fixedKey(w.t).Signer), w.witness(1))
	w.add("the one witness", one, "", written(r))
	r.Checkpoint = cosignedBy(w.t, r.Checkpoint, w.witness(0), w.witness(2))
	w.add("all witnesses", everybody, "", written(r))

	w.add("the only entry", logOnly, "", written(alone(w.t, minimal)))
	w.add("a member text that is no digest", logOnly, "", written(alone(w.t, withBody(`{"text":"sha256:short"}`))))
	w.add("digest in capitals is no digest", logOnly, "", written(alone(w.t, withBody(`{"text":"`+strings.ToUpper(digest("x"))+`"}`))))
	w.add("numbers at their limits", logOnly, "", written(alone(w.t, withBody(`{"high":9007199254740991,"low":-9007199254740991,"zero":0}`))))
	w.add("escapes", logOnly, "", written(alone(w.t, withBody(`{"s":"\"\\\b\f\n\r\t\u0001\u001f/<>&  😀"}`))))
	w.add("names in the order of UTF-16", logOnly, "", written(alone(w.t, withBody("{\"\\r\":1,\"1\":2,\"\u0080\":3,\"ö\":4,\"€\":5,\"😀\":6,\"Ａ\":7}"))))
	w.add("before 1970", logOnly, "", written(alone(w.t, strings.Replace(minimal, `"at":1775012400123`, `"at":-1`, 1))))
	w.add("every member", logOnly, "", written(alone(w.t, `{"actor":"a","at":1,"body":{"list":[true,false,[],{}]},"key":"k","kind":"a.b_2/v10","language":"ja","object":"o","program":"p","scope":"s","signin":{"acr":"c","amr":["pwd"],"auth_at":5,"issuer":"i","provider":"q"},"subject":"t","v":1}`)))
	w.shown("an empty text", "")
	w.shown("a line end alone", "\n")
	w.shown("line ends of other systems", "a\r\nb\rc\vd\fe\u0085f\u2028g\u2029h")
	w.shown("text not normalised", "\ufeffか\u3099 ガ😀")
	w.shown("bars and words of the format", "|\n||\ntext\n|declaration\n\nc2sp.org/tlog-proof@v1\n— x y")
	makeLarge(w)
}

// minimal holds what a record cannot do without.
const minimal = `{"actor":"p-1","at":1775012400123,"body":{},"key":"k","kind":"test.done/v1","v":1}`

func withBody(body string) string { return strings.Replace(minimal, `{}`, body, 1) }

// shown adds a good receipt that carries the text.
func (w *workshop) shown(name, text string) {
	r := alone(w.t, withBody(fmt.Sprintf(`{"text":%q}`, digest(text))))
	r.Text = []byte(text)
	w.add(name, logOnly, "", written(r))
}

// makeLarge takes three receipts of a log of 300 entries.
func makeLarge(w *workshop) {
	m := newMemory()
	c := config(w.t, m)
	c.Random, c.Program = &counter{}, "1.0.0"
	c.Verifiers = note.VerifierList(fixedKey(w.t).Verifier)
	l := open(w.t, c)
	add(w.t, l, 0, 300)
	sign(w.t, l)
	for _, seq := range []int64{0, 255, 299} {
		r, err := l.Receipt(w.t.Context(), seq, nil, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		w.add(fmt.Sprintf("entry %d of 300", seq), logOnly, "", written(r))
	}
}
