package setupcheck

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Account is the account ID that data.alicloud_account has.
const Account = "1234567890123456"

// A Module is the evaluation of a Terraform module with certain variables.
type Module struct {
	Resources []*Resource
	Outputs   map[string]cty.Value
	// Warnings are the messages of check blocks whose condition does not hold.
	Warnings []string
	// Problems are everything that Terraform or the provider would refuse.
	Problems []string

	schema    Schema
	vars      map[string]cty.Value
	sensitive map[string]bool
	locals    map[string]cty.Value
	objects   map[string]map[string]cty.Value // by type and name
	dir       string
}

// A Resource is one instance of a resource block.
type Resource struct {
	Type, Name, Key string
	Block
}

// A Block is the arguments and the nested blocks of a resource.
type Block struct {
	Attrs  map[string]cty.Value
	Blocks map[string][]Block
}

// Text is the value of an attribute as a text, or "" if it has none that is known.
func (b Block) Text(name string) string {
	v, err := convert.Convert(b.Attrs[name], cty.String)
	if b.Attrs[name] == cty.NilVal || err != nil || v.IsNull() || !v.IsKnown() {
		return ""
	}
	return v.AsString()
}

// Evaluate reads the module in dir and evaluates it. It returns an error only if
// a file is not HCL.
func Evaluate(dir string, schema Schema, vars map[string]cty.Value) (*Module, error) {
	blocks, err := parse(dir)
	if err != nil {
		return nil, err
	}
	m := &Module{
		schema: schema, dir: dir, Outputs: map[string]cty.Value{}, sensitive: map[string]bool{},
		vars: map[string]cty.Value{}, locals: map[string]cty.Value{}, objects: map[string]map[string]cty.Value{},
	}
	m.variables(blocks, vars)
	m.settle(blocks)
	m.finish(blocks)
	return m, nil
}

func parse(dir string) ([]*hclsyntax.Block, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no .tf file in %s: %w", dir, err)
	}
	p := hclparse.NewParser()
	var blocks []*hclsyntax.Block
	for _, name := range names {
		f, diags := p.ParseHCLFile(name)
		if diags.HasErrors() {
			return nil, diags
		}
		blocks = append(blocks, f.Body.(*hclsyntax.Body).Blocks...)
	}
	return blocks, nil
}

func (m *Module) problem(at hcl.Range, format string, args ...any) {
	text := fmt.Sprintf("%s:%d: %s", filepath.Base(at.Filename), at.Start.Line, fmt.Sprintf(format, args...))
	if !slices.Contains(m.Problems, text) {
		m.Problems = append(m.Problems, text)
	}
}

// variables sets each variable to the given value or its default, and checks it.
func (m *Module) variables(blocks []*hclsyntax.Block, given map[string]cty.Value) {
	for _, b := range blocks {
		if b.Type != "variable" {
			continue
		}
		name, attrs := b.Labels[0], b.Body.Attributes
		typ, diags := typeexpr.TypeConstraint(attrs["type"].Expr)
		m.diags(diags)
		v, ok := given[name]
		if !ok {
			v = m.value(attrs["default"].Expr, nil)
		}
		v, err := convert.Convert(v, typ)
		if err != nil {
			m.problem(b.DefRange(), "var.%s: %v", name, err)
			v = cty.UnknownVal(typ)
		}
		m.vars[name] = v
		m.sensitive[name] = attrs["sensitive"] != nil
	}
	for name := range given {
		if _, ok := m.vars[name]; !ok {
			m.Problems = append(m.Problems, "there is no variable "+name)
		}
	}
	for _, b := range blocks {
		for _, v := range b.Body.Blocks {
			if b.Type == "variable" && v.Type == "validation" {
				m.assert(v, func(message string) { m.problem(v.DefRange(), "%s", message) })
			}
		}
	}
}

// assert calls failed with the message if the block's condition does not hold.
func (m *Module) assert(b *hclsyntax.Block, failed func(string)) {
	condition := m.value(b.Body.Attributes["condition"].Expr, nil)
	message := m.value(b.Body.Attributes["error_message"].Expr, nil)
	if condition.Type() != cty.Bool || message.Type() != cty.String {
		m.problem(b.DefRange(), "a condition must be true or false, its message a text")
	} else if condition.False() {
		failed(message.AsString())
	}
}

// A node is a local value or a resource block: something that others refer to.
type node struct {
	name string // local.x, or type.name
	refs []string
	do   func()
	at   hcl.Range
}

// settle evaluates locals and resources, each after those that it refers to.
func (m *Module) settle(blocks []*hclsyntax.Block) {
	var nodes []node
	for _, b := range blocks {
		switch b.Type {
		case "locals":
			for name, a := range b.Body.Attributes {
				do := func() { m.locals[name] = m.value(a.Expr, nil) }
				nodes = append(nodes, node{"local." + name, references(a.Expr), do, a.SrcRange})
			}
		case "resource":
			do := func() { m.resource(b) }
			nodes = append(nodes, node{strings.Join(b.Labels, "."), references(b.Body), do, b.DefRange()})
		}
	}
	slices.SortFunc(nodes, func(a, b node) int { return strings.Compare(a.name, b.name) })
	done := map[string]bool{}
	for progress := true; progress; {
		progress = false
		for _, n := range nodes {
			ready := !slices.ContainsFunc(n.refs, func(r string) bool { return !done[r] })
			if !done[n.name] && ready {
				n.do()
				done[n.name], progress = true, true
			}
		}
	}
	for _, n := range nodes {
		if !done[n.name] {
			m.problem(n.at, "%s refers to something that does not exist, or to itself: %v", n.name, n.refs)
		}
	}
}

// references are the locals and resources that a part of a file refers to.
func references(n hclsyntax.Node) []string {
	found := map[string]bool{}
	_ = hclsyntax.VisitAll(n, func(n hclsyntax.Node) hcl.Diagnostics {
		if e, ok := n.(*hclsyntax.ScopeTraversalExpr); ok && len(e.Traversal) > 1 {
			if a, ok := e.Traversal[1].(hcl.TraverseAttr); ok && (e.Traversal.RootName() == "local" || strings.HasPrefix(e.Traversal.RootName(), "alicloud_")) {
				found[e.Traversal.RootName()+"."+a.Name] = true
			}
		}
		return nil
	})
	return slices.Sorted(maps.Keys(found))
}

// finish evaluates what nothing refers to: outputs and checks.
func (m *Module) finish(blocks []*hclsyntax.Block) {
	for _, b := range blocks {
		switch b.Type {
		case "output":
			m.Outputs[b.Labels[0]] = m.value(b.Body.Attributes["value"].Expr, nil)
		case "check":
			for _, a := range b.Body.Blocks {
				m.assert(a, func(message string) { m.Warnings = append(m.Warnings, message) })
			}
		}
	}
}

func (m *Module) diags(diags hcl.Diagnostics) {
	for _, d := range diags {
		at := hcl.Range{}
		if d.Subject != nil {
			at = *d.Subject
		}
		m.problem(at, "%s: %s", d.Summary, d.Detail)
	}
}

// value evaluates an expression; extra has further names, such as each.
func (m *Module) value(e hclsyntax.Expression, extra map[string]cty.Value) cty.Value {
	names := map[string]cty.Value{
		"var":   cty.ObjectVal(m.vars),
		"local": cty.ObjectVal(m.locals),
		"path":  cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(m.dir)}),
		"data": cty.ObjectVal(map[string]cty.Value{"alicloud_account": cty.ObjectVal(map[string]cty.Value{
			"this": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(Account)}),
		})}),
	}
	for typ, byName := range m.objects {
		names[typ] = cty.ObjectVal(byName)
	}
	maps.Copy(names, extra)
	v, diags := e.Value(&hcl.EvalContext{Variables: names, Functions: functions})
	m.diags(diags)
	return v
}
