package report

import (
	"context"
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/contract"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/social"
)

// Gap is a reason why an account is red. It is the ending of a message ID.
type Gap string

// The gaps of an account.
const (
	Vacant     Gap = "vacant"      // nobody has the role
	NotYet     Gap = "not_yet"     // somebody takes it over on a later day
	Left       Gap = "left"        // the person left, or is not in the roster
	Moved      Gap = "moved"       // the person went to another department since
	Away       Gap = "away"        // the person is on leave
	NotTrained Gap = "not_trained" // the course is not done, or was excused
	NotAgreed  Gap = "not_agreed"  // the rules are not acknowledged
)

// RoleGap is a gap with the role that it is in.
type RoleGap struct {
	Role  social.Role
	Gap   Gap
	Name  string        // who has the role; empty when it is vacant
	DueOn calendar.Date // by when it is to be closed; zero: at once
	Since calendar.Date // for NotYet
}

// AccountRow is one account with its custodians and its gaps; it is green when
// it has none.
type AccountRow struct {
	Account    social.Account
	Custodians []CustodianRow
	Gaps       []RoleGap
}

// Green reports whether owner and deputy are in post, trained, and have
// acknowledged.
func (r AccountRow) Green() bool { return len(r.Gaps) == 0 }

// CustodianRow is a custodian as the roster knows the person.
type CustodianRow struct {
	social.Custodian
	Person directory.Person // zero when the number is not in the roster
	InPost bool
	Moved  bool              // went to another department since taking the role
	Items  []duty.Assignment // what the account asks of the person
}

// Has reports whether the person with the number is a custodian.
func (r AccountRow) Has(number string) bool { return isCustodian(r.Account, number) }

func isCustodian(a social.Account, number string) bool {
	return slices.ContainsFunc(a.Custodians, func(c social.Custodian) bool { return c.Number == number })
}

// Accounts returns the register as it stands on day, in its order; for a number
// that is not empty only the accounts that this person is a custodian of. The
// items tell what is done, not how far somebody has come: no store is asked.
func (s *Service) Accounts(ctx context.Context, number string, day calendar.Date) ([]AccountRow, error) {
	var out []AccountRow
	for _, a := range s.Registers.Accounts().Accounts {
		if number != "" && !isCustodian(a, number) {
			continue
		}
		row, err := s.account(ctx, a, day, s.Ledger.Asked)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// Account returns one account as it stands on day. NotFound.
func (s *Service) Account(ctx context.Context, id social.AccountID, day calendar.Date) (AccountRow, error) {
	a, ok := s.Registers.Accounts().Account(id)
	if !ok {
		return AccountRow{}, fault.NotFoundf("account %q", id)
	}
	return s.account(ctx, a, day, s.Ledger.Of)
}

// asking is how the ledger is asked what is asked of somebody.
type asking func(ctx context.Context, person directory.PersonID, day calendar.Date) ([]duty.Assignment, error)

func (s *Service) account(ctx context.Context, a social.Account, day calendar.Date, asked asking) (AccountRow, error) {
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return AccountRow{}, err
	}
	row := AccountRow{Account: a}
	for _, c := range a.Custodians {
		custodian := CustodianRow{Custodian: c}
		if p, ok := roster.PersonByNumber(c.Number); ok {
			custodian.Person, custodian.InPost = p, p.ActiveOn(day)
			custodian.Moved = movedAway(roster, a, c, p, day)
			assignments, err := asked(ctx, p.ID, day)
			if err != nil {
				return AccountRow{}, err
			}
			for _, item := range assignments {
				if item.Because.Rule == duty.ByOwner {
					custodian.Items = append(custodian.Items, item)
				}
			}
		}
		row.Custodians = append(row.Custodians, custodian)
	}
	row.Gaps = append(row.gaps(social.Owner, day), row.gaps(social.Deputy, day)...)
	return row, nil
}

// movedAway reports whether the person went, since taking the role, to a
// department that has nothing to do with the account: neither its own, nor
// below, nor above it.
func movedAway(roster *directory.Roster, a social.Account, c social.Custodian, p directory.Person, day calendar.Date) bool {
	now := p.MembershipOn(day)
	if now.Department == p.MembershipOn(c.Since).Department || now.From.Before(c.Since) {
		return false
	}
	home, ok := roster.DepartmentByPath(a.Department)
	return ok && !roster.Within(now.Department, home.ID) && !roster.Within(home.ID, now.Department)
}

// gaps returns what is missing in one role.
func (r AccountRow) gaps(role social.Role, day calendar.Date) []RoleGap {
	i := slices.IndexFunc(r.Custodians, func(c CustodianRow) bool { return c.Role == role })
	if i < 0 {
		return []RoleGap{{Role: role, Gap: Vacant}}
	}
	c := &r.Custodians[i]
	gap := func(g Gap) RoleGap { return RoleGap{Role: role, Gap: g, Name: c.Person.Name} }
	switch {
	case !c.InPost:
		return []RoleGap{gap(Left)}
	case c.Since.After(day):
		g := gap(NotYet)
		g.Since = c.Since
		return []RoleGap{g}
	}
	var gaps []RoleGap
	if c.Moved {
		gaps = append(gaps, gap(Moved))
	}
	if c.Person.OnLeave(day) {
		gaps = append(gaps, gap(Away))
	}
	for j := range c.Items {
		a := &c.Items[j]
		if state := a.StateOn(day); state.Done() || state == duty.Superseded {
			continue // who is excused has not learned it: the account stays red
		}
		g := gap(NotAgreed)
		if a.Item.Sort() == "course" {
			g.Gap = NotTrained
		}
		g.DueOn = a.DueOn
		gaps = append(gaps, g)
	}
	if len(c.Items) == 0 {
		gaps = append(gaps, gap(NotTrained)) // nothing asked is nothing proved
	}
	return gaps
}

// ContractRow is one contract with its workers.
type ContractRow struct {
	Contract contract.Contract
	Chain    []contract.Supplier
	Workers  []WorkerRow
}

// Signed returns how many of the workers whose time has come have signed
// everything, and how many there are.
func (r ContractRow) Signed() (signed, of int) {
	for _, w := range r.Workers {
		if w.State != "" && w.State.Counts() {
			of++
			if w.State.Done() {
				signed++
			}
		}
	}
	return signed, of
}

// WorkerRow is one worker of a contract.
type WorkerRow struct {
	contract.Worker
	Person directory.Person // zero when the number is not in the roster
	State  duty.State       // the worst of the obligations; empty before the worker's time
	Items  []duty.Assignment
}

// Contract returns one contract as it stands on day. NotFound.
func (s *Service) Contract(ctx context.Context, id contract.ID, day calendar.Date) (ContractRow, error) {
	register := s.Registers.Contracts()
	c, ok := register.Contract(id)
	if !ok {
		return ContractRow{}, fault.NotFoundf("contract %q", id)
	}
	roster, err := s.Rosters.Current(ctx)
	if err != nil {
		return ContractRow{}, err
	}
	row := ContractRow{Contract: c, Chain: register.Chain(c.Supplier)}
	for _, w := range c.Workers {
		worker := WorkerRow{Worker: w}
		if p, ok := roster.PersonByNumber(w.Number); ok {
			worker.Person = p
			assignments, err := s.Ledger.Of(ctx, p.ID, day)
			if err != nil {
				return ContractRow{}, err
			}
			for _, a := range assignments {
				if a.Because.Object != "contract:"+string(c.ID) {
					continue
				}
				worker.Items = append(worker.Items, a)
				if state := a.StateOn(day); worker.State == "" || state.Worse(worker.State) {
					worker.State = state
				}
			}
		}
		row.Workers = append(row.Workers, worker)
	}
	return row, nil
}
