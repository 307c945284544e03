package evidence_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

const vectorsFolder = "testdata/vectors"

// vectorTable is what every verifier of the format is held to, in whatever
// language it is written.
type vectorTable struct {
	About    []string       `json:"about"`
	Policies []policyVector `json:"policies"`
	Receipts []vector       `json:"receipts"`
}

type policyVector struct {
	File string `json:"file"`
	OK   bool   `json:"ok"`
	Line int    `json:"line,omitempty"`
}

type vector struct {
	Name   string  `json:"name"`
	File   string  `json:"file"`
	Pad    int     `json:"pad,omitempty"`
	Policy string  `json:"policy"`
	Want   outcome `json:"want"`
}

// outcome is what a verifier answers about one receipt, but for the file's name.
type outcome struct {
	OK        bool     `json:"ok"`
	Seq       *int64   `json:"seq,omitempty"`
	Origin    string   `json:"origin,omitempty"`
	Size      int64    `json:"size,omitempty"`
	Root      string   `json:"root,omitempty"`
	Kind      string   `json:"kind,omitempty"`
	Subject   *string  `json:"subject,omitempty"`
	At        *int64   `json:"at,omitempty"`
	Signers   []string `json:"signers,omitempty"`
	Witnesses []string `json:"witnesses"`
	Error     string   `json:"error,omitempty"`
	Line      int      `json:"line,omitempty"`
}

func (o outcome) MarshalJSON() ([]byte, error) {
	if !o.OK {
		return json.Marshal(struct {
			OK    bool   `json:"ok"`
			Error string `json:"error"`
			Line  int    `json:"line,omitempty"`
		}{false, o.Error, o.Line})
	}
	type plain outcome
	if o.Witnesses == nil {
		o.Witnesses = []string{}
	}
	return json.Marshal(plain(o))
}

var aboutVectors = []string{
	"What every verifier of this format must answer. Files are relative to this folder.",
	"receipts: verifying file under policy gives want, besides the file's name. pad: the file is first filled up with spaces at its end to so many bytes.",
	"policies: whether the file is a trust policy, and otherwise the line that is wrong.",
}

// answer is what this program answers.
func answer(t testing.TB, policy evidence.TrustPolicy, receipt []byte) outcome {
	t.Helper()
	r, err := evidence.ParseReceipt(receipt)
	var v evidence.Verified
	if err == nil {
		v, err = policy.Verify(r)
	}
	if err != nil {
		refusal, ok := evidence.RefusalOf(err)
		if !ok {
			t.Fatalf("no refusal: %v", err)
		}
		return outcome{Error: refusal.Code, Line: refusal.Line}
	}
	at := v.Record.At.UnixMilli()
	return outcome{OK: true, Seq: &v.Seq, Origin: v.Origin, Size: v.Size, Root: base64.StdEncoding.EncodeToString(v.Root[:]),
		Kind: v.Record.Kind, Subject: &v.Record.Subject, At: &at, Signers: v.Signers, Witnesses: v.Witnesses}
}

// workshop makes the vectors, the same in every run.
type workshop struct {
	t        testing.TB
	table    vectorTable
	files    map[string][]byte
	policies map[string]evidence.TrustPolicy
}

func (w *workshop) policy(name string, p evidence.TrustPolicy) {
	b, err := evidence.FormatTrustPolicy(p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.files[name], w.policies[name] = b, p
	w.table.Policies = append(w.table.Policies, policyVector{File: name, OK: true})
}

func (w *workshop) badPolicy(name string, line int, text string) {
	_, err := evidence.ParseTrustPolicy([]byte(text))
	f, ok := err.(*fault.Error)
	if !ok || f.Args["Line"] != line {
		w.t.Fatalf("%s: error %v, want line %d", name, err, line)
	}
	w.files[name] = []byte(text)
	w.table.Policies = append(w.table.Policies, policyVector{File: name, Line: line})
}

// add makes a vector. want is the code of the refusal, and empty for a good
// one; whoever writes a vector says it, and it is not taken from the answer.
func (w *workshop) add(name, policy, want string, receipt []byte) {
	w.t.Helper()
	file := strings.ReplaceAll(name, " ", "-") + ".receipt"
	if _, twice := w.files[file]; twice {
		w.t.Fatalf("two vectors %q", name)
	}
	w.files[file] = receipt
	w.row(vector{Name: name, File: file, Policy: policy}, want, receipt)
}

func (w *workshop) row(v vector, want string, receipt []byte) {
	w.t.Helper()
	v.Want = answer(w.t, w.policies[v.Policy], receipt)
	if v.Want.Error != want {
		w.t.Fatalf("%s: refused with %q at line %d, want %q", v.Name, v.Want.Error, v.Want.Line, want)
	}
	w.table.Receipts = append(w.table.Receipts, v)
}

func newWorkshop(t testing.TB) *workshop {
	w := &workshop{t: t, table: vectorTable{About: aboutVectors}, files: map[string][]byte{}, policies: map[string]evidence.TrustPolicy{}}
	makePolicies(w)
	makeGood(w)
	makeCut(w)
	makeSpellings(w)
	makeRecords(w)
	makeMismatches(w)
	makeSignatures(w)
	makeQuorums(w)
	makeForeign(w)
	b, err := json.MarshalIndent(w.table, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	w.files["vectors.json"] = append(b, '\n')
	return w
}

// The files were given to others, who build verifiers on them: they stay.
func TestVectorsAreWhatTheyWere(t *testing.T) {
	w := newWorkshop(t)
	for name, want := range w.files {
		golden(t, filepath.Join("vectors", name), want)
	}
	found, err := filepath.Glob(filepath.Join(vectorsFolder, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if _, known := w.files[filepath.Base(path)]; !known {
			t.Errorf("%s is in no table", path)
		}
	}
}

// What a colleague in another language does with the table, done here.
func TestVectors(t *testing.T) {
	var table vectorTable
	src, err := os.ReadFile(filepath.Join(vectorsFolder, "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(src, &table); err != nil {
		t.Fatal(err)
	}
	policies := map[string]evidence.TrustPolicy{}
	for _, p := range table.Policies {
		b, err := os.ReadFile(filepath.Join(vectorsFolder, p.File))
		if err != nil {
			t.Fatal(err)
		}
		policy, err := evidence.ParseTrustPolicy(b)
		if (err == nil) != p.OK {
			t.Errorf("%s: %v", p.File, err)
		}
		policies[p.File] = policy
	}
	codes := map[string]int{}
	for _, v := range table.Receipts {
		b, err := os.ReadFile(filepath.Join(vectorsFolder, v.File))
		if err != nil {
			t.Fatal(err)
		}
		if v.Pad > 0 {
			b = append(b, bytes.Repeat([]byte(" "), v.Pad-len(b))...)
		}
		got, want := asJSON(t, answer(t, policies[v.Policy], b)), asJSON(t, v.Want)
		if got != want {
			t.Errorf("%s: %s, want %s", v.Name, got, want)
		}
		codes[v.Want.Error]++
	}
	for _, code := range []string{"", "too_large", "not_receipt", "line_invalid", "record_malformed", "record_version_unknown", "text_differs",
		"declaration_differs", "not_in_log", "checkpoint_malformed", "signature_unknown", "signature_wrong", "quorum_missing"} {
		if codes[code] == 0 {
			t.Errorf("no vector has the outcome %q", code)
		}
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// keyOf is a log's key from a seed, the same in every run.
func keyOf(t testing.TB, name, seed string) evidence.Key {
	t.Helper()
	return logKey(t, name, []byte(strings.Repeat(seed+" test data ", 4)[:32]))
}

// signedText signs a note's text, whatever it says.
func signedText(t testing.TB, text string, signers ...note.Signer) []byte {
	t.Helper()
	msg, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func checkpointText(size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
}

// cosigned adds cosignatures to a checkpoint.
func cosignedBy(t testing.TB, msg []byte, witnesses ...*evidence.Cosigner) []byte {
	t.Helper()
	text, _, _ := bytes.Cut(msg, []byte("\n\n"))
	out := bytes.Clone(msg)
	for _, w := range witnesses {
		sig, err := w.Sign(append(bytes.Clone(text), '\n'))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, signatureLine(w.Name(), w.KeyHash(), sig)...)
	}
	return out
}

func signatureLine(name string, hash uint32, sig []byte) string {
	b := append([]byte{byte(hash >> 24), byte(hash >> 16), byte(hash >> 8), byte(hash)}, sig...)
	return "— " + name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// written writes a receipt without looking at it: Marshal refuses what is
// wrong.
func written(r evidence.Receipt) []byte {
	var b strings.Builder
	b.WriteString("kokoroe-receipt@v1\nrecord " + string(r.Record) + "\nsalt " + base64.StdEncoding.EncodeToString(r.Salt) + "\n")
	for _, block := range []struct {
		name string
		text []byte
	}{{"text", r.Text}, {"declaration", r.Declaration}} {
		if block.text != nil {
			b.WriteString(block.name + "\n|" + strings.ReplaceAll(string(block.text), "\n", "\n|") + "\n")
		}
	}
	fmt.Fprintf(&b, "\nc2sp.org/tlog-proof@v1\nindex %d\n", r.Seq)
	for _, h := range r.Path {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	return append([]byte(b.String()+"\n"), r.Checkpoint...)
}

// alone is the receipt of a record, good or bad, as the one entry of a log that
// signed it: only the record itself can be wrong about it.
func alone(t testing.TB, record string) evidence.Receipt {
	t.Helper()
	salt := []byte(strings.Repeat("salt", 8))
	root := tlog.RecordHash(evidence.Leaf(salt, []byte(record)))
	return evidence.Receipt{Record: []byte(record), Salt: salt, Checkpoint: signedText(t, checkpointText(1, root), fixedKey(t).Signer)}
}

// parsed is a good receipt, to be made worse.
func parsed(t testing.TB, b []byte) evidence.Receipt {
	t.Helper()
	r, err := evidence.ParseReceipt(b)
	if err != nil {
		t.Fatal(err)
	}
	r.Path = slices.Clone(r.Path)
	return r
}
