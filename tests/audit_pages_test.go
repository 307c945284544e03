package tests

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/app/evidence"
	"kokoroe/app/spreadsheet"
	"kokoroe/tests/portal"
)

// signedUp is a portal in which two have signed, each covered by a checkpoint
// of its own.
func signedUp(t *testing.T, options ...portal.Option) (p *portal.Portal, auditor *portal.Browser) {
	t.Helper()
	p = portal.New(t, options...)
	for i, role := range []string{"employee", "head"} {
		b := p.As(role)
		sealed(t, b, sign(t, b))
		checkpointOf(t, p, int64(i+1))
	}
	return p, p.As("auditor")
}

// checkpointOf waits for a checkpoint of at least size.
func checkpointOf(t *testing.T, p *portal.Portal, size int64) evidence.Checkpoint {
	t.Helper()
	for range 500 {
		if c, err := p.App.Store.CheckpointCovering(t.Context(), size); err == nil {
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no checkpoint of %d was signed", size)
	return evidence.Checkpoint{}
}

// erase takes the record of an entry away, as the command does.
func erase(t *testing.T, p *portal.Portal, seq int64, reason string) {
	t.Helper()
	actor := evidence.Actor{ID: string(p.Person("000390").ID), Language: "ja"}
	if _, err := p.App.Log.Erase(t.Context(), actor, seq, evidence.GroundRequest, reason); err != nil {
		t.Fatal(err)
	}
	size, err := p.App.Store.LogSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkpointOf(t, p, size)
}

func TestErasedRecordSaysWhatAndWhy(t *testing.T) {
	t.Parallel()
	p, b := signedUp(t)
	name := p.Person("000174").Name
	erase(t, p, 0, "誤った人の記録だったため")
	page := b.Get("/audit/records/0").Want(t, 200, "定められた手続で消去されました", "誓約", "情報セキュリティ基本方針", "令和8年度", "令和8年（2026年）11月22日",
		"個別の決定による消去", "誤った人の記録だったため", strings.Join(strings.Fields(p.Person("000390").Name), " "), "消去済み", "ほかの記録の証明").Lacks(t, strings.Fields(name)[1], "000174")
	if page.Find(".findings .task").Length() != 5 || page.Find(".findings .status-success").Length() != 4 || page.Find("[role=alert]").Length() != 0 {
		t.Errorf("the findings are %s", page.Text(".findings"))
	}
	b.Click("消去の記録を開く").Want(t, 200, "検証に合格しました", "証跡 0番", "誤った人の記録だったため")
	b.Get("/audit/records/0/file").Want(t, 404)
	found := b.Get(search()).Want(t, 200, "全部で3件")
	if row := found.Find(`tr:has(a[href="/audit/records/0"])`).Text(); !strings.Contains(row, "消去済み") || !strings.Contains(row, "情報セキュリティ基本方針") {
		t.Errorf("the list says %q of the erased record", row)
	}
	b.Get(search("kind", evidence.KindErased)).Want(t, 200, "全部で1件")
	b.Language = "en"
	b.Get("/audit/records/0").Want(t, 200, "This record was erased by procedure", "A decision in the single case")
}

// A record that is gone without an erasure on record is no erased record.
func TestMissingRecordIsNoErasure(t *testing.T) {
	t.Parallel()
	for name, harms := range map[string][]harm{
		"no erasure on record": {entryWith(0, map[string]any{"record": nil, "salt": nil, "actor": "", "subject": "", "key": "erased/0"})},
		"the erasure was changed": {
			entryWith(0, map[string]any{"record": nil, "salt": nil}),
			entryWith(1, map[string]any{"key": "evidence.erased/0", "kind": "evidence.erased/v1", "object": "entry:0"}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, b := signedUp(t)
			tamper(t, p, harms...)
			page := b.Get("/audit/records/0").Want(t, 200, "消去の手続の記録が台帳にないか、正しくありません", "してはいけないこと")
			if page.Find(".notice-error[role=alert]").Length() != 1 {
				t.Error("there is no red banner")
			}
			drawn := b.Get(sampleOf("n", "2")).Want(t, 200, "検証に合格しない記録が", "消去の手続")
			if drawn.Find(".status-error").Length() == 0 {
				t.Error("the sample shows nothing red")
			}
		})
	}
}

func TestCheckpointsAreCompared(t *testing.T) {
	t.Parallel()
	p, b := signedUp(t)
	one, two := checkpointOf(t, p, 1), checkpointOf(t, p, 2)
	list := b.Get("/audit/checkpoints").Want(t, 200, "チェックポイントの比較", "最新")
	var sizes []string
	list.Find("table tbody th").Each(func(_ int, cell *goquery.Selection) { sizes = append(sizes, strings.TrimSpace(cell.Text())) })
	if !slices.Equal(sizes, []string{"2件", "1件"}) {
		t.Errorf("the list is %v", sizes)
	}
	action, suggested := b.Form(`form[method=get][action="/audit/checkpoints/comparison"]`, nil)
	b.Get(action+"?"+suggested.Encode()).
		Want(t, 200, "後のチェックポイントは、前のチェックポイントの続きです", "書き足された記録 1件", p.App.Keys.Origin())
	if b.Page().Find("pre.bytes").Length() != 1 {
		t.Error("there are no hashes to copy")
	}
	compare := func(older, newer string) *portal.Page {
		return b.Get("/audit/checkpoints/comparison?" + url.Values{"older": {older}, "newer": {newer}}.Encode())
	}
	compare("2", "1").Want(t, 200, "続きです") // whichever way round
	compare("2", "2").Want(t, 200, "2つは同じチェックポイントです")
	compare("1", "").Want(t, 422, "後のチェックポイントの件数を")
	compare("-1", "3").Want(t, 422, "前のチェックポイントの件数を", "後のチェックポイントの件数を")
	compare("9999999999999999999", "１").Want(t, 422)

	paste := func(note string) *portal.Page {
		b.Get("/audit/checkpoints")
		return b.Submit(`form[method=post][action="/audit/checkpoints/comparison"]`, url.Values{"note": {note}})
	}
	paste(string(one.Note)).Want(t, 200, "続きです", "書き足された記録 1件")
	paste("  受領証より\r\n\r\n"+strings.ReplaceAll(string(two.Note), "\n", "\r\n")+"\r\n").Want(t, 200, "2つは同じチェックポイントです")
	secret, _, err := evidence.NewSigningKey("elsewhere.example/log")
	if err != nil {
		t.Fatal(err)
	}
	paste(signedNote(t, secret, 1)).Want(t, 200, "この台帳のチェックポイントではありません")
	paste(strings.Replace(string(one.Note), "\n1\n", "\n2\n", 1)).Want(t, 200, "署名が正しくありません", "1文字ずつ").Lacks(t, "してはいけないこと")
	for name, note := range map[string]string{"nothing": " \n", "words": "これです", "half of it": string(one.Note)[:40], "markup": "<script>alert(1)</script>"} {
		page := paste(note).Want(t, 422)
		assertClean(t, page)
		if got := page.Find("textarea[name=note]").Text(); strings.TrimSpace(got) != strings.TrimSpace(note) {
			t.Errorf("%s: %q was kept", name, got)
		}
	}
	receipt := b.Get("/audit/records/0/file").Want(t, 200)
	if len(receipt.Body) < 20_000 {
		paste(string(receipt.Body)).Want(t, 200, "続きです")
	}
	paste(strings.Repeat("x", 40_001)).Want(t, 422, "長すぎます")
}

// signedNote is a checkpoint of another log.
func signedNote(t *testing.T, secret string, size int64) string {
	t.Helper()
	key, err := evidence.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", key.Signer.Name(), size, strings.Repeat("A", 43)+"=")
	sig, err := key.Signer.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	line := binary.BigEndian.AppendUint32(nil, key.Signer.KeyHash())
	return text + "\n— " + key.Signer.Name() + " " + base64.StdEncoding.EncodeToString(append(line, sig...)) + "\n"
}

// A question that is posted because it is long changes nothing.
func TestPastedCheckpointChangesNothing(t *testing.T) {
	t.Parallel()
	p, b := signedUp(t)
	db := openBeside(t, p)
	note := string(checkpointOf(t, p, 1).Note)
	csrf := token(t, b)
	before := digest(t, db)
	for _, form := range []url.Values{{"note": {note}}, {"note": {"x"}}, {}} {
		form.Set("csrf", csrf)
		ask(t, b, http.MethodPost, "/audit/checkpoints/comparison", form)
	}
	if tables := changed(before, digest(t, db)); tables != nil {
		t.Errorf("a comparison changed %v", tables)
	}
}

func TestComparisonFindsTampering(t *testing.T) {
	t.Parallel()
	p, b := signedUp(t)
	one, two := checkpointOf(t, p, 1), checkpointOf(t, p, 2)
	tamper(t, p, hashesZeroed(1))
	b.Get(fmt.Sprintf("/audit/checkpoints/comparison?older=%d&newer=%d", one.Size, two.Size)).
		Want(t, 200, "2つのチェックポイントは矛盾しています", "してはいけないこと")
	tamper(t, p, entryGone(1))
	b.Get(fmt.Sprintf("/audit/checkpoints/comparison?older=%d&newer=%d", one.Size, two.Size)).
		Want(t, 200, "今の台帳は、署名済みのチェックポイントより小さくなっています")
}

func TestCheckpointsArePagedBySize(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("auditor")
	b.Get("/audit/checkpoints").Want(t, 200, "チェックポイントはまだありません")
	for size := int64(1000); size < 1035; size++ {
		if err := p.App.Store.SaveCheckpoint(t.Context(), evidence.Checkpoint{Size: size, Root: make([]byte, 32), Note: []byte("x"), At: portal.Start}); err != nil {
			t.Fatal(err)
		}
	}
	first := b.Get("/audit/checkpoints").Want(t, 200)
	second := b.Click("次を表示").Want(t, 200)
	if n, m := first.Find("tbody tr").Length(), second.Find("tbody tr").Length(); n != 30 || m != 5 || second.URL.RawQuery != "before=1005" {
		t.Errorf("%d rows and %d at %s", n, m, second.URL)
	}
	b.Get("/audit/checkpoints?before=7").Want(t, 200, "チェックポイントはまだありません")
}

func sampleOf(values ...string) string {
	q := url.Values{"seed": {"さいころ 4 2 6"}, "n": {"2"}, "size": {""}, "kind": {""}, "item": {""}, "from": {""}, "until": {""}, "reason": {"定期監査"}}
	for i := 0; i+1 < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	return "/audit/sample?" + q.Encode()
}

func TestSampleIsDrawnAndChecked(t *testing.T) {
	t.Parallel()
	p, b := signedUp(t, portal.WithHistory())
	last, err := p.App.Store.LastCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Get("/audit/sample").Want(t, 200, "前もって公表した「種」", "kokoroe/sample/v1")
	if got := b.Page().Find("input[name=size]").AttrOr("value", ""); got != strconv.FormatInt(last.Size, 10) {
		t.Errorf("the checkpoint is %q, want the last", got)
	}
	page := b.Get(sampleOf("n", "20", "size", strconv.FormatInt(last.Size, 10))).Want(t, 200, "抽出した20件に、不一致はありません", "さいころ 4 2 6")
	want, err := evidence.Sample("さいころ 4 2 6", last.Size, 20)
	if err != nil {
		t.Fatal(err)
	}
	if got := drawnOn(page); !slices.Equal(got, want) {
		t.Errorf("drew %v, want %v", got, want)
	}
	if page.Find("table .status-success").Length() < 20 {
		t.Error("not every record is shown to agree")
	}
	if logs := p.Logs.String(); !strings.Contains(logs, "audit sample") || !strings.Contains(logs, "定期監査") || !strings.Contains(logs, "さいころ") {
		t.Error("the sample is not in the security log with its reason")
	}

	// Of a part of the log: the places count the matching entries in order.
	q := evidence.Query{Kind: "course.passed/v1", Before: last.Size}
	seqs, err := p.App.Store.EntrySeqs(t.Context(), q)
	if err != nil || len(seqs) < 30 {
		t.Fatalf("%d checks were passed: %v", len(seqs), err)
	}
	places, err := evidence.Sample("さいころ 4 2 6", int64(len(seqs)), 7)
	if err != nil {
		t.Fatal(err)
	}
	want = nil
	for _, place := range places {
		want = append(want, seqs[place])
	}
	page = b.Get(sampleOf("n", "7", "kind", "course.passed/v1")).Want(t, 200, "記録の種類: 合格")
	if got := drawnOn(page); !slices.Equal(got, want) {
		t.Errorf("drew %v of the passed, want %v", got, want)
	}
	assertExports(t, b, page, want)

	// An erasure changes no sample.
	erase(t, p, want[0], "誤り")
	again := b.Get(sampleOf("n", "7", "kind", "course.passed/v1", "size", strconv.FormatInt(last.Size, 10))).Want(t, 200, "消去済みの1件")
	if got := drawnOn(again); !slices.Equal(got, want) {
		t.Errorf("after an erasure drew %v, want %v", got, want)
	}
}

func drawnOn(page *portal.Page) []int64 {
	var seqs []int64
	page.Find(`table a[href^="/audit/records/"]`).Each(func(_ int, a *goquery.Selection) {
		n, _ := strconv.ParseInt(a.Text(), 10, 64)
		seqs = append(seqs, n)
	})
	return seqs
}

// assertExports takes the files that the page leads to.
func assertExports(t *testing.T, b *portal.Browser, page *portal.Page, want []int64) {
	t.Helper()
	links := page.Find(`a[href^="/audit/sample."]`)
	if links.Length() != 3 {
		t.Fatalf("%d exports", links.Length())
	}
	links.Each(func(_ int, a *goquery.Selection) {
		file := b.Get(a.AttrOr("href", ""))
		if file.Status != 200 || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s", file)
		}
		name := "x.csv"
		if bytes.HasPrefix(file.Body, []byte("PK")) {
			name = "x.xlsx"
		}
		table, err := spreadsheet.Read(name, file.Body)
		if err != nil || len(table.Rows) != len(want) {
			t.Fatalf("%s: %d rows, %v", file, len(table.Rows), err)
		}
		for i, row := range table.Rows {
			if row.Cell(0) != strconv.Itoa(i+1) || row.Cell(1) != strconv.FormatInt(want[i], 10) || row.Cell(2) != "一致" || row.Cell(10) != "さいころ 4 2 6" {
				t.Errorf("%s: row %d is %v", file, i, row.Cells)
			}
		}
	})
}

func TestSampleRefuses(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("auditor")
	b.Get("/audit/sample").Want(t, 200, "チェックポイントはまだありません")
	b.Get(sampleOf()).Want(t, 422, "チェックポイントがまだありません")
	sealed(t, b, sign(t, b))
	for name, tc := range map[string]struct {
		query []string
		says  string
	}{
		"no reason":           {[]string{"reason", " "}, "検索の理由を書いてください"},
		"no seed":             {[]string{"seed", " "}, "種を200文字まで"},
		"a long seed":         {[]string{"seed", strings.Repeat("さ", 201)}, "種を200文字まで"},
		"no number":           {[]string{"n", ""}, "1から500までの数"},
		"too many":            {[]string{"n", "501"}, "1から500までの数"},
		"more than there are": {[]string{"n", "2"}, "対象の件数を超えています。1までの"},
		"another checkpoint":  {[]string{"size", "7"}, "その件数のチェックポイントはありません"},
		"no checkpoint":       {[]string{"size", "x"}, "その件数のチェックポイントはありません"},
		"an item of nobody's": {[]string{"n", "1", "item", "policy:nothing"}, "一覧にある"},
		"days the wrong way":  {[]string{"n", "1", "from", "2026-11-22", "until", "2026-11-21"}, "初日以後"},
	} {
		page := b.Get(sampleOf(tc.query...)).Want(t, 422, tc.says)
		assertClean(t, page)
		b.Get(strings.Replace(sampleOf(tc.query...), "/audit/sample", "/audit/sample.csv", 1)).Want(t, 422)
		if strings.Contains(p.Logs.String(), "audit sample") {
			t.Errorf("%s: a sample was drawn", name)
		}
	}
	b.Get(sampleOf("n", "1", "kind", "course.passed/v1")).Want(t, 200, "条件に合うものはありません")
	b.Get(sampleOf("n", "1")).Want(t, 200, "抽出した1件に")
	b.Get(strings.Replace(sampleOf("n", "1", "encoding", "utf7"), "/audit/sample", "/audit/sample.csv", 1)).Want(t, 404)
}

// The sample finds what was changed.
func TestSampleFindsTampering(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]harm{
		"a record":        recordRewritten(1),
		"a text":          textRewritten,
		"a missing entry": entryGone(1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, b := signedUp(t)
			tamper(t, p, harm)
			page := b.Get(sampleOf("n", "2")).Want(t, 200, "検証に合格しない記録が")
			if page.Find("table .status-error").Length() == 0 || page.Find(".notice-error").Length() != 1 {
				t.Error("nothing is red")
			}
		})
	}
}

// The longest form that a browser sends fits into an address.
func TestLongestAuditFormsFit(t *testing.T) {
	t.Parallel()
	_, b := signedUp(t)
	b.Get("/audit")
	for path, fields := range map[string]map[string]string{"/audit": {"reason": "textarea", "person": "input", "seq": "input"},
		"/audit/sample": {"reason": "textarea", "seed": "input", "n": "input", "size": "input"}} {
		page := b.Get(path).Want(t, 200)
		values := url.Values{"item": {"policy:contractor-obligations"}, "kind": {"policy.acknowledged/v1"}, "from": {"2026-04-01"}, "until": {"2027-03-31"}}
		for name, element := range fields {
			most, err := strconv.Atoi(page.Find(element+"[name="+name+"]").AttrOr("maxlength", ""))
			if err != nil {
				t.Fatalf("%s: %s takes any number of characters", path, name)
			}
			values.Set(name, strings.Repeat("心", most))
		}
		if longest := b.Get(path + "?" + values.Encode()); longest.Status != 422 {
			t.Errorf("%s", longest)
		}
	}
}

func TestSampleFileIsCSV(t *testing.T) {
	t.Parallel()
	_, b := signedUp(t)
	file := b.Get(strings.Replace(sampleOf(), "/audit/sample", "/audit/sample.csv", 1))
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file.Body, []byte("\uFEFF")))).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][0] != "抽出順" || len(rows[1]) != 14 {
		t.Errorf("%v, %v", rows, err)
	}
}
