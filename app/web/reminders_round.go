package web

import (
	"cmp"
	"net/url"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
	"kokoroe/app/web/view"
)

var errNoDay = fault.NotFoundf("no such day")

// mostTold is how many messages of a day a page sorts: of a larger round it shows
// one department at a time.
const mostTold = 2000

// roundPage is who was reminded on a day, and what became of it.
type roundPage struct {
	*view.Page
	Day    calendar.Date
	Scope  string
	Status view.Status
	Detail []string
	States tabs
	Lines  []toldLine
	All    int    // messages in all states; -1 when they were not counted
	Next   string // the next people; empty at the end
	Clear  string // without the filter
	Paper  string
	Below  []view.Link // departments to choose from when there are too many; else nil
}

// toldLine is one person's reminder.
type toldLine struct {
	Number, Name, Href, Department string
	Status                         view.Status
	Detail                         string
}

// told are a day's messages that a page is about.
type told struct {
	messages []notify.Message // in the order of their people's places
	counts   *roundCounts     // nil: not counted
	tooMany  bool             // to be listed: messages is empty
}

// roundScope is what a page about a day is asked for.
type roundScope struct {
	day        calendar.Date
	held       held
	department directory.DepartmentID // "" is the whole city
	name       string
	roster     *directory.Roster
}

// roundScope reads day and department of the request. NotFound for a day on which
// nobody was reminded, and for a department that is not reached.
func (s *Server) roundScope(x *exchange) (roundScope, error) {
	day, err := s.dayIn(x.param("day"), false)
	if err != nil {
		return roundScope{}, err
	}
	r := roundScope{day: day}
	if r.department, r.name, err = s.scope(x, x.query("department")); err != nil {
		return r, err
	}
	if r.roster, err = s.cfg.Rosters.Current(x.ctx); err != nil {
		return r, err
	}
	list, err := s.heldRounds(x)
	if err != nil {
		return r, err
	}
	if i := slices.IndexFunc(list, func(h held) bool { return h.day == day }); i >= 0 {
		r.held = list[i]
		return r, nil
	}
	first, err := s.cfg.Mails.ListMessages(x.ctx, notify.MessageRange{Prefix: notify.RoundPrefix(day), Limit: 1})
	if err == nil && len(first) == 0 {
		err = errNoDay
	}
	r.held.day = day
	return r, err
}

// address is a page about the day, or the part of the day's page at tail.
func (r roundScope) address(tail string, query url.Values) string {
	if r.department != "" {
		query.Set("department", string(r.department))
	}
	if len(query) == 0 {
		return roundPath(r.day) + tail
	}
	return roundPath(r.day) + tail + "?" + query.Encode()
}

// told reads the day's messages to the people of the scope, in a state or in any.
func (s *Server) told(x *exchange, r roundScope, state notify.State) (told, error) {
	var t told
	prefix := notify.RoundPrefix(r.day)
	if r.department != "" {
		if keys, ok := keysWithin(r.roster, r.department, r.day, s.today(), mostTold); ok {
			for some := range slices.Chunk(keys, notify.MostKeys) {
				messages, err := s.cfg.Mails.Messages(x.ctx, some)
				if err != nil {
					return t, err
				}
				t.messages = append(t.messages, messages...)
			}
			return s.sorted(r, t, state), nil
		}
	}
	counts, err := s.dayCounts(x, r.held)
	if err != nil {
		return t, err
	}
	var all roundCounts
	ofState := 0
	for _, n := range counts {
		all.add(n.State, int(n.N))
		if n.State == state {
			ofState += int(n.N)
		}
	}
	only := notify.State("")
	if all.All > mostTold {
		if r.department == "" {
			t.counts = &all
		}
		if state == "" || ofState > mostTold {
			t.tooMany = true
			return t, nil
		}
		only = state
	}
	for after := ""; ; after = t.messages[len(t.messages)-1].Key {
		messages, err := s.cfg.Mails.ListMessages(x.ctx, notify.MessageRange{Prefix: prefix, After: after, State: only, Limit: notify.MostKeys})
		if err != nil {
			return t, err
		}
		t.messages = append(t.messages, messages...)
		if len(messages) < notify.MostKeys {
			break
		}
	}
	return s.sorted(r, t, state), nil
}

// sorted leaves the messages to the people of the scope, counts them unless they
// are counted, and puts those of the state in the order of a reader's walk.
func (s *Server) sorted(r roundScope, t told, state notify.State) told {
	today := s.today()
	if r.department != "" {
		t.messages = slices.DeleteFunc(t.messages, func(m notify.Message) bool {
			p, ok := r.roster.Person(m.Person)
			return !ok || !r.roster.Within(p.MembershipOn(today).Department, r.department)
		})
	}
	if t.counts == nil {
		t.counts = &roundCounts{}
		for _, m := range t.messages {
			t.counts.add(m.State, 1)
		}
	}
	t.messages = slices.DeleteFunc(t.messages, func(m notify.Message) bool { return state != "" && m.State != state })
	order := orderOf(r.roster)
	places := make(map[directory.PersonID]duty.Cursor, len(t.messages))
	for _, m := range t.messages {
		places[m.Person] = cursorOf(r.roster, m.Person, today)
	}
	slices.SortFunc(t.messages, func(a, b notify.Message) int { return order(places[a.Person], places[b.Person]) })
	return t
}

// orderOf compares places as a reader walks the tree; who has no department comes
// last.
func orderOf(roster *directory.Roster) func(a, b duty.Cursor) int {
	at := map[directory.DepartmentID]int{}
	departments := roster.Departments()
	for i, d := range departments {
		at[d.ID] = i
	}
	place := func(id directory.DepartmentID) int {
		if i, ok := at[id]; ok {
			return i
		}
		return len(departments)
	}
	return func(a, b duty.Cursor) int {
		return cmp.Or(cmp.Compare(place(a.Department), place(b.Department)), cmp.Compare(a.Number, b.Number))
	}
}

// cursorOf is somebody's place among all people. Who is no longer in the roster has
// the ID for a number.
func cursorOf(roster *directory.Roster, id directory.PersonID, day calendar.Date) duty.Cursor {
	p, ok := roster.Person(id)
	if !ok {
		return duty.Cursor{Number: string(id)}
	}
	return duty.Cursor{Department: p.MembershipOn(day).Department, Number: p.Number}
}

// round shows a day's reminders.
func (s *Server) round(x *exchange) error {
	r, err := s.roundScope(x)
	if err != nil {
		return err
	}
	state := notify.State(x.query("state"))
	if state != "" && !slices.Contains(notify.States, state) {
		return fault.NotFoundf("state %q", state)
	}
	after, err := cursorIn(x.query("after"))
	if err != nil {
		return err
	}
	t, err := s.told(x, r, state)
	if err != nil {
		return err
	}
	page := roundPage{
		Page: s.titled(x, x.T("reminder.day.title", "On", r.day), s.roundCrumbs(x)...), Day: r.day,
		Scope: r.name, Clear: r.address("", url.Values{}), Paper: r.address("/paper", url.Values{}),
	}
	page.Wide = true
	page.Printed = x.T("reminder.printed", "At", s.cfg.Now(), "Scope", r.name)
	page.Status, page.Detail = s.roundWords(x, page.Page, r.held)
	page.States = stateTabs(x, r, state, t.counts)
	if page.All = -1; t.counts != nil {
		page.All = t.counts.All
	}
	if t.tooMany {
		page.Below = s.departmentsBelow(r, "")
	}
	messages := t.messages
	if (after != duty.Cursor{}) {
		order := orderOf(r.roster)
		messages = slices.DeleteFunc(messages, func(m notify.Message) bool {
			return order(cursorOf(r.roster, m.Person, s.today()), after) <= 0
		})
	}
	if len(messages) > pageOf {
		messages = messages[:pageOf]
		last := cursorOf(r.roster, messages[pageOf-1].Person, s.today())
		query := url.Values{"after": {string(last.Department) + "/" + last.Number}}
		if state != "" {
			query.Set("state", string(state))
		}
		page.Next = r.address("", query)
	}
	levels := len(r.roster.Path(r.department))
	for _, m := range messages {
		page.Lines = append(page.Lines, s.toldLine(x, page.Page, r, levels, m))
	}
	return s.render(x, "reminders/round", page)
}

// roundCrumbs is the way to a day.
func (s *Server) roundCrumbs(x *exchange) []view.Link {
	return []view.Link{{Href: "/departments", Label: x.T("department.title")}, {Href: "/reminders", Label: x.T("reminder.log.title")}}
}

// departmentsBelow leads to the day's reminders of one department each.
func (s *Server) departmentsBelow(r roundScope, tail string) []view.Link {
	var links []view.Link
	for _, d := range r.roster.Children(r.department) {
		one := r
		one.department = d.ID
		links = append(links, view.Link{Href: one.address(tail, url.Values{}), Label: d.Name})
	}
	return links
}

// stateTabs lead from one state to another.
func stateTabs(x *exchange, r roundScope, state notify.State, counts *roundCounts) tabs {
	t := tabs{Label: x.T("reminder.states")}
	for _, one := range []notify.State{"", notify.Sent, notify.Waiting, notify.Refused, notify.Withheld} {
		query, word, n := url.Values{}, "all", 0
		if one != "" {
			query.Set("state", string(one))
			word = string(one)
		}
		if counts != nil {
			n = counts.of(one)
		}
		t.Tabs = append(t.Tabs, tab{Href: r.address("", query), Label: x.T("reminder.state." + word), Number: n, Counted: counts != nil, Current: one == state})
	}
	return t
}

// of is the count of a state; of all for "".
func (c *roundCounts) of(state notify.State) int {
	switch state {
	case notify.Sent:
		return c.Sent
	case notify.Waiting:
		return c.Waiting
	case notify.Refused:
		return c.Refused
	case notify.Withheld:
		return c.Withheld
	}
	return c.All
}

func (s *Server) toldLine(x *exchange, p *view.Page, r roundScope, levels int, m notify.Message) toldLine {
	var line toldLine
	line.Status, line.Detail = s.becameOf(x, p, m)
	if m.State == notify.Refused && m.Answer != "" {
		line.Detail = x.T("reminder.became.refused.answer", "At", m.SettledAt, "Answer", m.Answer)
	}
	person, ok := r.roster.Person(m.Person)
	if !ok {
		line.Name = string(m.Person)
		return line
	}
	line.Name, line.Number = person.Name, person.Number
	if at := person.MembershipOn(s.today()).Department; at != "" {
		path := r.roster.Path(at)
		line.Department = pathName(path[max(0, min(levels, len(path)-1)):])
		line.Href = personPath(person.ID)
	}
	return line
}

// becameOf says what became of a message.
func (s *Server) becameOf(x *exchange, p *view.Page, m notify.Message) (view.Status, string) {
	switch m.State {
	case notify.Sent:
		return p.Chip("completed", x.T("reminder.state.sent")), x.T("reminder.became.sent", "At", m.SettledAt)
	case notify.Refused:
		return p.Chip("warning", x.T("reminder.state.refused")), x.T("reminder.became.refused", "At", m.SettledAt)
	case notify.Withheld:
		return p.Chip("ended", x.T("reminder.state.withheld")), x.T("reminder.withheld." + string(m.Reason))
	}
	if m.Holder == "" && m.NextAt.After(s.cfg.Now()) {
		return p.Chip("waiting", x.T("reminder.state.waiting")), x.T("reminder.became.waiting.until", "At", m.NextAt)
	}
	return p.Chip("waiting", x.T("reminder.state.waiting")), x.T("reminder.became.waiting")
}

// ownReminder is one of somebody's reminders.
type ownReminder struct {
	Day    calendar.Date
	Status view.Status
	Detail string
}

// remindersShown is how many of somebody's reminders are shown.
const remindersShown = 30

// remindersOf returns somebody's reminders, the newest first.
func (s *Server) remindersOf(x *exchange, p *view.Page, id directory.PersonID) ([]ownReminder, error) {
	messages, err := s.cfg.Mails.FindMessages(x.ctx, notify.MessageQuery{Person: id, Topic: notify.ReminderTopic, Limit: remindersShown})
	if err != nil {
		return nil, err
	}
	var list []ownReminder
	for _, m := range messages {
		day, ok := m.ReminderOf()
		if !ok {
			continue
		}
		one := ownReminder{Day: day}
		one.Status, one.Detail = s.becameOf(x, p, m)
		list = append(list, one)
	}
	return list, nil
}
