package evidence

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// HashPlace says where the tree hash with a stored hash index
// (tlog.StoredHashIndex) is kept: in Hashes of the entry seq, the level'th of
// them. Hash n of level L covers the entries n×2^L … (n+1)×2^L−1 and is
// complete, and therefore kept, with the last of these.
func HashPlace(index int64) (seq int64, level int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n+1)<<uint(level) - 1, level
}

// hashesOf returns how many hashes the entry seq completes.
func hashesOf(seq int64) int { return 1 + bits.TrailingZeros64(uint64(seq+1)) }

// edge is the right edge of a tree: the hash of its perfect subtree of 2^level
// entries for every bit of size. It is all that an append must know.
type edge struct {
	size   int64
	hashes [63]tlog.Hash
}

// add appends a leaf and returns the hashes that it completes, level 0 first.
func (e *edge) add(leaf []byte) []byte { return e.addHash(tlog.RecordHash(leaf)) }

// addHash is add for a leaf of which the hash is at hand.
func (e *edge) addHash(h tlog.Hash) []byte {
	out := make([]byte, 0, tlog.HashSize*hashesOf(e.size))
	out = append(out, h[:]...)
	level := 0
	for ; e.size>>uint(level)&1 == 1; level++ {
		h = tlog.NodeHash(e.hashes[level], h)
		out = append(out, h[:]...)
	}
	e.hashes[level] = h
	e.size++
	return out
}

func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // the empty tree needs no reader and cannot fail
		return h
	}
	level := bits.TrailingZeros64(uint64(e.size))
	h := e.hashes[level]
	for level++; e.size>>uint(level) > 0; level++ {
		if e.size>>uint(level)&1 == 1 {
			h = tlog.NodeHash(e.hashes[level], h)
		}
	}
	return h
}

// readEdge reads the right edge of the tree of size from its entries.
func readEdge(size int64, r tlog.HashReader) (edge, error) {
	e := edge{size: size}
	var levels []int
	var indexes []int64
	for level := 0; size>>uint(level) > 0; level++ {
		if size>>uint(level)&1 == 1 {
			levels = append(levels, level)
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>uint(level)-1))
		}
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return edge{}, err
	}
	for i, level := range levels {
		e.hashes[level] = hashes[i]
	}
	return e, nil
}

// hashes reads tree hashes out of entries; with a cache or, where the store
// itself is examined, without.
type hashes struct {
	ctx   context.Context // tlog.HashReader has no context of its own
	store Store
	cache *hashCache
}

func (r hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := r.cache.hash(index)
		if !ok {
			var err error
			if h, err = r.read(index); err != nil {
				return nil, err
			}
			r.cache.keep(index, h)
		}
		out[i] = h
	}
	return out, nil
}

func (r hashes) read(index int64) (h tlog.Hash, err error) {
	seq, level := HashPlace(index)
	e, err := r.store.Entry(r.ctx, seq)
	if err != nil {
		return h, err
	}
	if e.Seq != seq || len(e.Hashes) != tlog.HashSize*hashesOf(seq) {
		return h, damaged(seq, fmt.Errorf("entry %d holds %d bytes of hashes", seq, len(e.Hashes)))
	}
	copy(h[:], e.Hashes[tlog.HashSize*level:])
	return h, nil
}

const (
	cachedLevel  = 3 // below it the cache would be as large as the log
	cachedHashes = 1 << 14
)

// hashCache keeps hashes of the upper levels, which every proof needs. Hashes
// never change, so nothing is ever stale. A nil cache keeps nothing.
type hashCache struct {
	mu sync.Mutex
	m  map[int64]tlog.Hash
}

func (c *hashCache) hash(index int64) (tlog.Hash, bool) {
	if c == nil {
		return tlog.Hash{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.m[index]
	return h, ok
}

func (c *hashCache) keep(index int64, h tlog.Hash) {
	if level, _ := tlog.SplitStoredHashIndex(index); c == nil || level < cachedLevel {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= cachedHashes { // make room anywhere: every hash can be read again
		room := cachedHashes / 8
		for k := range c.m {
			delete(c.m, k)
			if room--; room == 0 {
				break
			}
		}
	}
	c.m[index] = h
}

// keepEntry keeps the upper hashes that an entry completed.
func (c *hashCache) keepEntry(e Entry) {
	for level := cachedLevel; level < len(e.Hashes)/tlog.HashSize; level++ {
		var h tlog.Hash
		copy(h[:], e.Hashes[level*tlog.HashSize:])
		c.keep(tlog.StoredHashIndex(level, e.Seq>>uint(level)), h)
	}
}
