package main

import (
	"fmt"

	"kokoroe/app"
	"kokoroe/app/locale"
)

type checkCmd struct {
	sources
}

// Run checks messages and content. Problems go to standard error, one a line,
// as file:line: message; the exit code is then 3.
func (c *checkCmd) Run(con *console) error {
	messages, err := locale.Load(c.locales())
	if err != nil {
		return err
	}
	var languages []string
	for _, tag := range messages.Languages() {
		languages = append(languages, string(tag))
	}
	catalogue, err := app.LoadCatalogue(c.content(), languages...)
	if err != nil {
		return err
	}
	questions := 0
	lessons := 0
	for _, course := range catalogue.Courses.Courses() {
		questions += len(catalogue.Courses.Bank(course.ID))
		lessons += len(course.Lessons)
	}
	fmt.Fprintf(con.out, "%d policies, %d clauses covered, %d courses, %d lessons, %d questions, %d terms, %d requirements, languages %v: no problems\n",
		len(catalogue.Policies.Policies()), len(catalogue.Policies.CoveredClauses()), len(catalogue.Courses.Courses()),
		lessons, questions, len(catalogue.Glossary), len(catalogue.Requirements), languages)
	return nil
}
