// Package notify owns messages to people: the outbox that they wait in, and
// their way to the mail server. What a message says is written when its turn
// comes, by whoever knows its topic, so that the outbox holds no text, no
// address and no attachment: only what is to be told to whom, and how that went.
//
// # Once
//
// A message has an idempotency key, such as "receipt/12": the outbox holds a key
// once, so that whoever puts messages in may do it again after a
// crash. An instance claims a message for a time before it sends it; nobody else
// has it meanwhile, and a claim that ran out settles nothing any more.
//
// SMTP itself knows no "once" (RFC 1047): a server that has taken a mail, and
// breaks off before it says so, cannot be told from one that has not. Such a
// mail is sent again, for a lost one is worse than a doubled one, and under the
// same Message-ID, by which a mailbox can tell.
//
// # States
//
//	waiting   to be sent from NextAt on; while claimed, NextAt is the claim's end
//	sent      the server took it
//	refused   the server will not take it for this person
//	withheld  not mailed at all, for the Reason given: somebody without address,
//	          on leave, who has left, or of whom nothing is asked any more
//
// The last three are final. Together the messages are the log of what was
// mailed, until they expire or what they are about is erased. A key that is gone
// so must not be put in again: who reads the evidence log keeps a position.
package notify
