package evidence

import "time"

const (
	turn     = 250 * time.Millisecond // for which an instance appends without a break, when it knows of no other
	rivalry  = time.Second            // for which an instance that was beaten takes it that others go on appending
	minBreak = 5 * time.Millisecond
	maxBreak = 50 * time.Millisecond
)

// turns leaves other instances room at the end of the log. Who is beaten there
// has to read what the winner appended before it can try again, and a winner that
// goes on at once may be first every time: others would wait for ever, and it
// would never hear of them. So it takes a break now and then, and after each batch
// once it knows that it is not alone. Little is lost by that: meanwhile a larger
// batch gathers.
type turns struct {
	since    time.Time     // when the present row of batches began; zero when none waits
	beatenAt time.Time     // when another instance was last first
	lossAt   time.Time     // the same, until the next try has ended
	recovery time.Duration // from a defeat to the end of the next try, as it was last
}

// lost notes that another instance was first.
func (t *turns) lost(now time.Time) {
	t.tried(now)
	t.beatenAt, t.lossAt = now, now
}

// won notes a batch that took so long to insert, and returns how long to wait
// before the next.
func (t *turns) won(now time.Time, took time.Duration) time.Duration {
	t.tried(now)
	if t.since.IsZero() {
		t.since = now
	}
	pause := max(t.recovery, took)
	switch {
	case now.Sub(t.beatenAt) < rivalry:
	case now.Sub(t.since) < turn:
		return 0
	default:
		pause = 4 * took
	}
	t.since = time.Time{}
	most := min(max(pause, minBreak), maxBreak)
	return upTo(most)
}

func (t *turns) tried(now time.Time) {
	if !t.lossAt.IsZero() {
		t.recovery, t.lossAt = now.Sub(t.lossAt), time.Time{}
	}
}

// rested notes that nothing waits: others have all the room there is.
func (t *turns) rested() { t.since = time.Time{} }
