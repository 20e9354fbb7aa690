package guard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/rs/cors"
)

// preflightSeconds is how long browsers may keep the answer to a preflight; Chromium keeps none for longer.
const preflightSeconds = 7200

// Origins are the sites whose pages may read answers. Without any, browsers let pages of the API's own origin read them.
// Source: Fetch standard, section 3.2, "CORS protocol".
type Origins struct {
	all    bool
	listed map[string]bool
	cors   *cors.Cors // nil: none is listed
}

// NewOrigins makes them of exact origins such as https://app.example.com, or of "*" alone for every site. With credentials,
// browsers also send cookies and passwords, and let pages read what comes back; not for "*". The error joins all faults.
func NewOrigins(list []string, credentials bool) (*Origins, error) {
	o := &Origins{listed: make(map[string]bool, len(list))}
	var faults []error
	for _, origin := range list {
		if origin == "*" {
			o.all = true
			continue
		}
		if err := checkOrigin(origin); err != nil {
			faults = append(faults, err)
		}
		o.listed[origin] = true
	}
	if o.all && credentials {
		faults = append(faults, errors.New("every origin (*) is allowed with credentials, so any site could read what your users may: list the origins"))
	}
	if o.all && len(list) > 1 {
		faults = append(faults, errors.New("* stands beside other origins, which it includes: keep one of the two"))
	}
	if len(list) == 0 && credentials {
		faults = append(faults, errors.New("credentials are allowed, and no origin is: list the origins"))
	}
	if len(list) > 0 {
		o.cors = cors.New(cors.Options{
			AllowedOrigins:   list,
			AllowedMethods:   []string{http.MethodGet, http.MethodPost},
			AllowedHeaders:   []string{"*"}, // the origins are trusted with them; the answer repeats those asked for
			ExposedHeaders:   []string{"X-Request-Id", "Retry-After", "ETag"},
			AllowCredentials: credentials,
			MaxAge:           preflightSeconds,
		})
	}
	return o, errors.Join(faults...)
}

// checkOrigin refuses what no browser sends as an origin, and what would therefore match nothing.
// Source: RFC 6454, section 6.2.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "":
		return fmt.Errorf("the origin %q is none: write scheme and host, such as https://app.example.com", origin)
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(origin, "?") || strings.HasSuffix(origin, "#"):
		return fmt.Errorf("the origin %q has more than scheme, host and port: write %s://%s", origin, u.Scheme, u.Host)
	case strings.Contains(origin, "*"):
		return fmt.Errorf("the origin %q is a pattern: list each origin, or allow all by *", origin)
	case origin != strings.ToLower(origin):
		return fmt.Errorf("the origin %q has capital letters, which browsers do not send: write %s", origin, strings.ToLower(origin))
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80", strings.HasSuffix(u.Host, ":"):
		return fmt.Errorf("the origin %q has its scheme's own port, which browsers leave out: write %s://%s", origin, u.Scheme, u.Hostname())
	}
	return nil
}

// Handler answers preflights, and adds to the answers of next which origins may read them.
func (o *Origins) Handler(next http.Handler) http.Handler {
	if o.cors == nil {
		return next
	}
	return o.cors.Handler(next)
}

// trusts tells whether a request comes from a page that may read the answer with whatever the browser sent along. Where
// every page may, this is what sends nothing along that tells the user.
func (o *Origins) trusts(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return o.listed[origin] || o.all && origin != "" && r.Header["Cookie"] == nil && r.Header["Authorization"] == nil
}
