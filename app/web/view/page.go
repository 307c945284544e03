package view

import (
	"kokoroe/app/calendar"
	"kokoroe/app/locale"
)

// Data is what a page is rendered with: a struct that embeds *Page.
type Data interface{ Frame() *Page }

// Page is the part that every page has. Renderer.Page makes one; the edge
// fills in who is signed in and what they may go to.
type Page struct {
	*locale.Printer
	Title        string        // of the document; the h1 is the page's own
	Path         string        // local path with query, to come back to after a change of language
	Person       *Person       // nil when nobody is signed in
	Nav          []NavItem     // main navigation, at most seven
	Crumbs       []Link        // the way here, without the page itself
	CSRF         string        // token of every form
	Flash        *Notice       // one message from the page before
	Failed       bool          // a form came back with errors: the title says so first
	Wide         bool          // tables: uses the width of the screen
	Printed      string        // printed at the foot on paper: as of when, for whom
	Today        calendar.Date // days left are counted from here
	Languages    []Language    // to switch to
	Organisation string        // the city
	Contact      Contact

	memos *memos
}

// Frame returns the page itself, so that a struct that embeds it is Data.
func (p *Page) Frame() *Page { return p }

// Person is who is signed in, as the header shows them.
type Person struct{ Name, Department string }

// NavItem is one entry of the main navigation.
type NavItem struct {
	Href, Label string
	Current     bool
}

// Link is a place to go to.
type Link struct{ Href, Label string }

// Language is a language to switch to, named in itself.
type Language struct {
	Tag     locale.Tag
	Lang    string // for the lang attribute
	Name    string
	Current bool
}

// Contact is whom readers turn to. Phone and Mail may be empty.
type Contact struct{ Office, Phone, Mail string }

// Bound is a value with the page that it is shown on: what a partial gets.
type Bound struct {
	*Page
	It any
}

// With binds a value to the page for a partial.
func (p *Page) With(it any) Bound { return Bound{p, it} }

// DaysLeft counts from the page's own day.
func (p *Page) DaysLeft(due calendar.Date) string { return p.Printer.DaysLeft(p.Today, due) }
