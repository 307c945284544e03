package directory

import (
	"kokoroe/app/calendar"
)

// PersonID names a person for ever. It is opaque: it holds no number, name or
// mail address, so that evidence may carry it.
type PersonID string

// Kind tells the two sorts of people apart whose duties differ in law.
type Kind string

// The kinds of people.
const (
	Employee         Kind = "employee"          // 職員等
	ContractorWorker Kind = "contractor-worker" // 委託事業者の従事者
)

// Employment is the form of employment, as the roster says it.
type Employment string

// The forms of employment (正職員, 会計年度任用職員, 派遣, 委託).
const (
	Regular    Employment = "regular"
	FiscalYear Employment = "fiscal-year"
	Dispatched Employment = "dispatched"
	Contracted Employment = "contracted"
)

// Kind returns the kind of person that an employment makes.
func (e Employment) Kind() Kind {
	if e == Contracted {
		return ContractorWorker
	}
	return Employee
}

// Person is one person of the roster.
type Person struct {
	ID          PersonID
	Number      string // 職員番号; unique; leading zeros count
	Name        string
	Kana        string
	Mail        string // may be empty: not everybody has a mailbox
	Employment  Employment
	Post        string // 役職, as the roster says it
	JoinedOn    calendar.Date
	LeftOn      calendar.Date     // last day; zero while here
	Leaves      []calendar.Period // 休職, 育休, 出向
	Memberships []Membership      // by From, without overlap
}

// Membership is a stay of a person in a department.
type Membership struct {
	Department DepartmentID
	calendar.Period
}

// Kind returns the person's kind, by the form of employment.
func (p Person) Kind() Kind { return p.Employment.Kind() }

// ActiveOn reports whether the person works here on day.
func (p Person) ActiveOn(day calendar.Date) bool {
	return calendar.Period{From: p.JoinedOn, Until: p.LeftOn}.Holds(day)
}

// OnLeave reports whether the person is on leave on day.
func (p Person) OnLeave(day calendar.Date) bool {
	for _, l := range p.Leaves {
		if l.Holds(day) {
			return true
		}
	}
	return false
}

// MembershipOn returns the stay that day lies in, else the last one that began
// before it, else the first; the zero Membership for a person without any.
func (p Person) MembershipOn(day calendar.Date) Membership {
	var m Membership
	for i, stay := range p.Memberships {
		if i == 0 || !stay.From.After(day) {
			m = stay
		}
	}
	return m
}

// headPosts are the posts that lead a department: the 所属長, who is its
// 情報セキュリティ管理者 (clause 7(1)).
var headPosts = map[string]bool{
	"部長": true, "局長": true, "課長": true, "室長": true, "館長": true, "所長": true, "会計管理者": true,
}

// IsHead reports whether the person's post leads the department.
func (p Person) IsHead() bool { return headPosts[p.Post] }
