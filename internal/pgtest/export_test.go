package pgtest

// Missing is what ends a test that cannot have a server.
var Missing = missing
