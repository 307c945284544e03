package storetest

import (
	"bytes"
	"fmt"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/edition"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
)

// All people and places here are invented.

// at is the last afternoon of November, in Japan.
var at = time.Date(2026, time.November, 30, 8, 15, 30, 123_000_000, time.UTC)

func after(d time.Duration) time.Time { return at.Add(d) }

// uncut is a time as a careless caller has it: Japan time and nanoseconds.
var uncut = time.Date(2026, time.November, 30, 17, 15, 30, 123_999_999, calendar.Tokyo)

func samplePerson(i int) directory.Person {
	return directory.Person{
		ID: directory.PersonID(fmt.Sprintf("p-%06d", i)), Number: fmt.Sprintf("%07d", i), Name: "試験 花子", Kana: "シケン ハナコ",
		Mail: "hanako@example.jp", Employment: directory.FiscalYear, Post: "主査",
		JoinedOn: calendar.NewDate(2020, time.April, 1), LeftOn: calendar.NewDate(2027, time.March, 31),
		Leaves: []calendar.Period{{From: calendar.NewDate(2024, time.February, 29), Until: calendar.NewDate(2025, time.March, 31)}},
		Memberships: []directory.Membership{
			{Department: "d-1", Period: calendar.Period{From: calendar.NewDate(2020, time.April, 1), Until: calendar.NewDate(2023, time.March, 31)}},
			{Department: "d-2", Period: calendar.Period{From: calendar.NewDate(2023, time.April, 1)}},
		},
	}
}

func sampleEntry(seq int64) evidence.Entry {
	return evidence.Entry{
		Seq: seq, Key: fmt.Sprintf("key-%d", seq), Kind: "policy.acknowledged/v1", Actor: "p-actor", Subject: "p-subject",
		Object: "policy:basic-policy", Scope: "2026", At: after(time.Duration(seq) * time.Second),
		Record: []byte(`{"名":"心得"}`), Salt: bytes.Repeat([]byte{1}, 32), Leaf: bytes.Repeat([]byte{2}, 32),
		Hashes: bytes.Repeat([]byte{0xff, 0}, 32),
	}
}

func sampleEntries(from, n int) []evidence.Entry {
	list := make([]evidence.Entry, n)
	for i := range list {
		list[i] = sampleEntry(int64(from + i))
	}
	return list
}

func sampleLogin(state string) identity.Login {
	return identity.Login{
		StateHash: state, BrowserHash: "browser", Provider: "city", Nonce: "nonce", Verifier: "verifier",
		ReturnTo: "/policies/basic-policy?x=1&y=日本", StartedAt: at,
	}
}

func sampleSession(hash string) identity.Session {
	return identity.Session{
		Hash: hash, Person: "p-1", Provider: "city", Issuer: "https://id.example.jp", Subject: "sub-1", SID: "sid-1",
		ACR: "urn:example:2", AMR: []string{"pwd", "otp"}, AuthAt: after(-time.Minute), IDToken: "e30.e30.sig",
		CreatedAt: at, SeenAt: after(time.Second),
	}
}

func sampleAttempt(id string) learning.Attempt {
	return learning.Attempt{
		ID: learning.AttemptID(id), Person: "p-1", Course: "annual", Scope: "2026", Purpose: learning.Check, StartedAt: at,
		Drawn: []learning.Drawn{
			{Question: "q-1", Options: []learning.OptionID{"b", "a", "c"}},
			{Question: "q-2", Options: []learning.OptionID{"x"}, Answer: []learning.OptionID{"x"}, Again: true},
		},
	}
}

func samplePublication(id policy.ID, version int, language, digest string) policy.Publication {
	return policy.Publication{
		Policy: id, Version: version, Language: language, Digest: digest, Text: []byte("# " + digest + "\n心得\x00\xff"), PublishedAt: at,
	}
}

func sampleEdition(number int64, digest string) edition.Edition {
	return edition.Edition{
		Number: number, Content: "content " + digest, Registers: "registers " + digest, Program: "1.0-試験", By: "operator", PublishedAt: at,
		Bundle: []byte("PK " + digest + "\x00\xff"),
	}
}
