package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kokoroe/app"
	"kokoroe/app/calendar"
	"kokoroe/app/demo"
	"kokoroe/app/directory"
	"kokoroe/app/document"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// Of a hundred people, so many did what was asked this year, so many are in the
// middle of the course, and so many have a session open. Of what was asked last
// year, all did two things: with five things asked a year, that makes five
// records a person.
const (
	donePercent    = 60
	begunPercent   = 15
	sessionPercent = 1
)

// appendedAtOnce is how many records of the history are one batch: as many as
// wait for one another on a busy day.
const appendedAtOnce = 256

// written says what the history of a city came to.
type written struct {
	records  int
	imported time.Duration // the roster
	appended time.Duration // the records, signed
	verified time.Duration // by the job of the night
}

// writeCity imports the city into an empty store and gives it a history, by the
// store's own interface: walking there by HTTP would take days.
func writeCity(ctx context.Context, c *growingCity, city, contentFolder, data, storeSetting string) (w written, err error) {
	began := time.Now()
	d, err := demo.Open(ctx, demo.Config{
		Folder: data, Store: storeSetting, Listen: "127.0.0.1:0", Date: calendar.MustDate(day), Content: os.DirFS(contentFolder), City: os.DirFS(city), Empty: true,
		Version: "load", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	w.imported = time.Since(began)
	h, err := newHistory(ctx, d)
	if err != nil {
		return w, err
	}
	w.records = len(h.deeds)
	lastNight := int64(len(h.deeds) - len(h.deeds)/daysOfRecords)
	began = time.Now()
	if err := appendAll(ctx, d.App.Store, lastNight, appendedAtOnce, h.statement); err != nil {
		return w, err
	}
	if _, err := d.App.Log.Checkpoint(ctx); err != nil {
		return w, err
	}
	w.appended = time.Since(began)
	if err := errors.Join(h.write(ctx), h.remind(ctx, c)); err != nil {
		return w, err
	}
	began = time.Now()
	if err := verify(ctx, d); err != nil {
		return w, err
	}
	w.verified = time.Since(began)
	if err := h.appendDay(ctx, d.App.Log, lastNight); err != nil {
		return w, err
	}
	_, err = d.App.Log.Checkpoint(ctx)
	return w, err
}

// daysOfRecords is how many days the records are spread over: so many came in
// after the night's verification.
const daysOfRecords = 365

// verify lets the job of the night run.
func verify(ctx context.Context, d *demo.Demo) error {
	run, err := d.App.Jobs.RunNow(ctx, app.JobVerify)
	if err == nil && run.Outcome != job.Fine {
		err = fmt.Errorf("the verification ended %q: %.500s", run.Outcome, run.Report)
	}
	return err
}

// appendDay appends the records from a place of the log on, as the portal does.
func (h *history) appendDay(ctx context.Context, log *evidence.Log, from int64) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(appendedAtOnce)
	for seq := from; seq < int64(len(h.deeds)); seq++ {
		group.Go(func() error {
			_, err := log.Append(ctx, h.statement(seq))
			return err
		})
	}
	return group.Wait()
}

// history is what everybody has done.
type history struct {
	store  store.Store
	staff  []directory.Person
	cycles [2]calendar.Cycle // last year, this year
	now    time.Time
	bodies map[string]func(attempt string) any // of the record of an item
	kinds  map[string]string
	deeds  []deed
	course map[string]*learning.Course
}

// deed is one record to be: who, what, in which year.
type deed struct {
	person uint32
	item   uint8
	year   uint8
}

func newHistory(ctx context.Context, d *demo.Demo) (*history, error) {
	roster, err := d.App.Rosters.Current(ctx)
	if err != nil {
		return nil, err
	}
	today := d.App.Ledger.Today()
	h := &history{store: d.App.Store, now: d.Now(), bodies: map[string]func(string) any{}, kinds: map[string]string{}, course: map[string]*learning.Course{},
		cycles: [2]calendar.Cycle{d.App.Ledger.Cycle(today.AddDays(-365)), d.App.Ledger.Cycle(today)}}
	for p := range roster.People() {
		if p.Kind() == directory.Employee {
			h.staff = append(h.staff, p)
		}
	}
	for _, item := range yearlyItems {
		if err := h.learn(d, item); err != nil {
			return nil, err
		}
	}
	for item := range 2 {
		h.all(item, 0, 100)
	}
	for item := range yearlyItems {
		h.all(item, 1, donePercent)
	}
	return h, nil
}

// learn finds out what the record of an item says.
func (h *history) learn(d *demo.Demo, item string) error {
	switch it := duty.Item(item); it.Sort() {
	case "course":
		course, ok := d.App.Catalogue().Courses.Course(learning.CourseID(it.ID()))
		if !ok {
			return fmt.Errorf("no %s", item)
		}
		body := demo.Passed(d.App.Catalogue().Courses, course, "")
		h.kinds[item], h.course[item] = learning.KindPassed, course
		h.bodies[item] = func(attempt string) any { body := body; body.Attempt = attempt; return body }
	default:
		doc, ok := d.App.Catalogue().Policies.Policy(policy.ID(it.ID()))
		version, inForce := doc.InForce(d.App.Ledger.Today())
		if !ok || !inForce || doc.Declaration == nil {
			return fmt.Errorf("%s cannot be acknowledged", item)
		}
		edition := version.In(document.Japanese)
		body := policy.Acknowledged{Policy: it.ID(), Version: version.Number, Text: edition.Digest, TextLanguage: edition.Language,
			Declaration: doc.Declaration.In(document.Japanese).Digest()}
		h.kinds[item] = policy.KindAcknowledged
		h.bodies[item] = func(string) any { return body }
	}
	return nil
}

// all gives the item of a year to so many of a hundred people.
func (h *history) all(item, year, percent int) {
	for i := range h.staff {
		if year == 0 || !h.fresh(i) && luck(i, item) < percent {
			h.deeds = append(h.deeds, deed{uint32(i), uint8(item), uint8(year)})
		}
	}
}

// fresh reports whether the person has done nothing this year: those with the
// last numbers, who sign in.
func (h *history) fresh(person int) bool { return person >= len(h.staff)-10 }

// luck is a number from 0 to 99 that belongs to a person and a thing.
func luck(person, thing int) int {
	x := uint64(person)*2654435761 + uint64(thing)*40503 + 12345
	x ^= x >> 13
	return int(x * 0x9e3779b97f4a7c15 >> 40 % 100)
}

// statement is the record at a place of the log.
func (h *history) statement(seq int64) evidence.Statement {
	d := h.deeds[seq]
	p, item, scope := &h.staff[d.person], yearlyItems[d.item], string(h.cycles[d.year])
	at := h.now.AddDate(-1+int(d.year), 0, 0).Add(-time.Duration(len(h.deeds)-int(seq)) * time.Second)
	s := evidence.Statement{
		Kind: h.kinds[item], Subject: string(p.ID), Object: item, Scope: scope, At: at,
		Actor: evidence.Actor{ID: string(p.ID), Language: document.Japanese,
			SignIn: evidence.SignIn{Provider: "city", Issuer: "https://sso.city.example", AMR: []string{"pwd", "otp"}, AuthAt: at}},
		Body: h.bodies[item](string(h.attemptID(d))),
	}
	name := duty.Item(item).ID()
	s.Key = strings.Join([]string{s.Kind, string(p.ID), name, scope}, "|")
	if s.Kind == policy.KindAcknowledged {
		s.Key = strings.Join([]string{s.Kind, string(p.ID), name, "1", scope}, "|")
	}
	return s
}

// write keeps what stands beside the log: places in the course of those who are
// in the middle of it, what was passed, sessions of some.
func (h *history) write(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(appendedAtOnce)
	for _, d := range h.deeds {
		if h.course[yearlyItems[d.item]] != nil {
			group.Go(func() error { return h.store.PutPiece(ctx, store.Piece{Attempt: h.attempt(d)}) })
		}
	}
	course, scope := h.course[yearlyItems[0]], string(h.cycles[1])
	for i := range h.staff {
		p := &h.staff[i]
		if h.fresh(i) {
			continue
		}
		if n := luck(i, 0); n >= donePercent && n < donePercent+begunPercent {
			group.Go(func() error { return h.store.PutPiece(ctx, store.Piece{Place: h.place(p, course, scope)}) })
		}
		if luck(i, 100) < sessionPercent {
			group.Go(func() error {
				return h.store.SaveSession(ctx, identity.Session{Hash: fmt.Sprintf("%064x", i), Person: p.ID, Provider: "city", Issuer: "https://sso.city.example",
					Subject: p.Number, CreatedAt: h.now, SeenAt: h.now})
			})
		}
	}
	return group.Wait()
}

func (h *history) place(p *directory.Person, course *learning.Course, scope string) *learning.Place {
	return &learning.Place{Person: p.ID, Course: course.ID, Scope: scope, Done: []learning.LessonID{course.Lessons[0].ID},
		StartedAt: h.now.Add(-time.Hour), UpdatedAt: h.now.Add(-time.Hour), Revision: 1}
}

// attempt is the one that was passed by a deed; the nightly verification looks
// for it.
func (h *history) attempt(d deed) *learning.Attempt {
	p, course := &h.staff[d.person], h.course[yearlyItems[d.item]]
	return &learning.Attempt{ID: h.attemptID(d), Person: p.ID, Course: course.ID, Scope: string(h.cycles[d.year]), Purpose: learning.Check,
		StartedAt: h.now.Add(-time.Hour), SubmittedAt: h.now.Add(-time.Minute), Passed: true, Right: course.Check.Draw, Revision: 1}
}

func (h *history) attemptID(d deed) learning.AttemptID {
	return learning.AttemptID("load-" + h.staff[d.person].Number + "-" + strconv.Itoa(int(d.item)) + "-" + string(h.cycles[d.year]))
}
