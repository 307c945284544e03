// Package learning owns courses: lessons, practice, the graded check, attempts
// and the place that a person has reached.
package learning
