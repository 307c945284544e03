package locale

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
)

// Printer writes in one language.
type Printer struct {
	catalogue *Catalogue
	tag       Tag
	plain     map[string]string // most messages: no argument, nothing to do
	texts     map[string]text
	plurals   map[string]bool
	localizer *i18n.Localizer // for the plurals
}

func newPrinter(c *Catalogue, tag Tag, messages map[string]message, localizer *i18n.Localizer) *Printer {
	p := &Printer{
		catalogue: c, tag: tag, localizer: localizer,
		plain: map[string]string{}, texts: map[string]text{}, plurals: map[string]bool{},
	}
	for id, m := range messages {
		switch {
		case m.plural:
			p.plurals[id] = true
		case len(m.arguments()) > 0:
			p.texts[id] = m.texts[0]
		default:
			p.plain[id] = m.forms["other"]
		}
	}
	return p
}

// Tag is the language's name in the catalogue and in the reader's cookie.
func (p *Printer) Tag() Tag { return p.tag }

// Lang is the value of <html lang>.
func (p *Printer) Lang() string { return p.tag.html() }

// Variant is "easy" for やさしい日本語 and "" otherwise.
func (p *Printer) Variant() string {
	if p.tag.html() != string(p.tag) {
		return "easy"
	}
	return ""
}

// Prevails reports whether this is the language whose text decides.
func (p *Printer) Prevails() bool { return p.tag == Prevailing }

// Has reports whether there is a message id.
func (p *Printer) Has(id string) bool {
	_, plain := p.plain[id]
	_, text := p.texts[id]
	return plain || text || p.plurals[id]
}

// Plain reports whether the message id is a text without arguments, the same
// every time.
func (p *Printer) Plain(id string) bool { _, ok := p.plain[id]; return ok }

// T returns the message id. The arguments are pairs of a name and a value, or
// one fault.Args. Dates, instants and fiscal years among them are written as
// Date, Time and FiscalYear do. A message that does not exist comes back as its
// ID in brackets, and the catalogue remembers it.
func (p *Printer) T(id string, args ...any) string {
	if s, ok := p.plain[id]; ok {
		return s
	}
	value := func(name string) (string, error) { return p.argument(name, args) }
	if t, ok := p.texts[id]; ok {
		s, err := t.fill(value)
		if err != nil {
			return p.lost(id)
		}
		return s
	}
	if !p.plurals[id] {
		return p.lost(id)
	}
	count, _ := lookUp("Count", args)
	s, err := p.localizer.Localize(&i18n.LocalizeConfig{
		MessageID: id, PluralCount: count, TemplateData: value, TemplateParser: textParser{},
	})
	if s == "" || count == nil || err != nil {
		return p.lost(id)
	}
	return s
}

func (p *Printer) lost(id string) string {
	p.catalogue.missing.Store(id, true)
	return "[" + id + "]"
}

func (p *Printer) argument(name string, args []any) (string, error) {
	v, ok := lookUp(name, args)
	if !ok {
		return "", fmt.Errorf("no argument %s", name)
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case int:
		return strconv.Itoa(v), nil
	case calendar.Date:
		return p.Date(v), nil
	case calendar.Cycle:
		return p.FiscalYear(v), nil
	case time.Time:
		return p.Time(v), nil
	default:
		return fmt.Sprint(v), nil
	}
}

func lookUp(name string, args []any) (any, bool) {
	if len(args) == 1 {
		switch m := args[0].(type) {
		case fault.Args:
			v, ok := m[name]
			return v, ok
		case map[string]any:
			v, ok := m[name]
			return v, ok
		}
		return nil, false
	}
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1], true
		}
	}
	return nil, false
}

// Number writes a whole number with the digits in groups of three.
func (p *Printer) Number(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Percent writes part of whole with one decimal, rounded down: 1,999 of 2,000 is
// 99.9%, and only all of them are 100%. Of nothing there is no percentage.
func (p *Printer) Percent(part, whole int) string {
	if whole <= 0 {
		return p.T("calendar.none")
	}
	tenths := part * 1000 / whole
	if tenths%10 == 0 {
		return strconv.Itoa(tenths/10) + "%"
	}
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}
