package main_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	faults "kokoroe/tests/faults"
	"kokoroe/tests/mongodb/engine"
)

func TestMain(m *testing.M) {
	faults.Work() // in a process that is there to be killed, this does not return
	os.Exit(m.Run())
}

// A short run of everything that the command does.
func TestFaults(t *testing.T) { try(t, faults.Names()) }

// The same for what goes wrong between the program and MongoDB.
func TestMongoDB(t *testing.T) {
	engine.Address(t)
	try(t, faults.NamesOnMongoDB())
}

func try(t *testing.T, names []string) {
	seed := rand.Uint64()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			var out, log bytes.Buffer
			held, err := faults.Run(t.Context(), faults.Options{Cycles: 3, Only: name, Seed: seed, Cycle: -1, Out: &out, Log: &log})
			if err != nil || !held {
				t.Fatalf("%v\n%s\n%s", err, log.String(), out.String())
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			var cycles, acknowledged, lost, doubled, receipts, harm, found, tampered int
			_, err = fmt.Sscanf(lines[len(lines)-1], "cycles=%d acknowledged=%d lost=%d doubled=%d receipts_verified=%d faults=%d tampering_found=%d/%d",
				&cycles, &acknowledged, &lost, &doubled, &receipts, &harm, &found, &tampered)
			if err != nil || cycles == 0 || harm == 0 || lost+doubled != 0 || found != tampered {
				t.Errorf("the last line is %q (%v)", lines[len(lines)-1], err)
			}
		})
	}
}

func TestUnknownFault(t *testing.T) {
	if held, err := faults.Run(t.Context(), faults.Options{Only: "rain", Cycle: -1, Out: t.Output(), Log: t.Output()}); err == nil || held {
		t.Error("a fault that nobody knows was tried")
	}
}
