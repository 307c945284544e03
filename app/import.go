package app

import (
	"context"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
)

// PlanRoster rehearses the import of a roster file: what is wrong with it, cell
// by cell, or what it would change. Nothing is stored.
func PlanRoster(ctx context.Context, rosters *directory.Rosters, name string, src []byte, day calendar.Date, o directory.Options) (*directory.Plan, error) {
	table, err := spreadsheet.Read(name, src)
	if err != nil {
		return nil, err
	}
	rows, problems := directory.ParseRoster(table)
	if len(problems) > 0 {
		return nil, fault.InvalidFields(problems...)
	}
	return rosters.Plan(ctx, rows, day, o)
}
