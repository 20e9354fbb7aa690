package guard

import (
	"net/http"
	"strings"
)

// The headers of answers. They hold for JSON and texts; a page says for itself what it may load.
// Sources: Fetch standard, section 3.6 (nosniff) and 3.7 (Cross-Origin-Resource-Policy); Content Security Policy Level 3;
// Referrer Policy; RFC 6797 (Strict-Transport-Security).
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	sameOrigin = []string{"same-origin"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
	oneYear    = []string{"max-age=31536000"}
)

// Headers has browsers refuse what no answer is for: to guess another media type, to run or load anything from it, to show it
// within another page, to give it to pages of other sites, and to tell other sites its address. Over TLS they are told to stay
// there for a year. What goes to a script that asked for it is neither shown nor loaded, and gets only those that hold for it,
// too: each header costs net/http a fiftieth of what it does for a small request.
func Headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Content-Type-Options"] = nosniff
		if !byScript(r) {
			h["Referrer-Policy"] = noReferrer
			h["Cross-Origin-Resource-Policy"] = sameOrigin
			h["Content-Security-Policy"] = noContent
		}
		if r.TLS != nil {
			h["Strict-Transport-Security"] = oneYear
		}
		next.ServeHTTP(w, r)
	})
}

// byScript tells a request that a browser sends for a script only, never for a link, a form or an element of a page: neither
// of those has this media type, and one without the consent of CORS has it neither.
// Source: Fetch standard, section 2.2.2, "CORS-safelisted request-header".
func byScript(r *http.Request) bool {
	kinds := r.Header["Content-Type"]
	return r.Method == http.MethodPost && len(kinds) == 1 && strings.HasPrefix(kinds[0], "application/json")
}
