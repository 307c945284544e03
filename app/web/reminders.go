package web

import (
	"net/url"
	"slices"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/job"
	"kokoroe/app/notify"
	"kokoroe/app/reminder"
	"kokoroe/app/web/view"
)

func (s *Server) mountReminders() {
	s.get("/reminders", s.rounds)
	s.get("/reminders/:day", s.round)
	s.get("/reminders/:day/paper", s.paper)
	s.get("/departments/:department/reminders", s.askToRemind)
	s.post("/departments/:department/reminders", s.remind)
}

// roundPath is where a day's reminders are shown.
func roundPath(day calendar.Date) string { return "/reminders/" + day.String() }

// roundsPage is the log of reminders, the newest day first.
type roundsPage struct {
	*view.Page
	Scope  string
	Whole  bool // of the whole city
	Off    bool // nobody is reminded
	Next   string
	Mail   *view.Notice // how the mail stands, for who answers for the whole city
	Rounds []roundLine
	Older  string // earlier days; empty at the end
}

// roundLine is a day on which people were reminded, or should have been.
type roundLine struct {
	Day    calendar.Date
	Href   string
	Status view.Status
	Detail []string // when it was held, which days it caught up
	Counts *roundCounts
}

const (
	// roundsOfPage is how many days a page shows: each is counted.
	roundsOfPage = 10

	// runsRead is how far the log goes back: messages are kept for as long.
	runsRead = 400
)

// held is a day's round as its run tells; Run is the zero one for a day on which
// people were reminded by hand alone.
type held struct {
	day    calendar.Date
	run    job.Run
	report reminder.Round
}

// lookedFor reports whether the log shows the run: not on days off, and not when
// nobody is reminded.
func (h held) lookedFor() bool {
	return h.run.EndedAt.IsZero() || h.run.Outcome == job.Failed || h.report.State == reminder.Held || h.report.State == reminder.Late
}

// heldRounds returns the rounds that the log shows, the newest first.
func (s *Server) heldRounds(x *exchange) ([]held, error) {
	if s.cfg.Jobs == nil {
		return nil, nil
	}
	runs, err := s.cfg.Jobs.Runs(x.ctx, jobReminders, runsRead)
	if err != nil {
		return nil, err
	}
	var list []held
	for _, run := range runs {
		h := held{day: calendar.DateOf(run.DueAt), run: run}
		h.report, _ = reminder.ReadRound(run.Report)
		if run.Outcome != job.Skipped && h.lookedFor() {
			list = append(list, h)
		}
	}
	return list, nil
}

// rounds shows the log.
func (s *Server) rounds(x *exchange) error {
	top, name, err := s.scope(x, everywhere)
	if err != nil {
		return err
	}
	before, err := s.dayIn(x.query("before"), true)
	if err != nil {
		return err
	}
	page := roundsPage{
		Page: s.titled(x, x.T("reminder.log.title"), view.Link{Href: "/departments", Label: x.T("department.title")}), Scope: name, Whole: top == "",
	}
	page.Wide = true
	page.Printed = x.T("reminder.printed", "At", s.cfg.Now(), "Scope", name)
	ladder := s.cfg.Reminders.Ladder()
	if page.Off = ladder == nil; ladder != nil {
		at := ladder.NextRound(s.cfg.Now())
		page.Next = x.T("reminder.log.next", "At", at)
	}
	if page.Whole {
		if page.Mail, err = s.mailNotice(x); err != nil {
			return err
		}
	}
	list, err := s.heldRounds(x)
	if err != nil {
		return err
	}
	if list, err = s.withAsked(x, ladder, list); err != nil {
		return err
	}
	if !before.IsZero() {
		list = slices.DeleteFunc(list, func(h held) bool { return !h.day.Before(before) })
	}
	if len(list) > roundsOfPage {
		list = list[:roundsOfPage]
		page.Older = "/reminders?" + url.Values{"before": {list[roundsOfPage-1].day.String()}}.Encode()
	}
	for _, h := range list {
		line := s.roundLine(x, page.Page, h)
		if line.Counts, err = s.countsOf(x, h, top); err != nil {
			return err
		}
		page.Rounds = append(page.Rounds, line)
	}
	return s.render(x, "reminders/list", page)
}

// withAsked adds the days that have no round yet, and on which people were
// reminded because their head asked for it.
func (s *Server) withAsked(x *exchange, ladder *reminder.Ladder, list []held) ([]held, error) {
	days := []calendar.Date{s.today()}
	if ladder != nil {
		days = append(days, calendar.DateOf(ladder.OfficeHour(s.cfg.Now())))
	}
	for _, day := range slices.Compact(days) {
		if slices.ContainsFunc(list, func(h held) bool { return h.day == day }) {
			continue
		}
		first, err := s.cfg.Mails.ListMessages(x.ctx, notify.MessageRange{Prefix: notify.RoundPrefix(day), Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(first) > 0 {
			list = append(list, held{day: day})
		}
	}
	slices.SortStableFunc(list, func(a, b held) int { return b.day.Compare(a.day) })
	return list, nil
}

func (s *Server) roundLine(x *exchange, p *view.Page, h held) roundLine {
	line := roundLine{Day: h.day, Href: roundPath(h.day)}
	line.Status, line.Detail = s.roundWords(x, p, h)
	return line
}

// roundWords say what became of a round.
func (s *Server) roundWords(x *exchange, p *view.Page, h held) (view.Status, []string) {
	switch {
	case h.run.DueAt.IsZero():
		return p.Chip("exempt", x.T("reminder.round.asked")), nil
	case h.run.EndedAt.IsZero():
		return p.Chip("in-progress", x.T("reminder.round.running")), []string{x.T("reminder.round.began", "At", s.clockOn(x, h.day, h.run.StartedAt))}
	case h.run.Outcome != job.Fine:
		return p.Chip("error", x.T("reminder.round.failed")), []string{x.T("reminder.round.caught_up_later")}
	case h.report.State == reminder.Late:
		return p.Chip("warning", x.T("reminder.round.late")), []string{x.T("reminder.round.caught_up_later")}
	}
	detail := []string{x.T("reminder.round.ended", "At", s.clockOn(x, h.day, h.run.EndedAt))}
	if from, err := calendar.ParseDate(h.report.From); err == nil && s.missed(from, h.day) {
		detail = append(detail, x.T("reminder.round.covers", "From", x.DateShort(from), "Until", x.DateShort(h.day)))
	}
	return p.Chip("completed", x.T("reminder.round.held")), detail
}

// clockOn is the time of day, and the day as well when it is another one.
func (s *Server) clockOn(x *exchange, day calendar.Date, at time.Time) string {
	if calendar.DateOf(at) == day {
		return x.Clock(at)
	}
	return x.Time(at)
}

// missed reports whether the round of a day covers a working day before it, which
// had no round of its own. That it covers the weekend is as usual.
func (s *Server) missed(from, day calendar.Date) bool {
	ladder := s.cfg.Reminders.Ladder()
	return ladder != nil && !from.IsZero() && ladder.Days.OnOrAfter(from).Before(day)
}

// mailNotice says how the mail stands; nil when all is well.
func (s *Server) mailNotice(x *exchange) (*view.Notice, error) {
	if s.cfg.Outbox == nil {
		return &view.Notice{Kind: "info", Heading: x.T("reminder.mail.none"), Text: x.T("reminder.mail.none.text")}, nil
	}
	sum, err := s.cfg.Outbox.Summary(x.ctx)
	switch {
	case err != nil:
		return nil, err
	case sum.Trouble != "":
		return &view.Notice{Kind: "warning", Heading: x.T("reminder.mail.trouble"),
			Text: x.T("reminder.mail.trouble.text", "Answer", sum.Trouble, "At", sum.TriedAgainAt)}, nil
	case sum.Waiting > 0 && s.cfg.Now().Sub(sum.WaitingSince) > waitingLong:
		return &view.Notice{Kind: "info", Heading: x.T("reminder.mail.waiting", "Count", int(sum.Waiting)), Text: x.T("reminder.mail.waiting.since", "At", sum.WaitingSince)}, nil
	}
	return nil, nil
}

// waitingLong is how long a message waits before the page speaks of it.
const waitingLong = 10 * time.Minute

// dayIn reads a day as addresses of ours have it. NotFound for anything else.
func (s *Server) dayIn(text string, optional bool) (calendar.Date, error) {
	day, err := calendar.ParseDate(text)
	if err != nil || day.IsZero() && !optional || !day.IsZero() && day.String() != text {
		return calendar.Date{}, errNoDay
	}
	return day, nil
}
