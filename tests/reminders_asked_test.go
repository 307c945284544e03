package tests

import (
	"strconv"
	"strings"
	"testing"

	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/reminder"
	"kokoroe/tests/portal"
)

func actorOf(p directory.Person) evidence.Actor {
	return evidence.Actor{ID: string(p.ID), Language: "ja"}
}

// TestAHeadHasPeopleReminded: once a day a person, that of the round included,
// with one record.
func TestAHeadHasPeopleReminded(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	head := h.Person("000002")
	department := head.Memberships[0].Department
	ask := func(form string, people ...directory.PersonID) reminder.Answer {
		t.Helper()
		answer, err := h.App.Reminders.Remind(t.Context(), actorOf(head), reminder.Request{Department: department, People: people, Form: form})
		noFault(t, err)
		return answer
	}
	first := ask("form-1")
	if first.People != 2 || first.Put != 2 || first.Already != 0 || first.NoAddress != 1 || first.Day.String() != "2026-11-26" || !first.At.Equal(h.Clock.Now()) {
		t.Fatalf("%+v", first)
	}
	h.stand("2026-11-26", "3 sent, 4 withheld no-address")
	if again := ask("form-1"); again != first {
		t.Errorf("the same form: %+v, first %+v", again, first)
	}
	if second := ask("form-2", h.Person("000003").ID); second.People != 1 || second.Put != 0 || second.Already != 1 || second.Seq == first.Seq {
		t.Errorf("another form: %+v", second)
	}
	e, err := h.App.Store.Entry(t.Context(), first.Seq)
	noFault(t, err)
	var said duty.Reminded
	noFault(t, e.Body(&said))
	if e.Kind != duty.KindReminded || e.Actor != string(head.ID) || e.Subject != "" || e.Object != "department:"+string(department) || e.Scope != "2026" ||
		said != (duty.Reminded{Day: "2026-11-26", People: 2, NoAddress: 1}) {
		t.Errorf("%+v says %+v", e, said)
	}

	// In the evening it is for the next morning, and counts as that day's.
	h.Clock.Set(inJapan(t, "2026-11-26 18:00"))
	evening := ask("form-3")
	if evening.Put != 2 || evening.Day.String() != "2026-11-27" || !evening.At.Equal(inJapan(t, "2026-11-27 08:30")) {
		t.Fatalf("%+v", evening)
	}
	if again := ask("form-1"); again.Day != first.Day || again.Put != 2 {
		t.Errorf("yesterday's form: %+v", again)
	}
	h.stand("2026-11-27", "3 waiting, 4 withheld no-address")
	if r := h.round("2026-11-27 09:30"); r.People != 6 {
		t.Fatalf("%+v", r)
	}
	h.stand("2026-11-27", "1 2 3 6 7 sent, 4 withheld no-address")
	if n := len(h.box.Mails()); n != 6 {
		t.Errorf("%d mails", n)
	}
}

func TestWhoMayBeAskedFor(t *testing.T) {
	t.Parallel()
	h := newHallway(t, "2026-11-26 10:00", portal.WithContent(due(t, "11-30")))
	head := h.Person("000002")
	department := head.Memberships[0].Department
	for name, tc := range map[string]struct {
		req  reminder.Request
		want fault.Kind
	}{
		"somebody of another department": {reminder.Request{Department: department, People: []directory.PersonID{h.Person("000007").ID}, Form: "f"}, fault.NotFound},
		"nobody there is":                {reminder.Request{Department: department, People: []directory.PersonID{"p-none"}, Form: "f"}, fault.NotFound},
		"a form without a name":          {reminder.Request{Department: department}, fault.Invalid},
		"a form with a long name":        {reminder.Request{Department: department, Form: strings.Repeat("f", 101)}, fault.Invalid},
	} {
		if answer, err := h.App.Reminders.Remind(t.Context(), actorOf(head), tc.req); !fault.Is(err, tc.want) || answer != (reminder.Answer{}) {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
	if n := logSize(t, h.Portal); n != 0 {
		t.Errorf("%d records", n)
	}
	all, err := h.App.Reminders.Remind(t.Context(), actorOf(head), reminder.Request{Form: "f"})
	if err != nil || all.People != 5 { // all but the head, and who is on leave
		t.Fatalf("%+v, %v", all, err)
	}
	if _, err := h.App.Reminders.Remind(t.Context(), actorOf(head), reminder.Request{Department: department, Form: "f"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same form for something else: %v", err)
	}
	h.signs("000003")
	none, err := h.App.Reminders.Remind(t.Context(), actorOf(head), reminder.Request{Department: department, People: []directory.PersonID{h.Person("000003").ID}, Form: "g"})
	if err != nil || none != (reminder.Answer{}) {
		t.Errorf("of whom nothing is asked: %+v, %v", none, err)
	}
}

// TestTheRecordOfARequestIsInWords for the auditor: by whom, for which department.
func TestTheRecordOfARequestIsInWords(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	head := p.Person("000181")
	department := head.MembershipOn(today).Department
	answer, err := p.App.Reminders.Remind(t.Context(), actorOf(head), reminder.Request{Department: department, Form: "f"})
	noFault(t, err)
	if answer.NoMail+answer.NoAddress != answer.Put || answer.Put == 0 {
		t.Errorf("%+v", answer)
	}
	roster, err := p.App.Rosters.Current(t.Context())
	noFault(t, err)
	own, _ := roster.Department(department)
	auditor := p.As("auditor")
	auditor.Get("/audit/records/"+strconv.FormatInt(answer.Seq, 10)).Want(t, 200, own.Name, "（000181）", "duty.reminded/v1")
	auditor.Get("/audit?kind=duty.reminded%2Fv1").Want(t, 200, "お知らせの依頼")
}
