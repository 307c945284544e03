package directory

import (
	"slices"

	"kokoroe/app/calendar"
)

// This file turns a row of the roster file into the dated facts of a person.
// What has begun is history and stays: a file can end a stay, begin another
// and plan ahead, but what the roster said about a past day it goes on saying.
// Each step leaves alone what it has done already, so that the same file twice
// changes nothing the second time.

// gone reports whether the person had left before day.
func (p Person) gone(day calendar.Date) bool { return !p.LeftOn.IsZero() && p.LeftOn.Before(day) }

// updated returns the person as the row has it on day. The zero Person becomes
// a new one, without an ID.
func (p Person) updated(row Row, in DepartmentID, l layout, day calendar.Date) Person {
	now := p
	now.Number, now.Name, now.Kana, now.Mail = row.Number, row.Name, row.Kana, row.Mail
	now.Employment, now.Post = row.Employment, row.Post
	now.LeftOn = row.LeftOn
	now.Memberships = p.stays(row, in, day)
	if !p.renewed(row, now.Memberships, day) {
		now.JoinedOn = row.JoinedOn
	}
	if l.has(leaveFromColumn) {
		now.Leaves = leaves(p.Leaves, row.Leave, day)
	}
	return now
}

// rehired reports whether the row begins another spell of work: with a date
// after the last day that was known, or without one when somebody who was
// gone is in the file again.
func (p Person) rehired(row Row, day calendar.Date) bool {
	if p.LeftOn.IsZero() {
		return false
	}
	back := p.gone(day) && (row.LeftOn.IsZero() || !row.LeftOn.Before(day))
	return row.JoinedOn.After(p.LeftOn) || back
}

// renewed reports whether the row's 採用日 is that of a further contract of
// somebody who is still here, as 会計年度任用職員 get every April: they have been
// here all the time. The stay that began with it remembers it.
func (p Person) renewed(row Row, stays []Membership, day calendar.Date) bool {
	if p.JoinedOn.IsZero() || !row.JoinedOn.After(p.JoinedOn) || p.gone(day) && row.JoinedOn.After(p.LeftOn) {
		return false
	}
	return slices.ContainsFunc(stays[1:], func(m Membership) bool { return m.From == row.JoinedOn })
}

// stays returns the memberships as the row has them on day.
func (p Person) stays(row Row, in DepartmentID, day calendar.Date) []Membership {
	stays := slices.DeleteFunc(slices.Clone(p.Memberships), func(m Membership) bool {
		never := !m.Until.IsZero() && m.Until.Before(m.From)
		return never || !row.LeftOn.IsZero() && m.From.After(row.LeftOn)
	})
	switch {
	case len(stays) == 0:
		from := row.JoinedOn
		if !row.MovedOn.IsZero() {
			from = row.MovedOn
		}
		stays = []Membership{{Department: in, Period: calendar.Period{From: from}}}
	case p.rehired(row, day):
		stays = p.stayAgain(stays, row, in, day)
	case stays[len(stays)-1].Department != in:
		stays = move(stays, row, in, day)
	}
	correctStart(stays, row, day)
	stays[len(stays)-1].Until = row.LeftOn
	return stays
}

// stayAgain begins a stay for somebody who is back: on the new 採用日, else on
// the 異動日 after the absence, else on the day of the import. Who was missing
// by mistake, for no day at all, goes on with the same stay.
func (p Person) stayAgain(stays []Membership, row Row, in DepartmentID, day calendar.Date) []Membership {
	from := day
	switch {
	case row.JoinedOn.After(p.LeftOn):
		return open(stays, in, row.JoinedOn)
	case row.MovedOn.After(p.LeftOn):
		from = row.MovedOn
	}
	stays = dropFrom(stays, from)
	if n := len(stays); n > 0 && stays[n-1].Department == in && touches(stays[n-1], from) {
		return stays
	}
	return open(stays, in, from)
}

// move ends the stay of today and begins one elsewhere: on the 異動日 when that
// is later than what has begun, else on the day of the import. A plan that has
// not begun is replaced.
func move(stays []Membership, row Row, in DepartmentID, day calendar.Date) []Membership {
	for len(stays) > 1 && stays[len(stays)-1].From.After(day) {
		stays = stays[:len(stays)-1]
	}
	if row.MovedOn.After(stays[len(stays)-1].From) {
		return open(stays, in, row.MovedOn)
	}
	from := calendar.Later(day, row.JoinedOn)
	if !row.LeftOn.IsZero() && from.After(row.LeftOn) {
		from = row.LeftOn
	}
	stays = dropFrom(stays, from)
	if n := len(stays); n > 0 && stays[n-1].Department == in && touches(stays[n-1], from) {
		return stays
	}
	return open(stays, in, from)
}

// touches reports whether a stay lasts until the day before from.
func touches(m Membership, from calendar.Date) bool {
	return m.Until.IsZero() || !m.Until.Before(from.AddDays(-1))
}

func dropFrom(stays []Membership, from calendar.Date) []Membership {
	return slices.DeleteFunc(stays, func(m Membership) bool { return !m.From.Before(from) })
}

// open ends what lasts into from and begins a stay there.
func open(stays []Membership, in DepartmentID, from calendar.Date) []Membership {
	stays = dropFrom(stays, from)
	if n := len(stays); n > 0 && touches(stays[n-1], from) {
		stays[n-1].Until = from.AddDays(-1)
	}
	return append(stays, Membership{Department: in, Period: calendar.Period{From: from}})
}

// correctStart lets a 異動日 that was learned late put back the start of the
// last stay, which the import had to guess, and lets it change a start that
// is still to come. A later 異動日 for a stay that has begun is ignored: it is
// a change within the department.
func correctStart(stays []Membership, row Row, day calendar.Date) {
	n := len(stays)
	last := &stays[n-1]
	if row.MovedOn.IsZero() || row.MovedOn == last.From || last.From == row.JoinedOn {
		return
	}
	if !last.From.After(day) && row.MovedOn.After(last.From) {
		return
	}
	if n > 1 {
		before := &stays[n-2]
		if before.Until.AddDays(1) != last.From || !row.MovedOn.After(before.From) {
			return
		}
		before.Until = row.MovedOn.AddDays(-1)
	}
	last.From = row.MovedOn
}

// leaves returns the leaves as the file has them on day: the one it names, and
// of the others what was before today. A leave that the file no longer names
// ended yesterday.
func leaves(known []calendar.Period, named calendar.Period, day calendar.Date) []calendar.Period {
	var out []calendar.Period
	for _, l := range known {
		if !named.From.IsZero() && overlap(l, named) || !l.From.Before(day) {
			continue
		}
		if l.Until.IsZero() || !l.Until.Before(day) {
			l.Until = day.AddDays(-1)
		}
		out = append(out, l)
	}
	if !named.From.IsZero() {
		out = append(out, named)
	}
	slices.SortFunc(out, func(a, b calendar.Period) int { return a.From.Compare(b.From) })
	return out
}

func overlap(a, b calendar.Period) bool {
	return (a.Until.IsZero() || !a.Until.Before(b.From)) && (b.Until.IsZero() || !b.Until.Before(a.From))
}

// departed returns the person who is no longer in the file: the day before the
// import was the last, since the file says who is here on its day.
func (p Person) departed(day calendar.Date) Person {
	p.LeftOn = day.AddDays(-1)
	stays := slices.Clone(p.Memberships)
	for len(stays) > 1 && stays[len(stays)-1].From.After(p.LeftOn) {
		stays = stays[:len(stays)-1]
	}
	if n := len(stays); n > 0 {
		stays[n-1].Until = p.LeftOn // before From for somebody who never came
	}
	p.Memberships = stays
	return p
}

// same reports whether nothing about the person differs.
func (p Person) same(q Person) bool {
	return p.ID == q.ID && p.Number == q.Number && p.Name == q.Name && p.Kana == q.Kana && p.Mail == q.Mail &&
		p.Employment == q.Employment && p.Post == q.Post && p.JoinedOn == q.JoinedOn && p.LeftOn == q.LeftOn &&
		slices.Equal(p.Leaves, q.Leaves) && slices.Equal(p.Memberships, q.Memberships)
}
