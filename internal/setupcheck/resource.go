package setupcheck

import (
	"maps"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// meta are the arguments that belong to Terraform, not to the provider.
var meta = map[string]bool{"count": true, "for_each": true, "depends_on": true, "provider": true}

// resource evaluates every instance of a resource block.
func (m *Module) resource(b *hclsyntax.Block) {
	typ, name := b.Labels[0], b.Labels[1]
	schema, ok := m.schema[typ]
	if !ok {
		m.problem(b.DefRange(), "the schema has no resource %s", typ)
	}
	if m.objects[typ] == nil {
		m.objects[typ] = map[string]cty.Value{}
	}
	m.dependencies(b)
	instances := map[string]cty.Value{}
	var list []cty.Value
	for key, extra := range m.instances(b) {
		r := &Resource{typ, name, key, m.block(b.Body, schema, extra, true)}
		m.Resources = append(m.Resources, r)
		instances[key] = object(schema, r.Attrs)
		list = append(list, instances[key])
	}
	switch {
	case b.Body.Attributes["for_each"] != nil:
		m.objects[typ][name] = cty.ObjectVal(instances)
	case b.Body.Attributes["count"] != nil:
		m.objects[typ][name] = cty.TupleVal(list)
	default:
		m.objects[typ][name] = instances[""]
	}
}

// dependencies checks that depends_on names resources of the schema.
func (m *Module) dependencies(b *hclsyntax.Block) {
	if a := b.Body.Attributes["depends_on"]; a != nil && len(references(a.Expr)) == 0 {
		m.problem(a.SrcRange, "depends_on names no resource")
	}
}

// instances returns the keys of a block's instances, and the names that each has.
func (m *Module) instances(b *hclsyntax.Block) map[string]map[string]cty.Value {
	each, count := b.Body.Attributes["for_each"], b.Body.Attributes["count"]
	switch {
	case each != nil:
		m.notSensitive(each)
		return m.each(m.value(each.Expr, nil), each.SrcRange, "each")
	case count != nil:
		m.notSensitive(count)
		n := m.value(count.Expr, nil)
		if n.RawEquals(cty.NumberIntVal(0)) {
			return nil
		}
		return map[string]map[string]cty.Value{"0": {"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(0)})}}
	default:
		return map[string]map[string]cty.Value{"": nil}
	}
}

// notSensitive: Terraform refuses to show the keys of sensitive values.
func (m *Module) notSensitive(a *hclsyntax.Attribute) {
	for _, t := range a.Expr.Variables() {
		if len(t) > 1 && t.RootName() == "var" {
			if v, ok := t[1].(hcl.TraverseAttr); ok && m.sensitive[v.Name] {
				m.problem(a.SrcRange, "%s must not depend on the sensitive var.%s", a.Name, v.Name)
			}
		}
	}
}

// each returns the elements of a map or a set of texts, with their names under
// iterator.
func (m *Module) each(v cty.Value, at hcl.Range, iterator string) map[string]map[string]cty.Value {
	out := map[string]map[string]cty.Value{}
	t := v.Type()
	if !v.IsKnown() || v.IsNull() || (!t.IsObjectType() && !t.IsMapType() && !t.IsSetType()) {
		m.problem(at, "for_each must be a map or a set, is %s", t.FriendlyName())
		return out
	}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if key.Type() != cty.String {
			m.problem(at, "the keys of for_each must be texts")
			continue
		}
		out[key.AsString()] = map[string]cty.Value{iterator: cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})}
	}
	return out
}

// object is what others see of a resource: what it was given, and unknown values
// for everything else.
func object(schema map[string]Attribute, given map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{"id": cty.UnknownVal(cty.String)}
	for name, a := range schema {
		if a.Block == nil {
			all[name] = cty.UnknownVal(a.valueType())
		}
	}
	maps.Copy(all, given)
	return cty.ObjectVal(all)
}

// block evaluates a body against the schema.
func (m *Module) block(body *hclsyntax.Body, schema map[string]Attribute, extra map[string]cty.Value, top bool) Block {
	b := Block{Attrs: map[string]cty.Value{}, Blocks: map[string][]Block{}}
	for name, a := range body.Attributes {
		if top && meta[name] {
			continue
		}
		if s, ok := m.argument(schema, name, a.SrcRange); ok {
			v, err := convert.Convert(m.value(a.Expr, extra), s.valueType())
			if err != nil {
				m.problem(a.SrcRange, "%s: %v", name, err)
				continue
			}
			b.Attrs[name] = v
		}
	}
	for _, inner := range body.Blocks {
		m.nested(b, inner, schema, extra)
	}
	for name, s := range schema {
		if _, ok := b.Attrs[name]; s.Required && !ok && len(b.Blocks[name]) == 0 {
			m.problem(body.SrcRange, "%s is missing", name)
		}
	}
	return b
}

func (m *Module) argument(schema map[string]Attribute, name string, at hcl.Range) (Attribute, bool) {
	s, ok := schema[name]
	switch {
	case !ok:
		m.problem(at, "the provider has no argument %s", name)
	case s.Computed:
		m.problem(at, "%s is set by the provider", name)
	case s.Deprecated:
		m.problem(at, "%s is deprecated", name)
	}
	return s, ok
}

// nested evaluates a block in a block, or as many as a dynamic block makes.
func (m *Module) nested(b Block, inner *hclsyntax.Block, schema map[string]Attribute, extra map[string]cty.Value) {
	name := inner.Type
	bodies := map[string]map[string]cty.Value{"": extra}
	body := inner.Body
	if inner.Type == "dynamic" {
		name = inner.Labels[0]
		bodies = m.each(m.value(body.Attributes["for_each"].Expr, extra), inner.DefRange(), name)
		body = body.Blocks[0].Body
	}
	s, ok := m.argument(schema, name, inner.DefRange())
	if !ok {
		return
	}
	if s.Block == nil {
		m.problem(inner.DefRange(), "%s is an argument, not a block", strings.TrimSpace(name))
		return
	}
	for _, names := range bodies {
		all := maps.Clone(extra)
		if all == nil {
			all = map[string]cty.Value{}
		}
		maps.Copy(all, names)
		b.Blocks[name] = append(b.Blocks[name], m.block(body, s.Block, all, false))
	}
}
