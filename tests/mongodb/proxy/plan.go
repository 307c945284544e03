package proxy

import (
	"math/rand/v2"
	"strings"
	"time"
)

// Harm is what happens to one request.
type Harm int

// The kinds of harm.
const (
	None      Harm = iota
	CutBefore      // the connection ends before the request is passed on
	CutAfter       // after the server has done it, before its reply
	CutWithin      // in the middle of the reply
	Late           // the reply comes after Act.Delay
	Twice          // the reply comes twice
	Refused        // the server is not asked: the reply is the error Act.Code
	Unsure         // the server does the write: the reply is Act.Code, that a majority does not have it yet
)

// Act is a harm with what belongs to it.
type Act struct {
	Harm  Harm
	Delay time.Duration
	Code  int32
	Name  string // of Code, as MongoDB calls it
}

// Plan says what happens to a request, which is told as command and collection,
// as in "insert log". It is asked about each in the order in
// which they arrive, over all connections, and never by two at once. What a
// driver says of its own accord (hello, ending its sessions) it is not asked
// about: that is always passed on, unless everything is held.
type Plan func(request string) Act

// Only leaves other requests alone: the plan is not asked about them. It takes
// the name of a command, or that and a collection.
func Only(plan Plan, which string) Plan {
	return func(request string) Act {
		if !strings.HasPrefix(request, which+" ") && request != which {
			return Act{}
		}
		return plan(request)
	}
}

// Every harms each nth request, by each act in turn; most in all, or without
// end when that is 0.
func Every(n, most int, acts ...Act) Plan {
	asked, done := 0, 0
	return func(string) Act {
		if asked++; asked%n != 0 || most > 0 && done >= most {
			return Act{}
		}
		done++
		return acts[(done-1)%len(acts)]
	}
}

// Drawn harms one request in n, by an act that is drawn, too; most in all, or
// without end when that is 0.
func Drawn(r *rand.Rand, n, most int, acts ...Act) Plan {
	done := 0
	return func(string) Act {
		if most > 0 && done >= most || r.IntN(n) != 0 {
			return Act{}
		}
		done++
		return acts[r.IntN(len(acts))]
	}
}
