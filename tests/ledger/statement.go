package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/policy"
)

// What the people of these statements were shown.
var (
	Text = []byte(`# 情報セキュリティ基本方針（見本）

## 1 目的 {#1}

この方針は、市が保有する情報資産の機密性、完全性及び可用性を維持するための基本的な事項を定める。

## 2 遵守 {#2}

職員及び委託事業者の従事者は、この方針及び手順を守らなければならない。
`)
	Declaration = []byte("私は、ここに表示された版の方針を読み、理解し、守ることを誓約します。")
)

var shown = policy.Acknowledged{
	Policy: "basic-policy", Version: 1, TextLanguage: "ja", Text: digest(Text), Declaration: digest(Declaration),
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Acknowledgement is a Statement with such a key as the portal gives it, of the
// person with the number.
func Acknowledgement(number int64, at time.Time) evidence.Statement {
	s := Statement(strconv.FormatInt(number, 10), at)
	s.Key = policy.KindAcknowledged + "|" + s.Subject + "|basic-policy|1|2026"
	return s
}

// Statement is an acknowledgement such as the portal records. The person follows
// from the key; a zero at is the time of the append.
func Statement(key string, at time.Time) evidence.Statement {
	sum := sha256.Sum256([]byte(key))
	person := fmt.Sprintf("p-%x", sum[:16])
	return evidence.Statement{
		Kind: policy.KindAcknowledged, Key: key, Subject: person, Object: "policy:basic-policy", Scope: "2026", At: at,
		Actor: evidence.Actor{ID: person, Language: "ja", SignIn: evidence.SignIn{
			Provider: "city", Issuer: "https://sso.city.example", ACR: "urn:city:2", AMR: []string{"pwd", "otp"},
			AuthAt: time.Date(2026, time.November, 22, 0, 30, 0, 0, time.UTC),
		}},
		Body: shown,
	}
}
