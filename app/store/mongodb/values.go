package mongodb

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/calendar"
)

// shape is the v of documents that this program writes, and the newest that it
// reads.
const shape = 1

// moment is an instant as it is stored: BSON's date, which is milliseconds in
// UTC. The zero time is a number like others and comes back as the zero time.
func moment(t time.Time) bson.DateTime { return bson.DateTime(t.UnixMilli()) }

// instant is a stored date as an instant.
func instant(d bson.DateTime) time.Time { return time.UnixMilli(int64(d)).UTC() }

// bound is a bound to compare stored instants with: a stored one is before t
// exactly when it is below this one.
func bound(t time.Time) bson.DateTime {
	d := moment(t)
	if instant(d).Before(t) {
		d++
	}
	return d
}

// day is a date as it is stored: 2026-04-01 is 20260401, no date is 0.
func day(d calendar.Date) int64 { return int64(d.Year)*10000 + int64(d.Month)*100 + int64(d.Day) }

// date is a stored number as a date.
func date(n int64) calendar.Date {
	return calendar.NewDate(int(n/10000), time.Month(n/100%100), int(n%100))
}

// some is b, and nil when it is empty.
func some(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
