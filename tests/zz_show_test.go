package tests

import "testing"

func TestZZShow(t *testing.T) {
	h := newHallway(t, "2026-12-04 10:00")
	h.round("2026-12-07 09:30")
	h.stand("2026-12-07", "1 2 3 6 7 sent, 4 withheld no-address")
	t.Log(h.to("000002").Subject + "\n" + h.to("000002").Text)
}
