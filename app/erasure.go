package app

import (
	"context"
	"fmt"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/notify"
)

// Erasure is what was erased of a person.
type Erasure struct {
	Person  directory.PersonID
	Records []int64 // the entries whose records are gone
	Others  int     // records about other people in which the person is named as the one who acted; they stay
}

// ErasePerson erases the records about a person, and then what is kept of the
// person elsewhere. person is an opaque ID or a number in the roster, and so is
// by, who decided it. It can be run again after it was broken off. NotFound for
// an unknown by, or an unknown person about whom there is no record. Somebody
// who has not left is not erased: first the roster has to say so.
func (in *Installation) ErasePerson(ctx context.Context, person, by, reason string) (Erasure, error) {
	roster, err := in.Rosters.Current(ctx)
	if err != nil {
		return Erasure{}, err
	}
	decided, ok := find(roster, by)
	if !ok {
		return Erasure{}, fault.NotFoundf("nobody in the roster is %q, who is to have decided it", by)
	}
	out := Erasure{Person: directory.PersonID(person)}
	p, known := find(roster, person)
	if known {
		out.Person = p.ID
		if p.LeftOn.IsZero() || !p.LeftOn.Before(calendar.DateOf(in.cfg.Now())) {
			return out, fmt.Errorf("%s has not left: import a roster first that says so", p.Number)
		}
	}
	actor := evidence.Actor{ID: string(decided.ID)}
	if err := in.eraseRecords(ctx, &out, actor, reason); err != nil {
		return out, err
	}
	if !known && len(out.Records) == 0 {
		return out, fault.NotFoundf("nobody in the roster and in the log is %q", person)
	}
	return out, in.Store.ErasePerson(ctx, out.Person)
}

func find(roster *directory.Roster, person string) (directory.Person, bool) {
	if p, ok := roster.Person(directory.PersonID(person)); ok {
		return p, true
	}
	return roster.PersonByNumber(person)
}

// Erase erases the record of an entry, and the note that its receipt was mailed:
// see evidence.Log.Erase.
func (in *Installation) Erase(ctx context.Context, actor evidence.Actor, seq int64, ground, reason string) (evidence.Entry, error) {
	said, err := in.Log.Erase(ctx, actor, seq, ground, reason)
	if err != nil {
		return said, err
	}
	return said, in.Store.DeleteMessages(ctx, []string{notify.ReceiptKey(seq)})
}

const erasePage = 200

// eraseRecords erases the records about the person, newest first. What is
// erased is about nobody any more, so that the same question brings the rest.
func (in *Installation) eraseRecords(ctx context.Context, out *Erasure, actor evidence.Actor, reason string) error {
	for {
		entries, err := in.Store.FindEntries(ctx, evidence.Query{Subject: string(out.Person), Kept: true, Limit: erasePage})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if _, err := in.Erase(ctx, actor, e.Seq, evidence.GroundRequest, reason); err != nil {
				return err
			}
			out.Records = append(out.Records, e.Seq)
		}
		if len(entries) < erasePage {
			break
		}
	}
	acted, err := in.Store.FindEntries(ctx, evidence.Query{Actor: string(out.Person), Limit: 1000})
	out.Others = len(acted)
	return err
}
