package wire

import "net/http"

// Public clients that run in a browser, and tools such as Swagger UI, call
// endpoints from pages of other origins. The endpoints answer any origin, which
// is safe because nothing there depends on a cookie, and credentials are never
// allowed. The authorization endpoint alone does not: users are sent there,
// scripts are not (RFC 9700, section 2.6).

// Exposed are the headers of answers that scripts of other origins may read
// beside those of the Fetch Standard.
const Exposed = "Retry-After, WWW-Authenticate"

// AnyOrigin lets scripts of every origin read the answers of a handler, with
// the headers exposed. The answer to a POST says so only to a script of another
// origin. Caches may keep the others, for whoever asks next.
func AnyOrigin(next http.HandlerFunc, exposed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || len(r.Header["Origin"]) > 0 {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Expose-Headers", exposed)
		}
		next(w, r)
	}
}

// Preflight answers the question that a browser asks before such a request.
// Every header is allowed, as what nobody acts on does no harm: libraries that
// trace calls add headers of their own. "*" does not stand for Authorization,
// and browsers that do not know it need all names.
func Preflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "*, Accept, Authorization, Content-Type, MCP-Protocol-Version")
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
}
