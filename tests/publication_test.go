package tests

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app"
	"kokoroe/app/demo"
	"kokoroe/app/edition"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store"
	"kokoroe/content"
	"kokoroe/locales"
	"kokoroe/tests/portal"
)

// town is three instances on one store. Browsers speak to one address, behind
// which the test chooses who answers.
type town struct {
	*portal.Portal
	apps  []*app.App
	chose atomic.Int32
}

func newTown(t *testing.T, options ...portal.Option) *town {
	t.Helper()
	front, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &town{}
	var addresses []*url.URL
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(addresses[w.chose.Load()])
		r.Out.Host = r.In.Host
	}}}
	w.Portal = portal.New(t, append(options, func(c *demo.Config) { c.BaseURL = "http://" + front.Addr().String() })...)
	addresses, w.apps = append(addresses, &url.URL{Scheme: "http", Host: w.Demo.Address()}), append(w.apps, w.App)
	for range 2 {
		a := w.beside(t)
		addresses, w.apps = append(addresses, &url.URL{Scheme: "http", Host: serve(t, a)}), append(w.apps, a)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(front) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	return w
}

// beside puts another instance together, which closes at the end of the test.
func (w *town) beside(t *testing.T, changes ...func(*app.Config)) *app.App {
	t.Helper()
	a, err := w.Demo.Beside(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// serve lets an instance run until the test ends.
func serve(t *testing.T, a *app.App) (address string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("stopping an instance: %v", err)
		}
	})
	return ln.Addr().String()
}

// each does something at every instance.
func (w *town) each(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for i, name := range []string{"the first instance", "the second instance", "the third instance"} {
		w.chose.Store(int32(i))
		t.Run(name, f)
	}
}

// publish is what "kokoroe publish" does, beside the portal; nil is no folder.
func (w *town) publish(t *testing.T, folder, registers fs.FS) app.Published {
	t.Helper()
	in := operating(t, app.Config{Store: w.Store, State: w.Folder, Content: folder, Registers: registers, Now: w.Clock.Now}, nil)
	p, err := in.Publish(t.Context(), false)
	if err := errors.Join(err, in.Close()); err != nil {
		t.Fatal(err)
	}
	return p
}

// operating opens an installation as the operator's commands do, with its log.
// wrap puts something around the store; it may be nil.
func operating(t *testing.T, cfg app.Config, wrap func(store.Store) store.Store) *app.Installation {
	t.Helper()
	if cfg.Locales, cfg.Version = locales.FS, "test"; cfg.Content == nil {
		cfg.Content, cfg.Shipped = content.FS, true
	}
	in, err := app.OpenInstallation(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		in.Store = wrap(in.Store)
	}
	if err := in.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	return in
}

// untilAll waits for the instances to follow by themselves. That they ask every
// second is the program's own clock; the wait is a guard against waiting for ever.
func (w *town) untilAll(t *testing.T, number int64) {
	t.Helper()
	for range 600 {
		there := 0
		for _, a := range w.apps {
			if a.Edition().Number == number {
				there++
			}
		}
		if there == len(w.apps) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the instances do not take over edition %d", number)
}

// files is a copy of a folder, to be changed.
func files(t *testing.T, folder fs.FS) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(folder, name)
		out[name] = &fstest.MapFile{Data: src}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sampleRegisters are those of the sample city.
func sampleRegisters(t *testing.T) fstest.MapFS {
	t.Helper()
	folder, err := fs.Sub(content.FS, "sample")
	if err != nil {
		t.Fatal(err)
	}
	return files(t, folder)
}

// replace changes a file, which must hold what is to be replaced.
func replace(t *testing.T, in fstest.MapFS, name, old, by string) {
	t.Helper()
	src := string(in[name].Data)
	if !strings.Contains(src, old) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	in[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(src, old, by))}
}

const (
	mailLesson      = "/courses/annual/lessons/mail"
	obligations     = "/policies/contractor-obligations"
	obligationsForm = `form[action="` + obligations + `/acknowledgement"]`
)

// TestWhatOnePublishesAllShow: a version of a policy and a lesson take force
// while people read, and who signs what they read before is told, on whatever
// instance they come to.
func TestWhatOnePublishesAllShow(t *testing.T) {
	w := newTown(t, portal.WithClock(portal.NewClock(evening.Add(15*time.Minute))))
	b := w.As("employee")
	w.each(t, func(t *testing.T) { b.Get(basicPolicy).Want(t, 200, "第1版") })
	action, form := b.Form(signForm, nil)

	next := files(t, withNewVersion(t, "material"))
	src := string(next["courses/annual/lessons/mail.ja.md"].Data)
	next["courses/annual/lessons/mail.ja.md"] = &fstest.MapFile{Data: []byte(src + "\nこの一文は公開の途中で加わった。\n")}
	p := w.publish(t, next, nil)
	if len(p.Versions) != 2 || len(p.Changes) != 3 || p.Number != 2 {
		t.Errorf("published %+v", p)
	}
	w.untilAll(t, 2)

	w.each(t, func(t *testing.T) {
		b.Post(action, form).Want(t, 409, "文面が新しくなっています", "まだ記録していません", "新しい一文を加える。")
		b.Get(basicPolicy).Want(t, 200, "第2版")
		b.Get(mailLesson).Want(t, 200, "この一文は公開の途中で加わった。")
	})
	if n := logSize(t, w.Portal); n != 1 {
		t.Fatalf("%d records, want the one of the publication alone", n)
	}
	receipt := sign(t, b)
	w.each(t, func(t *testing.T) { b.Get(receipt).Want(t, 200, "第2版") })
	x, err := w.apps[1].Examine(t.Context(), nil)
	if err != nil || x.Size != 2 || x.Found != 0 {
		t.Errorf("examined %+v, %v", x, err)
	}
	e, err := w.App.Store.EntryByKey(t.Context(), "content.published/2")
	if err != nil {
		t.Fatal(err)
	}
	var body app.ContentPublished
	if err := e.Body(&body); err != nil || body.Edition != 2 || body.Content != w.App.Edition().Content || body.Registers != w.App.Edition().Registers {
		t.Errorf("recorded %s (%v)", e.Record, err)
	}
	w.As("auditor").Get("/audit/records/"+strconv.FormatInt(e.Seq, 10)).Want(t, 200, "運用担当者", "content.published/v1", e.Object)
}

// TestRegistersTakeForceEverywhere: a role that is taken away is gone, and one
// that is given is there, on every instance; so are a contract and an account.
func TestRegistersTakeForceEverywhere(t *testing.T) {
	w := newTown(t)
	office, hr, employee := w.As("security-office"), w.As("hr"), w.As("employee")
	contractor := w.As("contractor")
	w.each(t, func(t *testing.T) {
		office.Get("/contracts").Want(t, 200, "庁内ネットワーク運用保守業務")
		hr.Get("/departments").Want(t, 200)
		if page := employee.Get("/departments"); page.Status == 200 {
			t.Errorf("an employee sees %s", page)
		}
		if page := contractor.Get(obligations).Want(t, 200); page.Find(obligationsForm).Length() != 1 {
			t.Errorf("who works on a contract is not asked on %s", page)
		}
	})
	registers := sampleRegisters(t)
	replace(t, registers, "roles.yaml", `hr: ["000126", "000125"]`, `hr: ["000174"]`)
	replace(t, registers, "suppliers.yaml", "庁内ネットワーク運用保守業務", "庁内ネットワーク更新業務")
	replace(t, registers, "suppliers.yaml", "      - {number: W0013, from: 2026-04-01}\n", "")
	w.publish(t, nil, registers)
	w.untilAll(t, 2)
	w.each(t, func(t *testing.T) {
		office.Get("/contracts").Want(t, 200, "庁内ネットワーク更新業務").Lacks(t, "運用保守業務")
		if page := hr.Get("/departments"); page.Status == 200 {
			t.Errorf("who is HR no more sees %s", page)
		}
		employee.Get("/departments").Want(t, 200)
		if page := contractor.Get(obligations); page.Find(obligationsForm).Length() > 0 {
			t.Errorf("who works on no contract any more is asked on %s", page)
		}
	})
	if c := w.App.Edition().Content; c != w.apps[2].Edition().Content || c == "" {
		t.Errorf("content %q", c)
	}
}

// TestAnOldInstanceBringsNothingBack: who restarts on a folder that was replaced
// takes over what is in force, part by part; to bring it back is a decision.
func TestAnOldInstanceBringsNothingBack(t *testing.T) {
	w := newTown(t)
	first := w.App.Edition()
	next, registers := files(t, content.FS), sampleRegisters(t)
	replace(t, next, "glossary.yaml", "ja: ネットワーク,", "ja: 通信網,")
	replace(t, registers, "roles.yaml", `auditor: ["000390"]`, `auditor: ["000174"]`)

	w.publish(t, next, nil)
	second := w.beside(t).Edition() // on both old folders
	if second.Number != 2 || second.Content == first.Content || second.Registers != first.Registers {
		t.Errorf("an old instance runs with %+v", second)
	}
	if !strings.Contains(w.Logs.String(), "a later edition has replaced what the folder holds") {
		t.Error("nothing says that the folder is old")
	}
	// New registers beside old content, which stays where it is.
	third := w.beside(t, func(c *app.Config) { c.Registers = registers }).Edition()
	if third.Number != 3 || third.Content != second.Content || third.Registers == first.Registers {
		t.Errorf("new registers came into force as %+v", third)
	}
	w.untilAll(t, 3)

	// Without a folder, nothing changes.
	shipped := w.beside(t, func(c *app.Config) { c.Shipped, c.Registers = true, nil }).Edition()
	if shipped.Number != 3 {
		t.Errorf("what ships took force as %+v", shipped)
	}

	back := w.publish(t, content.FS, sampleRegisters(t))
	if back.Number != 4 || len(back.Changes) != 2 || len(back.Versions) != 0 {
		t.Errorf("brought back as %+v", back)
	}
	w.untilAll(t, 4)
	for _, a := range w.apps {
		if e := a.Edition(); e.Content != first.Content || e.Registers != first.Registers {
			t.Errorf("brought back, and in force is %+v", e)
		}
	}
	if again := w.publish(t, content.FS, nil); again.Number != 4 || len(again.Changes) != 0 {
		t.Errorf("the same again is %+v", again)
	}
}

// TestOfInstancesThatStartAtOnceOnePublishes: the others find that done.
func TestOfInstancesThatStartAtOnceOnePublishes(t *testing.T) {
	p := portal.New(t)
	next := files(t, content.FS)
	replace(t, next, "glossary.yaml", "ja: ネットワーク,", "ja: 通信網,")
	type started struct {
		app *app.App
		err error
	}
	all := make(chan started)
	for range 6 {
		go func() {
			a, err := p.Demo.Beside(context.Background(), func(c *app.Config) { c.Content = next })
			all <- started{a, err}
		}()
	}
	for range 6 {
		s := <-all
		if s.err != nil {
			t.Error(s.err)
			continue
		}
		if n := s.app.Edition().Number; n != 2 {
			t.Errorf("an instance runs with edition %d", n)
		}
		if err := s.app.Close(); err != nil {
			t.Error(err)
		}
	}
	if n, err := p.App.Store.EditionNumber(t.Context()); err != nil || n != 2 {
		t.Errorf("edition %d, %v", n, err)
	}
}

// TestAnInstanceThatCannotReadTheNewestEditionIsNotReady: it goes on with what
// it has, says so, and is whole again with an edition that it can read.
func TestAnInstanceThatCannotReadTheNewestEditionIsNotReady(t *testing.T) {
	other := edition.Bundle{Content: edition.Files{"policies/new-thing.json": []byte("{}")}}
	unknown, err := edition.New(2, other, "9.0", portal.Start)
	if err != nil {
		t.Fatal(err)
	}
	torn := unknown
	torn.Bundle = torn.Bundle[:len(torn.Bundle)/2]
	for name, e := range map[string]edition.Edition{"content that it does not understand": unknown, "a bundle that is no bundle": torn} {
		t.Run(name, func(t *testing.T) {
			p := portal.New(t)
			b := p.As("employee")
			b.Get("/readyz").Want(t, 200)
			if err := p.App.Store.PublishEdition(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := p.App.TakeNewest(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.Get("/readyz").Want(t, 503, "not ready: other-content")
				b.Get(basicPolicy).Want(t, 200, "第1版")
			}
			for range 600 { // the program looks by itself too, and says it once
				if strings.Contains(p.Logs.String(), "the newest edition is not taken over") {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if n := strings.Count(p.Logs.String(), "the newest edition is not taken over"); n != 1 {
				t.Errorf("said %d times", n)
			}
			a, err := p.Demo.Beside(t.Context())
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "edition 2, published by version 9.0, cannot be taken over") ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("an instance started beside it: %v, %v", a, err)
			}
			good, err := edition.New(3, edition.Bundle{Content: bundled(t, content.FS), Registers: bundled(t, sampleRegisters(t))}, "test", portal.Start)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.App.Store.PublishEdition(t.Context(), good); err != nil {
				t.Fatal(err)
			}
			if err := p.App.TakeNewest(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.Get("/readyz").Want(t, 200)
			if n := p.App.Edition().Number; n != 3 {
				t.Errorf("in force is %d", n)
			}
		})
	}
}

// bundled reads the files that take force.
func bundled(t *testing.T, folder fs.FS) edition.Files {
	t.Helper()
	out, err := edition.Read(folder, "policies", "declarations", "courses", "glossary.yaml", "requirements.yaml", "retention.yaml",
		"suppliers.yaml", "accounts.yaml", "roles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAQuestionThatIsNoMoreBreaksNoPage: an edition takes the questions of an
// open check away, and what was answered before still has its pages.
func TestAQuestionThatIsNoMoreBreaksNoPage(t *testing.T) {
	w := newTown(t)
	b := w.As("employee")
	readAll(t, b)
	sit(t, w.Portal, b, 0)
	base := b.Page().URL.Path
	attempt, err := w.App.Store.Attempt(t.Context(), learning.AttemptID(base[strings.LastIndex(base, "/")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	next := files(t, content.FS)
	gone := "- id: " + string(attempt.Drawn[2].Question) + "\n"
	for _, name := range slices.Collect(maps.Keys(next)) {
		if strings.HasPrefix(name, "courses/annual/questions/") && strings.Contains(string(next[name].Data), gone) {
			replace(t, next, name, gone, "- id: annual-renamed-1\n")
		}
	}
	w.publish(t, next, nil)
	w.untilAll(t, 2)
	w.each(t, func(t *testing.T) {
		b.Get(base+"/3").Want(t, 409, "研修の内容が新しくなりました")
		b.Get("/courses/annual").Want(t, 200)
		b.Get("/tasks").Want(t, 200)
		b.Get("/record").Want(t, 200)
	})
}

// TestOtherSettingsAreSaid: an instance that was told something else than the
// one before it names what, and goes on with it.
func TestOtherSettingsAreSaid(t *testing.T) {
	w := newTown(t)
	const said = "the instance that started before has another setting"
	if strings.Contains(w.Logs.String(), said) {
		t.Fatalf("three that agree disagree:\n%s", w.Logs)
	}
	w.beside(t, func(c *app.Config) {
		c.City = "別の市"
		c.Providers = slices.Clone(c.Providers)
		c.Providers[1].Issuer = "http://127.0.0.1:1/elsewhere"
	})
	logs := w.Logs.String()
	for _, want := range []string{`"setting":"city","here":"別の市"`, `"setting":"providers"`, "elsewhere"} {
		if !strings.Contains(logs, want) {
			t.Errorf("%s is not in the log", want)
		}
	}
	if n := strings.Count(logs, said); n != 2 {
		t.Errorf("%d settings are said to differ", n)
	}
	w.beside(t, func(c *app.Config) { c.City = "別の市" })
	if n := strings.Count(w.Logs.String(), said); n != 3 { // of the two, the providers alone
		t.Errorf("said %d times", n)
	}
}
