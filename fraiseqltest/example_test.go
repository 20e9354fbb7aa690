package fraiseqltest_test

import (
	"fmt"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/fraiseqltest"
)

func ExampleNew() {
	// In a file that ends in _test.go this is func TestNotes(t *testing.T), and "go test" runs it.
	TestNotes := func(t testing.TB) {
		app := fraiseqltest.New(t, fraiseql.Options{
			SessionClaims: map[string]string{"app.tenant": "tenant"},
		}, `
			CREATE TABLE tb_note (id int PRIMARY KEY, tenant text NOT NULL, body text NOT NULL);
			INSERT INTO tb_note VALUES (1, 'red', 'one'), (2, 'blue', 'two');
			ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
			CREATE POLICY own ON tb_note USING (tenant = nullif(current_setting('app.tenant', true), ''));
			CREATE VIEW v_note WITH (security_invoker) AS SELECT id, body FROM tb_note;
			COMMENT ON VIEW v_note IS '@fraiseql:type
			name: Note';`,
		)
		red := app.As(&auth.Principal{Subject: "ada", Claims: map[string]any{"tenant": "red"}})
		red.Expect(t, `{ notes { body } }`, nil, `{"notes": [{"body": "one"}]}`)
		fmt.Println(string(red.Query(t, `{ notes { body } }`, nil).Data))
		fmt.Println(string(app.Query(t, `{ notes { body } }`, nil).Data))
	}
	run(TestNotes)
	// Output:
	// {"notes":[{"body":"one"}]}
	// {"notes":[]}
}

// run does for an example what "go test" does for a test.
func run(test func(testing.TB)) {
	t := &exampleTB{}
	defer func() {
		for i := len(t.cleanups) - 1; i >= 0; i-- {
			t.cleanups[i]()
		}
	}()
	test(t)
}

func ExampleCheckAuthenticator() {
	// TestAuthenticator is the same as a test, with one of its own for each rule.
	sessions := newSessions() // an auth.Authenticator that reads a cookie
	err := fraiseqltest.CheckAuthenticator(fraiseqltest.AuthenticatorTest{
		Authenticator: sessions,
		Good:          cookie("good-session-0001"),
		Subject:       "eve",
	})
	fmt.Println(err)
	err = fraiseqltest.CheckAuthenticator(fraiseqltest.AuthenticatorTest{
		Authenticator: sessions,
		Good:          cookie("a-session-that-ended"),
		Subject:       "eve",
	})
	fmt.Println(err != nil)
	// Output:
	// <nil>
	// true
}
