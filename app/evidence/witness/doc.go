// Package witness owns the witness: a small program for another host that
// remembers the last checkpoint of each log and cosigns only what continues it,
// over HTTP (C2SP tlog-witness) or by files that are carried to and fro; and the
// client that a log asks it with.
//
// # Request
//
// A request is the body of add-checkpoint, and the same as a file: every line
// ends with U+000A, and nothing may be spelled otherwise.
//
//	old <size in decimal that the witness cosigned last, 0 before the first>
//	<base64 of a hash of the consistency proof, at most 63 lines>
//	…
//
//	<the checkpoint, to the end>
//
// Checkpoints are those of package evidence: without extension lines.
//
// # Answer
//
// Over HTTP an answer is the cosignature line alone. As a file it is the
// checkpoint with the cosignature line behind its others, a signed note by
// itself.
//
// # State
//
// The state is one file of JSON that is replaced as a whole: for each log its
// origin, and size, root and note of the checkpoint cosigned last. It is durable
// before a cosignature goes out. A witness that lost it would cosign anything,
// so that only making a key makes one, and a witness without one does not start.
package witness
