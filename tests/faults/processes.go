package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/policy"
	"kokoroe/app/store"
	"kokoroe/tests/instances"
	"kokoroe/tests/mongodb/engine"
	"kokoroe/tests/mongodb/proxy"
)

// processes are several of the program on one database of MongoDB, each by a wire
// of its own, for one cycle.
type processes struct {
	*instances.Cluster
	wires []*proxy.Proxy
	uri   string // of the database, around the wires
}

// onProcesses lets something be done to several processes of the program, which
// do not run yet.
func (t *trial) onProcesses(ctx context.Context, do func(*processes) error) (err error) {
	t.means = "three times `kokoroe serve` behind a balancer"
	uri := os.Getenv(engine.AddressVariable)
	if uri == "" {
		return fmt.Errorf("%s is not set", engine.AddressVariable)
	}
	r := &remote{name: fmt.Sprintf("f_%d_%s_%d", os.Getpid(), t.threat.name, t.cycle)}
	r.uri = engine.In(uri, r.name)
	defer func() { err = errors.Join(err, r.drop()) }()
	cfg := instances.Config{Program: filepath.Join(t.folder, "kokoroe"), Folder: filepath.Join(t.folder, fmt.Sprint(t.cycle)), Idle: true}
	if err := errors.Join(os.Mkdir(cfg.Folder, 0o700), instances.Build(ctx, cfg.Program)); err != nil {
		return err
	}
	p := &processes{uri: r.uri}
	defer func() {
		for _, w := range p.wires {
			err = errors.Join(err, w.Close())
		}
	}()
	for range several {
		w, err := proxy.Start(uri)
		if err != nil {
			return err
		}
		p.wires = append(p.wires, w)
		cfg.Stores = append(cfg.Stores, w.URI(r.uri))
	}
	if p.Cluster, err = instances.Open(ctx, cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := do(p); err != nil {
		for _, i := range p.Instances {
			err = fmt.Errorf("%w\n%s", err, i.Log())
		}
		return err
	}
	return nil
}

// dyingInstances kills one process after another and brings it back, while
// people sign in and acknowledge, each until there is an answer.
func dyingInstances(ctx context.Context, t *trial) error {
	return t.onProcesses(ctx, func(p *processes) error {
		if err := p.Start(ctx); err != nil {
			return err
		}
		people := p.Staff[:min(60, len(p.Staff))]
		places := make([]string, len(people)) // of their receipts
		var next, answered atomic.Int64
		var callers sync.WaitGroup
		for range 6 {
			callers.Go(func() {
				for i := int(next.Add(1)) - 1; i < len(people) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
					places[i] = patientVisitor(ctx, p.URL, people[i])
					answered.Add(1)
				}
			})
		}
		reach := func(n int64) {
			for answered.Load() < n && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
		}
		var failed error
		for kill := range int64(4) {
			reach(5 + 12*kill)
			failed = errors.Join(failed, p.Instances[t.rand.IntN(several)].Kill())
			t.faults++
			reach(11 + 12*kill)
			if failed = errors.Join(failed, p.Start(ctx)); failed != nil {
				break
			}
		}
		callers.Wait()
		if err := errors.Join(failed, ctx.Err()); err != nil {
			return err
		}
		return t.promised(ctx, p, people, places)
	})
}

// patientVisitor signs in, acknowledges, and returns where the receipt is, trying
// again whatever goes wrong: as somebody does who is told to, and whose browser
// keeps the form.
func patientVisitor(ctx context.Context, url, person string) (place string) {
	for ctx.Err() == nil {
		v := newVisitor(ctx, url)
		v.signIn(instances.ProviderID, person)
		v.open("GET", url+signPath, nil)
		_, _, form := v.form(signPath+"/acknowledgement", nil)
		for try := 0; v.err == nil && try < 20; try++ {
			var err error
			if place, err = v.press(form); err == nil {
				v.client.CloseIdleConnections()
				return place
			}
			time.Sleep(20 * time.Millisecond)
		}
		v.client.CloseIdleConnections()
		time.Sleep(20 * time.Millisecond)
	}
	return ""
}

// promised looks whether the log holds one acknowledgement of each of the people,
// where they were told, and whether all that is kept fits together.
func (t *trial) promised(ctx context.Context, p *processes, people, places []string) error {
	t.acknowledged += len(people)
	err := p.With(ctx, func(s store.Store) error {
		snapshot, err := s.Roster(ctx)
		if err != nil {
			return err
		}
		numbers := map[string]string{}
		for _, person := range snapshot.People {
			numbers[string(person.ID)] = person.Number
		}
		found := map[string]int64{}
		entries, err := s.FindEntries(ctx, evidence.Query{Kind: policy.KindAcknowledged, Limit: 500})
		for _, e := range entries {
			if _, twice := found[numbers[e.Subject]]; twice {
				t.doubled++
				t.fail("%s has acknowledged at %d and at %d", numbers[e.Subject], e.Seq, found[numbers[e.Subject]])
			}
			found[numbers[e.Subject]] = e.Seq
		}
		for i, person := range people {
			if seq, ok := found[person]; !ok || places[i] != fmt.Sprintf("/receipts/%d", seq) {
				t.lost++
				t.fail("%s was told of %s, and the log has it at %d (%v)", person, places[i], seq, ok)
			}
		}
		return err
	})
	if err := errors.Join(err, t.receiptsOf(ctx, p, people, places)); err != nil {
		return err
	}
	if err := p.Verify(ctx); err != nil {
		t.fail("%v", err)
	}
	return nil
}

// receiptsOf downloads the receipts of some of the people and verifies them.
func (t *trial) receiptsOf(ctx context.Context, p *processes, people, places []string) error {
	f, err := p.Log()
	if err != nil {
		return err
	}
	for range sampled {
		i := t.rand.IntN(len(people))
		v := newVisitor(ctx, p.URL)
		v.signIn(instances.ProviderID, people[i])
		if v.err != nil {
			return v.err
		}
		file, err := v.download(places[i] + "/file")
		v.client.CloseIdleConnections()
		var r evidence.Receipt
		if err == nil {
			r, err = evidence.ParseReceipt(file)
		}
		if err == nil {
			_, err = r.Verify(f.Verifiers())
		}
		if err != nil {
			t.fail("the receipt %s of %s: %v", places[i], people[i], err)
			continue
		}
		t.receipts++
	}
	return nil
}

// download fetches a file, and again while it is not there yet.
func (v *visitor) download(path string) ([]byte, error) {
	for try := 0; ; try++ {
		answer, err := v.send(http.MethodGet, v.portal+path, nil)
		if err != nil {
			return nil, err
		}
		file, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode == http.StatusOK {
			return file, err
		}
		if answer.StatusCode != http.StatusServiceUnavailable || try == 200 {
			return nil, fmt.Errorf("%s is answered %s", path, answer.Status)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
