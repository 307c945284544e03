package document

import (
	"bytes"
	"html/template"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
)

// Options are how Markdown is rendered. The zero value is the usual way.
type Options struct {
	Prefix string // of heading IDs; "clause-" when empty. Lower-case letters and hyphens
	Deeper int    // levels to push headings down by
	NoRuby bool   // leave readings out

	keepHTML bool // Lint wants to see it
}

func (o Options) prefix() string {
	if o.Prefix == "" {
		return "clause-"
	}
	return o.Prefix
}

// Render makes safe HTML of Markdown. The same bytes and options always give
// the same HTML. Raw HTML and images are left out (Lint reports them), links
// lead to https, mail or this site only. The error is Problems.
func Render(source []byte, o Options) (template.HTML, error) {
	if ps := Check("markdown", source); len(ps) > 0 {
		return "", ps
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, parseMarkdown(source, o)); err != nil {
		return "", err
	}
	clean := allowed.SanitizeBytes(out.Bytes())
	return template.HTML(clean), nil //nolint:gosec // this is the one place that makes HTML safe
}

// safeURL is where a link may lead: https, mail, or this site. What a browser
// takes for another host (//host, /\host) is not this site.
var safeURL = regexp.MustCompile(`^(?:https://[^\s\\/?#]+(?:[/?#][^\s\\]*)?|mailto:[^\s\\]+|#[^\s\\]*|/(?:[^\s\\/][^\s\\]*)?|\.{0,2}[^\s\\/:?#]+(?:[/?#][^\s\\]*)?)$`)

// allowed is the second lock: whatever the Markdown library does, nothing but
// this passes.
var allowed = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code",
		"em", "strong", "del", "ul", "ol", "li", "ruby", "rt", "rp",
		"div", "table", "thead", "tbody", "tr", "th", "td",
	)
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[a-z][0-9A-Za-z-]*$`)).OnElements("h1", "h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^col$`)).OnElements("th")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^align-(?:right|center)$`)).OnElements("th", "td")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^table-frame$`)).OnElements("div")
	p.AllowAttrs("tabindex").Matching(regexp.MustCompile(`^0$`)).OnElements("div")
	p.AllowAttrs("href").Matching(safeURL).OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^noopener noreferrer$`)).OnElements("a")
	p.AllowURLSchemes("https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}()
