package fraiseql

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// variables of this project that are not parameters: tests and the local database read them
var otherVariables = [...]string{"FRAISEQL_CONFIG", "FRAISEQL_REQUIRE_PG", "FRAISEQL_POSTGRES_BIN", "FRAISEQL_SLOW"}

// LoadOptions reads options from a TOML file and from environment variables, such as
// os.Environ() gives; the environment goes before the file, and what you set in the struct
// afterwards before both. [Parameters] lists the names: database_url in the file is
// FRAISEQL_DATABASE_URL in the environment, where DATABASE_URL will do as well.
//
// An empty path means the file that FRAISEQL_CONFIG names, or none. A key or a FRAISEQL_
// variable that is not known is an error, with the name that was probably meant. All faults
// are reported at once.
func LoadOptions(path string, environ []string) (Options, error) {
	l, err := load(path, environ)
	return l.o, err
}

// Origin is where the value of a parameter stands.
type Origin struct {
	File     string // its path
	Variable string // of the environment; empty: in the file
}

// Origins tells where [LoadOptions] takes each value from, by the names of the parameters. One
// that is not there has its default.
func Origins(path string, environ []string) (map[string]Origin, error) {
	l, err := load(path, environ)
	return l.from, err
}

// loader is what has been read so far.
type loader struct {
	o    Options
	from map[string]Origin
}

func load(path string, environ []string) (*loader, error) {
	l := &loader{from: map[string]Origin{}}
	set := environment(environ)
	if path == "" {
		path = set["FRAISEQL_CONFIG"]
	}
	var faults []error
	if path != "" {
		faults = append(faults, l.file(path))
	}
	return l, errors.Join(append(faults, l.environment(set))...)
}

func environment(environ []string) map[string]string {
	set := map[string]string{}
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok {
			set[name] = value
		}
	}
	return set
}

func (l *loader) environment(set map[string]string) error {
	var faults []error
	if url := set["DATABASE_URL"]; url != "" {
		l.o.DatabaseURL = url
		l.from["database-url"] = Origin{Variable: "DATABASE_URL"}
	}
	known := map[string]Parameter{}
	for _, p := range Parameters() {
		known[p.Variable()] = p
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		p, ok := known[name]
		switch {
		case ok && set[name] == "": // as if it were not set
		case ok:
			l.from[p.Name] = Origin{Variable: name}
			if err := p.Set(&l.o, set[name]); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
		case strings.HasPrefix(name, "FRAISEQL_") && !slices.Contains(otherVariables[:], name):
			faults = append(faults, fmt.Errorf("the environment variable %s is not known: %s", name, didYouMean(name, known)))
		}
	}
	return errors.Join(faults...)
}

// file lets the TOML library find unknown keys and wrong types, since it knows the lines:
// the struct that it fills is made of the parameters.
func (l *loader) file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading options: %w", err)
	}
	parameters := Parameters()
	fields := make([]reflect.StructField, len(parameters))
	known := map[string]Parameter{}
	for i, p := range parameters {
		known[p.Key()] = p
		fields[i] = reflect.StructField{
			Name: "P" + strconv.Itoa(i), Type: fileType(p.Kind), Tag: reflect.StructTag(`toml:"` + p.Key() + `"`),
		}
	}
	into := reflect.New(reflect.StructOf(fields))
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(into.Interface()); err != nil {
		return fileFaults(path, err, known)
	}
	var faults []error
	for i, p := range parameters {
		v := into.Elem().Field(i)
		if v.IsNil() {
			continue
		}
		l.from[p.Name] = Origin{File: path}
		if err := setFromFile(&l.o, p, v); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", path, p.Key(), err))
		}
	}
	return errors.Join(faults...)
}

func fileType(kind string) reflect.Type {
	switch kind {
	case "number":
		return reflect.TypeFor[*int64]()
	case "switch":
		return reflect.TypeFor[*bool]()
	case "list":
		return reflect.TypeFor[[]string]()
	case "table":
		return reflect.TypeFor[map[string]string]()
	}
	return reflect.TypeFor[*string]()
}

func setFromFile(o *Options, p Parameter, v reflect.Value) error {
	switch p.Kind {
	case "list":
		values, _ := v.Interface().([]string)
		return p.set(o, values)
	case "table":
		values, _ := v.Interface().(map[string]string)
		return p.set(o, pairs(values))
	}
	return p.Set(o, fmt.Sprint(v.Elem().Interface()))
}

func fileFaults(path string, err error, known map[string]Parameter) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		var faults []error
		for _, e := range strict.Errors {
			line, _ := e.Position()
			key := strings.Join(e.Key(), ".")
			faults = append(faults, fmt.Errorf("%s:%d: the key %s is not known: %s", path, line, key, didYouMean(key, known)))
		}
		return errors.Join(faults...)
	}
	var e *toml.DecodeError
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", path, err)
	}
	line, column := e.Position()
	where, text := fmt.Sprintf("%s:%d:%d", path, line, column), strings.TrimPrefix(e.Error(), "toml: ")
	if key := e.Key(); len(key) > 0 {
		where += ": " + strings.Join(key, ".")
		// The library names the Go type that it was to fill, which is all of our parameters.
		if found, isType := strings.CutPrefix(text, "cannot decode TOML "); isType {
			found, _, _ = strings.Cut(found, " into ")
			return fmt.Errorf("%s: a TOML %s is given, and it takes %s", where, found, wantedInFile(known[key[0]].Kind))
		}
	}
	return fmt.Errorf("%s: %s", where, text)
}

// wantedInFile says how a file writes a value of a parameter's kind.
func wantedInFile(kind string) string {
	switch kind {
	case "number":
		return "a whole number such as 20"
	case "duration":
		return `a text such as "30s"`
	case "switch":
		return "true or false"
	case "list":
		return `a list of texts such as ["a", "b"]`
	case "table":
		return `a table of texts such as {"app.tenant_id" = "tenant"}`
	}
	return "a text in quotes"
}
