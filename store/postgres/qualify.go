package postgres

import (
	"regexp"
	"strings"
)

// qualified returns a statement whose functions, operators and types are those
// of PostgreSQL itself: it writes the schema pg_catalog before their names.
// Without that, PostgreSQL looks them up in all schemas of the search_path and
// takes the one that fits the arguments best. A role that may create in the
// schema of the tables could so make a statement call a function of its own,
// with the rights of the role that runs the statement. Only tables are looked
// up.
//
// It knows as much of SQL as the statements of this package need:
//
//   - A function has no space before its parenthesis; anything else has one.
//   - IN, BETWEEN, NULLIF and IS DISTINCT FROM cannot be used, as they name no
//     operator.
//   - All operators have the same precedence, from left to right. Arithmetic
//     within a comparison needs parentheses.
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
	grammar = map[string]bool{"ARRAY": true, "coalesce": true, "greatest": true, "least": true}

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
