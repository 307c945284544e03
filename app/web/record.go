package web

import (
	"slices"
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/notify"
	"kokoroe/app/web/view"
)

func (s *Server) mountRecord() {
	s.get("/record", s.record)
	s.get("/receipts/:seq", s.receipt)
	s.get("/receipts/:seq/file", s.receiptFile)
	s.get("/receipts/:seq/pdf", s.receiptPDF)
}

// recordPage is everything that the log holds about the reader, by fiscal year.
type recordPage struct {
	*view.Page
	Years     []recordYear
	Reminders []ownReminder
}

type recordYear struct {
	Cycle calendar.Cycle
	Tasks []view.Task // only of the year of today: how things stand
	Lines []recordLine
}

type recordLine struct {
	Href, Item, Detail string
	Tag                view.Status
	At                 time.Time
	Seq                int64
	Mail               string // whether and when the receipt was mailed; empty when nobody meant to
}

// longestRecord is how many records of one person the page shows: a working
// life has fewer.
const longestRecord = 1000

// record shows the reader's own record.
func (s *Server) record(x *exchange) error {
	today := s.today()
	assignments, err := s.cfg.Ledger.Of(x.ctx, x.person(), today)
	if err != nil {
		return err
	}
	entries, err := s.cfg.Records.FindEntries(x.ctx, evidence.Query{Subject: string(x.person()), Limit: longestRecord})
	if err != nil {
		return err
	}
	mails, err := s.receiptMails(x)
	if err != nil {
		return err
	}
	page := recordPage{Page: s.titled(x, x.T("record.title"))}
	if page.Reminders, err = s.remindersOf(x, page.Page, x.person()); err != nil {
		return err
	}
	page.Printed = x.T("record.printed", "Name", x.visitor.Person.Name, "At", s.cfg.Now())
	current := recordYear{Cycle: s.cfg.Ledger.Cycle(today)}
	for _, a := range assignments {
		current.Tasks = append(current.Tasks, s.standing(x, a, today))
	}
	if len(assignments) > 0 {
		page.Years = append(page.Years, current)
	}
	for _, e := range entries { // newest first, so that years come in order
		if e.Record == nil {
			continue
		}
		year := page.year(s.cycleOfEntry(e))
		line := s.recordLine(x, page.Page, e)
		line.Mail = mails[e.Seq]
		year.Lines = append(year.Lines, line)
	}
	slices.SortStableFunc(page.Years, func(a, b recordYear) int { return strings.Compare(string(b.Cycle), string(a.Cycle)) })
	return s.render(x, "record/show", page)
}

// standing is the task of an assignment as the record shows it: what is over
// leads to what is left of it.
func (s *Server) standing(x *exchange, a duty.Assignment, today calendar.Date) view.Task {
	state := a.StateOn(today)
	t := s.task(x, a, state)
	t.Minutes = 0
	switch {
	case a.Fulfilment != nil:
		t.Href = receiptPath(a.Fulfilment.Seq)
	case state == duty.Exempt:
		t.Href = receiptPath(a.Exemption.Seq)
		t.Hint = x.T("record.exempted_by", "Name", s.personWord(x, a.Exemption.By), "Reason", a.Exemption.Reason)
	case state == duty.Withdrawn:
		t.Href, t.DueOn = "", calendar.Date{}
		t.Hint = x.T("record.withdrawn", "On", a.EndedOn)
	}
	return t
}

// year returns the year's part of the page, which comes after those before it.
func (p *recordPage) year(c calendar.Cycle) *recordYear {
	for i := range p.Years {
		if p.Years[i].Cycle == c {
			return &p.Years[i]
		}
	}
	p.Years = append(p.Years, recordYear{Cycle: c})
	return &p.Years[len(p.Years)-1]
}

// cycleOfEntry is the fiscal year that an entry counts for: its scope's, or
// that of the day.
func (s *Server) cycleOfEntry(e evidence.Entry) calendar.Cycle {
	if c, ok := cycleOf(e.Scope); ok {
		return c
	}
	return s.cfg.Ledger.Cycle(calendar.DateOf(e.At))
}

// cycleOf reads a scope that is a fiscal year.
func cycleOf(scope string) (calendar.Cycle, bool) {
	c := calendar.Cycle(scope)
	_, err := calendar.JapaneseYears.Period(c)
	return c, err == nil
}

func (s *Server) recordLine(x *exchange, p *view.Page, e evidence.Entry) recordLine {
	d := s.deedOf(x, e)
	line := recordLine{Href: receiptPath(e.Seq), Item: d.Item, Tag: deedTag(p, d.Sort), At: e.At, Seq: e.Seq}
	switch d.Sort {
	case "acknowledged":
		line.Detail = x.T("policy.version", "Version", d.Version)
	case "passed":
		line.Detail = d.Score
	case "declined":
		line.Detail = x.T("record.declined", "Ground", d.Ground, "Version", d.Version)
	case "exempted":
		line.Detail = x.T("record.exempted_by", "Name", s.personWord(x, e.Actor), "Reason", d.Reason)
	}
	return line
}

// receiptMails says in words which receipts were mailed to the reader, by the
// number of the record.
func (s *Server) receiptMails(x *exchange) (map[int64]string, error) {
	messages, err := s.cfg.Mails.FindMessages(x.ctx, notify.MessageQuery{Person: x.person(), Topic: notify.ReceiptTopic, Limit: longestRecord})
	if err != nil {
		return nil, err
	}
	mails := map[int64]string{}
	for _, m := range messages {
		seq, ok := m.ReceiptOf()
		if !ok {
			continue
		}
		switch m.State {
		case notify.Sent:
			mails[seq] = x.T("mail.sent", "At", m.SettledAt)
		case notify.Waiting:
			mails[seq] = x.T("mail.waiting")
		case notify.Refused:
			mails[seq] = x.T("mail.refused")
		case notify.Withheld:
			mails[seq] = x.T("mail.withheld." + string(m.Reason))
		}
	}
	return mails, nil
}
