package tests

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/mongodb/proxy"
	"kokoroe/tests/portal"
)

// wired is a database with a wire before it that a test can cut, and the address
// by way of it.
func wired(t *testing.T) (wire *proxy.Proxy, address string) {
	t.Helper()
	uri := engine.Database(t)
	wire, err := proxy.Start(uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := wire.Close(); err != nil {
			t.Error(err)
		}
	})
	return wire, wire.URI(uri)
}

// TestMongoDBGoesAwayAndComesBack: while it is away pages say so in the reader's
// language and nothing is acknowledged; when it is back, the same form makes one
// record, also when its answer is lost on the way.
func TestMongoDBGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	wire, address := wired(t)
	p := portal.New(t, portal.OnStore(address+"&serverSelectionTimeoutMS=300"))
	const sign = `form[action="/policies/basic-policy/acknowledgement"]`
	employee, owner, head := p.As("employee"), p.As("account-owner"), p.As("head")
	employee.Get("/policies/basic-policy").Want(t, 200)
	path, form := employee.Form(sign, nil)

	wire.Leave()
	assertAway(t, employee.PostOnly(path, form), "もう一度")
	for _, page := range []string{"/policies/basic-policy", "/record", "/receipts/0"} {
		assertAway(t, employee.Do(withLanguage(get(t, p.URL+page), "ja")), "もう一度お試しください")
	}
	for range 3 { // the later ones are refused without asking
		assertAway(t, employee.Do(withLanguage(get(t, p.URL+"/tasks"), "en")), "try again")
	}
	for _, page := range []string{"/healthz", "/verify", "/help", "/accessibility", "/privacy"} {
		p.Browser().Get(page).Want(t, 200)
	}
	style, _ := p.Browser().Get("/help").Find("link[rel=stylesheet]").Attr("href")
	p.Browser().Get(style).Want(t, 200)
	assertUnready(t, p, "not ready: away")
	stranger := p.Browser()
	stranger.Language = "en"
	stranger.Get("/sign-in").Want(t, 200)
	assertAway(t, stranger.Submit(`form[action="/sign-in/city"]`, nil), "try again")

	wire.Return()
	untilReady(t, p)
	receipt := employee.PostOnly(path, form)
	again := employee.PostOnly(path, form)
	wantReceipt(t, receipt)
	if receipt.Header.Get("Location") != again.Header.Get("Location") {
		t.Errorf("one acknowledgement has the receipts %q and %q", receipt.Header.Get("Location"), again.Header.Get("Location"))
	}

	// The database does what it is asked, and the answer is lost.
	owner.Get("/policies/basic-policy").Want(t, 200)
	path, form = owner.Form(sign, nil)
	wire.Follow(proxy.Only(proxy.Every(1, 1, proxy.Act{Harm: proxy.CutAfter}), "insert log"))
	for range 50 {
		if receipt = owner.PostOnly(path, form); receipt.Status != http.StatusServiceUnavailable {
			break
		}
		assertAway(t, receipt, "もう一度")
		untilReady(t, p)
	}
	wantReceipt(t, receipt)
	if wire.Harmed() != 1 {
		t.Errorf("%d answers were lost, want one", wire.Harmed())
	}

	// The database takes connections and requests, and answers nothing.
	head.Get("/policies/basic-policy").Want(t, 200)
	path, form = head.Form(sign, nil)
	wire.Hold()
	assertAway(t, head.PostOnly(path, form), "もう一度")
	wire.Release()
	untilReady(t, p)
	wantReceipt(t, head.PostOnly(path, form))

	if size, err := p.App.Store.LogSize(t.Context()); size != 3 || err != nil {
		t.Errorf("%d records of three acknowledgements (%v)", size, err)
	}
	if err := p.App.Log.Trouble(); err != nil {
		t.Errorf("the log has stopped: %v", err)
	}
	assertQuiet(t, p.Logs.String())
}

// TestMongoDBTakesNoWrites: while it says why, an acknowledgement is told that
// nothing was recorded, reading goes on, and afterwards the same form makes one
// record.
func TestMongoDBTakesNoWrites(t *testing.T) {
	wire, address := wired(t)
	p := portal.New(t, portal.OnStore(address))
	const sign = `form[action="/policies/basic-policy/acknowledgement"]`
	for i, c := range []struct {
		role, word string
		act        proxy.Act
		says       map[string]string
	}{
		{"employee", "full", proxy.Act{Code: 14031, Name: "OutOfDiskSpace"},
			map[string]string{"ja": "何も記録されていません", "en": "Nothing was recorded"}},
		{"account-owner", "read-only", proxy.Act{Code: 371, Name: "UserWritesBlocked"},
			map[string]string{"ja": "何も記録されていません", "en": "Nothing was recorded"}},
		{"head", "no-primary", proxy.Act{Code: 10107, Name: "NotWritablePrimary"},
			map[string]string{"ja": "二重に記録されることはありません", "en": "Nothing is ever recorded twice"}},
	} {
		b := p.As(c.role)
		b.Get("/policies/basic-policy").Want(t, 200)
		path, form := b.Form(sign, nil)
		c.act.Harm = proxy.Refused
		wire.Follow(writesOnly(proxy.Every(1, 0, c.act)))
		for language, words := range c.says {
			b.Language = language
			assertAway(t, b.PostOnly(path, form), words)
		}
		b.Get("/policies/basic-policy").Want(t, 200)
		b.Get("/record").Want(t, 200)
		assertUnready(t, p, "not ready: "+c.word)
		if size, err := p.App.Store.LogSize(t.Context()); size != int64(i) || err != nil {
			t.Errorf("%s: %d records (%v)", c.word, size, err)
		}
		wire.Follow(nil)
		untilReady(t, p)
		receipt, again := b.PostOnly(path, form), b.PostOnly(path, form)
		wantReceipt(t, receipt)
		if receipt.Header.Get("Location") != again.Header.Get("Location") {
			t.Errorf("%s: one acknowledgement has the receipts %q and %q", c.word, receipt.Header.Get("Location"), again.Header.Get("Location"))
		}
		if size, err := p.App.Store.LogSize(t.Context()); size != int64(i+1) || err != nil {
			t.Errorf("%s: %d records (%v)", c.word, size, err)
		}
	}
	assertQuiet(t, p.Logs.String())
}

// writesOnly leaves what reads alone.
func writesOnly(plan proxy.Plan) proxy.Plan {
	return func(request string) proxy.Act {
		switch command, _, _ := strings.Cut(request, " "); command {
		case "insert", "update", "delete", "findAndModify":
			return plan(request)
		}
		return proxy.Act{}
	}
}

// assertUnready fails the test unless /readyz says in a word why not.
func assertUnready(t *testing.T, p *portal.Portal, says string) {
	t.Helper()
	if page := p.Browser().Get("/readyz"); page.Status != http.StatusServiceUnavailable || strings.TrimSpace(string(page.Body)) != says {
		t.Errorf("readiness answers %d %q, want %q", page.Status, page.Body, says)
	}
}

// assertAway fails the test unless the page says, in words, to come back.
func assertAway(t *testing.T, page *portal.Page, words string) {
	t.Helper()
	page.Want(t, http.StatusServiceUnavailable, words).Lacks(t, "mongodb", "server selection", "topology")
	assertClear503(t, page)
}

func wantReceipt(t *testing.T, page *portal.Page) {
	t.Helper()
	if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Header.Get("Location"), "/receipts/") {
		t.Fatalf("%s leads to %q", page, page.Header.Get("Location"))
	}
}

// untilReady waits until the portal says that it is.
func untilReady(t *testing.T, p *portal.Portal) {
	t.Helper()
	for p.Browser().Get("/readyz").Status != http.StatusOK {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
