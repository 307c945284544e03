// Package view owns the frame of every page: the renderer, the layout, the
// partials that pages are made of, and the addresses of static files.
//
// A page is a template templates/pages/<feature>/<act>.html, named
// "<feature>/<act>", that defines "main" and holds one h1. Its data is a struct
// that embeds *Page, made with Renderer.Page:
//
//	type coursePage struct {
//		*view.Page
//		Course learning.Course
//		Form   *view.Form
//	}
//	page := renderer.Page(tag)
//	page.Title = page.T("course.title")
//	err := renderer.Render(w, "course/show", coursePage{Page: page, Course: c})
//
// A field of a page struct hides what Page or locale.Printer calls the same: do
// not name one T, Date, Time, Title, Path, Status, Progress and so on.
//
// In a template, dot is the page struct:
//
//	{{.T "course.title" "Name" .Course.Name}}    words; in range use $.T
//	{{.Date .DueOn}} {{.Time .At}} {{.Number 3}} {{.FiscalYear .Cycle}}
//	{{icon "check"}}                             static/img/icons.svg
//	{{static "img/favicon.svg"}}                 address with content hash
//
// Partials take what a method of the page makes, or $.With and a value, or a
// struct of this package:
//
//	{{template "status" ($.Status .State)}}      word, icon, colour; a state of
//	                                             duty or any common.status.<x>
//	{{template "status" ($.Chip "ok" "words")}}  the same with other words
//	{{template "due" ($.Due .DueOn)}}            date and days left
//	{{template "notice" ($.Notice "warning" "heading" "text")}}
//	{{template "progress" ($.Progress 3 7 "label")}}
//	{{template "progress" ($.Left 4 7 "label")}} the same, by what is open
//	{{template "tasks" ($.With .Tasks)}}         []view.Task
//	{{template "summary" ($.With .Rows)}}        []view.SummaryRow
//	{{template "table" ($.With .Table)}}         view.Table
//	{{template "diff" ($.With .Changes)}}        []view.Change
//	{{template "done" ($.With .Done)}}           view.Done: confirmation panel
//	{{template "empty" ($.Empty "title" "text" "/href" "link")}}
//	{{template "more" ($.More "/next")}}         pagination by "next"
//	{{template "contact" .}}                     office, phone, mail
//	{{template "csrf" .}}                        in every form of method post
//
// Classes for what has no partial: page-head (h1 with page-over or page-under),
// lead, prose (rendered Markdown), actions (a row of buttons), button with
// button-outline, button-danger, button-large or button-text, details, callout,
// table in table-scroll with numeric, split with split-side and split-main,
// hidden (for ears only), print-only. A form with data-unsaved asks before it
// is left half-typed.
//
// Breadcrumbs and the notice after a redirect come from Page.Crumbs and
// Page.Flash, in the layout. Forms: see Form.
package view
