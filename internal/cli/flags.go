package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
)

// defaultFile is read when it stands in the working folder and no other file is named.
const defaultFile = "fraiseql.toml"

// options are the flags of the app's own options.
type options struct {
	file   string
	values []*value
}

// value is the flag of one parameter.
type value struct {
	fraiseql.Parameter
	texts []string
}

// String is the default, for the help text.
func (v *value) String() string { return v.Default }

// Type is the word for a value in the help text.
func (v *value) Type() string {
	if v.Kind == "switch" {
		return "bool" // for which the help text shows no value
	}
	return v.Kind
}

// Set takes a value, and refuses a wrong one while the flag's name is still known.
func (v *value) Set(text string) error {
	if v.Kind != "list" && v.Kind != "table" {
		v.texts = nil
	}
	v.texts = append(v.texts, text)
	var scratch fraiseql.Options
	return v.Parameter.Set(&scratch, v.texts...)
}

// add makes a flag of each parameter but those left out.
func (o *options) add(cmd *cobra.Command, without ...string) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.file, "config", "", "file of options; "+defaultFile+" is read when it is there (FRAISEQL_CONFIG)")
	for _, p := range fraiseql.Parameters() {
		if slices.Contains(without, p.Name) {
			continue
		}
		v := &value{Parameter: p}
		o.values = append(o.values, v)
		f := cmd.Flags().VarPF(v, p.Name, "", p.Usage)
		if p.Kind == "switch" {
			f.NoOptDefVal = "true"
			f.DefValue = "false"
		}
	}
}

// path is the file of options that is read; empty: none.
func (o *options) path(environ []string) string {
	path := o.file
	for _, line := range environ {
		if value, ok := strings.CutPrefix(line, "FRAISEQL_CONFIG="); ok && o.file == "" && value != "" {
			path = value
		}
	}
	if path == "" {
		if _, err := os.Stat(defaultFile); err == nil {
			path = defaultFile
		}
	}
	return path
}

// load reads the options: flags before the environment before the file before the defaults.
func (o *options) load(environ []string) (fraiseql.Options, error) {
	loaded, err := fraiseql.LoadOptions(o.path(environ), environ)
	if err != nil {
		return loaded, usageError{err}
	}
	var faults []error
	for _, v := range o.values {
		if len(v.texts) > 0 {
			if err := v.Parameter.Set(&loaded, v.texts...); err != nil {
				faults = append(faults, fmt.Errorf("--%s: %w", v.Name, err))
			}
		}
	}
	if err := errors.Join(faults...); err != nil {
		return loaded, usageError{err}
	}
	return loaded, nil
}
