// Package evidence owns the append-only log: records, the Merkle tree over
// them, checkpoints, receipts, and their verification. It knows bytes and
// kinds of records; it does not know what a policy or a course is.
//
// The append is the commit point of the whole program: what is not in the log
// has not happened, and what is in the log cannot be made not to have happened.
//
// The formats below are settled: files in testdata hold their bytes, and a
// change is a new version beside the old one. They are written so that somebody
// can build a verifier from this text alone.
//
// # Record
//
// A record is one JSON object in the canonical form of RFC 8785, at most 65,536
// bytes of UTF-8. Every string, names of members included, is in Unicode
// Normalization Form C and holds no U+FFFD. Numbers are integers from −(2⁵³−1)
// to 2⁵³−1. There is no null. Members:
//
//	v         1, the version of this format
//	kind      what happened, with a version: "policy.acknowledged/v1"
//	key       idempotency key: the log holds a key once
//	actor     opaque ID of the person who acted
//	subject   opaque ID of the person it is about
//	object    what it is about
//	scope     the occurrence: a fiscal year, a contract
//	at        when, in milliseconds since 1970-01-01T00:00:00Z
//	language  BCP 47 tag of the page's language
//	signin    how the actor was known: provider, issuer, acr, amr (a list of
//	          strings), auth_at (milliseconds as in at)
//	program   version of the program that wrote the record
//	body      an object; what it holds, the kind decides
//
// v, kind, key, actor, at and body always stand there; the others, and those of
// signin, only when they are not empty. No other member stands beside them.
//
// When body.text or body.declaration is "sha256:" and 64 lower-case hex digits,
// it is the SHA-256 of the bytes that were shown.
//
// # Tree
//
//	leaf      = HMAC-SHA-256(key: salt, message: "kokoroe/record/v1\n" || record)
//	leaf hash = SHA-256(0x00 || leaf)
//	node hash = SHA-256(0x01 || left || right)
//
// The salt is 32 random bytes of its own for each record, and the tree that of
// RFC 6962, section 2.1. Sequences count from 0. Erasing a record takes away
// record and salt; the leaf stays, says nothing about the record any more, and
// every other proof goes on to hold.
//
// An entry keeps the hashes of all perfect subtrees that it completes, level 0
// (its own leaf hash) first; entry s completes 1 + the number of trailing one
// bits of s. Hash n of level L covers the entries n·2^L to (n+1)·2^L−1 and is
// kept with the last of these, as its L-th: see HashPlace. So a proof reads a
// logarithmic number of entries, and an append none: it knows the right edge.
//
// # Checkpoint
//
// A checkpoint is a C2SP tlog-checkpoint: a signed note whose text is three
// lines, each ended by U+000A: the origin (the log's name), the number of
// entries in decimal, and the base64 of the root hash; then an empty line, and
// signature lines "— name base64" (U+2014, a space, the key's name, a space).
// The base64 is of the 4-byte key hash and the Ed25519 signature of the text.
// The log's own key has the origin as its name. A verifier key is written
// "name+hash+base64": the key hash in hex, and the byte 0x01 and the 32 bytes of
// the public key; the key hash is the first 4 bytes of SHA-256(name || 0x0A ||
// 0x01 || public key). Signatures of keys that one does not know are ignored;
// there are no extension lines; no key signs twice; all base64 is RFC 4648,
// section 4, with padding and zero trailing bits.
//
// # Receipt
//
// A receipt (file name extension .receipt) is UTF-8 text of at most 1,048,576
// bytes. Every line ends with U+000A, nothing may be added, left out or spelled
// otherwise:
//
//	kokoroe-receipt@v1
//	record {"actor":"p-1", …}
//	salt <base64 of the 32 bytes>
//	text
//	|first line of the text that was shown
//	|second line
//	declaration
//	|the declaration that was shown
//
//	c2sp.org/tlog-proof@v1
//	index <sequence in decimal>
//	<base64 of a hash of the inclusion proof, from the leaf upwards>
//	…
//
//	<the checkpoint, to the end of the file>
//
// The text is what stands behind the bars, joined by U+000A: a text that ends in
// a line end has a last line of a bar alone. The block text is there when, and
// only when, body.text of the record is a digest, and declaration likewise. From
// the line c2sp.org/tlog-proof@v1 on, the file is a C2SP tlog-proof.
//
// To verify a receipt with the log's verifier key:
//
//  1. read it strictly as above, and the record as described under Record;
//  2. the SHA-256 of text and declaration are the digests in the record's body;
//  3. compute leaf and leaf hash, and from these, the index, the size in the
//     checkpoint and the proof the root (RFC 9162, section 2.1.3.2); it is the
//     root in the checkpoint;
//  4. a key that is known, and whose name is the checkpoint's origin, signed the
//     checkpoint; no signature by a known key is wrong.
//
// It proves that the record, with these texts, was in the log at the latest when
// the checkpoint was signed, and that it has not been changed since.
package evidence
