package httpapi

import (
	"crypto/rand"
	"net/http"
)

const maxRequestIDBytes = 64

// requestID takes the id that the client or a proxy gave the request, when it is one that can stand in a log and a header
// as it is, or makes one.
func requestID(r *http.Request) string {
	if given := r.Header["X-Request-Id"]; len(given) == 1 && sane(given[0]) {
		return given[0]
	}
	return rand.Text()
}

func sane(id string) bool {
	if id == "" || len(id) > maxRequestIDBytes {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
