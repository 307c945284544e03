package sqlite

import (
	"encoding/json"
	"time"

	"kokoroe/app/calendar"
)

// millis is an instant as it is stored. The zero time is a number like others
// and comes back as the zero time.
func millis(t time.Time) int64 { return t.UnixMilli() }

// instant is a stored number as an instant.
func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// kept is t as it would come back from the store.
func kept(t time.Time) time.Time { return instant(millis(t)) }

// day is a date as it is stored: 2026-04-01 is 20260401, no date is 0.
func day(d calendar.Date) int64 { return int64(d.Year)*10000 + int64(d.Month)*100 + int64(d.Day) }

// date is a stored number as a date.
func date(n int64) calendar.Date {
	return calendar.NewDate(int(n/10000), time.Month(n/100%100), int(n%100))
}

// listed is a list as JSON, and NULL when it is empty.
func listed[T any](list []T) (any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return string(b), nil
}

// unlisted reads what listed wrote; an empty list is nil.
func unlisted[T any](b []byte) ([]T, error) {
	if len(b) == 0 {
		return nil, nil
	}
	var list []T
	err := json.Unmarshal(b, &list)
	return list, err
}

// blob is bytes as they are stored: empty is NULL, and comes back nil.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// ceilMillis is a bound to compare stored instants with: a stored one is before
// t exactly when it is below this number.
func ceilMillis(t time.Time) int64 {
	ms := t.UnixMilli()
	if instant(ms).Before(t) {
		ms++
	}
	return ms
}

// scanNumber reads a row of one number.
func scanNumber(row scanner) (int64, error) {
	var n int64
	err := row.Scan(&n)
	return n, err
}
