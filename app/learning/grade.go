package learning

// Grading is what a check came to.
type Grading struct {
	Right  int
	Of     int
	Passed bool
	Missed []int // numbers of the questions not answered rightly, from 1
}

// Grade counts the questions answered rightly: exactly the right options, in
// any order. pass is in percent of all questions drawn. A question that the
// course does not have is missed.
func Grade(course *Course, drawn []Drawn, pass int) Grading {
	g := Grading{Of: len(drawn)}
	for i, d := range drawn {
		if q, ok := course.question(d.Question); ok && len(d.Answer) > 0 && q.Right(d.Answer) {
			g.Right++
		} else {
			g.Missed = append(g.Missed, i+1)
		}
	}
	g.Passed = g.Of > 0 && g.Right*100 >= pass*g.Of
	return g
}
