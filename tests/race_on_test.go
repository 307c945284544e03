//go:build race

package tests

// raceDetector says that the race detector is at work, which takes many times
// the memory: what is measured then is the detector.
const raceDetector = true
