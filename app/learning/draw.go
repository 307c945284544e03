package learning

import (
	"math/rand/v2"
	"slices"
)

// Draw returns n different questions of the bank in a random order, their
// options shuffled. They are spread over the lessons as evenly as the bank
// allows; within a lesson, questions not in seen come first. The same bank,
// seen and state of r give the same draw. n is at most the size of the bank.
func Draw(bank []Question, n int, seen []QuestionID, r *rand.Rand) []Drawn {
	piles := deal(bank, seen, r)
	var drawn []Drawn
	for len(drawn) < n && len(piles) > 0 {
		// One from each lesson a round. In a round that is cut short, lessons
		// that have something new to ask go first.
		r.Shuffle(len(piles), func(i, j int) { piles[i], piles[j] = piles[j], piles[i] })
		slices.SortStableFunc(piles, func(a, b []*Question) int {
			return rank(slices.Contains(seen, a[0].ID)) - rank(slices.Contains(seen, b[0].ID))
		})
		for i := range piles {
			if len(drawn) < n {
				drawn = append(drawn, Drawn{Question: piles[i][0].ID, Options: shuffled(piles[i][0], r)})
				piles[i] = piles[i][1:]
			}
		}
		piles = slices.DeleteFunc(piles, func(p []*Question) bool { return len(p) == 0 })
	}
	r.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	return drawn
}

// deal makes a pile of each lesson's questions, shuffled, the new ones on top.
func deal(bank []Question, seen []QuestionID, r *rand.Rand) [][]*Question {
	var piles [][]*Question
	at := map[LessonID]int{}
	for i := range bank {
		q := &bank[i]
		if _, ok := at[q.Lesson]; !ok {
			at[q.Lesson] = len(piles)
			piles = append(piles, nil)
		}
		piles[at[q.Lesson]] = append(piles[at[q.Lesson]], q)
	}
	for _, p := range piles {
		r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
		slices.SortStableFunc(p, func(a, b *Question) int {
			return rank(slices.Contains(seen, a.ID)) - rank(slices.Contains(seen, b.ID))
		})
	}
	return piles
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

func shuffled(q *Question, r *rand.Rand) []OptionID {
	ids := make([]OptionID, len(q.Options))
	for i, o := range q.Options {
		ids[i] = o.ID
	}
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}

// current reports whether every drawn question is still in the bank with the
// options that were shown.
func current(course *Course, drawn []Drawn) bool {
	return !slices.ContainsFunc(drawn, func(d Drawn) bool { return !stands(course, d) })
}

func stands(course *Course, d Drawn) bool {
	q, ok := course.question(d.Question)
	return ok && q.fits(d)
}

// Mend replaces drawn questions that a new version of the content changed or
// took away, and leaves the others and their answers alone.
func Mend(course *Course, drawn []Drawn, r *rand.Rand) []Drawn {
	kept := slices.Clone(drawn)
	var asked []QuestionID
	for _, d := range kept {
		asked = append(asked, d.Question)
	}
	spare := Draw(course.bank, len(course.bank), asked, r)
	// New questions first; a changed question may come back as it is now.
	slices.SortStableFunc(spare, func(a, b Drawn) int {
		return rank(slices.Contains(asked, a.Question)) - rank(slices.Contains(asked, b.Question))
	})
	for i, d := range kept {
		if stands(course, d) {
			spare = slices.DeleteFunc(spare, func(s Drawn) bool { return s.Question == kept[i].Question })
		}
	}
	for i, d := range kept {
		if !stands(course, d) && len(spare) > 0 {
			kept[i], spare = spare[0], spare[1:]
		}
	}
	return slices.DeleteFunc(kept, func(d Drawn) bool { return !stands(course, d) })
}
