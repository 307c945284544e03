package app

// WaitFor is what Wait does, around another program.
var WaitFor = waitFor[string]
