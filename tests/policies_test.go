package tests

import (
	"context"
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/content"
	"kokoroe/tests/portal"
)

const (
	basicPolicy = "/policies/basic-policy"
	signForm    = `form[action="` + basicPolicy + `/acknowledgement"]`
)

// logSize is how many records there are.
func logSize(t *testing.T, p *portal.Portal) int64 {
	t.Helper()
	n, err := p.App.Store.LogSize(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sign acknowledges the basic policy and returns the path of the receipt.
func sign(t *testing.T, b *portal.Browser) string {
	t.Helper()
	b.Get(basicPolicy).Want(t, 200)
	page := b.Submit(signForm, nil).Want(t, 200)
	if !strings.HasPrefix(page.URL.Path, "/receipts/") {
		t.Fatalf("signing ended at %s", page)
	}
	return page.URL.Path
}

// sealed waits until the receipt's file can be had.
func sealed(t *testing.T, b *portal.Browser, path string) []byte {
	t.Helper()
	for range 100 {
		if page := b.Get(path + "/file"); page.Status == 200 {
			return page.Body
		} else if page.Status != 503 {
			t.Fatalf("%s", page)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("no checkpoint was signed")
	return nil
}

func TestAcknowledgement(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	b.Get("/policies").Want(t, 200, "情報セキュリティ基本方針", "第1版", "ソーシャルメディア運用手順", "誓約は不要")
	sheet := b.Click("情報セキュリティ基本方針").Want(t, 200, "令和8年11月30日", "目次", "誓約する人")
	if n := sheet.Find("main form button").Length(); n != 1 {
		t.Errorf("%d buttons on the sheet, want the one", n)
	}
	if sheet.Find("#clause-2-1").Length() != 1 {
		t.Error("clause 2-1 has no anchor")
	}
	action, form := b.Form(signForm, nil)
	receipt := b.Post(action, form).Want(t, 200,
		"「情報セキュリティ基本方針」に誓約しました", "第1版", form.Get("text"), form.Get("declaration"), "令和8年（2026年）11月22日", "次にすること")
	path := receipt.URL.Path

	again := b.Post(action, form)
	if again.URL.Path != path || logSize(t, p) != 1 {
		t.Errorf("signed twice: %s and %s, %d records", path, again, logSize(t, p))
	}
	signed := b.Get(basicPolicy).Want(t, 200, "もう一度誓約する必要はありません")
	if signed.Find(signForm).Length() != 0 {
		t.Error("a signed policy is still asked for")
	}
	if href, _ := signed.Find(".notice-success a").Attr("href"); href != path {
		t.Errorf("the sheet leads to %q, want the receipt %s", href, path)
	}
	b.Get("/record").Want(t, 200, "令和8年度", "誓約", "第1版")

	b.Language = "en"
	b.Get(path).Want(t, 200, "You have acknowledged: Basic Information Security Policy", "Language shown 日本語", "私は、ここに表示された版の", "Reference number").
		Lacks(t, "[receipt.", "[record.", "[policy.")
}

func TestReceiptFileVerifiesElsewhere(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	path := sign(t, b)
	file := sealed(t, b, path)
	if got := b.Page().Header.Get("Content-Disposition"); !strings.Contains(got, "kokoroe-0.receipt") {
		t.Errorf("the file is called %q", got)
	}
	receipt, err := evidence.ParseReceipt(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(p.App.Keys.Public)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := receipt.Verify(note.VerifierList(key))
	if err != nil {
		t.Fatal(err)
	}
	if verified.Record.Subject != string(p.Person("000174").ID) || !strings.Contains(string(receipt.Text), "## 1 目的 {#1}") {
		t.Errorf("the receipt is about %s", verified.Record.Subject)
	}
	b.Get(path).Want(t, 200, "受領証ファイルを保存")
}

// withNewVersion is the content with a second version of the basic policy that
// comes into force on 23 November 2026.
func withNewVersion(t *testing.T, change string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(content.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(content.FS, name)
		files[name] = &fstest.MapFile{Data: src}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for language, added := range map[string]string{"ja": "新しい一文を加える。", "en": "A new sentence is added."} {
		src := string(files["policies/basic-policy/1."+language+".md"].Data)
		src = strings.Replace(src, "version: 1\n", "version: 2\n", 1)
		src = strings.Replace(src, "effective_on: 2026-04-01", "effective_on: 2026-11-23", 1)
		src = strings.Replace(src, "change: material", "change: "+change, 1)
		src = strings.Replace(src, "{#1}\n\n", "{#1}\n\n"+added+"\n\n", 1)
		files["policies/basic-policy/2."+language+".md"] = &fstest.MapFile{Data: []byte(src)}
	}
	return files
}

// evening is ten minutes before the second version comes into force.
var evening = time.Date(2026, time.November, 22, 14, 50, 0, 0, time.UTC)

func TestStaleSheetIsRefusedWithTheDifference(t *testing.T) {
	t.Parallel()
	clock := portal.NewClock(evening)
	p := portal.New(t, portal.WithContent(withNewVersion(t, "material")), portal.WithClock(clock))
	b := p.As("employee")
	b.Get(basicPolicy).Want(t, 200, "第1版")
	action, form := b.Form(signForm, nil)
	clock.Advance(15 * time.Minute)

	page := b.Post(action, form).Want(t, 409, "文面が新しくなっています", "まだ記録していません", "変更された項", "新しい一文を加える。")
	if got := page.Text("ins"); !strings.Contains(got, "新しい一文を加える。") {
		t.Errorf("the difference marks %q as new", got)
	}
	page.Lacks(t, "{#1}")
	if n := logSize(t, p); n != 0 {
		t.Errorf("%d records after a refusal", n)
	}
	b.Click("最新の文面を開く").Want(t, 200, "第2版")
	b.Submit(signForm, nil).Want(t, 200, "第2版")

	question := b.PostOnly(basicPolicy+"/question", url.Values{
		"csrf": form["csrf"], "text": form["text"], "ground": {"question"}, "reason": {"書きかけの質問です"},
	}).Want(t, 409, "書きかけの質問です")
	question.Lacks(t, "[policy.")
}

func TestMaterialVersionAsksAgainAndShowsWhatChanged(t *testing.T) {
	t.Parallel()
	clock := portal.NewClock(evening)
	p := portal.New(t, portal.WithContent(withNewVersion(t, "material")), portal.WithClock(clock))
	b := p.As("employee")
	sign(t, b)
	clock.Advance(15 * time.Minute)
	sheet := b.Get(basicPolicy).Want(t, 200, "前に誓約した第1版から変わったところ", "新しい一文を加える。")
	if sheet.Find(".clause-change").Length() != 1 {
		t.Errorf("%d clauses are shown as changed, want the one", sheet.Find(".clause-change").Length())
	}
	sign(t, b)
	if n := logSize(t, p); n != 2 {
		t.Errorf("%d records, want one for each version", n)
	}
}

func TestEditorialVersionCarriesOn(t *testing.T) {
	t.Parallel()
	clock := portal.NewClock(evening)
	p := portal.New(t, portal.WithContent(withNewVersion(t, "editorial")), portal.WithClock(clock))
	b := p.As("employee")
	sign(t, b)
	clock.Advance(15 * time.Minute)
	sheet := b.Get(basicPolicy).Want(t, 200, "第2版は軽微な修正のため、誓約は引き継がれます")
	if sheet.Find(signForm).Length() != 0 {
		t.Error("an editorial change asks for a signature")
	}
}

func TestDecline(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	b.Get(basicPolicy)
	b.Click("同意できない・質問がある").Want(t, 200, "この後の流れ")
	form := `form[action="` + basicPolicy + `/question"]`
	page := b.Submit(form, url.Values{"reason": {"第6項の範囲を知りたい <b>です</b>"}}).
		Want(t, 422, "どちらに当てはまるかを選んでください", "第6項の範囲を知りたい <b>です</b>")
	if !strings.HasPrefix(page.Text("title"), "エラー") || logSize(t, p) != 0 {
		t.Errorf("title %q, %d records", page.Text("title"), logSize(t, p))
	}
	sent := b.Submit(form, url.Values{"ground": {"question"}}).
		Want(t, 200, "質問・理由を送りました", "この後の流れ", "第6項の範囲を知りたい <b>です</b>")
	if !strings.HasPrefix(sent.URL.Path, "/receipts/") {
		t.Errorf("sending ended at %s", sent)
	}
	b.Get("/tasks").Want(t, 200, "誓約できない・質問中")
	b.Get(basicPolicy).Want(t, 200, "情報政策課からの返答をお待ちください")
	sign(t, b)
	b.Get("/record").Want(t, 200, "質問・不同意", "完了")
}

func TestQuestionWithAnInventedTextIsRefused(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	b.Get(basicPolicy + "/question")
	b.Submit(`form[action="`+basicPolicy+`/question"]`, url.Values{
		"ground": {"question"}, "reason": {"なぜですか"}, "text": {"sha256:" + strings.Repeat("0", 64)},
	}).Want(t, 422, "この市が施行したものではありません", "なぜですか")
	if n := logSize(t, p); n != 0 {
		t.Errorf("%d records", n)
	}
}

func TestContractorSeesOnlyWhatIsAsked(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("contractor")
	b.Get("/policies").Want(t, 404)
	b.Get("/policies/social-media-rules").Want(t, 404)
	b.Get("/policies/social-media-rules/public").Want(t, 404)
	b.Get("/policies/nothing").Want(t, 404)
	if n := b.Get(basicPolicy).Want(t, 200).Find(signForm).Length(); n != 0 {
		t.Error("a policy that is not asked has a declaration")
	}
	b.Get("/glossary").Want(t, 200, "用語集")

	b.Get("/policies/contractor-obligations").Want(t, 200, "遵守事項を読み、理解し、守ることを誓約します")
	_, form := b.Form(`form[action="/policies/contractor-obligations/acknowledgement"]`, nil)
	b.Post(basicPolicy+"/acknowledgement", form).Want(t, 404)
	b.Get(basicPolicy+"/question").Want(t, 404)
	if n := logSize(t, p); n != 0 {
		t.Errorf("%d records of what is not asked", n)
	}
	b.Post("/policies/contractor-obligations/acknowledgement", form).Want(t, 200, "多言語窓口案内業務")
	b.Get("/record").Want(t, 200, "誓約")
}

func TestPublicPolicyNeedsNobody(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.Browser()
	page := b.Get(basicPolicy+"/public").Want(t, 200, "情報セキュリティ基本方針", "第1版")
	if page.Find("main form").Length() != 0 {
		t.Error("the public page asks for something")
	}
	b.Get("/policies/social-media-rules/public").Want(t, 404)
	if page := b.Get(basicPolicy); page.URL.Path != "/sign-in" {
		t.Errorf("a sheet is open to %s", page)
	}
}

func TestReceiptIsOnesOwn(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	path := sign(t, p.As("employee"))
	other := p.As("head")
	for _, address := range []string{path, path + "/file", "/receipts/999999", "/receipts/-1", "/receipts/x", "/receipts/99999999999999999999"} {
		other.Get(address).Want(t, 404).Lacks(t, "000174", "誓約しました")
	}
	if page := p.Browser().Get(path); page.URL.Path != "/sign-in" {
		t.Errorf("a receipt is open to %s", page)
	}
}

func TestGlossary(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("employee")
	page := b.Get("/glossary").Want(t, 200, "ネットワーク", "可用性")
	if n := page.Find(".glossary-term").Length(); n != 13 {
		t.Errorf("%d terms, want the 13 of clause 2", n)
	}
	href, _ := page.Find(".glossary-clause a").First().Attr("href")
	path, anchor, _ := strings.Cut(href, "#")
	if b.Get(path).Find("#"+anchor).Length() != 1 {
		t.Errorf("the clause %s is not there", href)
	}
}
