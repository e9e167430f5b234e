package setupcheck

import (
	"encoding/json"
	"os"

	"github.com/zclconf/go-cty/cty"
)

// Attribute is one argument or nested block of a resource, as the provider
// declares it.
type Attribute struct {
	Type       string               `json:"type"` // string, int, float, bool, map, list, set
	Required   bool                 `json:"required"`
	Computed   bool                 `json:"computed"` // the provider sets it; it must not be given
	Deprecated bool                 `json:"deprecated"`
	Block      map[string]Attribute `json:"block"`
}

// Schema has the arguments of each resource type.
type Schema map[string]map[string]Attribute

// ReadSchema reads a schema from a JSON file.
func ReadSchema(file string) (Schema, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s Schema
	return s, json.Unmarshal(b, &s)
}

// valueType is the type that a value of the attribute must convert to.
func (a Attribute) valueType() cty.Type {
	switch a.Type {
	case "string":
		return cty.String
	case "int", "float":
		return cty.Number
	case "bool":
		return cty.Bool
	case "map":
		return cty.Map(cty.String)
	case "set":
		return cty.Set(cty.String)
	default:
		return cty.List(cty.String)
	}
}
