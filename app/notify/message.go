package notify

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// The topics: of receipts by mail, and of reminders.
const (
	ReceiptTopic  = "receipt"
	ReminderTopic = "reminder"
)

// ReceiptKey is the key of the mail with the receipt of a record.
func ReceiptKey(seq int64) string { return ReceiptTopic + "/" + strconv.FormatInt(seq, 10) }

// ReminderKey is the key of what a person is reminded of on a day: one message
// a person, however much it is.
func ReminderKey(day calendar.Date, person directory.PersonID) string {
	return RoundPrefix(day) + string(person)
}

// RoundPrefix is what the keys of a day's reminders begin with.
func RoundPrefix(day calendar.Date) string { return ReminderTopic + "/" + day.String() + "/" }

// State says how a message stands.
type State string

// The states; all but Waiting are final.
const (
	Waiting  State = "waiting"
	Sent     State = "sent"
	Refused  State = "refused"
	Withheld State = "withheld"
)

// States are all states.
var States = []State{Waiting, Sent, Refused, Withheld}

// Reason says why a message was withheld.
type Reason string

// The reasons.
const (
	NoAddress Reason = "no-address" // the roster has no mail address
	NoMail    Reason = "no-mail"    // there is no mail server
	Done      Reason = "done"       // nothing is asked any more
	OnLeave   Reason = "on-leave"
	Left      Reason = "left"    // does not work here on that day
	Unknown   Reason = "unknown" // nobody of the roster
	Erased    Reason = "erased"  // what it was about is not there any more
	Late      Reason = "late"    // too long ago to be news
)

// Message is what is to be told to whom, and how that went.
type Message struct {
	Key       string // idempotency key: the topic, a slash, and what it is about
	Person    directory.PersonID
	State     State
	Reason    Reason    // of a withheld one; else empty
	At        time.Time // when it was put into the outbox
	NextAt    time.Time // waiting: not to be sent before; claimed: when the claim ends
	Holder    string    // who claimed it; empty when nobody has
	Attempts  int       // that were about this message, not about a server that is down
	SettledAt time.Time // when it was sent, refused or withheld; zero while it waits
	Answer    string    // the mail server's last answer, without the address
}

// ReceiptOf returns the number of the record whose receipt the message mails;
// false for any other message.
func (m Message) ReceiptOf() (seq int64, ok bool) {
	seq, err := strconv.ParseInt(m.About(), 10, 64)
	return seq, err == nil && m.Topic() == ReceiptTopic
}

// ReminderOf returns the day of the round that a reminder belongs to; false for
// any other message.
func (m Message) ReminderOf() (day calendar.Date, ok bool) {
	date, person, ok := strings.Cut(m.About(), "/")
	day, err := calendar.ParseDate(date)
	return day, ok && err == nil && m.Key == ReminderKey(day, directory.PersonID(person))
}

// Topic is what the message's key begins with: it says who writes it.
func (m Message) Topic() string {
	topic, _, _ := strings.Cut(m.Key, "/")
	return topic
}

// About is what the message's key says after the topic.
func (m Message) About() string {
	_, about, _ := strings.Cut(m.Key, "/")
	return about
}

// Settlement is how a claimed message goes on.
type Settlement struct {
	State     State
	Reason    Reason
	NextAt    time.Time // of one that waits on
	Attempts  int
	SettledAt time.Time // of one that does not
	Answer    string
}

// Mail is a message in words.
type Mail struct {
	ID          string    // the Message-ID's part before the @; the same on every attempt
	At          time.Time // Date
	Name        string    // of the recipient
	Address     string
	Subject     string
	Body        string // plain text; lines end with U+000A
	Attachments []Attachment
}

// Attachment is a file that goes with a mail, to the byte.
type Attachment struct {
	Name string // ASCII, without spaces
	Data []byte
}

const (
	maxSubject = 200 // characters
	maxName    = 100
	maxAnswer  = 300
)

// tidy makes headers of what comes from rosters and titles: one line each,
// without what could end a header or turn its reading round.
func (m Mail) tidy() Mail {
	m.Subject = oneLine(m.Subject, maxSubject)
	m.Name = oneLine(m.Name, maxName)
	m.Body = strings.ToValidUTF8(m.Body, "\uFFFD")
	return m
}

// oneLine returns s as one line of at most so many characters: controls, line
// and paragraph separators become spaces, bidirectional controls go.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Bidi_Control):
			return -1
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ") // U+3000 stays in names
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most-1]) + "…"
	}
	return s
}

// without takes a mail address out of a server's answer: what is kept names
// people by their ID alone.
func without(answer, address string) string {
	answer = oneLine(answer, maxAnswer)
	if address == "" {
		return answer
	}
	var b strings.Builder
	lower, address := strings.ToLower(answer), strings.ToLower(address)
	if len(lower) != len(answer) { // letters whose case differs in length: no offsets to go by
		answer = lower
	}
	for {
		i := strings.Index(lower, address)
		if i < 0 {
			b.WriteString(answer)
			return b.String()
		}
		b.WriteString(answer[:i] + "…")
		answer, lower = answer[i+len(address):], lower[i+len(address):]
	}
}
