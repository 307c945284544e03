// Package locale owns the words on the surface: message catalogues, the choice
// of a language, and how dates, fiscal years and numbers are written in it.
//
// A catalogue is a folder of files <area>.<language>.yaml, flat "area.thing:
// text". Which languages there are follows from the files; only the prevailing
// one is named in code, since the law is written in it. Every language has every
// message with the same {{.Arguments}}, or the catalogue does not load.
//
// A Printer is one language, immutable and safe for concurrent use:
//
//	p.T("course.title")                          a plain text
//	p.T("course.due", "Name", n, "On", dueOn)    arguments as pairs; dates and
//	                                             fiscal years are written out
//	p.T("task.left", "Count", 3)                 Count chooses the plural form
//	p.T(e.MessageID, e.Args)                     a fault's arguments
//
// How dates look is data too: the messages calendar.* of the catalogue.
package locale
