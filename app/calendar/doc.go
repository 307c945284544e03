// Package calendar owns civil dates, fiscal years (年度) and Japan time: the
// days that due dates, memberships and contracts are counted in. Instants stay
// time.Time in UTC; a Date has no clock and no zone.
package calendar
