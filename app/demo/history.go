package demo

import (
	"context"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
)

// history gives the sample city a year that has begun: some have done
// everything, some are on the way, most of the rest have a week left. Who did
// what follows from the person's number, so that every first start is alike.
func (d *Demo) history(ctx context.Context, now time.Time) error {
	roster, err := d.App.Rosters.Current(ctx)
	if err != nil {
		return err
	}
	h := historian{app: d.App, now: now, fresh: map[string]bool{}}
	for _, s := range d.People {
		h.fresh[s.Number] = true
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for p := range roster.People() {
		if p.ActiveOn(calendar.DateOf(now)) && !h.fresh[p.Number] {
			group.Go(func() error { return h.live(within, p) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return h.rounds(ctx, roster)
}

type historian struct {
	app   *app.App
	now   time.Time
	fresh map[string]bool // sample people to sign in as, who have done nothing yet
}

// live records what the person has done of what is asked.
func (h *historian) live(ctx context.Context, p directory.Person) error {
	today := calendar.DateOf(h.now)
	assignments, err := h.app.Ledger.Of(ctx, p.ID, today)
	if err != nil {
		return err
	}
	for i, a := range assignments {
		if !a.AssignedOn.Before(today) {
			continue // yesterday nobody was asked
		}
		luck := chance(p.Number)
		at := h.when(p.Number, i, a)
		switch {
		case a.Because.Rule == duty.ByOwner:
			if luck < 80 {
				err = h.fulfil(ctx, p, a, at)
			}
		case luck < 48, luck < 62 && a.Item.Sort() == "course":
			err = h.fulfil(ctx, p, a, at)
		case luck < 74 && a.Item.Sort() == "course":
			err = h.begin(ctx, p, a, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chance is a number from 0 to 99 that belongs to the person.
func chance(number string) int {
	sum := fnv.New32a()
	sum.Write([]byte(number))
	return int(sum.Sum32() % 100)
}

// when is an office hour between the assignment's first day and yesterday.
func (h *historian) when(number string, i int, a duty.Assignment) time.Time {
	from := a.AssignedOn
	days := from.DaysUntil(calendar.DateOf(h.now))
	on := from.AddDays(chance(number+"day") * days / 100)
	minutes := 9*60 + chance(number+strconv.Itoa(i))*5
	return on.StartsAt().Add(time.Duration(minutes) * time.Minute)
}

func (h *historian) actor(p directory.Person, at time.Time) evidence.Actor {
	return evidence.Actor{ID: string(p.ID), Language: document.Japanese,
		SignIn: evidence.SignIn{Provider: "sample", Issuer: "urn:kokoroe:sample-history", AMR: []string{"sample"}, AuthAt: at}}
}

// fulfil appends the record that somebody who did the item would have left.
func (h *historian) fulfil(ctx context.Context, p directory.Person, a duty.Assignment, at time.Time) error {
	s := evidence.Statement{Actor: h.actor(p, at), Subject: string(p.ID), Object: string(a.Item), Scope: a.Scope, At: at}
	switch a.Item.Sort() {
	case "course":
		course, ok := h.app.Catalogue().Courses.Course(learning.CourseID(a.Item.ID()))
		if !ok {
			return nil
		}
		s.Kind = learning.KindPassed
		s.Key = strings.Join([]string{s.Kind, string(p.ID), a.Item.ID(), a.Scope}, "|")
		passed := Passed(h.app.Catalogue().Courses, course, "sample-"+p.Number+"-"+a.Item.ID()+"-"+a.Scope)
		if err := h.sit(ctx, p, a, passed, at); err != nil {
			return err
		}
		s.Body = passed
	default:
		doc, ok := h.app.Catalogue().Policies.Policy(policy.ID(a.Item.ID()))
		if !ok || doc.Declaration == nil {
			return nil
		}
		version, ok := doc.InForce(calendar.DateOf(at))
		if !ok {
			return nil
		}
		edition := version.In(document.Japanese)
		s.Kind = policy.KindAcknowledged
		s.Key = strings.Join([]string{s.Kind, string(p.ID), a.Item.ID(), strconv.Itoa(version.Number), a.Scope}, "|")
		s.Body = policy.Acknowledged{Policy: a.Item.ID(), Version: version.Number, Text: edition.Digest,
			TextLanguage: edition.Language, Declaration: doc.Declaration.In(document.Japanese).Digest()}
	}
	_, err := h.app.Log.Append(ctx, s)
	h.app.Ledger.Noticed()
	return err
}

// sit leaves the attempt that was passed.
func (h *historian) sit(ctx context.Context, p directory.Person, a duty.Assignment, body learning.Passed, at time.Time) error {
	sitting := learning.Attempt{ID: learning.AttemptID(body.Attempt), Person: p.ID, Course: learning.CourseID(body.Course),
		Scope: a.Scope, Purpose: learning.Check, StartedAt: at.Add(-10 * time.Minute)}
	for _, q := range body.Questions {
		d := learning.Drawn{Question: learning.QuestionID(q.Question)}
		for _, o := range q.Options {
			d.Options = append(d.Options, learning.OptionID(o))
		}
		for _, o := range q.Answer {
			d.Answer = append(d.Answer, learning.OptionID(o))
		}
		sitting.Drawn = append(sitting.Drawn, d)
	}
	if _, err := h.app.Store.OpenAttempt(ctx, sitting); err != nil {
		return err
	}
	_, err := h.app.Store.UpdateAttempt(ctx, sitting.ID, func(attempt learning.Attempt) (learning.Attempt, error) {
		attempt.SubmittedAt, attempt.Right, attempt.Passed = at, body.Right, true
		return attempt, nil
	})
	return err
}

// Passed is the body of the record of a check that was passed without a mistake,
// on the first questions of the bank.
func Passed(courses *learning.Catalogue, course *learning.Course, attempt string) learning.Passed {
	body := learning.Passed{Course: string(course.ID), Content: course.Digest, Attempt: attempt, Pass: course.Check.Pass}
	for _, q := range courses.Bank(course.ID) {
		if body.Of == course.Check.Draw {
			break
		}
		shown := learning.PassedQuestion{Question: string(q.ID)}
		for _, o := range q.Options {
			shown.Options = append(shown.Options, string(o.ID))
			if o.Correct {
				shown.Answer = append(shown.Answer, string(o.ID))
			}
		}
		body.Questions = append(body.Questions, shown)
		body.Of++
		body.Right++
	}
	return body
}

// begin leaves the person somewhere in the course.
func (h *historian) begin(ctx context.Context, p directory.Person, a duty.Assignment, at time.Time) error {
	course, ok := h.app.Catalogue().Courses.Course(learning.CourseID(a.Item.ID()))
	if !ok {
		return nil
	}
	_, err := h.app.Store.UpdatePlace(ctx, p.ID, course.ID, a.Scope, func(place learning.Place) (learning.Place, error) {
		for _, l := range course.Lessons[:1+chance(p.Number+"place")*(len(course.Lessons)-1)/100] {
			place.Done = append(place.Done, l.ID)
		}
		place.StartedAt, place.UpdatedAt = at, at
		return place, nil
	})
	return err
}
