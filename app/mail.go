package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/locale"
	"kokoroe/app/notify"
	"kokoroe/app/notify/smtp"
	"kokoroe/app/policy"
)

// mailed are the kinds of records whose receipts are mailed, by the word that
// their message IDs have.
var mailed = map[string]string{
	policy.KindAcknowledged: "acknowledged",
	learning.KindPassed:     "passed",
}

const (
	// newsFor is how old a record may be to be news. Mail that was off for a
	// month and is on again does not flood anybody.
	newsFor = 7 * 24 * time.Hour

	// A receipt is better with the cosignatures of the witnesses, which come a few
	// seconds later; it goes without those that have not come in time.
	witnessWait  = time.Minute
	witnessAgain = 2 * time.Second

	mailEvery    = time.Second
	mailPage     = 256 // entries that are read at once
	leafInMailID = 8   // bytes
)

// mailing mails receipts. It follows the log from a kept position on, so that
// an append never waits for mail, and a crash between record and mail loses
// none: what was not put into the outbox is put in at the next start.
type mailing struct {
	app      *App
	outbox   *notify.Outbox
	messages *locale.Catalogue
	next     int64 // first entry not read yet
}

// openSender reads the settings of the mail server; nil when there is none.
func openSender(cfg Config) (*smtp.Sender, error) {
	if cfg.Mail.Server == "" {
		return nil, nil
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	cfg.Mail.Domain = base.Hostname()
	return smtp.New(cfg.Mail)
}

// openMail prepares the mail, if there is any. At the very first time with mail
// it begins at the end of the log.
func (a *App) openMail(ctx context.Context, sender *smtp.Sender, messages *locale.Catalogue) error {
	if sender == nil {
		return nil
	}
	m := &mailing{app: a, messages: messages}
	m.outbox = notify.New(notify.Config{
		Store: a.Store, Sender: sender, Rosters: a.Rosters, Now: a.cfg.Now, Logger: a.cfg.Logger,
		Composers: map[string]notify.Composer{notify.ReceiptTopic: m, notify.ReminderTopic: a.Reminders},
	})
	size, err := a.Store.LogSize(ctx)
	if err != nil {
		return err
	}
	if m.next, err = a.Store.Position(ctx, notify.ReceiptTopic, size); err != nil {
		return err
	}
	a.mailing, a.Outbox = m, m.outbox
	return nil
}

// run mails until ctx ends, and then finishes what is under way.
func (m *mailing) run(ctx context.Context) error {
	ticker := time.NewTicker(mailEvery)
	defer ticker.Stop()
	failed := false
	for {
		err := m.turn(ctx)
		if err != nil && !failed && ctx.Err() == nil { // said once, not every second
			m.app.cfg.Logger.Error("mail", "cause", err.Error())
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// turn puts new receipts into the outbox and sends what is due. While the log
// is in doubt nothing is mailed: a restored backup would mail again what was.
func (m *mailing) turn(ctx context.Context) error {
	if err := m.app.Log.Trouble(); err != nil {
		return err
	}
	if err := m.project(ctx); err != nil {
		return err
	}
	_, err := m.outbox.Deliver(ctx)
	return err
}

// project reads the log as far as it is signed, for what is not signed has no
// receipt yet, and puts the receipts into the outbox.
func (m *mailing) project(ctx context.Context) error {
	store := m.app.Store
	signed, err := store.LastCheckpoint(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for m.next < signed.Size {
		entries, err := store.EntriesFrom(ctx, m.next, int(min(mailPage, signed.Size-m.next)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("entry %d is signed and cannot be read", m.next)
		}
		if err := m.take(ctx, entries); err != nil {
			return err
		}
		next := m.next + int64(len(entries))
		if err := store.AdvancePosition(ctx, notify.ReceiptTopic, next); err != nil {
			return err
		}
		m.next = next
	}
	return nil
}

// take puts the receipts of entries into the outbox, and takes out what is about
// a record that was erased: a message says whose it was.
func (m *mailing) take(ctx context.Context, entries []evidence.Entry) error {
	var messages []notify.Message
	var erased []string
	for _, e := range entries {
		var said evidence.Erasure
		switch {
		case e.Kind == evidence.KindErased && e.Body(&said) == nil:
			erased = append(erased, notify.ReceiptKey(said.Seq))
		case mailed[e.Kind] != "" && e.Record != nil && e.Subject != "":
			messages = append(messages, m.message(e))
		}
	}
	if err := m.app.Store.EnqueueMessages(ctx, messages); err != nil {
		return err
	}
	return m.app.Store.DeleteMessages(ctx, erased)
}

func (m *mailing) message(e evidence.Entry) notify.Message {
	now := m.app.cfg.Now()
	message := notify.Message{
		Key: notify.ReceiptKey(e.Seq), Person: directory.PersonID(e.Subject), State: notify.Waiting, At: now, NextAt: now,
	}
	if now.Sub(e.At) > newsFor {
		message.State, message.Reason, message.SettledAt = notify.Withheld, notify.Late, now
	}
	return message
}

// Compose implements notify.Composer: the receipt of an entry, in the language
// that the page was shown in.
func (m *mailing) Compose(ctx context.Context, message notify.Message, to directory.Person) (notify.Mail, error) {
	seq, ok := message.ReceiptOf()
	if !ok {
		return notify.Mail{}, fmt.Errorf("message %q is no receipt", message.Key)
	}
	e, err := m.app.Store.Entry(ctx, seq)
	if err != nil {
		return notify.Mail{}, err
	}
	if e.Record == nil {
		return notify.Mail{}, &notify.NotMailed{Reason: notify.Erased}
	}
	sort := mailed[e.Kind]
	if sort == "" || e.Subject != string(message.Person) {
		return notify.Mail{}, fmt.Errorf("entry %d is not what %q was put in for", seq, message.Key)
	}
	record, err := evidence.ParseRecord(e.Record)
	if err != nil {
		return notify.Mail{}, err
	}
	if m.app.cfg.Now().Sub(message.At) < witnessWait {
		if seen, err := m.isWitnessed(ctx, seq); err != nil {
			return notify.Mail{}, err
		} else if !seen {
			return notify.Mail{}, &notify.NotYet{After: witnessAgain}
		}
	}
	file, err := m.receipt(ctx, seq, record)
	if err != nil {
		return notify.Mail{}, err
	}
	p := m.messages.Printer(locale.Tag(record.Actor.Language))
	item := m.app.Catalogue().title(e.Object, string(p.Tag()))
	number := strconv.FormatInt(seq, 10)
	return notify.Mail{
		// The leaf tells this entry from another of the same number, should the
		// log ever go on from a restored backup.
		ID:          notify.ReceiptTopic + "." + number + "." + hex.EncodeToString(e.Leaf[:leafInMailID]),
		Subject:     p.T("mail.receipt.subject."+sort, "Item", item, "Seq", number),
		Body:        m.body(p, to, e, sort, item),
		Attachments: []notify.Attachment{{Name: "kokoroe-" + number + ".receipt", Data: file}},
	}, nil
}

// isWitnessed reports whether every witness that is asked over the network has
// cosigned what the receipt of the entry would carry. Files that are carried to
// and fro are not waited for.
func (m *mailing) isWitnessed(ctx context.Context, seq int64) (bool, error) {
	_, cosigned, err := m.app.Log.Covering(ctx, seq+1)
	if err != nil {
		return false, err
	}
	for _, w := range m.app.cfg.Witnesses {
		id := evidence.WitnessID(w.Key)
		if w.Asks != nil && !slices.ContainsFunc(cosigned, func(c evidence.Cosignature) bool { return c.Witness == id }) {
			return false, nil
		}
	}
	return true, nil
}

// receipt is the receipt's file.
func (m *mailing) receipt(ctx context.Context, seq int64, record evidence.Record) ([]byte, error) {
	text, declaration, err := m.app.Policy.ShownBytes(ctx, record.Shown)
	if err != nil {
		return nil, err
	}
	receipt, err := m.app.Log.Receipt(ctx, seq, text, declaration)
	if err != nil {
		return nil, err
	}
	return receipt.Marshal()
}

// body is the mail's text.
func (m *mailing) body(p *locale.Printer, to directory.Person, e evidence.Entry, sort, item string) string {
	about := p.T("mail.receipt.item", "Item", item)
	var signed policy.Acknowledged
	if sort == "acknowledged" && e.Body(&signed) == nil && signed.Version > 0 {
		about = p.T("mail.receipt.item.version", "Item", item, "Version", p.T("policy.version", "Version", signed.Version))
	}
	at := p.T("record.instant", "Date", p.DateBoth(calendar.DateOf(e.At)), "Clock", e.At.In(calendar.Tokyo).Format("15:04:05"))
	link := strings.TrimSuffix(m.app.cfg.BaseURL, "/") + "/receipts/" + strconv.FormatInt(e.Seq, 10)
	return strings.Join([]string{
		p.T("mail.greeting", "Name", to.Name), "",
		p.T("mail.receipt.lead." + sort), "",
		about,
		p.T("mail.receipt.seq", "Seq", strconv.FormatInt(e.Seq, 10)),
		p.T("mail.receipt.at", "At", at),
		p.T("mail.receipt.page", "Link", link), "",
		p.T("mail.receipt.file"),
		p.T("mail.receipt.not_you"),
		p.T("mail.automatic"), "",
		m.app.organisation(p), "",
	}, "\n")
}
