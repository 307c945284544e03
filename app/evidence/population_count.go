package evidence

import (
	"context"
	"errors"
	"maps"
	"slices"

	"kokoroe/app/fault"
)

// PopulationStore is what is asked when a population is counted.
type PopulationStore interface {
	EntriesFrom(ctx context.Context, seq int64, limit int) ([]Entry, error)
	CountEntries(ctx context.Context, q Query) ([]Count, error)
	CountBetween(ctx context.Context, from, before int64) ([]Count, error)
}

// CountPopulation counts the first size entries as the store holds them, all of
// them: what somebody took out is missing. Erased are those whose record is
// gone, but for what only an entry behind them says was erased: so a population
// of one size stays what it is. Unavailable also when so much is being erased
// that no count is of one moment.
func CountPopulation(ctx context.Context, s PopulationStore, size int64) (Population, error) {
	if size <= 0 {
		return Population{}, nil
	}
	for range countAttempts {
		before, err := erasedBehind(ctx, s, size)
		if err != nil {
			return Population{}, err
		}
		counts, err := s.CountEntries(ctx, Query{Before: size})
		if err != nil {
			return Population{}, err
		}
		after, err := erasedBehind(ctx, s, size)
		if err != nil {
			return Population{}, err
		}
		if maps.Equal(before, after) {
			return stored(counts, before), nil
		}
	}
	return Population{}, fault.Wrap(errors.New("records are being erased all the time"), fault.Unavailable, "evidence.unconfirmed")
}

const countAttempts = 5

// stored is what counts come to, when the entries of later are taken for kept.
func stored(counts []Count, later map[int64]sort) Population {
	c := census{}
	for _, n := range counts {
		of := c.add(sortOf(n.Kind, n.Object, n.Scope), 0)
		if n.Erased {
			of.Erased += n.Entries
		} else {
			of.Kept += n.Entries
		}
	}
	for _, s := range later {
		of := c.add(s, 0)
		of.Kept, of.Erased = of.Kept+1, of.Erased-1
	}
	return *c.population()
}

// erasedBehind returns those of the first size entries that are erased because
// an entry behind them says so.
func erasedBehind(ctx context.Context, s PopulationStore, size int64) (map[int64]sort, error) {
	counts, err := s.CountBetween(ctx, size, maxSize)
	if err != nil {
		return nil, err
	}
	gone := map[int64]sort{}
	return gone, entriesAt(ctx, s, erasures(counts, size), func(e Entry) {
		if e.Record == nil && e.Salt == nil {
			gone[e.Seq] = sortOf(e.Kind, e.Object, e.Scope)
		}
	})
}

// maxSize is beyond every log.
const maxSize = 1 << 53

// Advance counts on: from the population of the first from entries to that of
// the first size, by what the entries between them say, and it reads no other
// but those that they erase.
func (p Population) Advance(ctx context.Context, s PopulationStore, from, size int64) (Population, error) {
	p = Population{Kinds: maps.Clone(p.Kinds), Objects: maps.Clone(p.Objects), Scopes: maps.Clone(p.Scopes)}
	if size <= from {
		return p, nil
	}
	counts, err := s.CountBetween(ctx, from, size)
	if err != nil {
		return Population{}, err
	}
	c := census{}
	for _, n := range counts { // whether it is erased by now, only an entry that is counted decides
		c.add(sortOf(n.Kind, n.Object, n.Scope), n.Entries)
	}
	err = entriesAt(ctx, s, erasures(counts, size), func(e Entry) { c.add(sortOf(e.Kind, e.Object, e.Scope), 0).erase() })
	p.take(c)
	return p, err
}

// erasures are those of the first size entries that the entries that were
// counted erase.
func erasures(counts []Count, size int64) (seqs []int64) {
	for _, n := range counts {
		if seq := erasedSeq(n.Object); n.Kind == KindErased && seq >= 0 && seq < size {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// entriesAt visits the entries at these sequences, as far as they are there. What
// was erased in one night mostly lies close together, and is read together.
func entriesAt(ctx context.Context, s PopulationStore, seqs []int64, visit func(Entry)) error {
	slices.Sort(seqs)
	for len(seqs) > 0 {
		n := 1
		for n < len(seqs) && seqs[n]-seqs[0] < page && seqs[n]-seqs[n-1] <= closeBy {
			n++
		}
		entries, err := s.EntriesFrom(ctx, seqs[0], int(seqs[n-1]-seqs[0])+1)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if _, ok := slices.BinarySearch(seqs[:n], e.Seq); ok {
				visit(e)
			}
		}
		seqs = seqs[n:]
	}
	return nil
}

// closeBy is how far from one another entries are read in one go.
const closeBy = 16
