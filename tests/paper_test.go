package tests

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/report/pdf/pdftest"
	"kokoroe/tests/portal"
)

// onPaper fetches a PDF and returns what its first page and the others say,
// without spaces and line ends.
func onPaper(t *testing.T, b *portal.Browser, path string) (first, others string, page *portal.Page) {
	t.Helper()
	page = b.Get(path)
	for range 100 { // until it is sealed
		if page.Status != 503 {
			break
		}
		time.Sleep(50 * time.Millisecond)
		page = b.Get(path)
	}
	page.Want(t, 200)
	words, _ := pdftest.Open(t, page.Body).Words()
	slices.SortStableFunc(words, func(a, b pdftest.Words) int { return cmp.Compare(a.X, b.X) }) // column by column
	for _, w := range words {
		if w.Page == 1 {
			first += w.Text
		} else {
			others += w.Text
		}
	}
	return squeezed(first), squeezed(others), page
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

func TestReceiptOnPaper(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	path := sign(t, b)
	file := sealed(t, b, path)
	receipt, err := evidence.ParseReceipt(file)
	if err != nil {
		t.Fatal(err)
	}
	record, err := evidence.ParseRecord(receipt.Record)
	if err != nil {
		t.Fatal(err)
	}
	link := p.URL + "/verify/0?leaf=" + evidence.Fingerprint(evidence.Leaf(receipt.Salt, receipt.Record))
	person := p.Person("000174")
	for language, want := range map[string][]string{
		"ja": {"見本市", "受領証: 情報セキュリティ基本方針への誓約", "第1版", "令和8年（2026年）11月22日(日) 10:00:00（日本時間）", "日本語", "立会人の副署はありません", "demo.example/kokoroe/1 の 0番", "1 / "},
		"en": {"Mihon City", "Receipt: acknowledgement of Basic Information Security Policy", "Version 1", "22 November 2026 (Sun), 10:00:00 Japan time", "令和8年（2026年）11月22日", "No witness has signed", "Number 0 of demo.example/kokoroe/1", "Page 1 of "},
	} {
		b.Language = language
		first, others, page := onPaper(t, b, path+"/pdf")
		want = append(want, person.Name, person.Number, string(person.ID), record.Shown.Text, record.Shown.Declaration, link)
		declaration, _, _ := strings.Cut(string(receipt.Declaration), "\n---\n")
		for _, w := range append(want, declaration) {
			if !strings.Contains(first, squeezed(w)) {
				t.Errorf("%s: the first page does not say %q: %s", language, w, first)
			}
		}
		text := squeezed(string(receipt.Text))
		for len(text) > 300 { // feet stand between the pages
			part := text[:strings.IndexRune(text[200:], '。')+200+len("。")]
			if text = text[len(part):]; !strings.Contains(withoutFeet(others), part) {
				t.Errorf("%s: the text on paper lacks %q", language, part)
			}
		}
		if kind := page.Header.Get("Content-Type"); kind != "application/pdf" || !strings.Contains(page.Header.Get("Content-Disposition"), "kokoroe-0.pdf") {
			t.Errorf("%s, %s", kind, page.Header.Get("Content-Disposition"))
		}
		again := b.Get(path+"/pdf").Want(t, 200)
		if !bytes.Equal(again.Body, page.Body) {
			t.Errorf("%s: another file the second time", language)
		}
	}
	auditor := p.As("auditor")
	auditor.Language = "en"
	before := len(p.Logs.String())
	theirs := auditor.Get("/audit/records/0/pdf").Want(t, 200)
	b.Language = "en"
	if mine := b.Get(path+"/pdf").Want(t, 200); !bytes.Equal(mine.Body, theirs.Body) {
		t.Error("the auditor's paper is another than the person's")
	}
	if !strings.Contains(p.Logs.String()[before:], "receipt taken") {
		t.Error("the security log does not tell that somebody else took it")
	}
}

// withoutFeet takes out what stands at the foot of every page.
func withoutFeet(s string) string {
	for _, foot := range []string{"見本市受領証受付番号0", "MihonCity,receipt,referencenumber0"} {
		s = strings.ReplaceAll(s, foot, "")
	}
	for page := '2'; page <= '9'; page++ {
		for of := '2'; of <= '9'; of++ {
			s = strings.ReplaceAll(s, string(page)+"/"+string(of)+"ページ", "")
			s = strings.ReplaceAll(s, "Page"+string(page)+"of"+string(of), "")
		}
	}
	return s
}

// Every kind of record has its words on paper, and what the font lacks of a
// person's own is told.
func TestEveryKindOfReceiptHasItsPaper(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithHistory())
	owner := p.As("employee")
	owner.Get(basicPolicy + "/question")
	owner.Submit(`form[action="`+basicPolicy+`/question"]`, url.Values{"ground": {"question"}, "reason": {"なぜですか。𠮷田より😀"}}).Want(t, 200)
	hr := p.As("hr")
	hr.Get(personAt(p, "000181"))
	hr.Submit(`form[action$="/exemptions"]`, url.Values{"item": {"annual-staff policy:basic-policy"}, "reason": {"決裁 第7号"}}).Want(t, 200)
	b := p.As("auditor")
	kinds := map[string]int64{}
	entries, err := p.App.Store.EntriesFrom(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := kinds[e.Kind]; !ok {
			kinds[e.Kind] = e.Seq
		}
	}
	if len(kinds) != 4 {
		t.Fatalf("only %v in the history", kinds)
	}
	for kind, seq := range kinds {
		for _, language := range []string{"ja", "en"} {
			b.Language = language
			first, _, _ := onPaper(t, b, "/audit/records/"+strconv.FormatInt(seq, 10)+"/pdf")
			e := entries[seq]
			if !strings.Contains(first, e.Subject) || strings.Contains(first, "paper.") || strings.Contains(first, "receipt.row") {
				t.Errorf("%s in %s: %s", kind, language, first)
			}
			if kind == "policy.declined/v1" && !(strings.Contains(first, "〓田より〓") && strings.Contains(first, "U+1F600×1") && strings.Contains(first, "U+20BB7×1")) {
				t.Errorf("%s in %s does not tell what it lacks: %s", kind, language, first)
			}
		}
	}
}

func TestOnlyOnesOwnPaper(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	path := sign(t, p.As("employee"))
	p.As("head").Get(path+"/pdf").Want(t, 404)
	p.As("head").Get("/audit"+strings.Replace(path, "receipts", "records", 1)+"/pdf").Want(t, 404)
	p.As("auditor").Get("/audit/records/99/pdf").Want(t, 404)
	erase(t, p, seqOf(t, path), "決裁")
	p.As("auditor").Get("/audit/records/0/pdf").Want(t, 404)
}
