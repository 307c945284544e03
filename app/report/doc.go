// Package report owns the reading side: completion by department, who stands
// how by name, the account register with its red and green, contracts with
// their workers, and exports of all that. It writes nothing.
package report
