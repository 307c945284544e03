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
// Do not name a field of a page struct like something of Page or of
// locale.Printer (T, Date, Time, Number, Title, Path, Form is free).
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
//	{{template "due" ($.Due .DueOn)}}            date and days left
//	{{template "notice" ($.Notice "warning" "heading" "text")}}
//	{{template "progress" ($.Progress 3 7 "label")}}
//	{{template "tasks" ($.With .Tasks)}}         []view.Task
//	{{template "summary" ($.With .Rows)}}        []view.SummaryRow
//	{{template "table" ($.With .Table)}}         view.Table
//	{{template "diff" ($.With .Changes)}}        []view.Change
//	{{template "done" ($.With .Done)}}           view.Done: confirmation panel
//	{{template "empty" ($.Empty "title" "text" "/href" "link")}}
//	{{template "more" ($.More "/next")}}         pagination by "next"
//	{{template "csrf" .}}                        in every form of method post
//
// Breadcrumbs and the notice after a redirect come from Page.Crumbs and
// Page.Flash, in the layout. Forms: see Form.
package view
