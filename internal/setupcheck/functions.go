package setupcheck

import (
	"encoding/base64"
	"os"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform's that the module uses.
var functions = map[string]function.Function{
	"concat":      stdlib.ConcatFunc,
	"contains":    stdlib.ContainsFunc,
	"file":        textFunc(func(name string) (string, error) { b, err := os.ReadFile(name); return string(b), err }),
	"filebase64":  textFunc(func(string) (string, error) { return base64.StdEncoding.EncodeToString([]byte("the package")), nil }),
	"join":        stdlib.JoinFunc,
	"jsondecode":  stdlib.JSONDecodeFunc,
	"jsonencode":  stdlib.JSONEncodeFunc,
	"length":      stdlib.LengthFunc,
	"merge":       stdlib.MergeFunc,
	"replace":     replaceFunc,
	"setsubtract": stdlib.SetSubtractFunc,
	"setunion":    stdlib.SetUnionFunc,
	"split":       stdlib.SplitFunc,
	"toset":       stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"try":         tryfunc.TryFunc,
	"yamldecode":  ctyyaml.YAMLDecodeFunc,
}

// textFunc makes a function of a text.
func textFunc(do func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := do(args[0].AsString())
			return cty.StringVal(s), err
		},
	})
}

// replaceFunc replaces a part of a text, by a regular expression if the part
// stands between slashes, as Terraform's function does.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}, {Name: "new", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, part, by := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(part) < 2 || part[0] != '/' || !strings.HasSuffix(part, "/") {
			return cty.StringVal(strings.ReplaceAll(text, part, by)), nil
		}
		re, err := regexp.Compile(part[1 : len(part)-1])
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(re.ReplaceAllString(text, by)), nil
	},
})
