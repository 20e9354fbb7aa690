//go:build unix

package cli_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// clinic has a table with policies, and a relation without an index.
const clinic = `
CREATE SCHEMA clinic;
CREATE TABLE clinic.tb_patient (id int PRIMARY KEY, ward int NOT NULL, name text NOT NULL);
CREATE TABLE clinic.tb_visit (id int PRIMARY KEY, patient_id int NOT NULL REFERENCES clinic.tb_patient, day date NOT NULL);
CREATE INDEX ON clinic.tb_patient (ward); CREATE INDEX ON clinic.tb_patient (name); CREATE INDEX ON clinic.tb_visit (day);
INSERT INTO clinic.tb_patient SELECT n, n, 'name ' || n FROM generate_series(1, 1500) AS n;
INSERT INTO clinic.tb_visit SELECT n, n, date '2026-01-01' + n FROM generate_series(1, 1500) AS n;
ALTER TABLE clinic.tb_patient ENABLE ROW LEVEL SECURITY;
CREATE POLICY ward ON clinic.tb_patient USING (ward = nullif(current_setting('app.ward', true), '')::int);
COMMENT ON TABLE clinic.tb_patient IS '@fraiseql:type
relations: {visits: {to: Visit, by: {id: patient_id}, many: true}}';
COMMENT ON TABLE clinic.tb_visit IS '@fraiseql:type';
CREATE SCHEMA bad;
CREATE VIEW bad.v_ward AS SELECT DISTINCT ward FROM clinic.tb_patient;
COMMENT ON VIEW bad.v_ward IS '@fraiseql:type
nme: Ward';
ANALYZE;`

func TestClinicScripts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, clinic)
	reader := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT USAGE ON SCHEMA clinic, bad TO %s", "GRANT SELECT ON ALL TABLES IN SCHEMA clinic TO %s"}})
	wrong, err := url.Parse(reader.URL)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword(reader.Name, "open-sesame")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/clinic",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PGURL", db.URL)
			e.Setenv("READER", reader.URL)
			e.Setenv("WRONG", wrong.String())
			return nil
		},
	})
}

// TestDoctorColours: a terminal gets colours, unless the person does not want them. /dev/null is a character device, as
// terminals are.
func TestDoctorColours(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, clinic)
	for _, test := range []struct {
		environ  []string
		coloured bool
	}{
		{nil, true},
		{[]string{"NO_COLOR=1"}, false},
		{[]string{"TERM=dumb"}, false},
	} {
		if got := cli.Coloured(os.DevNull, test.environ); got != test.coloured {
			t.Errorf("%v: coloured %v", test.environ, got)
		}
	}
	var out strings.Builder
	if code := cli.Main(t.Context(), []string{"doctor", "--database-url", db.URL, "--schemas", "clinic"}, nil, &out, &out); code != 4 {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("there are colours where nobody sees them: %s", out.String())
	}
}
