package ramp

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(hangingUp{m}) }

// hangingUp runs tests and then ends what the default client keeps open.
type hangingUp struct{ tests interface{ Run() int } }

func (h hangingUp) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return h.tests.Run()
}
