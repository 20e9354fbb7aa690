package execute

import (
	"encoding/json"
	"fmt"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// fromContext gives an argument that a client cannot choose: from the session's settings, by their own name or as app.name,
// else from the principal's claims. A value that nobody has given is refused: null might mean everybody.
func (x *run) fromContext(root *compile.Root, names []string) ([]byte, error) {
	for _, name := range names {
		for _, setting := range [...]string{name, "app." + name} {
			if value, ok := x.settings.Values[setting]; ok && value != "" {
				return []byte(value), nil
			}
		}
	}
	p := auth.FromContext(x.ctx)
	for _, name := range names {
		if value, ok := p.Claim(name); ok && value != nil {
			return claimText(value), nil
		}
	}
	for _, name := range names {
		if (name == "user_id" || name == "subject" || name == "sub") && p.Subject != "" {
			return []byte(p.Subject), nil
		}
	}
	if p.IsAnonymous() {
		return nil, fault.New(fault.Unauthenticated, "%s needs to know who asks: send credentials", root.Call.Name)
	}
	return nil, fault.New(fault.Forbidden, "%s needs %s, which neither the session's settings nor the credentials tell", root.Call.Name, names[len(names)-1])
}

func claimText(value any) []byte {
	switch v := value.(type) {
	case string:
		return []byte(v)
	case json.Number:
		return []byte(v)
	case bool, float64, int64, int:
		return fmt.Append(nil, v)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return text
}
