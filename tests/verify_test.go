package tests

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/tests/portal"
)

// uploaded is a form with a file, as browsers send it.
func uploaded(t *testing.T, csrf, name string, file []byte) (body []byte, kind string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.WriteField("csrf", csrf); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("receipt", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w.FormDataContentType()
}

// postBody sends a body of a kind to the page that verifies.
func postBody(t *testing.T, b *portal.Browser, kind string, body io.Reader) *portal.Page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Portal.URL+"/verify", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept-Language", b.Language)
	return b.Do(r)
}

// verify uploads a file as somebody who is not signed in.
func verify(t *testing.T, b *portal.Browser, file []byte) *portal.Page {
	t.Helper()
	body, kind := uploaded(t, token(t, b), "x.receipt", file)
	return postBody(t, b, kind, bytes.NewReader(body))
}

// signedReceipt is an employee's receipt of the basic policy.
func signedReceipt(t *testing.T, p *portal.Portal) (path string, file []byte) {
	t.Helper()
	b := p.As("employee")
	path = sign(t, b)
	return path, sealed(t, b, path)
}

func TestAnybodyVerifiesAReceipt(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	_, file := signedReceipt(t, p)
	db := openBeside(t, p)
	before := digest(t, db)
	logged := len(p.Logs.String())
	for language, want := range map[string][]string{
		"ja": {"この受領証は本物です", "令和8年（2026年）11月22日", "policy:basic-policy", "誓約の言葉", "押したボタン", "立会人の副署はありません"},
		"en": {"This receipt is genuine", "22 November 2026", "policy:basic-policy", "Declaration", "Button pressed", "No witness has signed"},
	} {
		b := p.Browser()
		b.Language = language
		page := verify(t, b, file).Want(t, 200, want...)
		receipt, err := evidence.ParseReceipt(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := page.Find("pre.bytes").Text(); got != string(receipt.Text) {
			t.Errorf("%s: the text is not the file's", language)
		}
		page.Lacks(t, p.Person("000174").Name, "000174")
		assertClean(t, page)
	}
	if tables := changed(before, digest(t, db)); tables != nil {
		t.Errorf("verifying changed %v", tables)
	}
	for _, secret := range []string{string(p.Person("000174").ID), "kokoroe-receipt", "policy.acknowledged"} {
		if strings.Contains(p.Logs.String()[logged:], secret) {
			t.Errorf("the log has %q of the file", secret)
		}
	}
}

// What the page says of a receipt is in the file: it says so too when the
// portal has forgotten everything about it.
func TestVerifyingAsksNoStore(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	path, file := signedReceipt(t, p)
	erase(t, p, seqOf(t, path), "決裁")
	verify(t, p.Browser(), file).Want(t, 200, "この受領証は本物です", "policy:basic-policy", string(p.Person("000174").ID))
}

func TestReceiptsThatDoNotVerify(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	_, file := signedReceipt(t, p)
	other := portal.New(t)
	_, foreign := signedReceipt(t, other)
	text := string(file)
	swap := func(from, to string) []byte {
		if !strings.Contains(text, from) {
			t.Fatalf("the receipt has no %q", from)
		}
		return []byte(strings.Replace(text, from, to, 1))
	}
	lines := strings.Split(text, "\n")
	line := func(start string) int {
		for i, l := range lines {
			if strings.HasPrefix(l, start) {
				return i + 1
			}
		}
		t.Fatalf("no line begins with %q", start)
		return 0
	}
	at := func(n int) string { return fmt.Sprintf("受領証の%d行目が正しくありません", n) }
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"empty", "選んだファイルは空です", nil},
		{"one byte", "受領証のファイルではありません", []byte("k")},
		{"a picture", "受領証のファイルではありません", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")},
		{"zeros", "受領証のファイルではありません", make([]byte, 1<<19)},
		{"lines of another system", "受領証のファイルではありません", []byte(strings.ReplaceAll(text, "\n", "\r\n"))},
		{"a byte order mark", "受領証のファイルではありません", []byte("\ufeff" + text)},
		{"only the first line", at(2), []byte(lines[0] + "\n")},
		{"cut in the record", at(2), []byte(text[:60])},
		{"cut in the text", at(line("text") + 5), []byte(strings.Join(lines[:line("text")+4], "\n") + "\n|half")},
		{"another name for the salt", at(line("salt ")), swap("salt ", "salz ")},
		{"broken base64", at(line("salt ")), swap("salt ", "salt !")},
		{"a number with a sign", at(line("index ")), swap("index ", "index +")},
		{"a broken character in the text", at(line("|")), swap("\n|", "\n|\xff")},
		{"a line too much", "チェックポイント", []byte(text + "\n")},
		{"a character of the text", "文面が、記録されたものと一致しません", swap("|本市は", "|本市が")},
		{"a character of the declaration", "誓約の言葉が、記録されたものと一致しません", swap("declaration\n|私", "declaration\n|僕")},
		{"a word of the record", "この記録が台帳にあることを確かめられません", swap(`"kind":"policy.acknowledged/v1"`, `"kind":"policy.acknowledged/v2"`)},
		{"a space in the record", "記録の形が正しくありません", swap(`{"actor"`, `{ "actor"`)},
		{"another place", "この記録が台帳にあることを確かめられません", swap("index 0", "index 1")},
		{"signed by another log", "この台帳の鍵による署名がありません", foreign},
		{"too large by a byte", "受領証が大きすぎます", append([]byte("kokoroe-receipt@v1\n"), bytes.Repeat([]byte("a"), evidence.MaxReceipt-18)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := verify(t, p.Browser(), c.file).Want(t, 422, c.want)
			if n := page.Find(".error-summary li").Length(); n != 1 {
				t.Errorf("%d sentences", n)
			}
			if !strings.HasPrefix(page.Text("title"), "エラー") {
				t.Errorf("the title is %s", page.Text("title"))
			}
			page.Lacks(t, "この受領証は本物です")
			assertClean(t, page)
		})
	}
}

// Every cut of a receipt is refused, and none is trouble.
func TestTruncatedReceipts(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	_, file := signedReceipt(t, p)
	b := p.Browser()
	csrf := token(t, b)
	for i := 1; i < len(file); i += 1 + len(file)/150 {
		body, kind := uploaded(t, csrf, "x.receipt", file[:i])
		if page := postBody(t, b, kind, bytes.NewReader(body)); page.Status != 422 {
			t.Errorf("%d of %d bytes answered %d", i, len(file), page.Status)
		}
		body, kind = uploaded(t, csrf, "x.receipt", file)
		whole := bytes.Index(body, file[len(file)-80:])
		if page := postBody(t, b, kind, bytes.NewReader(body[:whole*i/len(file)])); page.Status == 200 || page.Status >= 500 {
			t.Errorf("a form cut at %d answered %d", i, page.Status)
		}
	}
}

func TestOddUploads(t *testing.T) { // alone: it measures memory
	p := portal.New(t)
	_, file := signedReceipt(t, p)
	b := p.Browser()
	csrf := token(t, b)
	part := func(head, body string) string { return "--x\r\n" + head + "\r\n\r\n" + body + "\r\n" }
	field := part(`Content-Disposition: form-data; name="csrf"`, csrf)
	upload := part(`Content-Disposition: form-data; name="receipt"; filename="a.receipt"`, string(file))
	for _, c := range []struct {
		name, kind, body string
		want             int
	}{
		{"as it should be", "multipart/form-data; boundary=x", field + upload + "--x--\r\n", 200},
		{"a quoted boundary", `multipart/form-data; boundary="x"`, field + upload + "--x--\r\n", 200},
		{"the file first", "multipart/form-data; boundary=x", upload + field + "--x--\r\n", 200},
		{"two files", "multipart/form-data; boundary=x", field + part(`Content-Disposition: form-data; name="receipt"; filename="b"`, "x") + upload + "--x--\r\n", 422},
		{"no file", "multipart/form-data; boundary=x", field + "--x--\r\n", 422},
		{"no file chosen", "multipart/form-data; boundary=x", field + part(`Content-Disposition: form-data; name="receipt"; filename=""`, "") + "--x--\r\n", 422},
		{"a form without a file", "application/x-www-form-urlencoded", url.Values{"csrf": {csrf}, "receipt": {string(file)[:99]}}.Encode(), 422},
		{"no token", "multipart/form-data; boundary=x", upload + "--x--\r\n", 403},
		{"the token too late", "multipart/form-data; boundary=x", strings.Repeat(part(`Content-Disposition: form-data; name="a"`, "1"), 2000) + field + "--x--\r\n", 403},
		{"the token in a file", "multipart/form-data; boundary=x", part(`Content-Disposition: form-data; name="csrf"; filename="a"`, csrf) + upload + "--x--\r\n", 403},
		{"a token of a megabyte", "multipart/form-data; boundary=x", part(`Content-Disposition: form-data; name="csrf"`, strings.Repeat("a", 1<<20)) + "--x--\r\n", 403},
		{"no boundary", "multipart/form-data", field + upload, 403},
		{"another boundary", "multipart/form-data; boundary=y", field + upload + "--x--\r\n", 403},
		{"a boundary of nothing", "multipart/form-data; boundary=", field + upload, 403},
		{"a long boundary", "multipart/form-data; boundary=" + strings.Repeat("x", 4000), field + upload, 403},
		{"nothing", "multipart/form-data; boundary=x", "", 403},
		{"headers without end", "multipart/form-data; boundary=x", "--x\r\n" + strings.Repeat("A: b\r\n", 20000), 403},
		{"mixed", "multipart/mixed; boundary=x", field + upload + "--x--\r\n", 415},
		{"JSON", "application/json", "{}", 415},
	} {
		t.Run(c.name, func(t *testing.T) {
			var page *portal.Page
			spent := allocatedBy(func() { page = postBody(t, b, c.kind, strings.NewReader(c.body)) })
			page.Want(t, c.want)
			if spent > 16<<20 {
				t.Errorf("it took %d MB of memory", spent>>20)
			}
		})
	}
}

// Only this one route takes more than a form has, and it takes no more than a
// receipt.
func TestUploadsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.Browser()
	body, kind := uploaded(t, token(t, b), "x.receipt", make([]byte, 2<<20))
	postBody(t, b, kind, bytes.NewReader(body)).Want(t, 413, "送られた内容が大きすぎます")
	for _, path := range []string{"/language", "/verify/", "/verify/1", "/verify?x=1", "//verify", "/sign-out"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+path, bytes.NewReader(body[:1<<17]))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if page := b.Do(r); page.Status != 413 {
			t.Errorf("%s takes 128 KB: %d", path, page.Status)
		}
	}
}

// A gigabyte is refused by what it says it is, before it comes.
func TestAGigabyteIsRefusedUnread(t *testing.T) { // alone: it measures memory
	p := portal.New(t)
	host := strings.TrimPrefix(p.URL, "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var answer []byte
	spent := allocatedBy(func() {
		_, err = fmt.Fprintf(conn, "POST /verify HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n--x\r\n", host, 1<<30)
		if err == nil {
			answer, err = io.ReadAll(conn)
		}
	})
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 413 ")) {
		t.Errorf("it answered %.60q, %v", answer, err)
	}
	if spent > 8<<20 {
		t.Errorf("it took %d MB of memory", spent>>20)
	}
}

// erase takes the record away, as the command does.
// seqOf is the number of the record whose receipt is at path.
func seqOf(t *testing.T, path string) int64 {
	t.Helper()
	seq, err := strconv.ParseInt(strings.TrimPrefix(path, "/receipts/"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func TestTheCodeOfAReceiptLeadsToItsRecord(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	path, _ := signedReceipt(t, p)
	seq := strings.TrimPrefix(path, "/receipts/")
	employee := p.As("employee")
	receipt := employee.Get(path).Want(t, 200)
	href, _ := receipt.Find(".receipt-check a").Attr("href")
	if n := receipt.Find(".receipt-check svg path").Length(); n != 1 || !strings.HasPrefix(href, "/verify/"+seq+"?leaf=") {
		t.Fatalf("%d codes, and a link to %q", n, href)
	}
	b := p.Browser()
	for language, want := range map[string][]string{
		"ja": {"台帳の" + seq + "番に、この指紋の記録があります", "令和8年（2026年）11月22日", "立会人の副署はありません"},
		"en": {"at number " + seq, "22 November 2026", "No witness has signed"},
	} {
		b.Language = language
		page := b.Get(href).Want(t, 200, want...)
		page.Lacks(t, string(p.Person("000174").ID), p.Person("000174").Name, "basic-policy", "acknowledged")
		assertClean(t, page)
	}
	b.Language = "ja"
	known := essence(b.Get("/verify/"+seq).Want(t, 404, "この番号と指紋の組み合わせは、台帳にありません"))
	leaf := strings.TrimPrefix(href, "/verify/"+seq+"?leaf=")
	for _, nothing := range []string{
		"/verify/" + seq + "?leaf=", "/verify/" + seq + "?leaf=" + strings.Repeat("A", 43), "/verify/" + seq + "?leaf=" + leaf + "=", "/verify/" + seq + "?leaf=" + leaf[:42],
		"/verify/" + seq + "?leaf=" + url.QueryEscape("<script>"), "/verify/999?leaf=" + leaf, "/verify/-1?leaf=" + leaf, "/verify/0" + seq + "?leaf=" + leaf,
		"/verify/99999999999999999999?leaf=" + leaf, "/verify/x", "/verify/%00", "/verify/" + seq + "?leaf=%ff%00", "/verify/" + seq + "?LEAF=" + leaf,
	} {
		if page := b.Get(nothing); page.Status != 404 || essence(page) != known {
			t.Errorf("%s is told from a number that is not there", page)
		}
	}
	erase(t, p, seqOf(t, path), "決裁")
	b.Get(href).Want(t, 200, "台帳の"+seq+"番に、この指紋の記録があります", "消去されています")
}

func TestARecordWithoutASealSaysSo(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	path, _ := signedReceipt(t, p)
	seq := strings.TrimPrefix(path, "/receipts/")
	e, err := p.App.Store.Entry(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	tamper(t, p, checkpointsGone(0))
	p.Browser().Get("/verify/"+seq+"?leaf="+evidence.Fingerprint(e.Leaf)).Want(t, 200, "署名による封はまだです")
	p.As("employee").Get(path+"/pdf").Want(t, 503)
}

func TestADamagedRecordIsNotVouchedFor(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	signedReceipt(t, p)
	e, err := p.App.Store.Entry(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	tamper(t, p, entryWith(0, map[string]any{"record": nil}))
	p.Browser().Get("/verify/0?leaf="+evidence.Fingerprint(e.Leaf)).Want(t, 500, "検証に合格しませんでした").Lacks(t, "この指紋の記録があります")
}

func TestTheKeysOfTheLogAreAFile(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	page := p.Browser().Get("/verify/policy").Want(t, 200)
	if got, want := string(page.Body), "log "+p.App.Keys.Public+"\nquorum none\n"; got != want {
		t.Errorf("the file says %q, want %q", got, want)
	}
	if kind := page.Header.Get("Content-Type"); kind != "text/plain; charset=utf-8" || !strings.HasPrefix(page.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("it is %s", kind)
	}
	form := p.Browser().Get("/verify").Want(t, 200, p.App.Keys.Public, "受領証の検証")
	offline := p.Browser().Get("/verify/offline")
	if linked := form.Find(`a[href="/verify/offline"]`).Length() == 1; linked != (offline.Status == 200) || offline.Status != offlineStatus() {
		t.Errorf("the offline page is linked %v and answers %d", linked, offline.Status)
	}
}
