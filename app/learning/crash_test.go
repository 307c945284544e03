package learning_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/fault"
	"kokoroe/app/learning"
)

// stop breaks the store the moment a pass is about to be recorded, so that the
// record is there and the attempt is not marked.
func (d *desk) stop() { d.log.before = func() { d.store.broken = true } }

func (d *desk) start() { d.log.before, d.store.broken = nil, false }

func TestACrashAfterTheRecordIsHealed(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 0)
	d.stop()
	if _, err := d.SubmitCheck(ctx, who, a.ID); !errors.Is(err, errStopped) {
		t.Fatalf("the machine did not stop: %v", err)
	}
	d.start()

	st, err := d.Course(ctx, who, sample)
	if err != nil || st.Passed == nil || st.Passed.Right != 4 || st.Check != "" {
		t.Errorf("the recorded pass is not shown: %+v, %v", st, err)
	}
	if r, err := d.CheckResult(ctx, who, a.ID); err != nil || !r.Passed || r.Seq != 0 {
		t.Errorf("the recorded result is not shown: %+v, %v", r, err)
	}
	_, err = d.StartCheck(ctx, who, sample)
	wantFault(t, err, fault.Conflict, "learning.already_passed")

	for number := 1; number <= 4; number++ { // what was recorded stands, whatever is answered now
		d.answer(t, who, a.ID, number, false)
	}
	d.duties.year = "2027" // and whenever it is healed
	r, err := d.SubmitCheck(ctx, who, a.ID)
	if err != nil || !r.Passed || r.Right != 4 || len(r.Missed) > 0 || len(d.log.entries) != 1 {
		t.Errorf("healed %+v, %v", r, err)
	}
}

func TestAnAnswerDuringGradingIsGraded(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 1) // three of four are not enough
	reads := 0
	d.Records = hooked{d.log, func() { // the other tab corrects the answer after the attempt was read
		if reads++; reads == 1 {
			d.answer(t, who, a.ID, 1, true)
		}
	}}
	r, err := d.SubmitCheck(ctx, who, a.ID)
	if err != nil || !r.Passed || len(d.log.entries) != 1 {
		t.Errorf("the answer is lost: %+v, %v", r, err)
	}
}

func TestAnAnswerDuringTheAppendGivesWayToTheRecord(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 0)
	d.log.before = func() { d.answer(t, who, a.ID, 1, false) }
	r, err := d.SubmitCheck(ctx, who, a.ID)
	if err != nil || !r.Passed || r.Right != 4 || len(r.Missed) > 0 {
		t.Errorf("result %+v, %v", r, err)
	}
	if kept, _ := d.store.Attempt(ctx, a.ID); kept.Drawn[0].Answer[0] != "a" {
		t.Errorf("the attempt says %v, the record something else", kept.Drawn[0].Answer)
	}
}

func TestACheckThatWasOpenedBesideAPass(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 0)
	if _, err := d.SubmitCheck(ctx, who, a.ID); err != nil {
		t.Fatal(err)
	}
	b, err := d.store.OpenAttempt(ctx, learning.Attempt{ID: "late", Person: "p1", Course: sample, Scope: "2026", Purpose: learning.Check, Drawn: a.Drawn, StartedAt: d.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for number := range b.Drawn {
		d.answer(t, who, b.ID, number+1, true)
	}
	_, err = d.SubmitCheck(ctx, who, b.ID)
	wantFault(t, err, fault.Conflict, "learning.already_passed")
	if len(d.log.entries) != 1 {
		t.Errorf("%d records", len(d.log.entries))
	}
}

func TestAPassWhoseAttemptIsErased(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	if _, err := d.SubmitCheck(ctx, who, d.sit(t, who, 0).ID); err != nil {
		t.Fatal(err)
	}
	fresh := newMemory() // nothing is left but the record, and that the duty counts as done
	d.store, d.Store, d.duties.passed = fresh, fresh, true
	st, err := d.Course(ctx, who, sample)
	if err != nil || st.Passed == nil || st.Passed.Right != 4 || st.Seq != 0 {
		t.Errorf("the pass is gone with the attempt: %+v, %v", st, err)
	}
	_, err = d.StartCheck(ctx, who, sample)
	wantFault(t, err, fault.Conflict, "learning.already_passed")
}

func TestAnAttemptEndsWithItsYear(t *testing.T) {
	t.Parallel()
	d := sampleDesk(t)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 0)
	d.duties.year = "2027"
	_, err := d.SubmitCheck(ctx, who, a.ID)
	wantFault(t, err, fault.Stale, "learning.year_over")
	_, err = d.AnswerCheck(ctx, who, a.ID, 1, right(1))
	wantFault(t, err, fault.Stale, "learning.year_over")
	d.read(t, who)
	if b := d.sit(t, who, 0); b.ID == a.ID || b.Scope != "2027" {
		t.Errorf("the new year's check is %+v", b)
	}
}

func TestContentThatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	files := courseFiles("sample", map[string]int{"mail": 4, "usb": 3, "visit": 3}, 4)
	d := newDesk(t, files)
	who := actor("p1")
	d.read(t, who)
	a := d.sit(t, who, 0)
	gone := a.Drawn[1].Question
	changed := maps.Clone(files)
	for name, f := range files {
		text := strings.ReplaceAll(string(f.Data), string(gone)+"\n", string(gone)+"-new\n")
		changed[name] = &fstest.MapFile{Data: []byte(text)}
	}
	catalogue, err := learning.LoadCatalogue(changed)
	if err != nil {
		t.Fatal(err)
	}
	d.Catalogue = always(catalogue)
	_, err = d.CheckQuestion(ctx, who, a.ID, 2)
	wantFault(t, err, fault.Stale, "learning.content_changed")
	_, err = d.SubmitCheck(ctx, who, a.ID)
	wantFault(t, err, fault.Stale, "learning.content_changed")
	b, err := d.StartCheck(ctx, who, sample)
	if err != nil || b.ID != a.ID || len(b.Drawn) != 4 || slices.Contains(ids(b.Drawn), gone) {
		t.Fatalf("mended %+v, %v", b, err)
	}
	if p, err := d.CheckQuestion(ctx, who, a.ID, 2); err != nil || !slices.Equal(p.Answered, []bool{true, false, true, true}) {
		t.Errorf("paper %+v, %v", p, err)
	}
	d.answer(t, who, a.ID, 2, true)
	if r, err := d.SubmitCheck(ctx, who, a.ID); err != nil || !r.Passed {
		t.Errorf("result %+v, %v", r, err)
	}
}

// TestPagesOfACheckCannotGiveTheAnswerAway follows every exported field and
// method of what those pages get, as a template can.
func TestPagesOfACheckCannotGiveTheAnswerAway(t *testing.T) {
	t.Parallel()
	secret := []reflect.Type{
		reflect.TypeFor[learning.Question](), reflect.TypeFor[learning.Option](), reflect.TypeFor[learning.Why](),
		reflect.TypeFor[learning.Catalogue](), reflect.TypeFor[learning.Service](),
	}
	for _, page := range []reflect.Type{
		reflect.TypeFor[learning.Standing](), reflect.TypeFor[learning.Reading](),
		reflect.TypeFor[learning.Paper](), reflect.TypeFor[learning.Result](),
	} {
		for reached := range reachable(page) {
			if slices.Contains(secret, reached) {
				t.Errorf("%v leads to %v", page, reached)
			}
		}
	}
	if !reachable(reflect.TypeFor[learning.Sitting]())[reflect.TypeFor[learning.Why]()] {
		t.Error("the search finds nothing")
	}
}

func reachable(from reflect.Type) map[reflect.Type]bool {
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			visitStruct(t, visit)
		}
	}
	visit(from)
	return seen
}

func visitStruct(t reflect.Type, visit func(reflect.Type)) {
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() {
			visit(f.Type)
		}
	}
	for i := range reflect.PointerTo(t).NumMethod() {
		method := reflect.PointerTo(t).Method(i).Type
		for out := range method.NumOut() {
			visit(method.Out(out))
		}
	}
}
