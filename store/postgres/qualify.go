package postgres

import (
	"regexp"
	"strings"
)

// PostgreSQL looks functions, operators and types up in the schemas of the
// search_path, and takes what fits the arguments best, wherever it is. So
// whoever may create in the schema of the tables could have a statement call
// what they have made, as the role that runs it. qualified writes a statement
// so that all of these are PostgreSQL's own. The tables alone are looked up.
//
// It knows no more of SQL than the statements here need. A function is written
// without a space before its parenthesis, and what else has one with a space.
// What compares without naming its operator (IN, BETWEEN, NULLIF, IS DISTINCT
// FROM) has no such form and is not for use. All operators then bind alike,
// left to right, so arithmetic within a comparison needs parentheses.
func qualified(sql string) string {
	var (
		out      strings.Builder
		depth    int
		setting  = -1 // the depth at which an UPDATE assigns
		previous [3]string
	)
	for _, part := range lexeme.FindAllString(sql, -1) {
		name, call := strings.CutSuffix(part, "(")
		switch {
		case strings.TrimSpace(part) == "":
			out.WriteString(part)
			continue
		case call && name != "" && previous[0] != "." && !grammar[name]:
			out.WriteString("pg_catalog.")
		case previous[0] == "::" && types[part] != "":
			part = types[part]
		case previous[0] == "COLLATE":
			out.WriteString("pg_catalog.")
		case part == "=" && setting == depth && (previous[1] == "SET" || previous[1] == ","):
			// an assignment
		case isOperator(part, previous[0]):
			part = "OPERATOR(pg_catalog." + part + ")"
		}
		out.WriteString(part)
		depth += strings.Count(part, "(") - strings.Count(part, ")")
		switch {
		case part == "SET":
			setting = depth
		case depth <= setting && (part == "FROM" || part == "WHERE" || part == "RETURNING"), depth < setting:
			setting = -1
		}
		previous = [3]string{part, previous[0], previous[1]}
	}
	return out.String()
}

var (
	lexeme = regexp.MustCompile(`\s+|'[^']*'|"[^"]*"|[A-Za-z_][A-Za-z_0-9]*\(?|[$0-9]+|::|[-+*/<>=|@]+|.`)

	// grammar has what looks like a function and is none.
	grammar = map[string]bool{"ARRAY": true, "coalesce": true, "greatest": true}

	types = map[string]string{
		"bigint": "pg_catalog.int8", "boolean": "pg_catalog.bool", "bytea": "pg_catalog.bytea", "integer": "pg_catalog.int4", "oid": "pg_catalog.oid", "text": "pg_catalog.text",
		"timestamptz": "pg_catalog.timestamptz", "uuid": "pg_catalog.uuid",
	}
)

// isOperator reports whether a part of a statement is an operator that has two
// operands: not a star for columns or rows, nor the sign of a number.
func isOperator(part, previous string) bool {
	if part == "::" || !strings.ContainsAny(part[:1], "-+*/<>=|@") {
		return false
	}
	switch previous {
	case "", "(", ",", ".", "SELECT":
		return false
	}
	return !strings.HasSuffix(previous, "(")
}
