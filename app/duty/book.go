package duty

import (
	"slices"
	"strings"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/evidence"
)

// book is what the ledger keeps of the log. A city has records by the million,
// so that each is kept in a few words.
type book struct {
	marks  map[directory.PersonID][]mark // in the order of the log
	deeds  []deed
	known  map[deed]uint32 // their places
	marked []uint64        // a bit for each entry that made a mark
}

// mark is what one record did.
type mark struct {
	seq     int64
	at      int64  // milliseconds since 1970
	deed    uint32 // place in the book's deeds
	version int32  // for a policy
	more    *more  // nil for most
}

// deed is what many records have done alike: to which item, in which scope.
type deed struct {
	sort  MarkSort
	item  Item
	scope string
}

// more is what few records say.
type more struct {
	by     string // who acted, when it was not the person
	reason string
}

func newBook() book {
	return book{marks: map[directory.PersonID][]mark{}, known: map[deed]uint32{}}
}

// note keeps the mark of an entry that did something to a duty of the person.
func (b *book) note(person directory.PersonID, sort MarkSort, e *evidence.Entry) {
	m := mark{seq: e.Seq, at: e.At.UnixMilli(), deed: b.place(deed{sort, Item(e.Object), e.Scope})}
	var said more
	if e.Actor != e.Subject {
		said.by = e.Actor
	}
	if Item(e.Object).Sort() == "policy" || sort != Fulfils {
		var body struct {
			Version int    `json:"version"`
			Reason  string `json:"reason"`
		}
		if err := e.Body(&body); err == nil {
			m.version, said.reason = int32(body.Version), body.Reason
		}
	}
	if said != (more{}) {
		m.more = &said
	}
	b.marks[person] = append(b.marks[person], m)
	for int64(len(b.marked)) <= e.Seq/64 {
		b.marked = append(b.marked, 0)
	}
	b.marked[e.Seq/64] |= 1 << (e.Seq % 64)
}

func (b *book) place(d deed) uint32 {
	place, ok := b.known[d]
	if !ok {
		d.item, d.scope = Item(strings.Clone(string(d.item))), strings.Clone(d.scope)
		place = uint32(len(b.deeds))
		b.deeds, b.known[d] = append(b.deeds, d), place
	}
	return place
}

// forget lets go the marks of entries, and returns whose they were. It looks
// through everything once for all of them, and not at all for entries that made
// no mark, as those that were erased before the start.
func (b *book) forget(entries []int64) (people []directory.PersonID) {
	entries = slices.DeleteFunc(slices.Clone(entries), func(seq int64) bool {
		return seq < 0 || seq/64 >= int64(len(b.marked)) || b.marked[seq/64]&(1<<(seq%64)) == 0
	})
	if len(entries) == 0 {
		return nil
	}
	slices.Sort(entries)
	gone := func(m mark) bool { _, ok := slices.BinarySearch(entries, m.seq); return ok }
	for person, marks := range b.marks {
		if slices.ContainsFunc(marks, gone) {
			b.marks[person] = slices.DeleteFunc(slices.Clone(marks), gone)
			people = append(people, person)
		}
	}
	for _, seq := range entries {
		b.marked[seq/64] &^= 1 << (seq % 64)
	}
	return people
}

// of is the mark as an assignment carries it.
func (m mark) of(person directory.PersonID) *Mark {
	out := &Mark{Seq: m.seq, At: time.UnixMilli(m.at).UTC(), By: string(person), Version: int(m.version)}
	if m.more != nil {
		out.Reason = m.more.reason
		if m.more.by != "" {
			out.By = m.more.by
		}
	}
	return out
}
