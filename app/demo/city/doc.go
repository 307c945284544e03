// Command city owns the sample city: it writes content/sample, the invented
// roster, suppliers, social media accounts and roles that the demo starts with.
//
//	go run ./app/demo/city            # writes content/sample
//	go run ./app/demo/city some/dir   # writes there
//
// The same program always writes the same bytes: nothing in it asks the clock
// or for chance. Nobody in it exists.
package main
