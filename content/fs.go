// Package content holds the drafts that ship with the program: policies,
// declarations, the glossary, courses and the requirements of a fiscal year.
//
// They are drafts because an operator may point the program to a folder of
// their own with the same layout. Nothing under app imports this package; the
// file system arrives there as an argument.
package content

import "embed"

// FS has the layout of this folder: policies/, declarations/, courses/,
// glossary.yaml, requirements.yaml, retention.yaml and reminders.yaml, and sample/ for
// the sample city.
//
//go:embed policies declarations glossary.yaml courses requirements.yaml retention.yaml reminders.yaml sample
var FS embed.FS
