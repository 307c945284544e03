package identity

import (
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
)

// Role is what a person may be to the portal. A person may have several.
type Role string

// The roles.
const (
	Learner          Role = "learner"           // everybody whom the policy calls 職員等
	ContractorWorker Role = "contractor-worker" // who works for a contractor
	Head             Role = "head"              // leads a department (所属長)
	HR               Role = "hr"                // keeps the roster
	SecurityOffice   Role = "security-office"   // 情報セキュリティ担当
	Auditor          Role = "auditor"           // 監査
)

// Roles returns every role, in the order of the permission table's columns.
func Roles() []Role {
	return []Role{Learner, ContractorWorker, Head, HR, SecurityOffice, Auditor}
}

// Grants are the roles that the roster does not say, by the person's number.
type Grants map[Role][]string

// RolesOf returns the person's roles on day, in the order of Roles; none for
// somebody who does not work here that day. A contractor's worker is nothing
// else, whatever is granted.
func (g Grants) RolesOf(p directory.Person, day calendar.Date) []Role {
	switch {
	case !p.ActiveOn(day):
		return nil
	case p.Kind() == directory.ContractorWorker:
		return []Role{ContractorWorker}
	}
	roles := []Role{Learner}
	if p.IsHead() {
		roles = append(roles, Head)
	}
	for _, r := range granted {
		if slices.Contains(g[r], p.Number) {
			roles = append(roles, r)
		}
	}
	return roles
}

// RolesOf returns the person's roles on day, by the roster and the grants in
// force.
func (s *Service) RolesOf(p directory.Person, day calendar.Date) []Role {
	if s.cfg.Grants == nil {
		return Grants(nil).RolesOf(p, day)
	}
	return s.cfg.Grants().RolesOf(p, day)
}

// granted are the roles that a grant may give.
var granted = []Role{HR, SecurityOffice, Auditor}
