// Package guard is what stands between the network and the API: which pages of other sites may ask ([Origins]), which requests
// such a page could have forged ([CSRF]), who sends a request as far as addresses tell ([Proxies]), how much one client may
// send ([Limiter]), and what browsers are told to refuse ([Headers]).
package guard
