package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/learning"
	"kokoroe/app/store/sqlite"
)

// crashFile names, in a child process, the database to append to.
const crashFile = "KOKOROE_TEST_CRASH_FILE"

// appendUntilKilled appends from several goroutines and prints each key once it
// was acknowledged. It never returns.
func appendUntilKilled(path string) {
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var out sync.Mutex
	say := func(key string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(key)
	}
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d/%d/%d", os.Getpid(), worker, i)
				if err := appendBoth(s, key); err != nil {
					say("error " + err.Error())
					os.Exit(1)
				}
				say(key)
			}
		}()
	}
	select {}
}

// appendBoth appends two entries behind whoever is first, and counts them.
func appendBoth(s *sqlite.Store, key string) error {
	ctx := context.Background()
	for {
		size, err := s.LogSize(ctx)
		if err != nil {
			return err
		}
		err = s.AppendEntries(ctx, []evidence.Entry{{Seq: size, Key: key}, {Seq: size + 1, Key: key + "+"}})
		if err == nil {
			break
		}
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	_, err := s.UpdatePlace(ctx, "p", "annual", "2026", func(p learning.Place) (learning.Place, error) {
		p.Failed++
		return p, nil
	})
	return err
}

func TestKilledAtAnyTime(t *testing.T) {
	const cycles = 20
	path := file(t)
	acknowledged := map[string]bool{}
	for range cycles {
		for _, key := range appendAndKill(t, path) {
			acknowledged[key] = true
		}
		checkAfterCrash(t, path, acknowledged)
	}
	t.Logf("%d acknowledged in %d lives", len(acknowledged), cycles)
}

// appendAndKill runs a child, kills it at a random time and returns what it
// said was acknowledged.
func appendAndKill(t *testing.T, path string) []string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), crashFile+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line that was cut short was not said
		}
		if len(keys) == 0 {
			// Some lives end while the first batches are written.
			time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = child.Process.Kill() })
		}
		if strings.HasPrefix(line, "error") {
			t.Errorf("child: %s", line)
		}
		keys = append(keys, strings.TrimSuffix(line, "\n"))
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return keys
}

func checkAfterCrash(t *testing.T, path string, acknowledged map[string]bool) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, s.Close()) }()
	if ok, err := s.Answer("PRAGMA integrity_check"); err != nil || len(ok) != 1 || ok[0] != "ok" {
		t.Fatalf("integrity check: %v (%v)", ok, err)
	}
	log, err := s.EntriesFrom(t.Context(), 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]bool, len(log))
	for i, e := range log {
		if e.Seq != int64(i) {
			t.Fatalf("a gap at %d: %d", i, e.Seq)
		}
		if i%2 == 1 && e.Key != log[i-1].Key+"+" {
			t.Fatalf("a batch was torn at %d", i)
		}
		there[e.Key] = true
	}
	if len(log)%2 != 0 {
		t.Fatal("half a batch is there")
	}
	for key := range acknowledged {
		if !there[key] {
			t.Fatalf("%s was acknowledged and is lost", key)
		}
	}
	if p, err := s.Place(t.Context(), "p", "annual", "2026"); err != nil && len(acknowledged) > 0 || p.Failed < len(acknowledged) {
		t.Fatalf("%d updates were acknowledged, %d are there (%v)", len(acknowledged), p.Failed, err)
	}
}
