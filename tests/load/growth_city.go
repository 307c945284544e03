package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"kokoroe/content"
)

// The shape of a city that grows: more people make more 課 of the same size, in
// a tree of 局, 部 and 課 that is as wide as it is deep, and more registers.
const (
	peopleOfDivision = 50
	peopleOfAccount  = 400  // one social media account for so many
	peopleOfContract = 1000 // one contract for so many
	workersOf        = 5    // of a contract, each of whom signs three things
	ofAccount        = 4    // assignments: two things of owner and deputy
	ofWorker         = 3
)

// people of the city whose pages are asked for, by what they are.
const (
	asEmployee   = "employee"
	asSitting    = "employee in a check"
	asHead       = "head"
	asOwner      = "account owner"
	asHR         = "HR"
	asOffice     = "security office"
	asAuditor    = "auditor"
	asContractor = "contractor"
)

// growingCity is a city of so many people with everything that pages show.
type growingCity struct {
	people      int
	staff       int               // of the people, who are asked for yearlyItems
	assignments int               // of everybody
	numbers     map[string]string // of who signs in
	files       map[string][]byte
	reminders   string // where a day's reminders to everybody are shown
}

// newGrowingCity invents one.
func newGrowingCity(people int) *growingCity {
	contracts := max(people/peopleOfContract, 1)
	workers := contracts * workersOf
	staff := people - workers
	c := &growingCity{people: people, staff: staff, numbers: map[string]string{}, files: map[string][]byte{}}
	divisions := max(staff/peopleOfDivision, 1)
	side := 1 // how many 局, 部 of a 局, 課 of a 部
	for side*side*side < divisions {
		side++
	}
	path := func(i int) string {
		return fmt.Sprintf("第%d局（負荷）/第%d部/第%d課", i/(side*side)+1, i/side%side+1, i%side+1)
	}
	var roster bytes.Buffer
	roster.WriteString(rosterHeader)
	add := func(i int, number, employment, department, post string) {
		surname, given := surnames[i%len(surnames)], givenNames[i/len(surnames)%len(givenNames)]
		fmt.Fprintf(&roster, "%s,%s　%s,%s　%s,s%s@city.load.example,%s,%s,%s,2010-04-01,,,,,\n",
			number, surname[0], given[0], surname[1], given[1], number, employment, department, post)
	}
	number := func(i int) string { return fmt.Sprintf("%06d", 100001+i) }
	for i := range staff {
		post := "主任"
		if i < divisions {
			post = "課長" // of the 課 that they come first in
		}
		add(i, number(i), "正職員", path(i%divisions), post)
	}
	for i := range workers {
		add(i, fmt.Sprintf("W%05d", i+1), "委託", path(i%divisions), "")
	}
	last := func(n int) string { return number(staff - n) }
	c.numbers = map[string]string{
		asHead: number(0), asOwner: last(1), asHR: last(2), asOffice: last(3), asAuditor: last(4), asEmployee: last(5), asSitting: last(6),
		asContractor: "W00001",
	}
	accounts := max(people/peopleOfAccount, 1)
	c.assignments = staff*len(yearlyItems) + accounts*ofAccount + workers*ofWorker
	c.files["roster.csv"] = roster.Bytes()
	c.files["accounts.yaml"] = accountsOf(accounts, path, number, last(1))
	c.files["suppliers.yaml"] = contractsOf(contracts, divisions, path)
	c.files["roles.yaml"] = fmt.Appendf(nil, "roles:\n  hr: [%q]\n  security-office: [%q]\n  auditor: [%q]\n", c.numbers[asHR], c.numbers[asOffice], c.numbers[asAuditor])
	c.files["sign-ins.yaml"] = []byte("people: []\n")
	return c
}

// accountsOf is the register of accounts; the first is the owner's.
func accountsOf(n int, path, number func(int) string, owner string) []byte {
	var out bytes.Buffer
	out.WriteString("accounts:\n")
	for i := range n {
		if i > 0 {
			owner = number(20 + 3*i)
		}
		fmt.Fprintf(&out, "  - id: account-%d\n    service: X\n    handle: \"@load_%d\"\n    url: \"https://x.example/load_%d\"\n    title: {ja: 第%d広報, en: \"Account %d\"}\n    department: %s\n",
			i, i, i, i, i, path(0))
		fmt.Fprintf(&out, "    owner: {number: %q, since: 2025-04-01}\n    deputy: {number: %q, since: 2025-04-01}\n    operators:\n      - {number: %q, since: 2026-04-01}\n",
			owner, number(21+3*i), number(22+3*i))
	}
	return out.Bytes()
}

// contractsOf is the register of contracts, a few of the first 課's.
func contractsOf(n, divisions int, path func(int) string) []byte {
	var out bytes.Buffer
	out.WriteString("suppliers:\n  - {id: S1, name: 負荷システム株式会社, name_en: \"Load Systems\", parent: \"\"}\ncontracts:\n")
	for i := range n {
		fmt.Fprintf(&out, "  - id: K-%d\n    supplier: S1\n    title: {ja: 第%d業務, en: \"Contract %d\"}\n    department: %s\n    from: 2026-04-01\n    until: 2027-03-31\n    obligations: [contractor-obligations, basic-policy, social-media-rules]\n    workers:\n",
			i, i, i, path(i%divisions))
		for w := range workersOf {
			fmt.Fprintf(&out, "      - {number: W%05d, from: 2026-04-01}\n", i*workersOf+w+1)
		}
	}
	return out.Bytes()
}

// fiveRequirements ask five things of every employee, so that 200,000 people
// have a million assignments.
const fiveRequirements = `- id: annual-course
  title: {ja: 年次研修, en: Annual course}
  audience: {kinds: [employee]}
  cycle: fiscal-year
  due: {on: "11-30", joiner_days: 30}
  items: [{course: annual}]
- id: annual-policy
  title: {ja: 基本方針への誓約, en: Acknowledgement of the basic policy}
  audience: {kinds: [employee]}
  cycle: fiscal-year
  due: {on: "03-31", joiner_days: 30}
  items: [{policy: basic-policy}]
- id: media-course
  title: {ja: ソーシャルメディア研修, en: Course on social media}
  audience: {kinds: [employee]}
  cycle: fiscal-year
  due: {on: "06-30", joiner_days: 30}
  items: [{course: social-media-owner}]
- id: media-policy
  title: {ja: ソーシャルメディア規程への誓約, en: Acknowledgement of the rules for social media}
  audience: {kinds: [employee]}
  cycle: fiscal-year
  due: {on: "02-28", joiner_days: 30}
  items: [{policy: social-media-rules}]
- id: handling
  title: {ja: 取扱いへの誓約, en: Acknowledgement of the handling rules}
  audience: {kinds: [employee]}
  cycle: fiscal-year
  due: {on: "09-30", joiner_days: 30}
  items: [{policy: contractor-obligations}]
- id: account-owner
  title: {ja: アカウント責任者, en: Account owners}
  audience: {role: social-owner}
  cycle: fiscal-year
  due: {on: "06-30", joiner_days: 14}
  items: [{course: social-media-owner}, {policy: social-media-rules}]
- id: contract-worker
  title: {ja: 委託業務従事者の誓約, en: Acknowledgement by contractor workers}
  audience: {role: contract-worker}
  cycle: once
  due: {joiner_days: 7, lead_days: 14}
  items: [{contract: obligations}]
`

// yearlyItems are what fiveRequirements ask of every employee.
var yearlyItems = []string{"course:annual", "policy:basic-policy", "course:social-media-owner", "policy:social-media-rules", "policy:contractor-obligations"}

// write writes the city and its content into two folders below folder.
func (c *growingCity) write(folder string) (city, contentFolder string, err error) {
	city, contentFolder = filepath.Join(folder, "city"), filepath.Join(folder, "content")
	if err := os.CopyFS(contentFolder, content.FS); err != nil {
		return "", "", err
	}
	if err := os.WriteFile(filepath.Join(contentFolder, "requirements.yaml"), []byte(fiveRequirements), 0o600); err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(city, 0o700); err != nil {
		return "", "", err
	}
	for name, src := range c.files {
		if err := os.WriteFile(filepath.Join(city, name), src, 0o600); err != nil {
			return "", "", err
		}
	}
	return city, contentFolder, nil
}
