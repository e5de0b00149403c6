package postgres

// NewSchema makes a schema for one test and returns the connection string of
// it.
var NewSchema = newSchema
