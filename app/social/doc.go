// Package social owns the register of the organisation's social media
// accounts: which there are, and who is responsible for each (clause 7(8)).
package social
