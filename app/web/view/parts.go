package view

import (
	"kokoroe/app/calendar"
)

// Tones colour a tag or a notice. A colour never stands alone: a word and an
// icon say the same.
const (
	toneQuiet   = "quiet"
	toneInfo    = "info"
	toneSuccess = "success"
	toneWarning = "warning"
	toneError   = "error"
)

// Status is a state in a word, with an icon and a colour.
type Status struct{ Word, Icon, Tone string }

type look struct{ icon, tone string }

// looks of the states. Completed is quiet, so that the eye goes to what is open.
var looks = map[string]look{
	"overdue":        {"alert", toneError},
	"declined":       {"hand", toneWarning},
	"failed":         {"retry", toneWarning},
	"interrupted":    {"pause", toneWarning},
	"in-progress":    {"progress", toneInfo},
	"not-started":    {"circle", toneInfo},
	"paused":         {"pause", toneQuiet},
	"exempt":         {"minus", toneQuiet},
	"completed":      {"check", toneQuiet},
	"completed-late": {"check", toneQuiet},
	"withdrawn":      {"minus", toneQuiet},
	"superseded":     {"history", toneQuiet},
	// beyond assignments
	"ok":      {"check", toneSuccess},
	"warning": {"alert", toneWarning},
	"error":   {"alert", toneError},
	"waiting": {"clock", toneInfo},
	"draft":   {"pencil", toneQuiet},
	"ended":   {"minus", toneQuiet},
}

// Status returns the tag for a state (a string type of any domain package),
// worded by common.status.<state>.
func (p *Page) Status(state any) Status {
	s := text(state)
	l := looks[s]
	if l.icon == "" {
		l = look{"circle", toneQuiet}
	}
	return Status{p.T("common.status." + s), l.icon, l.tone}
}

// Chip returns a status with words of one's own; like names the state whose
// icon and colour it borrows ("ok", "warning", "error", "waiting", "draft" …).
func (p *Page) Chip(like, word string) Status {
	l := looks[like]
	return Status{word, l.icon, l.tone}
}

// Due is a date with the days that are left.
type Due struct{ ISO, Date, Left, Tone string }

// soon is from how many days before it a due date is shown as near.
const soon = 7

// Due returns the parts of a due date; the zero date has none.
func (p *Page) Due(on calendar.Date) Due {
	if on.IsZero() {
		return Due{}
	}
	d := Due{ISO: on.String(), Date: p.Date(on), Left: p.DaysLeft(on), Tone: toneQuiet}
	switch days := p.Today.DaysUntil(on); {
	case days < 0:
		d.Tone = toneError
	case days <= soon:
		d.Tone = toneWarning
	}
	return d
}

// Task is a row of a task list. Title begins with a verb. Without Href the row
// cannot be started yet, and Hint says why.
type Task struct {
	Href, Title string
	Hint        string // one line: what it is, why me
	Minutes     int    // 0: not said
	DueOn       calendar.Date
	State       any // a duty.State
	DoneOn      calendar.Date
}

// Done reports whether the row belongs to the quiet ones.
func (t Task) Done() bool { s := text(t.State); return s == "completed" || s == "completed-late" }

// Notice is a banner. Kind is info, success, warning or error.
type Notice struct {
	Kind, Heading, Text string
	Links               []Link
}

var noticeIcons = map[string]string{toneInfo: "info", toneSuccess: "check", toneWarning: "alert", toneError: "alert"}

// Icon is the kind's icon.
func (n Notice) Icon() string { return noticeIcons[n.Kind] }

// Notice returns a banner.
func (p *Page) Notice(kind, heading, text string) noticePart {
	return noticePart{p, Notice{Kind: kind, Heading: heading, Text: text}}
}

// Banner returns n as the notice partial takes it.
func (p *Page) Banner(n Notice) noticePart { return noticePart{p, n} }

type noticePart struct {
	*Page
	Notice
}

// Progress is "3 of 7" with a bar.
type Progress struct {
	Done, Total int
	Label, Text string
	Steps       []bool // done or not; nil when there are too many to draw singly
}

const maxSteps = 12

// Progress returns the parts of a progress bar. The label says what is counted.
func (p *Page) Progress(done, total int, label string) Progress {
	pr := Progress{Done: done, Total: total, Label: label, Text: p.T("common.progress", "Done", done, "Total", total)}
	if total <= maxSteps {
		for i := range total {
			pr.Steps = append(pr.Steps, i < done)
		}
	}
	return pr
}

// Left is Progress said by what is still open.
func (p *Page) Left(open, total int, label string) Progress {
	return p.Progress(total-open, total, label)
}

// SummaryRow is a line of a summary list ("check your answers").
type SummaryRow struct {
	Term, Text string
	Lines      []string // instead of Text
	ChangeHref string   // where the answer can be changed; "" for nowhere
	Status     *Status
}

// Table is a simple table. A page with more in its cells writes its own, with
// class "table" in a div of class "table-scroll".
type Table struct {
	Caption string
	Heads   []Head
	Rows    [][]Cell // the first cell of each is the row's heading
	Foot    []Cell   // a last row of totals; nil for none
}

// Head is a column's heading.
type Head struct {
	Text    string
	Numeric bool
}

// Cell is a cell of a table.
type Cell struct {
	Text    string
	Href    string
	Status  *Status
	Numeric bool
}

// Change is a stretch of a difference. Kind is same, added or removed.
type Change struct{ Kind, Text string }

// Done is the panel on a confirmation page. The page below it says what next.
type Done struct {
	Heading        string
	ReferenceLabel string
	Reference      string
	Text           string
}

// Empty is a list without rows: why, and what to do about it.
type Empty struct{ Title, Text, Href, Label string }

// Empty returns an empty state; href and label may be "".
func (p *Page) Empty(title, text, href, label string) Empty { return Empty{title, text, href, label} }

// More is the link to the next rows of a list; Href "" is the end.
type More struct {
	*Page
	Href string
}

// More returns the partial's data.
func (p *Page) More(href string) More { return More{p, href} }
