//go:build race

package main

// raceDetector says that pools drop what they are given now and then, on purpose, so that bytes cannot be counted.
const raceDetector = true
