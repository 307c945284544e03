package tests

import (
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/notify"
	"kokoroe/app/store"
	"kokoroe/content"
	"kokoroe/tests/instances"
	"kokoroe/tests/portal"
)

// TestThreeProcesses runs journeys over three processes of the program on one
// store, behind one address. They live at the machine's own time.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "kokoroe")
	if err := instances.Build(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	for name, journey := range map[string]func(t *testing.T, program string){
		"a journey":           journeyOverProcesses,
		"an import":           importBesideProcesses,
		"the work of a night": nightOfProcesses,
		"mail, and a death":   mailOfProcesses,
		"a round":             roundOfProcesses,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journey(t, program)
		})
	}
}

func processes(t *testing.T, program string, change func(*instances.Config)) (*instances.Cluster, *portal.Portal) {
	t.Helper()
	folder := t.TempDir()
	on := portal.StoreIn(t, folder)
	cfg := instances.Config{Program: program, Folder: folder, Stores: []string{on, on, on}}
	if change != nil {
		change(&cfg)
	}
	c, err := instances.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, i := range c.Instances {
				t.Log(i.Log())
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	courses, err := learning.LoadCatalogue(content.FS)
	if err != nil {
		t.Fatal(err)
	}
	p := portal.At(t, c.URL)
	p.App = &app.App{Learning: &learning.Service{Catalogue: func() *learning.Catalogue { return courses }}} // for the right answers
	return c, p
}

// seen waits until all instances know, whichever of them is asked. How long that
// takes is not judged by the machine's time: app.Staleness says it.
func seen(t *testing.T, c *instances.Cluster, what string, knows func() bool) {
	t.Helper()
	for range 600 {
		n := 0
		for range c.Instances {
			if knows() {
				n++
			}
		}
		if n == len(c.Instances) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not all instances know: %s", what)
}

// inStore does something beside the instances.
func inStore(t *testing.T, c *instances.Cluster, do func(store.Store) error) {
	t.Helper()
	if err := c.With(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func TestTwoSecondsArePromised(t *testing.T) {
	if app.Staleness > stale {
		t.Errorf("another instance may be behind by %v", app.Staleness)
	}
}

// journeyOverProcesses: every request comes to another process than the
// one before.
func journeyOverProcesses(t *testing.T, program string) {
	c, p := processes(t, program, nil)
	b := p.Browser()
	b.SignIn(instances.ProviderID, "000174")
	readAll(t, b)
	sit(t, p, b, 0)
	b.Submit(questionForm, nil).Want(t, 200)
	receipt := sign(t, b)
	for range c.Instances { // what the log holds is never behind
		b.Get(receipt).Want(t, 200, "「情報セキュリティ基本方針」に誓約しました")
	}
	seen(t, c, "all is done", func() bool {
		return strings.Contains(b.Get("/tasks").Want(t, 200).Text("main"), "すべて完了しています")
	})
	file, err := evidence.ParseReceipt(sealed(t, b, receipt))
	if err != nil {
		t.Fatal(err)
	}
	log, err := c.Log()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Verify(log.Verifiers()); err != nil {
		t.Error(err)
	}

	// Signing out here is signing out everywhere, and so is signing out at the
	// provider.
	out, kept := b.Cookie(sessionCookie), p.Browser()
	kept.SignIn(instances.ProviderID, "000174")
	b.Get("/help")
	b.Submit(`form[action="/sign-out"]`, nil)
	seen(t, c, "a sign-out", func() bool { return !signedIn(t, with(p, out)) })
	if !signedIn(t, kept) {
		t.Fatal("another browser is signed out, too")
	}
	token, err := c.Provider.LogoutToken(instances.ClientID, "000174")
	if err != nil {
		t.Fatal(err)
	}
	if page := p.Browser().Post("/sign-in/"+instances.ProviderID+"/back-channel-logout", url.Values{"logout_token": {token}}); page.Status != http.StatusOK {
		t.Fatalf("the provider's word is answered %s", page)
	}
	secondToken := kept.Cookie(sessionCookie)
	seen(t, c, "a sign-out at the provider", func() bool { return !signedIn(t, with(p, secondToken)) })
	if err := c.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// importBesideProcesses: whoever left is out, wherever the import was
// made.
func importBesideProcesses(t *testing.T, program string) {
	c, p := processes(t, program, nil)
	leaves, stays := p.Browser(), p.Browser()
	leaves.SignIn(instances.ProviderID, "000174")
	stays.SignIn(instances.ProviderID, "000181")
	yesterday := calendar.DateOf(time.Now()).AddDays(-1)
	if err := c.Import(t.Context(), roster(t, "000174", func(cells []string) { cells[columnLeft] = yesterday.String() })); err != nil {
		t.Fatal(err)
	}
	token := leaves.Cookie(sessionCookie)
	seen(t, c, "somebody has left", func() bool { return !signedIn(t, with(p, token)) })
	seen(t, c, "who left does not come in again", func() bool {
		again := p.Browser()
		again.Get("/sign-in")
		again.Submit(`form[action="/sign-in/`+instances.ProviderID+`"]`, nil)
		return again.Submit("form:has(input[name=request])", url.Values{"number": {"000174"}}).Status == http.StatusForbidden
	})
	for range c.Instances {
		if !signedIn(t, stays) {
			t.Error("who stayed is out")
		}
	}
}

// nightOfProcesses: each job has one run, and what it
// does is done once.
func nightOfProcesses(t *testing.T, program string) {
	const old = 7
	c, _ := processes(t, program, func(cfg *instances.Config) { cfg.Idle = true })
	jobs := []string{app.JobVerify, app.JobRetention}
	inStore(t, c, func(s store.Store) error {
		for _, name := range jobs {
			if err := instances.Due(t.Context(), s, name); err != nil {
				return err
			}
		}
		return c.Outlived(t.Context(), s, old)
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	inStore(t, c, func(s store.Store) error {
		for _, name := range jobs {
			run := ended(t, s, name)
			runs, err := s.Runs(t.Context(), name, 10)
			if err != nil || len(runs) != 2 || run.Outcome != job.Fine {
				t.Errorf("%s: %+v, %v", name, runs, err)
			}
		}
		erased, err := instances.Erased(t.Context(), s)
		if err != nil {
			return err
		}
		if slices.Sort(erased); !slices.Equal(erased, []int64{0, 1, 2, 3, 4, 5, 6}) {
			t.Errorf("erased: %v", erased)
		}
		return nil
	})
	if err := c.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// ended waits until the latest run of a job has ended, and returns it. The first
// is the one that Due made up.
func ended(t *testing.T, s store.Store, name string) job.Run {
	t.Helper()
	for range 1200 {
		runs, err := s.Runs(t.Context(), name, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 1 && runs[0].Owner != instances.Before && !runs[0].EndedAt.IsZero() {
			return runs[0]
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not end", name)
	return job.Run{}
}

// mailOfProcesses: each receipt is mailed once. When a process dies
// between the server's taking a mail and hearing of it, that one is mailed again,
// as the same mail.
func mailOfProcesses(t *testing.T, program string) {
	mailbox := portal.NewMailbox(t)
	c, p := processes(t, program, func(cfg *instances.Config) { cfg.Mail = mailbox.Config.Server })
	people := c.Staff[:12]
	acknowledges := func(number string) {
		t.Helper()
		b := p.Browser()
		b.SignIn(instances.ProviderID, number)
		sign(t, b)
	}
	quiet := len(people) - len(c.Instances)
	for _, number := range people[:quiet] {
		acknowledges(number)
	}
	settled(t, c, int64(quiet))
	if n := len(mailbox.Mails()); n != quiet {
		t.Fatalf("%d mails of %d receipts", n, quiet)
	}

	release := mailbox.Hang()
	for i, number := range people[quiet:] { // each process waits for an answer, and claims no other mail meanwhile
		acknowledges(number)
		mailbox.Wait(quiet + i + 1)
	}
	if err := c.Instances[0].Kill(); err != nil {
		t.Fatal(err)
	}
	release()
	settled(t, c, int64(len(people)-1))
	inStore(t, c, func(s store.Store) error { return instances.LapseMail(t.Context(), s) })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	settled(t, c, int64(len(people)))

	times, twice := map[string]int{}, 0
	for _, m := range mailbox.Mails() {
		id := m.Header.Get("Message-ID")
		if times[id]++; times[id] == 2 {
			twice++
		}
	}
	if len(times) != len(people) || twice != 1 || len(mailbox.Mails()) != len(people)+1 {
		t.Errorf("mailed, by Message-ID: %v", times)
	}
}

// settled waits until so many mails are known to be sent.
func settled(t *testing.T, c *instances.Cluster, want int64) {
	t.Helper()
	inStore(t, c, func(s store.Store) error {
		var n int64
		for range 1200 {
			var err error
			if n, err = s.CountMessages(t.Context(), notify.Sent); err != nil {
				return err
			}
			if n >= want {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if n != want {
			t.Fatalf("%d mails are known to be sent, want %d", n, want)
		}
		return nil
	})
}
