// Package mongodb owns the database of an installation with several instances:
// one MongoDB database a city.
//
// Whatever the address asks for, writes wait for the majority's journals, reads
// see what the majority has and come from the primary, and every call has a
// deadline. There are no transactions: each method is one write of one document
// that decides, with whatever it needs around that write.
//
// # The log
//
// AppendEntries stores a batch as ONE document of the collection "log": its _id
// is the first sequence, next is the sequence behind the last, entries are the
// entries. A document is inserted whole or not at all, and its index entries
// with it, so that a batch is. An ordered insert of one document an entry would
// not do: when the third of five is a duplicate, the first two stand there,
// acknowledged to nobody, and taking them back is a delete on evidence, which
// nobody may be allowed.
//
// Batches tile the log without gap or overlap: a batch is inserted only at a
// sequence that the majority has as the end of the log, and the index on _id
// lets one batch begin there. If the log has grown since, it has grown from
// there, and the insert fails as a duplicate. A sequence that is merely on
// its way to the majority is never appended to: a fail-over could take it back
// and leave a gap. The index on next is what sequences are looked up by; the
// one on entries.key spans all batches, and within a batch, which no index of
// MongoDB does, AppendEntries looks itself.
//
// LogSize is linearizable on a replica set: a primary that was voted out and
// does not know yet would answer with an older size, which looks like a store
// that went backwards, and stops the log.
//
// # The roster
//
// People and departments are kept as versions. An import stages its versions
// under a random name, then inserts one document into "roster_change", with the
// new revision as _id: that is the commit, and of two imports one gets it. A
// version counts when its revision's change bears its name. What an import
// replaces is removed after it; a reader that the removal overtakes sees that
// the revision has moved on, and reads again.
//
// # Steps in a course
//
// A place and an attempt are replaced as a whole, by who has seen the revision
// before. Replacements that come while a command is under way go with the next
// one: one command, and each document in it still decides for itself. What this
// instance has read or written last of a document is what its next replacement
// begins with; the revision shows whether it still was the newest.
//
// # Editions
//
// An edition is one document, and its number is the _id: of two instances that
// publish the next number one gets it. The bundle is not evidence; it is taken
// out once another edition has followed.
//
// # Versions
//
// Every document says in v which shape it has. The collection "kokoroe" says
// that the database is ours and which schema it has. A database without it that
// holds anything, or of a newer schema, is left as it was.
package mongodb
