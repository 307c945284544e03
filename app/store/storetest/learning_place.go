package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store"
)

var errOwn = errors.New("the caller's own error")

func getPlace(t tb, s store.Store, person directory.PersonID) learning.Place {
	t.Helper()
	return value[learning.Place](t)(s.Place(background, person, "annual", "2026"))
}

func setPlace(t tb, s store.Store, p learning.Place) learning.Place {
	t.Helper()
	got, err := s.UpdatePlace(background, p.Person, p.Course, p.Scope, func(learning.Place) (learning.Place, error) { return p, nil })
	noError(t, err)
	return got
}

var placeContracts = []contract{
	{"before the start there is no place", func(t *testing.T, s store.Store) {
		_, err := s.Place(t.Context(), "p", "annual", "2026")
		wantKind(t, err, fault.NotFound)
		same(t, len(value[[]learning.Place](t)(s.Places(t.Context(), "2026", []directory.PersonID{"p"}))), 0)
		same(t, len(value[[]learning.Place](t)(s.Places(t.Context(), "2026", nil))), 0)
	}},
	{"a place comes back whole", func(t *testing.T, s store.Store) {
		var given learning.Place
		got := value[learning.Place](t)(s.UpdatePlace(t.Context(), "p", "annual", "2026", func(p learning.Place) (learning.Place, error) {
			given = p
			p.Done = []learning.LessonID{"b", "a", "b", "レッスン"}
			p.Practised = []learning.QuestionID{"q-2", "q-1"}
			p.Failed, p.StartedAt, p.UpdatedAt = 3, uncut, uncut.Add(time.Minute)
			return p, nil
		}))
		same(t, given, learning.Place{Person: "p", Course: "annual", Scope: "2026"})
		want := learning.Place{
			Person: "p", Course: "annual", Scope: "2026", Done: []learning.LessonID{"b", "a", "b", "レッスン"},
			Practised: []learning.QuestionID{"q-2", "q-1"}, Failed: 3, StartedAt: at, UpdatedAt: after(time.Minute), Revision: 1,
		}
		same(t, got, want)
		same(t, getPlace(t, s, "p"), want)
		same(t, value[[]learning.Place](t)(s.Places(t.Context(), "2026", []directory.PersonID{"p"})), []learning.Place{want})
	}},
	{"an empty place is kept, with nil lists", func(t *testing.T, s store.Store) {
		p := learning.Place{Person: "p", Course: "annual", Scope: "2026", Done: []learning.LessonID{}, Practised: []learning.QuestionID{}}
		want := learning.Place{Person: "p", Course: "annual", Scope: "2026", Revision: 1}
		same(t, setPlace(t, s, p), want)
		same(t, getPlace(t, s, "p"), want)
	}},
	{"a key and a revision are not the caller's to change", func(t *testing.T, s store.Store) {
		for i := range int64(3) {
			got := value[learning.Place](t)(s.UpdatePlace(t.Context(), "p", "annual", "2026", func(p learning.Place) (learning.Place, error) {
				same(t, p.Revision, i)
				return learning.Place{Person: "x", Course: "y", Scope: "z", Revision: 99, Failed: int(i)}, nil
			}))
			same(t, got, learning.Place{Person: "p", Course: "annual", Scope: "2026", Revision: i + 1, Failed: int(i)})
		}
		_, err := s.Place(t.Context(), "x", "y", "z")
		wantKind(t, err, fault.NotFound)
	}},
	{"an error of update is returned as it is", func(t *testing.T, s store.Store) {
		fail := func(p learning.Place) (learning.Place, error) {
			p.Failed = 9
			return p, errOwn
		}
		_, err := s.UpdatePlace(t.Context(), "p", "annual", "2026", fail)
		same(t, err == errOwn, true)
		_, err = s.Place(t.Context(), "p", "annual", "2026")
		wantKind(t, err, fault.NotFound)
		want := setPlace(t, s, learning.Place{Person: "p", Course: "annual", Scope: "2026", Failed: 1})
		_, err = s.UpdatePlace(t.Context(), "p", "annual", "2026", fail)
		same(t, err == errOwn, true)
		same(t, getPlace(t, s, "p"), want)
	}},
	{"update may call the store, and is called again when it lost", func(t *testing.T, s store.Store) {
		calls := 0
		got := value[learning.Place](t)(s.UpdatePlace(t.Context(), "p", "annual", "2026", func(p learning.Place) (learning.Place, error) {
			calls++
			if calls <= 2 {
				setPlace(t, s, learning.Place{Person: "p", Course: "annual", Scope: "2026", Failed: p.Failed + 10})
			}
			p.Failed++
			return p, nil
		}))
		same(t, calls, 3)
		same(t, got, learning.Place{Person: "p", Course: "annual", Scope: "2026", Failed: 21, Revision: 3})
	}},
	{"50 updates at once lose nothing", func(t *testing.T, s store.Store) {
		errs := together(50, func(i int) error {
			_, err := s.UpdatePlace(background, "p", "annual", "2026", func(p learning.Place) (learning.Place, error) {
				p.Failed++
				p.Done = append(p.Done, learning.LessonID(fmt.Sprint(i)))
				return p, nil
			})
			return err
		})
		same(t, count(t, errs, fault.Internal), 50)
		p := getPlace(t, s, "p")
		same(t, p.Failed, 50)
		same(t, p.Revision, 50)
		slices.Sort(p.Done)
		same(t, len(slices.Compact(p.Done)), 50)
	}},
	{"places of people", placesOfPeople},
}

func placesOfPeople(t *testing.T, s store.Store) {
	var all []learning.Place
	for _, person := range []directory.PersonID{"b", "a", "B", "花", "𠮷", "ｱ"} {
		for _, course := range []learning.CourseID{"onboarding", "annual", "年次"} {
			for _, scope := range []string{"2026", "2025"} {
				all = append(all, setPlace(t, s, learning.Place{Person: person, Course: course, Scope: scope, StartedAt: at, Failed: len(all)}))
			}
		}
	}
	pick := func(scope string, people ...directory.PersonID) []learning.Place {
		var list []learning.Place
		for _, person := range people {
			for _, course := range []learning.CourseID{"annual", "onboarding", "年次"} {
				i := slices.IndexFunc(all, func(p learning.Place) bool {
					return p.Person == person && p.Course == course && p.Scope == scope
				})
				list = append(list, all[i])
			}
		}
		return list
	}
	places := func(scope string, people ...directory.PersonID) []learning.Place {
		return value[[]learning.Place](t)(s.Places(t.Context(), scope, people))
	}
	same(t, places("2026", "𠮷", "b", "花", "a", "ｱ", "B"), pick("2026", "B", "a", "b", "花", "ｱ", "𠮷"))
	same(t, places("2025", "a", "nobody", "a"), pick("2025", "a"))
	same(t, len(places("2024", "a", "b")), 0)
	same(t, len(places("2026", "", `{"$ne":""}`, `["a"]`, `a","b`)), 0)
	many := []directory.PersonID{"a"}
	for i := range 20_000 {
		many = append(many, directory.PersonID(fmt.Sprintf("nobody-%d", i)))
	}
	same(t, places("2026", append(many, "b")...), pick("2026", "a", "b"))
}
