package duty

import (
	"strings"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Item is one thing that a requirement asks for: "course:annual" or
// "policy:basic-policy". It is the Object of the record that fulfils it.
type Item string

// CourseItem and PolicyItem name the two sorts of items.
func CourseItem(id string) Item { return Item("course:" + id) }

// PolicyItem names a policy that is to be acknowledged.
func PolicyItem(id string) Item { return Item("policy:" + id) }

// Sort is "course" or "policy".
func (i Item) Sort() string { sort, _, _ := strings.Cut(string(i), ":"); return sort }

// ID is the course's or the policy's own ID.
func (i Item) ID() string { _, id, _ := strings.Cut(string(i), ":"); return id }

// Assignment is one person's occurrence of one item of a requirement.
type Assignment struct {
	Requirement RequirementID
	Person      directory.PersonID
	Department  directory.DepartmentID // of the person, on the day asked about
	Item        Item
	Scope       string        // the fiscal year, or "contract:ID": the Scope of the record that fulfils it
	AssignedOn  calendar.Date // since when
	DueOn       calendar.Date // last day in time; zero: no date
	EndedOn     calendar.Date // last day in the audience; zero: still in it
	Because     Because
	Paused      bool // on leave on the day asked about
	Superseded  bool // fulfilled once, and asked again by a material new version
	Fulfilment  *Mark
	Exemption   *Mark
	Declined    *Mark
	Activity    *Activity
}

// Because says why a person has an assignment: through which fact, since when.
type Because struct {
	Rule     Rule
	Object   string        // the account or the contract; empty for a rule by kind
	Since    calendar.Date // when the fact began
	DueRule  DueRule
	DueDays  int // for days after arrival
	Material int // the policy version that asks again; 0 when none did
}

// Rule is the sort of fact that puts a person into an audience.
type Rule string

// DueRule is how the due date came about.
type DueRule string

// The rules.
const (
	ByKind   Rule = "kind"            // because of what the person is
	ByOwner  Rule = "social-owner"    // because of the account register
	ByWorker Rule = "contract-worker" // because of a contract's roster

	DueDate     DueRule = "date"     // the date for current staff
	DueArrival  DueRule = "arrival"  // days after arrival
	DueTransfer DueRule = "transfer" // days after a move
	DueReturn   DueRule = "return"   // days after the return from leave
	DueVersion  DueRule = "version"  // days after a material new version
	DueNone     DueRule = "none"
)

// Mark is what the ledger keeps of a record: where it stands in the log, and
// when.
type Mark struct {
	Seq     int64
	At      time.Time
	By      string // who acted; another than the person when on behalf
	Version int    // for a policy
	Reason  string // for an exemption or a refusal
}

// Activity is how far somebody has come who is not done.
type Activity struct {
	At     time.Time
	Failed int // graded checks not passed
	Done   int // lessons finished
}

// Fact is something a register says about a person, such as "is responsible
// for this account".
type Fact struct {
	Rule   Rule
	Object string // "account:koho-x", "contract:K-1"
	calendar.Period
	Items []Item // for a contract: its obligations
}
