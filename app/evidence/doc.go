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
// A string outside body has at most 512 bytes and no control character (below
// U+0020, or U+007F). kind is two words or more, of a to z, 0 to 9 and _, with
// dots between them, then "/v" and a number without leading zeros. Neither at
// nor auth_at is −62135596800000, the beginning of the year 1, which stands for
// no time; nor is auth_at 0. The body is at depth 0, what it holds at depth 1,
// and nothing at a depth beyond 32.
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
// # Cosignature
//
// Behind the log's line a checkpoint may carry lines of witnesses, each a C2SP
// cosignature/v1: "— name base64", the base64 of the 4-byte key hash, the time in
// whole seconds since 1970-01-01T00:00:00Z as 8 bytes, the highest first and at
// most 2⁶³−1, and the 64-byte Ed25519 signature of
//
//	cosignature/v1
//	time <the seconds in decimal>
//	<the text of the checkpoint, with its three line ends>
//
// A witness's verifier key is written as the log's is, with the byte 0x04 in
// place of 0x01, in the base64 as well as in the key hash. Its name is free; even
// when it is the origin, its lines are not the log's signature. A cosignature
// says: at that time this was the largest tree that the witness had seen of this
// log, and it continues all that the witness had seen before.
//
// A checkpoint has at most 16,384 bytes and 100 signature lines. A key's name
// is not empty and holds no plus, no control character and no white space of
// Unicode; neither does the origin hold a control character.
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
// the checkpoint was signed, and that it has not been changed since. With a
// witness's key one also checks its line, which must be right where it stands;
// then not even who holds the log's key can have shown others another log.
//
// # Trust policy
//
// A trust policy (file name extension .policy) says whom somebody believes. It
// is UTF-8 text of at most 65,536 bytes and without control characters but for
// tabs; every line is ended by U+000A. A line that is empty, or begins with #,
// says nothing. Others are words with one space or tab between them:
//
//	log <verifier key>
//	witness <name> <verifier key>
//	group <name> <k, all or any> <member> …
//	quorum <name or none>
//
// There are one or more lines log: rotation leaves former keys there. Names are
// letters, digits, dots, underscores and hyphens, not "none", and each is given
// once. Members are names of witnesses and groups from lines above, each once in
// a group; k is a number from 1 to that of the members, in decimal without
// leading zeros. Keys are written in the one way that they can be written (hash
// in lower-case hex), and no public key stands in two lines of one sort, under
// whatever name. The quorum is the last of these lines, and names a witness or a
// group from above.
//
// A witness is satisfied when it has cosigned, a group when k of its members
// are satisfied (all of them, any of them). To verify a receipt under a policy,
// verify it with the keys of its log lines as above, and then:
//
//  5. no cosignature by a witness of the policy is wrong; lines by keys that the
//     policy does not name are ignored;
//  6. the quorum is satisfied, or none.
//
// # Verifiers
//
// Ed25519 signatures are verified by RFC 8032, section 5.1.7, with the equation
// that has no cofactor: S is below the order of the group, the R computed from
// S, the key and the message is written as the 32 bytes of the signature. A
// public key need not be reduced: it is trusted as it stands.
//
// A verifier takes the first step that fails as its answer, in this order: the
// file is too large; its first line is not that of a receipt; a line is not as
// described; the record; the text; the declaration; the checkpoint and the
// log's signatures; salt, index and proof; cosignatures; quorum. It answers, for
// programs, with one JSON object a receipt:
//
//	{"file":…,"ok":true,"seq":…,"origin":…,"size":…,"root":"<base64>","kind":…,
//	 "subject":…,"at":…,"signers":[…],"witnesses":[…]}
//	{"file":…,"ok":false,"error":"<code>","line":…}
//
// subject is "" when the record has none; at is the record's; signers are the
// key names of the known keys that signed, in the order of their lines, without
// witnesses; witnesses are the policy's names of those that cosigned, in the
// policy's order. Codes:
//
//	too_large               more than 1,048,576 bytes
//	not_receipt             the first line is another
//	line_invalid            line is the first that is not as described, from 1
//	record_malformed        the record is not as described under Record
//	record_version_unknown  v is missing or not 1
//	text_differs            not the text of the record, missing, or one too much
//	declaration_differs     the same of the declaration
//	checkpoint_malformed    a name, a control character, too many lines
//	signature_unknown       no known key with the origin as its name signed
//	signature_wrong         a signature or cosignature by a known key is wrong
//	not_in_log              the proof does not lead to the root
//	quorum_missing          too few witnesses
//
// The checkpoint counts as one line, its first: whatever of it does not have
// the shape described under Checkpoint is line_invalid there. A line that is
// missing is the one behind the last. The exit code is 0 when all receipts are
// good, 1 when one is not, 2 when the policy or the command line is wrong.
//
// testdata/vectors holds a table of files, good and bad, with these answers.
//
// # Export
//
// An exported log is a folder. Its checkpoint signs all of it; size is the
// number of entries there. Tiles, entry bundles and checkpoint are those of C2SP
// tlog-tiles, so that whatever reads that can read them:
//
//	checkpoint               the checkpoint, with cosignatures
//	tile/<L>/<N>[.p/<W>]     256 hashes of level 8·L each, W in the last one of a
//	                         level that is not full
//	tile/entries/<N>[.p/<W>] 256 leaves: two bytes with the length, big-endian,
//	                         always 32, and the leaf
//	checkpoints/<N>[.p/<W>]  checkpoints up to that one, in order, with their
//	                         cosignatures: 256 lines {"size":…,"note":"…"}
//	records/<N>[.p/<W>]      of the entries of the bundle N, a line each
//	texts/<digest>           a text or declaration that was shown, under its
//	                         SHA-256 in lower-case hex
//	manifest.json            lists all others
//
// N is written in groups of three digits, each but the last behind an x:
// x001/x234/067. Lines are JSON, ended by U+000A. A line of records is
//
//	{"seq":…,"record":"<the record>","salt":"<base64>"}
//
// or, of an entry that was erased, {"seq":…,"erased":true}. Records and texts
// may be left out together; the tree says nothing about anybody without the
// salts. Leaves and level 0 are those described under Tree: the leaf hash is
// SHA-256(0x00 || leaf).
//
// The manifest is a JSON object with the members, in any order: format
// ("kokoroe-log-export/v1"), origin, size, root (base64), program, records
// (whether they are there), erased (how many entries were), keys (verifier keys
// of the log; they prove nothing), missing_texts (digests, "sha256:" and hex, of
// texts that the exporting system did not hold any more), and files: objects
// with path, size in bytes and sha256 in hex, in the order of their paths when
// "/" counts as less than any other character. A path is relative, and of
// lower-case letters, digits, slashes, dots, hyphens and underscores. No line of
// the manifest has more than 4,096 bytes, and no text in it more than 512.
//
// To verify an exported log under a trust policy:
//
//  1. the plain files in the folder are those of the manifest, besides the
//     manifest itself, and have its sizes and digests; nothing else is there
//     that is not a folder;
//  2. the checkpoint satisfies the policy, as that of a receipt does; the
//     manifest's origin, size and root are its own;
//  3. every tile follows from the leaves, and so does the root;
//  4. every line of records is of its entry; record and salt give the leaf; the
//     record is as described under Record; its text and declaration are in texts,
//     or are said to be missing;
//  5. every text has the digest that is its name;
//  6. every checkpoint that goes along is signed by a key of a log line of the
//     policy with its origin as name, no signature or cosignature on it by a key
//     of the policy is wrong, and the first entries up to its size give its root.
//
// # Sample
//
// A sample is drawn with a seed that nobody could know when the checkpoint was
// signed, such as the numbers of a lottery whose draw was named before: nobody
// can choose what is drawn, and anybody can draw it again. The population is the entries 0 to N−1, where N is
// the size of a checkpoint, or those of them that match a kind, an object and a
// span of time, numbered from 0 in the order of their sequences. Erased entries
// belong to it: an erasure changes no sample. With the seed as UTF-8 in Unicode
// Normalization Form C, without white space at its ends, for i = 0, 1, 2, …, in
// decimal:
//
//	u = the first 8 bytes of SHA-256("kokoroe/sample/v1\n" || seed || "\n" || i), big-endian
//
// If u ≥ 2⁶⁴ − (2⁶⁴ mod N), it is passed over. The number drawn is u mod N; one
// that was drawn already is passed over. It ends when n numbers are drawn.
package evidence
