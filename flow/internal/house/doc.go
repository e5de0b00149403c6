// Package house has the tests that hold the structure of the module: who may
// import whom, what users can reach, that each capability can be taken away,
// and that each package shows itself in an example.
package house
