package app

// inForce is what took force together, as this program has read it. It never
// changes: what comes after it is another one.
type inForce struct {
	catalogue *Catalogue
	registers *RegisterSet
}
