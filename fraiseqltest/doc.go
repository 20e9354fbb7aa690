// Package fraiseqltest is for the tests of those who use FraiseQL: an app on a PostgreSQL database of its own, and checks for what
// they implement themselves.
//
//	func TestUsers(t *testing.T) {
//		t.Parallel()
//		app := fraiseqltest.New(t, fraiseql.Options{}, fraiseqltest.Files(t, "schema/*.sql")...)
//		app.Expect(t, `{ users { name } }`, nil, `{"users": [{"name": "Ada"}]}`)
//		ada := app.As(&auth.Principal{Subject: "ada", Roles: []string{"admin"}})
//		ada.Expect(t, `mutation { rename(id: 1, name: "Grace") { name } }`, nil, `{"rename": {"name": "Grace"}}`)
//	}
//
// The first test of a process starts a PostgreSQL server on a free port, with data in a temporary folder, and it ends with the
// process; [Main] ends it earlier. PostgreSQL 14 or newer must be installed: its programs are looked for where
// distributions put them, on PATH, and in the folder that FRAISEQL_POSTGRES_BIN names. Without it the tests are skipped, or
// fail when FRAISEQL_REQUIRE_PG=1 is set, as it should be where tests decide about a release.
package fraiseqltest
