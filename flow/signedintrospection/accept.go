package signedintrospection

import (
	"mime"
	"slices"
	"strconv"
	"strings"
)

// ranges are those that JSON is in, the narrowest last.
var ranges = []string{"*/*", "application/*", "application/json"}

// prefersSigned reports whether the values of Accept headers prefer a signed
// answer to one in JSON (RFC 9110, section 12.5.1). It has to be named, with a
// weight that is not less: who takes anything gets JSON, as before. What is
// malformed counts as not there.
func prefersSigned(accept []string) bool {
	signed, plain, specific := 0.0, 0.0, -1
	for _, value := range accept {
		for element := range strings.SplitSeq(value, ",") {
			mediaType, params, err := mime.ParseMediaType(element)
			if err != nil {
				continue
			}
			weight, ok := weightOf(params)
			if !ok {
				continue
			}
			if mediaType == MediaType {
				signed = weight
			}
			if i := slices.Index(ranges, mediaType); i > specific {
				plain, specific = weight, i
			}
		}
	}
	return signed > 0 && signed >= plain
}

// weightOf returns the parameter q, 1 where there is none.
func weightOf(params map[string]string) (weight float64, ok bool) {
	q, has := params["q"]
	if !has {
		return 1, true
	}
	weight, err := strconv.ParseFloat(q, 64)
	return weight, err == nil && weight >= 0 && weight <= 1
}
