package evidence_test

import (
	"context"
	"slices"
	"sync"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// memory is a Store in memory that keeps the rules of the interface.
type memory struct {
	mu          sync.Mutex
	entries     []evidence.Entry
	byKey       map[string]int64
	checkpoints []evidence.Checkpoint
	cosigned    []evidence.Cosignature
	appends     int
	reads       int

	// trouble, when set, may answer for the store: before a call, and after an
	// append that was done.
	trouble func(call string, done bool) error
}

func newMemory() *memory { return &memory{byKey: map[string]int64{}} }

func (m *memory) upset(call string, done bool) error {
	if m.trouble == nil {
		return nil
	}
	return m.trouble(call, done)
}

func (m *memory) AppendEntries(ctx context.Context, entries []evidence.Entry) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "error.unavailable")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.upset("append", false); err != nil {
		return err
	}
	m.appends++
	seen := map[string]bool{}
	for i, e := range entries {
		_, there := m.byKey[e.Key]
		if there || seen[e.Key] || e.Seq != int64(len(m.entries)+i) {
			return fault.New(fault.Conflict, "error.conflict", nil)
		}
		seen[e.Key] = true
	}
	for _, e := range entries {
		m.byKey[e.Key] = e.Seq
		m.entries = append(m.entries, e)
	}
	return m.upset("append", true)
}

func (m *memory) LogSize(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.upset("size", false); err != nil {
		return 0, err
	}
	return int64(len(m.entries)), nil
}

func (m *memory) Entry(_ context.Context, seq int64) (evidence.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if seq < 0 || seq >= int64(len(m.entries)) {
		return evidence.Entry{}, fault.NotFoundf("entry %d", seq)
	}
	return copied(m.entries[seq]), nil
}

func (m *memory) EntryByKey(_ context.Context, key string) (evidence.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.upset("key", false); err != nil {
		return evidence.Entry{}, err
	}
	seq, ok := m.byKey[key]
	if !ok {
		return evidence.Entry{}, fault.NotFoundf("key %q", key)
	}
	return copied(m.entries[seq]), nil
}

func (m *memory) EntriesFrom(_ context.Context, seq int64, limit int) ([]evidence.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if seq >= int64(len(m.entries)) {
		return nil, nil
	}
	var out []evidence.Entry
	for _, e := range m.entries[seq:min(seq+int64(limit), int64(len(m.entries)))] {
		out = append(out, copied(e))
	}
	return out, nil
}

// FindEntries knows kinds and Before, which is what the log asks by.
func (m *memory) FindEntries(_ context.Context, q evidence.Query) ([]evidence.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []evidence.Entry
	for _, e := range slices.Backward(m.entries) {
		if e.Kind == q.Kind && (q.Before == 0 || e.Seq < q.Before) && len(out) < q.Limit {
			out = append(out, copied(e))
		}
	}
	return out, nil
}

func (m *memory) EraseEntry(_ context.Context, seq int64, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.upset("erase", false); err != nil {
		return err
	}
	if seq < 0 || seq >= int64(len(m.entries)) {
		return fault.NotFoundf("entry %d", seq)
	}
	e := &m.entries[seq]
	delete(m.byKey, e.Key)
	e.Record, e.Salt, e.Actor, e.Subject, e.Key = nil, nil, "", "", key
	m.byKey[key] = seq
	return nil
}

func (m *memory) SaveCheckpoint(_ context.Context, c evidence.Checkpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.upset("checkpoint", false); err != nil {
		return err
	}
	i, there := slices.BinarySearchFunc(m.checkpoints, c.Size, bySize)
	if there {
		return fault.New(fault.Conflict, "error.conflict", nil)
	}
	m.checkpoints = slices.Insert(m.checkpoints, i, c)
	return nil
}

func (m *memory) LastCheckpoint(context.Context) (evidence.Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.checkpoints) == 0 {
		return evidence.Checkpoint{}, fault.NotFoundf("a checkpoint")
	}
	return m.checkpoints[len(m.checkpoints)-1], nil
}

func (m *memory) CheckpointCovering(_ context.Context, size int64) (evidence.Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, _ := slices.BinarySearchFunc(m.checkpoints, size, bySize)
	if i == len(m.checkpoints) {
		return evidence.Checkpoint{}, fault.NotFoundf("a checkpoint of %d", size)
	}
	return m.checkpoints[i], nil
}

func (m *memory) SaveCosignature(_ context.Context, c evidence.Cosignature) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.upset("cosignature", false); err != nil {
		return err
	}
	if _, there := slices.BinarySearchFunc(m.checkpoints, c.Size, bySize); !there {
		return fault.NotFoundf("a checkpoint of %d", c.Size)
	}
	if slices.ContainsFunc(m.cosigned, func(o evidence.Cosignature) bool { return o.Size == c.Size && o.Witness == c.Witness }) {
		return fault.New(fault.Conflict, "error.conflict", nil)
	}
	m.cosigned = append(m.cosigned, c)
	return nil
}

func (m *memory) Cosigned(_ context.Context, size int64, n int) (evidence.Checkpoint, []evidence.Cosignature, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.checkpoints {
		var lines []evidence.Cosignature
		for _, line := range m.cosigned {
			if line.Size == c.Size {
				lines = append(lines, line)
			}
		}
		if c.Size >= size && len(lines) >= max(n, 1) {
			return c, lines, nil
		}
	}
	return evidence.Checkpoint{}, nil, fault.NotFoundf("a cosigned checkpoint of %d", size)
}

func (m *memory) LastCosigned(_ context.Context, witness string) (last evidence.Cosignature, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = fault.NotFoundf("a cosignature of %s", witness)
	for _, c := range m.cosigned {
		if c.Witness == witness && (err != nil || c.Size > last.Size) {
			last, err = c, nil
		}
	}
	return last, err
}

func bySize(c evidence.Checkpoint, size int64) int { return int(c.Size - size) }

func copied(e evidence.Entry) evidence.Entry {
	e.Record, e.Salt = slices.Clone(e.Record), slices.Clone(e.Salt)
	e.Leaf, e.Hashes = slices.Clone(e.Leaf), slices.Clone(e.Hashes)
	return e
}

// change lets a test do what only somebody with the database can.
func (m *memory) change(f func(m *memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

// backup is what a restore brings back later.
func (m *memory) backup() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := newMemory()
	for _, e := range m.entries {
		b.entries = append(b.entries, copied(e))
		b.byKey[e.Key] = e.Seq
	}
	b.checkpoints, b.cosigned = slices.Clone(m.checkpoints), slices.Clone(m.cosigned)
	return b
}

// headFile is a Head in memory.
type headFile struct {
	mu   sync.Mutex
	note []byte
	err  error
}

func (h *headFile) Load() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.note, h.err
}

func (h *headFile) Save(note []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.note = note
	}
	return h.err
}
