package tests

import (
	"cmp"
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/app/notify"
	"kokoroe/content"
	"kokoroe/tests/portal"
)

// verified is what a mail's attachment proves, by the log's key alone.
func verified(t *testing.T, p *portal.Portal, m portal.Mail) evidence.Verified {
	t.Helper()
	receipt, err := evidence.ParseReceipt(m.File)
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(p.App.Keys.Public)
	if err != nil {
		t.Fatal(err)
	}
	v, err := receipt.Verify(note.VerifierList(key))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// standing waits until so many messages are in a state, and returns them,
// newest first.
func standing(t *testing.T, p *portal.Portal, state notify.State, n int) []notify.Message {
	t.Helper()
	for range 600 {
		messages, err := p.App.Store.FindMessages(context.Background(), notify.MessageQuery{State: state})
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) >= n {
			return messages
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("there are not %d messages %s", n, state)
	return nil
}

func TestReceiptIsMailed(t *testing.T) {
	t.Parallel()
	box := portal.NewMailbox(t)
	p := portal.New(t, portal.WithMail(box.Config))
	b := p.As("employee")
	b.Get("/record").Want(t, 200).Lacks(t, "メールで")
	path := sign(t, b)
	m := box.Wait(1)[0]
	person := p.Person("000174")
	if m.From != "kokoroe@mihon.example" || m.To != person.Mail {
		t.Errorf("from %s to %s", m.From, m.To)
	}
	if to, err := m.Header.AddressList("To"); err != nil || to[0].Name != person.Name {
		t.Errorf("to %v (%v), want %s", to, err, person.Name)
	}
	if m.Subject != "【受領証】情報セキュリティ基本方針への誓約（受付番号 0）" {
		t.Errorf("subject %q", m.Subject)
	}
	for _, words := range []string{
		person.Name + " 様", "情報セキュリティ基本方針（第1版）", "受付番号: 0", "令和8年（2026年）11月22日", "10:00:00", p.URL + path + "\n", "返信は読まれません",
	} {
		if !strings.Contains(m.Text, words) {
			t.Errorf("the mail does not say %q:\n%s", words, m.Text)
		}
	}
	for header, want := range map[string]string{"Auto-Submitted": "auto-generated", "Date": "Sun, 22 Nov 2026 01:00:00 +0000"} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if id := m.Header.Get("Message-Id"); !strings.HasPrefix(id, "<receipt.0.") || !strings.HasSuffix(id, "@127.0.0.1>") {
		t.Errorf("Message-ID %s", id)
	}
	if v := verified(t, p, m); v.Record.Subject != string(person.ID) || v.Seq != 0 || m.FileName != "kokoroe-0.receipt" {
		t.Errorf("%s is record %d of %s", m.FileName, v.Seq, v.Record.Subject)
	}
	standing(t, p, notify.Sent, 1)
	b.Get("/record").Want(t, 200, "令和8年11月22日(日) 10:00にメールで送りました")
	b.Language = "en"
	b.Get("/record").Want(t, 200, "Mailed to you on")
	if logs := p.Logs.String(); strings.Contains(logs, person.Mail) || strings.Contains(logs, person.Name) {
		t.Error("the log names the person")
	}
}

// TestWhatIsMailed: acknowledgements and passed checks, in the language that
// the page was shown in, and nothing else.
func TestWhatIsMailed(t *testing.T) {
	t.Parallel()
	box := portal.NewMailbox(t)
	p := portal.New(t, portal.WithMail(box.Config))
	b := p.As("employee")
	b.Get(basicPolicy + "/question")
	b.Submit(`form[action="`+basicPolicy+`/question"]`, map[string][]string{"ground": {"question"}, "reason": {"なぜですか"}}).Want(t, 200)
	readAll(t, b)
	sit(t, p, b, 0)
	b.Submit(questionForm, nil).Want(t, 200)
	b.Language = "en"
	sign(t, b)
	nobody := p.Browser() // who has no mail address
	nobody.SignIn("city", "000140")
	sign(t, nobody)

	mails := box.Wait(2)
	slices.SortFunc(mails, func(a, b portal.Mail) int { return cmp.Compare(verified(t, p, a).Seq, verified(t, p, b).Seq) })
	if got := mails[0].Subject; got != "【受領証】情報セキュリティ研修（年次）の合格（受付番号 1）" {
		t.Errorf("subject %q", got)
	}
	if got := mails[1]; got.Subject != "Receipt: acknowledgement of Basic Information Security Policy (reference 2)" ||
		!strings.Contains(got.Text, "Your acknowledgement has been recorded.") || !strings.Contains(got.Text, "(Version 1)") {
		t.Errorf("subject %q:\n%s", got.Subject, got.Text)
	}
	for i, m := range mails {
		if v := verified(t, p, m); v.Seq != int64(i+1) {
			t.Errorf("mail %d is of record %d", i, v.Seq)
		}
	}
	withheld := standing(t, p, notify.Withheld, 1)
	if withheld[0].Reason != notify.NoAddress || withheld[0].Key != "receipt/3" {
		t.Errorf("withheld: %+v", withheld[0])
	}
	nobody.Get("/record").Want(t, 200, "名簿にメールアドレスがない")
	summary, err := p.App.Outbox.Summary(context.Background())
	if err != nil || summary != (notify.Summary{Sent: 2, Withheld: 1}) {
		t.Errorf("%+v, %v", summary, err)
	}
}

// TestMailFollowsTheLog: switched on for the first time it begins at the end of
// the log; from then on a record is mailed whatever happened between it and
// its mail, unless it is old by then.
func TestMailFollowsTheLog(t *testing.T) {
	t.Parallel()
	box := portal.NewMailbox(t)
	folder := filepath.Join(t.TempDir(), "data")
	clock := portal.NewClock(portal.Start)
	quiet := files(t, content.FS)
	delete(quiet, "reminders.yaml") // days pass
	boot := func(options ...portal.Option) *portal.Portal {
		return portal.New(t, append(options, portal.WithFolder(folder), portal.WithClock(clock), portal.WithContent(quiet))...)
	}
	signs := func(p *portal.Portal, number string) {
		t.Helper()
		b := p.Browser()
		b.SignIn("city", number)
		sign(t, b)
	}
	mailing := portal.WithMail(box.Config)

	without := boot()
	signs(without, "000101")
	without.Stop()

	with := boot(mailing)
	signs(with, "000102")
	standing(t, with, notify.Sent, 1)
	with.Stop()

	// As after a crash between the record and the outbox: the record is there,
	// and nobody has read it for mail.
	crashed := boot()
	signs(crashed, "000103")
	clock.Advance(6 * 24 * time.Hour)
	signs(crashed, "000104")
	crashed.Stop()
	clock.Advance(2 * 24 * time.Hour) // one is eight days old now

	again := boot(mailing)
	standing(t, again, notify.Sent, 2)
	late := standing(t, again, notify.Withheld, 1)
	if late[0].Key != "receipt/2" || late[0].Reason != notify.Late {
		t.Errorf("withheld: %+v", late[0])
	}
	again.Stop()
	third := boot(mailing)
	signs(third, "000105")
	standing(t, third, notify.Sent, 3)
	var to []string
	for _, m := range box.Mails() {
		to = append(to, m.To[:7])
	}
	if got := strings.Join(to, " "); got != "s000102 s000104 s000105" {
		t.Errorf("mailed to %s", got)
	}
}

// TestMailOfWhatIsErased: nothing says any more to whom it was.
func TestMailOfWhatIsErased(t *testing.T) {
	t.Parallel()
	box := portal.NewMailbox(t)
	p := portal.New(t, portal.WithMail(box.Config))
	sign(t, p.As("employee"))
	standing(t, p, notify.Sent, 1)
	box.Down()
	sign(t, p.As("head"))
	standing(t, p, notify.Waiting, 1)
	for seq := range int64(2) {
		if _, err := p.App.Log.Erase(t.Context(), evidence.Actor{ID: "p-office"}, seq, evidence.GroundRequest, "test"); err != nil {
			t.Fatal(err)
		}
	}
	waitUntil(t, "the messages are gone", func() bool {
		summary, err := p.App.Outbox.Summary(context.Background())
		return err == nil && summary.Sent == 0 && summary.Waiting == 0
	})
	box.Up()
	p.Clock.Advance(time.Hour)
	sign(t, p.As("hr"))
	if last := box.Wait(2)[1]; last.To != p.Person("000126").Mail {
		t.Errorf("what was erased was mailed to %s", last.To)
	}
}

// TestMailWaitsForWitnesses: who verifies a receipt may ask for witnesses, and
// the mailed one has them; but not for ever.
func TestMailWaitsForWitnesses(t *testing.T) {
	t.Parallel()
	signers := func(p *portal.Portal, box *portal.Mailbox, office evidence.Witness) int {
		t.Helper()
		receipt, err := evidence.ParseReceipt(box.Wait(1)[0].File)
		noFault(t, err)
		key, err := note.NewVerifier(p.App.Keys.Public)
		noFault(t, err)
		v, err := receipt.Verify(note.VerifierList(key, office.Key))
		noFault(t, err)
		return len(v.Signers)
	}
	folder := filepath.Join(t.TempDir(), "data")
	box, office := portal.NewMailbox(t), auditOffice(t, folder)
	p := portal.New(t, portal.WithMail(box.Config), portal.WithFolder(folder), portal.WithWitnesses(office))
	sign(t, p.As("employee"))
	cosigned(t, p, 1)
	p.Clock.Advance(10 * time.Second) // if it was too early at first
	if n := signers(p, box, office); n != 2 {
		t.Errorf("%d signed the mailed receipt, want log and witness", n)
	}

	client, err := witness.NewClient("http://127.0.0.1:1")
	noFault(t, err)
	t.Cleanup(client.Close)
	folder, box = filepath.Join(t.TempDir(), "data"), portal.NewMailbox(t)
	office = auditOffice(t, folder)
	office.Asks = client
	p = portal.New(t, portal.WithMail(box.Config), portal.WithFolder(folder), portal.WithWitnesses(office))
	sign(t, p.As("employee"))
	waitUntil(t, "the message was looked at", func() bool {
		messages, err := p.App.Store.FindMessages(t.Context(), notify.MessageQuery{State: notify.Waiting})
		return err == nil && len(messages) == 1 && messages[0].NextAt.Sub(messages[0].At) == 2*time.Second
	})
	if n := len(box.Mails()); n != 0 {
		t.Errorf("%d mails went without waiting", n)
	}
	p.Clock.Advance(time.Minute)
	if n := signers(p, box, office); n != 1 {
		t.Errorf("%d signed the mailed receipt, want the log alone", n)
	}
}

// TestMailServerIsAway: nobody who acknowledges notices, and the mail arrives
// when the server is back.
func TestMailServerIsAway(t *testing.T) {
	t.Parallel()
	box := portal.NewMailbox(t)
	p := portal.New(t, portal.WithMail(box.Config))
	box.Down()
	b := p.As("employee")
	sign(t, b)
	waitUntil(t, "the trouble is seen", func() bool {
		summary, err := p.App.Outbox.Summary(context.Background())
		return err == nil && summary.Waiting == 1 && summary.Trouble != ""
	})
	b.Get("/record").Want(t, 200, "メールで送信します")
	b.Get("/readyz").Want(t, 200) // mail is not what acknowledgements depend on
	box.Up()
	p.Clock.Advance(time.Hour)
	m := box.Wait(1)[0]
	if v := verified(t, p, m); v.Seq != 0 {
		t.Errorf("record %d", v.Seq)
	}
	standing(t, p, notify.Sent, 1)
}

// TestStopWhileMailing: the mail that the server has, and has not answered for,
// is waited for when the program stops, and not sent twice.
func TestStopWhileMailing(t *testing.T) {
	t.Parallel()
	box := portal.NewMailbox(t)
	release := box.Hang()
	folder := filepath.Join(t.TempDir(), "data")
	p := portal.New(t, portal.WithMail(box.Config), portal.WithFolder(folder))
	sign(t, p.As("employee"))
	box.Wait(1)
	stopped := make(chan struct{})
	go func() { defer close(stopped); p.Stop() }()
	waitUntil(t, "the portal is gone", func() bool { return !answers(p.URL) })
	release()
	<-stopped
	again := portal.New(t, portal.WithMail(box.Config), portal.WithFolder(folder))
	again.Clock.Advance(24 * time.Hour)
	sent := standing(t, again, notify.Sent, 1)
	if sent[0].Attempts != 1 || len(box.Mails()) != 1 {
		t.Errorf("%d mails after %d attempts", len(box.Mails()), sent[0].Attempts)
	}
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not within half a minute: %s", what)
}

// answers reports whether a portal can be connected to.
func answers(url string) bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
