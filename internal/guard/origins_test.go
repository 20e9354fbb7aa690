package guard_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/guard"
)

func origins(t *testing.T, credentials bool, list ...string) *guard.Origins {
	t.Helper()
	o, err := guard.NewOrigins(list, credentials)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func request(method string, header ...string) *http.Request {
	r := httptest.NewRequest(method, "/graphql", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	const app, evil = "https://app.example.com", "https://evil.example"
	for name, c := range map[string]struct {
		list        []string
		credentials bool
		origin      string
		allowed     string // Access-Control-Allow-Origin
	}{
		"closed":                  {nil, false, app, ""},
		"listed":                  {[]string{app}, false, app, app},
		"listed, credentials":     {[]string{app}, true, app, app},
		"another":                 {[]string{app}, true, evil, ""},
		"another scheme":          {[]string{app}, true, "http://app.example.com", ""},
		"another port":            {[]string{app}, true, app + ":8443", ""},
		"a longer name":           {[]string{app}, true, app + ".evil.example", ""},
		"a name before":           {[]string{app}, true, "https://evil-app.example.com", ""},
		"null":                    {[]string{app}, true, "null", ""},
		"two in one":              {[]string{app}, true, app + " " + evil, ""},
		"a port":                  {[]string{"http://localhost:3000"}, false, "http://localhost:3000", "http://localhost:3000"},
		"all":                     {[]string{"*"}, false, evil, "*"},
		"a scheme of an app":      {[]string{"capacitor://localhost"}, true, "capacitor://localhost", "capacitor://localhost"},
		"no page asks":            {[]string{app}, true, "", ""},
		"a dot is no placeholder": {[]string{app}, true, "https://appXexample.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := 0
			h := origins(t, c.credentials, c.list...).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
			for _, preflight := range []bool{false, true} {
				r := request(http.MethodPost)
				if preflight {
					r = request(http.MethodOptions, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,x-custom")
				}
				if c.origin != "" {
					r.Header.Set("Origin", c.origin)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				got := w.Header()
				if got.Get("Access-Control-Allow-Origin") != c.allowed {
					t.Errorf("preflight %v: %v", preflight, got)
				}
				if with := got.Get("Access-Control-Allow-Credentials") == "true"; with != (c.credentials && c.allowed != "") {
					t.Errorf("preflight %v: credentials %v", preflight, with)
				}
				if len(c.list) > 0 && !strings.Contains(strings.Join(got["Vary"], ","), "Origin") {
					t.Errorf("preflight %v: Vary %v", preflight, got["Vary"])
				}
				if preflight && c.allowed != "" && (got.Get("Access-Control-Max-Age") != "7200" || got.Get("Access-Control-Allow-Methods") != "POST" || got.Get("Access-Control-Allow-Headers") != "authorization,content-type,x-custom") {
					t.Errorf("preflight: %v", got)
				}
				if !preflight && c.allowed != "" && !strings.Contains(got.Get("Access-Control-Expose-Headers"), "Retry-After") {
					t.Errorf("exposed: %v", got)
				}
			}
			want := 1
			if len(c.list) == 0 { // the API answers OPTIONS by itself
				want = 2
			}
			if reached != want {
				t.Errorf("%d requests reached the API, want %d", reached, want)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request(http.MethodOptions, "Origin", app, "Access-Control-Request-Method", "DELETE"))
			if w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("another method: %v", w.Header())
			}
		})
	}
}

func TestOriginsThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		list        []string
		credentials bool
	}{
		"write scheme and host":                     {[]string{"app.example.com"}, false},
		`"" is none`:                                {[]string{""}, false},
		`"null" is none`:                            {[]string{"null"}, false},
		"write https://app.example.com":             {[]string{"https://app.example.com/"}, false},
		"write http://a.example":                    {[]string{"http://a.example?x=1"}, false},
		"is a pattern":                              {[]string{"https://*.example.com"}, false},
		"capital letters":                           {[]string{"https://App.example.com"}, false},
		"scheme's own port":                         {[]string{"https://app.example.com:443"}, false},
		"with credentials":                          {[]string{"*"}, true},
		"* stands beside":                           {[]string{"*", "https://app.example.com"}, false},
		"credentials are allowed, and no origin is": {nil, true},
	} {
		if _, err := guard.NewOrigins(c.list, c.credentials); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", c.list, err, want)
		}
	}
	_, err := guard.NewOrigins([]string{"a", "*"}, true)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all faults: %v", err)
	}
}

func TestCSRF(t *testing.T) {
	t.Parallel()
	const app, evil = "https://app.example.com", "https://evil.example"
	listed, all, closed := origins(t, true, app), origins(t, false, "*"), origins(t, false)
	for name, c := range map[string]struct {
		origins *guard.Origins
		header  []string
		strict  bool // is found where Strict
		loose   bool // and elsewhere
	}{
		"nothing is said":               {closed, nil, true, false},
		"an image of another site":      {closed, []string{"Sec-Fetch-Site", "cross-site", "Cookie", "a=b"}, true, true},
		"of a sister's site":            {closed, []string{"Sec-Fetch-Site", "same-site"}, true, true},
		"the same origin":               {closed, []string{"Sec-Fetch-Site", "same-origin", "Cookie", "a=b"}, false, false},
		"the address bar":               {closed, []string{"Sec-Fetch-Site", "none"}, false, false},
		"nonsense":                      {closed, []string{"Sec-Fetch-Site", "sam-origin"}, true, true},
		"a script of another site":      {closed, []string{"Origin", evil}, true, true},
		"of one that is listed":         {listed, []string{"Origin", app, "Sec-Fetch-Site", "cross-site", "Cookie", "a=b"}, false, false},
		"of one that is not":            {listed, []string{"Origin", evil, "Sec-Fetch-Site", "cross-site"}, true, true},
		"a form's type":                 {closed, []string{"Content-Type", "text/plain"}, true, false},
		"a form's type, disguised":      {closed, []string{"Content-Type", "text/plain; application/json"}, true, false},
		"another form's":                {closed, []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}, true, false},
		"a third form's":                {closed, []string{"Content-Type", "multipart/form-data; boundary=x"}, true, false},
		"no type":                       {closed, []string{"Content-Type", ""}, true, false},
		"two types":                     {closed, []string{"Content-Type", "text/plain", "Content-Type", "application/json"}, true, false},
		"JSON":                          {closed, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}, false, false},
		"Apollo's header":               {closed, []string{"Apollo-Require-Preflight", "true"}, false, false},
		"Apollo's other header":         {closed, []string{"X-Apollo-Operation-Name", "Users", "Sec-Fetch-Site", "cross-site"}, false, false},
		"GraphQL's header":              {closed, []string{"GraphQL-Require-Preflight", "1"}, false, false},
		"a script's header":             {closed, []string{"X-Requested-With", "XMLHttpRequest"}, false, false},
		"an API key":                    {closed, []string{"X-API-Key", "abc"}, false, false},
		"empty":                         {closed, []string{"X-Requested-With", ""}, true, false},
		"a token":                       {closed, []string{"Authorization", "Bearer abc"}, false, false},
		"no token":                      {closed, []string{"Authorization", "Bearer "}, true, false},
		"a password":                    {closed, []string{"Authorization", "Basic YTpi", "Sec-Fetch-Site", "cross-site"}, true, true},
		"a ticket":                      {closed, []string{"Authorization", "Negotiate abc"}, true, false},
		"all may, nothing sent along":   {all, []string{"Origin", evil, "Sec-Fetch-Site", "cross-site"}, false, false},
		"all may, a cookie sent along":  {all, []string{"Origin", evil, "Sec-Fetch-Site", "cross-site", "Cookie", "a=b"}, true, true},
		"all may, a password with it":   {all, []string{"Origin", evil, "Authorization", "Basic YTpi"}, true, true},
		"all may, an image":             {all, []string{"Sec-Fetch-Site", "cross-site"}, true, true},
		"no origin is none that listed": {listed, []string{"Sec-Fetch-Site", "cross-site"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(http.MethodGet, c.header...)
			if got := (&guard.CSRF{Origins: c.origins, Strict: true}).Finds(r); got != c.strict {
				t.Errorf("strict: %v", got)
			}
			if got := (&guard.CSRF{Origins: c.origins}).Finds(r); got != c.loose {
				t.Errorf("not strict: %v", got)
			}
			if (*guard.CSRF)(nil).Finds(r) {
				t.Error("off, and found")
			}
		})
	}
}
