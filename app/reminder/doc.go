// Package reminder owns when people are reminded of what is asked of them: the
// rungs of the ladder, on which working days they fall, which of them a round
// covers, and the office hours in which mail goes out. All of it is content,
// which a city changes as it changes its policies. What a reminder says, and its
// way to people, is elsewhere.
//
// # Rungs
//
// An assignment has a rung at its start, so many days before its due date, on
// the due day, and each week while it is overdue. A rung that falls on a closed
// day and is not overdue yet moves to the working day before, so that it is not
// too late; a start, and a week overdue, to the working day after.
//
// # Rounds
//
// A round is held on a working day and covers the days behind the round before
// it, up to its own: who has a rung on one of them is reminded, once. A round
// that was missed, or cut off, is thus caught up by the next one.
package reminder
