package sqlite

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"kokoroe/app/evidence"
)

// EntrySeqs implements evidence.AuditStore.
func (s *Store) EntrySeqs(ctx context.Context, q evidence.Query) ([]int64, error) {
	condition, args := auditCondition(q)
	seqs, err := all(ctx, s, scanNumber, `SELECT seq FROM entry `+auditIndex(q)+condition, args...)
	// The indexes are in another order, and numbers are quickly put right.
	slices.Sort(seqs)
	return seqs, err
}

// CountEntries implements evidence.AuditStore.
func (s *Store) CountEntries(ctx context.Context, q evidence.Query) ([]evidence.Count, error) {
	condition, args := auditCondition(q)
	erased := " WHERE record IS NULL AND salt IS NULL"
	if condition != "" {
		erased += " AND " + strings.TrimPrefix(condition, " WHERE ")
	}
	erasedIndex := auditIndex(q)
	if !isAboutPerson(q) {
		erasedIndex = "INDEXED BY entry_erased"
	}
	// One statement, so that both halves are of one moment.
	counts, err := all(ctx, s, scanCount, `SELECT kind, object, scope, 0, count(*) FROM entry `+auditIndex(q)+condition+` GROUP BY kind, object, scope
		UNION ALL SELECT kind, object, scope, 1, count(*) FROM entry `+erasedIndex+erased+` GROUP BY kind, object, scope`, append(args, args...)...)
	if err != nil {
		return nil, err
	}
	return withoutErased(counts), nil
}

// CountBetween implements evidence.AuditStore. The rows are found by their
// sequence, and sorted; of each no more is read than its beginning.
func (s *Store) CountBetween(ctx context.Context, from, before int64) ([]evidence.Count, error) {
	return all(ctx, s, scanCount, `SELECT kind, object, scope, record IS NULL AND salt IS NULL AS erased, count(*) FROM entry NOT INDEXED
		WHERE seq >= ? AND seq < ? GROUP BY kind, object, scope, erased ORDER BY kind, object, scope, erased`, from, before)
}

// withoutErased takes the erased out of the count of all: the first half counts
// them too, because an index of what was not erased would cost every append.
func withoutErased(counts []evidence.Count) []evidence.Count {
	slices.SortStableFunc(counts, func(a, b evidence.Count) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Object, b.Object), strings.Compare(a.Scope, b.Scope))
	})
	for i := range counts {
		if counts[i].Erased { // what it is among stands before it
			counts[i-1].Entries -= counts[i].Entries
		}
	}
	return slices.DeleteFunc(counts, func(c evidence.Count) bool { return c.Entries == 0 })
}

func isAboutPerson(q evidence.Query) bool { return q.Subject != "" || q.Actor != "" }

// auditIndex names the index, because the planner has no statistics: a person's
// few entries are found and read, anything else is counted within an index that
// has every column that is asked for.
func auditIndex(q evidence.Query) string {
	switch {
	case q.Subject != "":
		return "INDEXED BY entry_subject"
	case q.Actor != "":
		return "INDEXED BY entry_actor"
	}
	return "INDEXED BY entry_sort"
}

func auditCondition(q evidence.Query) (string, []any) {
	var where []string
	var args []any
	restrict := func(condition string, value any) {
		where = append(where, condition)
		args = append(args, value)
	}
	for _, f := range []struct{ column, value string }{
		{"subject", q.Subject}, {"actor", q.Actor}, {"kind", q.Kind}, {"+object", q.Object}, // grouping within the index needs it not to know one object
	} {
		if f.value != "" {
			restrict(f.column+" = ?", f.value)
		}
	}
	if !q.From.IsZero() {
		restrict("at >= ?", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		restrict("at < ?", ceilMillis(q.Until))
	}
	if q.Before > 0 {
		restrict("seq < ?", q.Before)
	}
	if len(where) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(where, " AND "), args
}

func scanCount(row scanner) (evidence.Count, error) {
	var c evidence.Count
	err := row.Scan(&c.Kind, &c.Object, &c.Scope, &c.Erased, &c.Entries)
	return c, err
}

// Checkpoints implements evidence.AuditStore.
func (s *Store) Checkpoints(ctx context.Context, before int64, limit int) ([]evidence.Checkpoint, error) {
	if limit <= 0 {
		limit = 100
	}
	if limit = min(limit, 1000); before > 0 {
		return all(ctx, s, scanCheckpoint, `SELECT size, root, note, at FROM checkpoint WHERE size < ? ORDER BY size DESC LIMIT ?`, before, limit)
	}
	return all(ctx, s, scanCheckpoint, `SELECT size, root, note, at FROM checkpoint ORDER BY size DESC LIMIT ?`, limit)
}
