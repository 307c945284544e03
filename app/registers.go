package app

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"kokoroe/app/contract"
	"kokoroe/app/directory"
	"kokoroe/app/duty"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/policy"
	"kokoroe/app/social"
)

// The names of the register files, beside the roster.
const (
	suppliersFile = "suppliers.yaml"
	accountsFile  = "accounts.yaml"
	rolesFile     = "roles.yaml"
)

// RegisterSet is what stands beside the roster: suppliers and contracts, social
// media accounts, granted roles. It never changes.
type RegisterSet struct {
	contracts *contract.Register
	accounts  *social.Register
	grants    identity.Grants
}

// loadRegisters reads the files that are there; a missing one is an empty
// register.
func loadRegisters(fsys fs.FS, policies *policy.Catalogue) (*RegisterSet, error) {
	r := &RegisterSet{contracts: &contract.Register{}, accounts: &social.Register{}, grants: identity.Grants{}}
	if fsys == nil {
		return r, nil
	}
	knownPolicy := func(id string) bool { _, ok := policies.Policy(policy.ID(id)); return ok }
	var err error
	if exists(fsys, suppliersFile) {
		if r.contracts, err = contract.LoadRegister(fsys, suppliersFile, knownPolicy); err != nil {
			return nil, err
		}
	}
	if exists(fsys, accountsFile) {
		if r.accounts, err = social.LoadRegister(fsys, accountsFile); err != nil {
			return nil, err
		}
	}
	if exists(fsys, rolesFile) {
		src, err := fs.ReadFile(fsys, rolesFile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rolesFile, err)
		}
		if r.grants, err = identity.LoadGrants(rolesFile, src); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// Registers are the registers in force.
type Registers struct {
	inForce func() *RegisterSet
	rosters duty.Rosters

	mu     sync.Mutex
	of     *RegisterSet // what facts and rev are of, with roster
	roster *directory.Roster
	facts  map[directory.PersonID][]duty.Fact
	rev    int64
}

// Contracts returns the register of contracts.
func (r *Registers) Contracts() *contract.Register { return r.inForce().contracts }

// Accounts returns the register of social media accounts.
func (r *Registers) Accounts() *social.Register { return r.inForce().accounts }

// Grants returns who was granted which role.
func (r *Registers) Grants() identity.Grants { return r.inForce().grants }

// Facts returns what the registers state about the people of the roster. It is
// worked out once for each roster and each edition.
func (r *Registers) Facts() (map[directory.PersonID][]duty.Fact, int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	roster, err := r.rosters.Current(context.Background())
	set := r.inForce()
	if err != nil || roster == r.roster && set == r.of {
		return r.facts, r.rev // an unreachable store changes no fact
	}
	r.of = set
	r.roster, r.rev = roster, r.rev+1
	r.facts = map[directory.PersonID][]duty.Fact{}
	state := func(number string, f duty.Fact) {
		if p, ok := roster.PersonByNumber(number); ok {
			r.facts[p.ID] = append(r.facts[p.ID], f)
		}
	}
	for _, a := range set.accounts.Accounts {
		for _, c := range a.Custodians {
			if c.Role == social.Operator {
				continue
			}
			f := duty.Fact{Rule: duty.ByOwner, Object: "account:" + string(a.ID)}
			f.From = c.Since
			state(c.Number, f)
		}
	}
	for _, c := range set.contracts.Contracts {
		var items []duty.Item
		for _, id := range c.Obligations {
			items = append(items, duty.PolicyItem(id))
		}
		for _, w := range c.Workers {
			state(w.Number, duty.Fact{Rule: duty.ByWorker, Object: "contract:" + string(c.ID), Period: w.Period, Items: items})
		}
	}
	return r.facts, r.rev
}

// duties answers what the domain packages ask about duties, from the ledger.
type duties struct{ ledger *duty.Ledger }

// CourseDuty says how a course is asked of the person.
func (d duties) CourseDuty(ctx context.Context, person directory.PersonID, course learning.CourseID) (learning.Duty, error) {
	a, err := d.ledger.Assigned(ctx, person, duty.CourseItem(string(course)))
	return learning.Duty{Scope: a.Scope, Passed: a.Fulfilment != nil}, err
}

// PolicyDuty says how a policy is asked of the person.
func (d duties) PolicyDuty(ctx context.Context, person directory.PersonID, id policy.ID) (policy.Duty, error) {
	today := d.ledger.Today()
	item := duty.PolicyItem(string(id))
	a, err := d.ledger.Assigned(ctx, person, item)
	if err != nil {
		return policy.Duty{}, err
	}
	out := policy.Duty{Scope: a.Scope, DueOn: a.DueOn}
	if out.Signed, err = d.ledger.Signed(ctx, person, item); err != nil {
		return policy.Duty{}, err
	}
	if a.StateOn(today).Done() {
		out.Done, out.Seq = true, a.Fulfilment.Seq
	}
	return out, nil
}

// activities reads how far people have come from their places in courses.
type activities struct{ places learning.Store }

// Activities returns the places of people in scope, by course.
func (a activities) Activities(ctx context.Context, scope string, people []directory.PersonID) (map[directory.PersonID]map[duty.Item]duty.Activity, error) {
	places, err := a.places.Places(ctx, scope, people)
	if err != nil {
		return nil, err
	}
	out := map[directory.PersonID]map[duty.Item]duty.Activity{}
	for _, p := range places {
		if out[p.Person] == nil {
			out[p.Person] = map[duty.Item]duty.Activity{}
		}
		out[p.Person][duty.CourseItem(string(p.Course))] = duty.Activity{At: p.UpdatedAt, Failed: p.Failed, Done: len(p.Done)}
	}
	return out, nil
}

// people answers what identity asks of the directory.
type people struct{ rosters *directory.Rosters }

// PersonByNumber returns who has or had the number. NotFound.
func (p people) PersonByNumber(ctx context.Context, number string) (directory.Person, error) {
	roster, err := p.rosters.Current(ctx)
	if err != nil {
		return directory.Person{}, err
	}
	if person, ok := roster.PersonByNumber(number); ok {
		return person, nil
	}
	return directory.Person{}, fault.NotFoundf("number %q", number)
}

// Person returns the person, also one who has left. NotFound.
func (p people) Person(ctx context.Context, id directory.PersonID) (directory.Person, error) {
	roster, err := p.rosters.Current(ctx)
	if err != nil {
		return directory.Person{}, err
	}
	if person, ok := roster.Person(id); ok {
		return person, nil
	}
	return directory.Person{}, fault.NotFoundf("person %q", id)
}
