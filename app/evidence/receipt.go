package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/fault"
)

const (
	// MaxReceipt is the size in bytes that a receipt may have.
	MaxReceipt = 1 << 20

	receiptFirst = "kokoroe-receipt@v1"
	proofFirst   = "c2sp.org/tlog-proof@v1"
	maxPath      = 63
)

// Receipt is everything that somebody needs, besides the log's public key, to
// check without the log that an entry is in it and what it says.
type Receipt struct {
	Record      []byte // canonical
	Salt        []byte // 32 bytes
	Text        []byte // the exact bytes that were shown; nil when the record names none
	Declaration []byte // the same
	Seq         int64
	Path        []tlog.Hash
	Checkpoint  []byte // the signed note
}

// Verified is what a receipt proves.
type Verified struct {
	Record  Record
	Seq     int64
	Origin  string
	Size    int64
	Root    tlog.Hash
	Signers []string // names of the known keys that signed the checkpoint

	// Witnesses are those who cosigned the checkpoint: by name, in the order of the
	// trust policy that it was verified under, or by title, as the log calls them;
	// nil when it was verified with keys alone.
	Witnesses []string
}

// Receipt makes the receipt of the entry seq. text and declaration are the
// bytes that were shown, nil where the record names none. NotFound for an entry
// that is not there or was erased; Unavailable (receipt.not_signed) until a
// checkpoint covers it; Invalid when the texts are not those of the record. The
// checkpoint is that of Covering: once a witness has cosigned one, receipts say so.
func (l *Log) Receipt(ctx context.Context, seq int64, text, declaration []byte) (Receipt, error) {
	e, err := l.c.Store.Entry(ctx, seq)
	if err != nil {
		return Receipt{}, err
	}
	if e.Record == nil {
		return Receipt{}, fault.NotFoundf("entry %d was erased", seq)
	}
	c, _, err := l.Covering(ctx, seq+1)
	if fault.Is(err, fault.NotFound) {
		return Receipt{}, fault.New(fault.Unavailable, "receipt.not_signed", nil)
	}
	if err != nil {
		return Receipt{}, err
	}
	p, err := l.Proof(ctx, seq, c.Size)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{Record: e.Record, Salt: e.Salt, Text: text, Declaration: declaration, Seq: seq, Path: p.Path, Checkpoint: c.Note}
	if l.known != nil { // never hand out what would be refused
		if _, err := r.Verify(l.known); err != nil {
			return Receipt{}, err
		}
	}
	return r, nil
}

// Marshal writes the receipt in the format that the package documents. Invalid
// when the receipt cannot be written, such as for a text that is not UTF-8.
func (r Receipt) Marshal() ([]byte, error) {
	var b strings.Builder
	b.WriteString(receiptFirst + "\n")
	b.WriteString("record " + string(r.Record) + "\n")
	b.WriteString("salt " + base64.StdEncoding.EncodeToString(r.Salt) + "\n")
	writeQuoted(&b, "text", r.Text)
	writeQuoted(&b, "declaration", r.Declaration)
	b.WriteString("\n" + proofFirst + "\n")
	fmt.Fprintf(&b, "index %d\n", r.Seq)
	for _, h := range r.Path {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(r.Checkpoint)
	out := []byte(b.String())
	if _, err := ParseReceipt(out); err != nil {
		return nil, err
	}
	return out, nil
}

func writeQuoted(b *strings.Builder, name string, text []byte) {
	if text == nil {
		return
	}
	b.WriteString(name + "\n")
	for line := range strings.SplitSeq(string(text), "\n") {
		b.WriteString("|" + line + "\n")
	}
}

// Verify checks the receipt against the log's known keys: the texts are those
// of the record, the record is in the tree of the checkpoint, and the log
// signed the checkpoint. Invalid: receipt.text_differs,
// receipt.declaration_differs, receipt.not_in_log, and what ParseRecord and
// VerifyCheckpoint answer.
func (r Receipt) Verify(known note.Verifiers) (Verified, error) {
	record, err := ParseRecord(r.Record)
	if err != nil {
		return Verified{}, err
	}
	if !isShown(r.Text, record.Shown.Text) {
		return Verified{}, fault.New(fault.Invalid, "receipt.text_differs", nil)
	}
	if !isShown(r.Declaration, record.Shown.Declaration) {
		return Verified{}, fault.New(fault.Invalid, "receipt.declaration_differs", nil)
	}
	c, origin, signers, err := VerifyCheckpoint(known, r.Checkpoint)
	if err != nil {
		return Verified{}, err
	}
	root := tlog.Hash(c.Root)
	if len(r.Salt) != SaltSize {
		return Verified{}, fault.New(fault.Invalid, "receipt.not_in_log", nil)
	}
	p := Proof{Seq: r.Seq, Size: c.Size, Root: root, Path: r.Path}
	if err := VerifyInclusion(p, Leaf(r.Salt, r.Record)); err != nil {
		return Verified{}, fault.Wrap(err, fault.Invalid, "receipt.not_in_log")
	}
	return Verified{Record: record, Seq: r.Seq, Origin: origin, Size: c.Size, Root: root, Signers: signers}, nil
}

// isShown reports whether text is what the record says was shown; none when it
// says none.
func isShown(text []byte, digest string) bool {
	if text == nil || digest == "" {
		return text == nil && digest == ""
	}
	sum := sha256.Sum256(text)
	return digest == "sha256:"+hex.EncodeToString(sum[:])
}

// ParseReceipt reads a receipt strictly; it verifies nothing. Whatever it
// accepts, Marshal writes again byte for byte. Invalid: receipt.too_large,
// receipt.not_receipt, receipt.line_invalid with the Line and what was Wanted
// there.
func ParseReceipt(data []byte) (Receipt, error) {
	if len(data) > MaxReceipt {
		return Receipt{}, fault.New(fault.Invalid, "receipt.too_large", fault.Args{"Size": len(data), "Limit": MaxReceipt})
	}
	if !strings.HasPrefix(string(data), receiptFirst+"\n") {
		return Receipt{}, fault.New(fault.Invalid, "receipt.not_receipt", nil)
	}
	p := receiptParser{rest: string(data)}
	r := p.receipt()
	if p.err != nil {
		return Receipt{}, p.err
	}
	return r, nil
}

// receiptParser reads line by line. After the first error it reads no more.
type receiptParser struct {
	rest string
	line int // the number of the line read last
	err  error
}

func (p *receiptParser) receipt() Receipt {
	var r Receipt
	p.next() // receiptFirst, looked at already
	r.Record = []byte(p.after("record "))
	if len(r.Record) > MaxRecord {
		p.fail("record", fmt.Errorf("of %d bytes", len(r.Record)))
	}
	salt, err := parseBase64(p.after("salt "))
	if err != nil || len(salt) != SaltSize {
		p.fail("salt", err)
	}
	r.Salt = salt
	r.Text = p.quoted("text")
	r.Declaration = p.quoted("declaration")
	p.exactly("")
	p.exactly(proofFirst)
	if r.Seq, err = parseNumber(p.after("index ")); err != nil {
		p.fail("index", err)
	}
	for line := p.next(); line != "" && p.err == nil; line = p.next() {
		h, err := parseHash(line)
		if r.Path = append(r.Path, h); err != nil || len(r.Path) > maxPath {
			p.fail("hash", err)
		}
	}
	if p.err != nil {
		return r
	}
	r.Checkpoint = []byte(p.rest)
	if _, _, err := ParseCheckpoint(r.Checkpoint); err != nil {
		p.line++ // it is read as a whole, from the next line on
		p.fail("checkpoint", err)
	}
	return r
}

// next returns the next line. Every line ends with U+000A.
func (p *receiptParser) next() string {
	line, rest, ok := strings.Cut(p.rest, "\n")
	p.line++
	if !ok {
		p.fail("end", nil)
		return ""
	}
	if !utf8.ValidString(line) {
		p.fail("utf8", nil)
		return ""
	}
	p.rest = rest
	return line
}

func (p *receiptParser) after(prefix string) string {
	value, ok := strings.CutPrefix(p.next(), prefix)
	if !ok {
		p.fail(strings.TrimSpace(prefix), nil)
	}
	return value
}

func (p *receiptParser) exactly(line string) {
	if p.next() != line {
		p.fail(line, nil)
	}
}

// quoted reads a text, if one follows: its name, and its lines each behind a
// bar. A text that ends in a line end has an empty last line.
func (p *receiptParser) quoted(name string) []byte {
	if p.err != nil || !strings.HasPrefix(p.rest, name+"\n") {
		return nil
	}
	p.next()
	var lines []string
	for p.err == nil && strings.HasPrefix(p.rest, "|") {
		lines = append(lines, strings.TrimPrefix(p.next(), "|"))
	}
	if lines == nil {
		p.line++
		p.fail(name, nil)
	}
	return []byte(strings.Join(lines, "\n"))
}

func (p *receiptParser) fail(wanted string, cause error) {
	if p.err == nil {
		p.err = &fault.Error{Kind: fault.Invalid, MessageID: "receipt.line_invalid",
			Args: fault.Args{"Line": p.line, "Wanted": wanted}, Err: cause}
	}
}
