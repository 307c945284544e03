package main

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// printable makes text that somebody else wrote fit for a terminal: one line,
// nothing that moves the cursor or turns the direction of reading, at most so
// many characters.
func printable(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > limit {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (v *verifier) notGood(path, sentence string) string {
	return v.words.T("verifier.not_good", "File", printable(path, 400), "Why", sentence)
}

// goodWords is the paragraph about a good receipt: what, to whom, when, where in
// the log, by whose word, and what follows from it and what does not.
func (v *verifier) goodWords(path string, r evidence.Receipt, found evidence.Verified) string {
	record := found.Record
	subject := printable(record.Subject, 80)
	if subject == "" {
		subject = printable(record.Actor.ID, 80)
	}
	sentences := []string{
		v.words.T("verifier.good", "File", printable(path, 400)),
		v.words.T(deedID(record.Kind), "At", record.At, "Subject", subject, "Object", printable(record.Object, 80), "Kind", record.Kind),
	}
	if record.Subject != "" && record.Actor.ID != record.Subject {
		sentences = append(sentences, v.words.T("verifier.actor", "Actor", printable(record.Actor.ID, 80)))
	}
	sentences = append(sentences, v.shownWords(r)...)
	sentences = append(sentences,
		v.words.T("verifier.place", "Seq", found.Seq, "Origin", printable(found.Origin, 120), "Size", found.Size),
		v.words.T("verifier.signed", "Signers", v.names(found.Signers)))
	if len(found.Witnesses) > 0 {
		sentences = append(sentences, v.words.T("verifier.witnessed", "Witnesses", v.names(found.Witnesses), "Count", len(found.Witnesses)))
	} else {
		sentences = append(sentences, v.words.T("verifier.unwitnessed"))
	}
	sentences = append(sentences, v.words.T("verifier.proves"), v.words.T("verifier.proves_not"))
	return strings.Join(sentences, v.between()) + "\n"
}

// between stands between two sentences of a paragraph.
func (v *verifier) between() string {
	if v.words.Lang() == "ja" {
		return ""
	}
	return " "
}

func (v *verifier) names(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = printable(name, 120)
	}
	return strings.Join(shown, v.words.T("verifier.comma"))
}

func deedID(kind string) string {
	switch kind {
	case "policy.acknowledged/v1":
		return "verifier.deed.acknowledged"
	case "policy.declined/v1":
		return "verifier.deed.declined"
	case "course.passed/v1":
		return "verifier.deed.passed"
	case "duty.exempted/v1":
		return "verifier.deed.exempted"
	case "duty.reminded/v1":
		return "verifier.deed.reminded"
	}
	return "verifier.deed.other"
}

// shownWords says which texts the receipt carries, by their first words.
func (v *verifier) shownWords(r evidence.Receipt) []string {
	var out []string
	for _, shown := range []struct {
		id   string
		text []byte
	}{{"verifier.shown.text", r.Text}, {"verifier.shown.declaration", r.Declaration}} {
		if shown.text != nil {
			out = append(out, v.words.T(shown.id, "Start", startOf(shown.text), "Count", utf8.RuneCount(shown.text)))
		}
	}
	if out == nil {
		return []string{v.words.T("verifier.shown.nothing")}
	}
	return out
}

// startOf is the first line of a text that says something.
func startOf(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(strings.TrimLeft(line, "#|>*- \t")); line != "" {
			return printable(line, 40)
		}
	}
	return ""
}

// refusedWords is the sentence about a receipt that is not good: what is wrong,
// and from which line on.
func (v *verifier) refusedWords(path string, b []byte, r evidence.Receipt, err error) string {
	refusal, _ := evidence.RefusalOf(err)
	id := "verifier.refused." + refusal.Code
	at := linesOf(r)
	args := fault.Args{"Line": refusal.Line, "Limit": evidence.MaxReceipt}
	switch refusal.Code {
	case "not_receipt":
		id += "." + whatItIs(b)
	case "line_invalid":
		args["Wanted"] = v.wanted(err)
	case "record_malformed", "record_version_unknown":
		args["Line"] = at.record
	case "text_differs":
		if args["Line"] = at.text; r.Text == nil {
			id += ".missing"
		}
	case "declaration_differs":
		if args["Line"] = at.declaration; r.Declaration == nil {
			id += ".missing"
		}
	case "not_in_log":
		args["Line"] = at.proof
	default:
		args["Line"] = at.checkpoint
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Args["Quorum"] != nil {
			args["Quorum"], args["Seen"] = f.Args["Quorum"], f.Args["Seen"]
		}
	}
	return v.notGood(path, v.words.T(id, args))
}

// wanted says in words what a line should have been.
func (v *verifier) wanted(err error) string {
	f, _ := errors.AsType[*fault.Error](err)
	what, _ := f.Args["Wanted"].(string)
	switch what {
	case "":
		what = "empty"
	case "c2sp.org/tlog-proof@v1":
		what = "proof"
	}
	return v.words.T("verifier.wanted." + what)
}

// whatItIs tells the files that are taken for receipts most often.
func whatItIs(b []byte) string {
	switch {
	case len(b) == 0:
		return "empty"
	case bytes.HasPrefix(b, []byte("kokoroe-receipt@v1\r")), bytes.HasPrefix(b, []byte("\ufeff")), bytes.HasPrefix(b, []byte("\xff\xfe")):
		return "converted"
	case bytes.HasPrefix(b, []byte("kokoroe-receipt@v")):
		return "version"
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return "pdf"
	case bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b):
		return "binary"
	}
	return "other"
}

// places are the lines on which the parts of a receipt begin, from 1.
type places struct{ record, text, declaration, proof, checkpoint int }

func linesOf(r evidence.Receipt) places {
	p := places{record: 2, text: 4}
	lines := func(text []byte) int {
		if text == nil {
			return 0
		}
		return 2 + bytes.Count(text, []byte("\n"))
	}
	p.declaration = p.text + lines(r.Text)
	p.proof = p.declaration + lines(r.Declaration) + 1
	p.checkpoint = p.proof + 2 + len(r.Path) + 1
	return p
}

// logWords is the paragraph about an exported log, or a sentence for each thing
// that does not fit.
func (v *verifier) logWords(path string, r evidence.ExportReport) string {
	if r.Found == 0 {
		sentences := []string{
			v.words.T("verifier.log.good", "File", printable(path, 400)),
			v.words.T("verifier.log.size", "Origin", printable(r.Origin, 120), "Size", r.Size, "Records", r.Records, "Erased", r.Erased, "Checkpoints", r.Checkpoints),
			v.words.T("verifier.signed", "Signers", v.names(r.Signers)),
		}
		if len(r.Witnesses) > 0 {
			sentences = append(sentences, v.words.T("verifier.witnessed", "Witnesses", v.names(r.Witnesses), "Count", len(r.Witnesses)))
		} else {
			sentences = append(sentences, v.words.T("verifier.unwitnessed"))
		}
		if missing := len(r.Manifest.MissingTexts); missing > 0 {
			sentences = append(sentences, v.words.T("verifier.log.missing_texts", "Texts", missing))
		}
		if !r.Manifest.Records {
			sentences = append(sentences, v.words.T("verifier.log.no_records"))
		}
		return strings.Join(sentences, v.between()) + "\n"
	}
	lines := []string{v.words.T("verifier.log.not_good", "File", printable(path, 400), "Found", r.Found)}
	for _, d := range r.Disagreements {
		id := "verifier.found." + d.Where + "." + d.Field
		if !v.words.Has(id) {
			id = "verifier.found." + d.Where
		}
		lines = append(lines, "  "+v.words.T(id, "Seq", d.Seq, "Field", d.Field, "Detail", printable(d.Detail, 200)))
	}
	if more := r.Found - int64(len(r.Disagreements)); more > 0 {
		lines = append(lines, "  "+v.words.T("verifier.log.more", "More", more))
	}
	return strings.Join(lines, "\n")
}
