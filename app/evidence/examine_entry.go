package evidence

import (
	"crypto/hmac"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// examineEntry examines what can be told of an entry without others.
func examineEntry(e Entry) examined {
	one := examined{entry: e, leaf: leafHash(e.Leaf)}
	found := func(field, format string, args ...any) {
		one.found = append(one.found, Disagreement{Where: InEntry, Seq: e.Seq, Field: field, Detail: fmt.Sprintf(format, args...)})
	}
	kept, _ := firstHash(e.Hashes)
	switch {
	case len(e.Hashes) != tlog.HashSize*hashesOf(e.Seq):
		found("hashes", "of %d bytes", len(e.Hashes))
	case len(e.Leaf) != tlog.HashSize:
		found("leaf", "of %d bytes", len(e.Leaf))
		one.leaf = kept
	}
	if e.Record == nil && e.Salt == nil {
		if one.leaf != kept && len(one.found) == 0 {
			found("leaf", "the tree hash is not that of the leaf")
			one.leaf = kept
		}
		if e.Key != erasedKey(e.Seq) || e.Actor != "" || e.Subject != "" {
			found("key", "of an erased entry more is left than may be")
		}
		return one
	}
	if len(e.Salt) != SaltSize {
		found("salt", "of %d bytes", len(e.Salt))
	}
	derived := Leaf(e.Salt, e.Record)
	if !hmac.Equal(derived, e.Leaf) && len(one.found) == 0 {
		if leafHash(derived) == kept {
			found("leaf", "record, salt and tree give another")
			one.leaf = kept
		} else {
			found("record", "record and salt do not give the leaf")
		}
	} else if one.leaf != kept && len(one.found) == 0 {
		found("hashes", "the first is not that of the leaf")
	}
	r, err := readRecord(e.Record)
	if err != nil {
		found("record", "%v", err)
		return one
	}
	one.shown = r.shown
	if e.Kind == KindErased {
		if one.said, err = erasedOf(e); err != nil {
			found("body", "%v", err)
		}
	}
	for _, column := range []struct{ name, column, record string }{
		{"key", e.Key, r.key}, {"kind", e.Kind, r.kind}, {"actor", e.Actor, r.actor},
		{"subject", e.Subject, r.subject}, {"object", e.Object, r.object}, {"scope", e.Scope, r.scope},
	} {
		if column.column != column.record {
			found(column.name, "the column says something else than the record")
		}
	}
	if e.At.UnixMilli() != r.at {
		found("at", "the column says %d, the record %d", e.At.UnixMilli(), r.at)
	}
	return one
}

// leafHash is the leaf hash of a leaf, and nothing of what is no leaf.
func leafHash(leaf []byte) tlog.Hash {
	if len(leaf) != tlog.HashSize {
		return tlog.Hash{}
	}
	return tlog.RecordHash(leaf)
}

func firstHash(hashes []byte) (h tlog.Hash, ok bool) {
	if len(hashes) < tlog.HashSize {
		return h, false
	}
	return tlog.Hash(hashes[:tlog.HashSize]), true
}
