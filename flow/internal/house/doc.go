// Package house has the tests that hold the structure of the module: who may
// import whom, what users can reach, and that each capability can be taken
// away.
package house
