package qr_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kokoroe/app/report/qr"
)

const address = "https://kokoroe.city.example/verify/335?leaf=EmspzHfXiY3bQLeEapXZl-vGmXAsCKUgl6X__hXZC68"

// black are the modules of a code, drawn from its runs.
func black(t *testing.T, c qr.Code) [][]bool {
	t.Helper()
	grid := make([][]bool, c.Size())
	for y := range grid {
		grid[y] = make([]bool, c.Size())
	}
	for _, r := range c.Runs() {
		for x := r.X; x < r.X+r.Length; x++ {
			if grid[r.Y][x] {
				t.Fatalf("module %d, %d is drawn twice", x, r.Y)
			}
			grid[r.Y][x] = true
		}
	}
	return grid
}

// The three squares that a reader looks for first (ISO/IEC 18004, 6.3.3), and
// the line of every other module between them.
func TestFinderPatterns(t *testing.T) {
	c, err := qr.Encode(address)
	if err != nil {
		t.Fatal(err)
	}
	grid, n := black(t, c), c.Size()
	for _, corner := range [][2]int{{0, 0}, {n - 7, 0}, {0, n - 7}} {
		for y := range 7 {
			for x := range 7 {
				ring := min(x, y, 6-x, 6-y)
				if grid[corner[1]+y][corner[0]+x] != (ring != 1) {
					t.Errorf("the square at %v is wrong at %d, %d", corner, x, y)
				}
			}
		}
	}
	for i := 8; i < n-8; i++ {
		if grid[6][i] != (i%2 == 0) || grid[i][6] != (i%2 == 0) {
			t.Errorf("the timing pattern is wrong at %d", i)
		}
	}
	if (n-17)%4 != 0 {
		t.Errorf("%d is no size of a code", n)
	}
}

func TestPathDrawsTheRuns(t *testing.T) {
	c, err := qr.Encode(address)
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
	parts := part.FindAllStringSubmatch(c.Path(), -1)
	if strings.TrimSpace(part.ReplaceAllString(c.Path(), "")) != "" || len(parts) != len(c.Runs()) {
		t.Fatalf("the path has something else: %.200s", c.Path())
	}
	for i, r := range c.Runs() {
		for j, want := range []int{r.X + qr.Quiet, r.Y + qr.Quiet, r.Length, r.Length} {
			if got, _ := strconv.Atoi(parts[i][j+1]); got != want {
				t.Errorf("run %d is drawn %v", i, parts[i])
			}
		}
	}
	if c.Side() != c.Size()+2*qr.Quiet {
		t.Error("no white around the code")
	}
}

func TestTextsThatFitNoCode(t *testing.T) {
	if _, err := qr.Encode(strings.Repeat("a", 2331)); err != nil {
		t.Error(err)
	}
	if _, err := qr.Encode(strings.Repeat("a", 2332)); err == nil {
		t.Error("2,332 bytes fit")
	}
}
