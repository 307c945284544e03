package locale

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Tag names a language of the catalogue, as in its file names: "ja", "en",
// "ja-Hira" (やさしい日本語; private-use subtags are never matched, this one is),
// "pt-BR".
type Tag string

// Prevailing is the language whose text decides when translations differ, and
// the one shown when no other fits.
const Prevailing Tag = "ja"

// Catalogue is every message in every language.
type Catalogue struct {
	languages []Tag // Prevailing first
	matcher   language.Matcher
	printers  map[Tag]*Printer
	missing   sync.Map // message ID → true: asked for, and not there

	wishing sync.RWMutex
	wishes  map[string]Tag // what became of the headers seen so far
}

// Languages lists the languages, the prevailing one first.
func (c *Catalogue) Languages() []Tag { return append([]Tag(nil), c.languages...) }

// Printer returns the printer for tag, and the prevailing language's when there
// is no such language.
func (c *Catalogue) Printer(tag Tag) *Printer {
	if p, ok := c.printers[tag]; ok {
		return p
	}
	return c.printers[Prevailing]
}

// Has reports whether the catalogue speaks tag.
func (c *Catalogue) Has(tag Tag) bool { _, ok := c.printers[tag]; return ok }

// acceptLimit bounds the work that a header can cause, and maxWishes how many
// are remembered: browsers of one city send a few dozen.
const (
	acceptLimit = 256
	maxWishes   = 256
)

// Match chooses the language: the reader's own choice when it is one of ours,
// else the browser's wish, else the prevailing language.
func (c *Catalogue) Match(cookie, acceptLanguage string) Tag {
	if c.Has(Tag(cookie)) {
		return Tag(cookie)
	}
	if acceptLanguage == "" || len(acceptLanguage) > acceptLimit {
		return Prevailing
	}
	c.wishing.RLock()
	tag, ok := c.wishes[acceptLanguage]
	c.wishing.RUnlock()
	if ok {
		return tag
	}
	tag = c.wished(acceptLanguage)
	c.wishing.Lock()
	defer c.wishing.Unlock()
	if len(c.wishes) >= maxWishes {
		clear(c.wishes) // somebody sends others on purpose
	}
	c.wishes[strings.Clone(acceptLanguage)] = tag
	return tag
}

func (c *Catalogue) wished(acceptLanguage string) Tag {
	wishes, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return Prevailing
	}
	_, i, confidence := c.matcher.Match(wishes...)
	if confidence == language.No {
		return Prevailing
	}
	return c.languages[i]
}

// Missing lists the messages that were asked for at run time and are not in the
// catalogue. Tests expect none.
func (c *Catalogue) Missing() []string {
	var ids []string
	c.missing.Range(func(id, _ any) bool { ids = append(ids, id.(string)); return true })
	sort.Strings(ids)
	return ids
}

func newCatalogue(messages map[Tag]map[string]message) (*Catalogue, error) {
	c := &Catalogue{printers: map[Tag]*Printer{}, wishes: map[string]Tag{}}
	for tag := range messages {
		c.languages = append(c.languages, tag)
	}
	sort.Slice(c.languages, func(i, j int) bool {
		a, b := c.languages[i], c.languages[j]
		return (a == Prevailing && b != a) || (b != Prevailing && a < b)
	})
	var tags []language.Tag
	bundle := i18n.NewBundle(language.MustParse(string(Prevailing)))
	for _, tag := range c.languages {
		t := language.MustParse(string(tag))
		tags = append(tags, t)
		for id, m := range messages[tag] {
			if !m.plural {
				continue
			}
			if err := bundle.AddMessages(t, &i18n.Message{
				ID: id, Zero: m.forms["zero"], One: m.forms["one"], Two: m.forms["two"],
				Few: m.forms["few"], Many: m.forms["many"], Other: m.forms["other"],
			}); err != nil {
				return nil, err
			}
		}
	}
	c.matcher = language.NewMatcher(tags)
	for _, tag := range c.languages {
		c.printers[tag] = newPrinter(c, tag, messages[tag], i18n.NewLocalizer(bundle, string(tag)))
	}
	return c, c.checkPlurals()
}

// samples are numbers that between them need every plural form of every
// language.
var samples = []int{0, 1, 2, 3, 5, 6, 11, 21, 100, 1000000}

// checkPlurals finds plural messages that lack a form their language needs:
// English with "other" alone has no words for 1.
func (c *Catalogue) checkPlurals() error {
	var lacking []string
	for _, tag := range c.languages {
		p := c.printers[tag]
		for id := range p.plurals {
			for _, n := range samples {
				_, err := p.localizer.Localize(&i18n.LocalizeConfig{
					MessageID: id, PluralCount: n, TemplateParser: textParser{},
					TemplateData: func(string) (string, error) { return "", nil },
				})
				if err != nil {
					lacking = append(lacking, fmt.Sprintf("%s in %s has no form for %d", id, tag, n))
					break
				}
			}
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	sort.Strings(lacking)
	return errors.New(strings.Join(lacking, "\n"))
}

// html returns what stands in <html lang>: やさしい日本語 is Japanese there,
// since nothing outside knows the tag that we keep it under.
func (t Tag) html() string { return strings.TrimSuffix(string(t), "-Hira") }
