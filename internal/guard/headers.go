package guard

import "net/http"

// The headers of every answer. They hold for JSON and texts; a page says for itself what it may load.
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
// there for a year.
func Headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Content-Type-Options"] = nosniff
		h["Referrer-Policy"] = noReferrer
		h["Cross-Origin-Resource-Policy"] = sameOrigin
		h["Content-Security-Policy"] = noContent
		if r.TLS != nil {
			h["Strict-Transport-Security"] = oneYear
		}
		next.ServeHTTP(w, r)
	})
}
