package contract

import (
	"slices"

	"kokoroe/app/calendar"
	"kokoroe/app/document"
)

// SupplierID and ID name a supplier and a contract for ever.
type (
	SupplierID string
	ID         string
)

// Supplier is a company; Parent is the one that it is a subcontractor of.
type Supplier struct {
	ID     SupplierID
	Name   string
	NameEn string
	Parent SupplierID
}

// Contract is one contract of a department with a supplier.
type Contract struct {
	ID          ID
	Supplier    SupplierID
	Title       document.Text
	Department  string // path, as in the roster: 総務部/情報政策課
	Period      calendar.Period
	Obligations []string // IDs of the policies that every worker signs
	Workers     []Worker
}

// Worker is a person who works under a contract, by the roster's number. A
// signature ends with the contract or with the worker's time under it.
type Worker struct {
	Number string
	Period calendar.Period
}

// Register is all contracts and suppliers, as loaded. It never changes.
type Register struct {
	Suppliers []Supplier
	Contracts []Contract
}

// Contract returns the contract with the ID.
func (r *Register) Contract(id ID) (Contract, bool) {
	i := slices.IndexFunc(r.Contracts, func(c Contract) bool { return c.ID == id })
	if i < 0 {
		return Contract{}, false
	}
	return r.Contracts[i], true
}

// Chain returns the supplier and those above it, from the one that holds the
// contract with the city downwards.
func (r *Register) Chain(id SupplierID) []Supplier {
	var out []Supplier
	for len(out) <= len(r.Suppliers) {
		i := slices.IndexFunc(r.Suppliers, func(s Supplier) bool { return s.ID == id })
		if i < 0 {
			break
		}
		out = append(out, r.Suppliers[i])
		id = r.Suppliers[i].Parent
	}
	slices.Reverse(out)
	return out
}
