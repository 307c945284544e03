package view

import (
	"bytes"
	"fmt"
	"html"
	"slices"

	"kokoroe/app/locale"
)

// Trouble is the data of "error/error", the one page for every status.
type Trouble struct {
	*Page
	Status    int
	Heading   string
	Text      string // what happened
	Todo      string // what the reader can do
	RequestID string
	Links     []Link
}

// troubleStatuses have words of their own; any other is told as 400 or 500.
var troubleStatuses = []int{400, 401, 403, 404, 405, 409, 413, 415, 421, 422, 429, 500, 503}

// Trouble returns the error page for a status. The text is the status's own
// unless one is given, such as a fault's message in the reader's language.
func (p *Page) Trouble(status int, requestID, text string) Trouble {
	known := status
	if !slices.Contains(troubleStatuses, status) {
		known = 500
		if status < 500 {
			known = 400
		}
	}
	id := fmt.Sprintf("error.page.%d.", known)
	t := Trouble{
		Page: p, Status: status, RequestID: requestID, Text: text,
		Heading: p.T(id + "title"), Todo: p.T(id + "todo"),
	}
	if text == "" {
		t.Text = p.T(id + "text")
	}
	p.Title = t.Heading
	return t
}

// requestMark stands for the request ID while the fallback is rendered.
const requestMark = "0request0id0"

// prepareFallback renders the page that is sent when rendering has failed. It
// also proves at start that the frame works in every language.
func (r *Renderer) prepareFallback() error {
	for _, tag := range r.cfg.Catalogue.Languages() {
		var b bytes.Buffer
		page := r.Page(tag)
		page.Languages = nil // a form without a token would be refused
		if err := r.Render(&b, "error/error", page.Trouble(500, requestMark, "")); err != nil {
			return err
		}
		before, after, ok := bytes.Cut(b.Bytes(), []byte(requestMark))
		if !ok {
			return fmt.Errorf("error/error does not show the request ID")
		}
		r.fallback[page.Tag()] = [2][]byte{bytes.Clone(before), bytes.Clone(after)}
	}
	return nil
}

// Fallback returns a complete page for a status of 500, made without running a
// template.
func (r *Renderer) Fallback(tag locale.Tag, requestID string) []byte {
	parts, ok := r.fallback[tag]
	if !ok {
		parts = r.fallback[locale.Prevailing]
	}
	return slices.Concat(parts[0], []byte(html.EscapeString(requestID)), parts[1])
}
