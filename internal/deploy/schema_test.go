package deploy

import (
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every trigger of EventBridge that we ship hands over CloudEvents: in the schema RawData
// whoever publishes an event writes all of the payload.
func TestTriggersUseTheCloudEventsSchema(t *testing.T) {
	variants := Variants(read(t, "docs/s-variants.md"), read(t, "s.yaml"))
	for _, v := range append(variants, Variant{Name: "s.yaml", Text: read(t, "s.yaml")}) {
		var file any
		if err := yaml.Unmarshal([]byte(v.Text), &file); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		if n := checkSchemas(t, v.Name, file); n < 2 {
			t.Errorf("%s: %d triggers of EventBridge", v.Name, n)
		}
	}
}

// checkSchemas checks the triggers in a part of a file and returns how many there are.
func checkSchemas(t *testing.T, name string, part any) (triggers int) {
	t.Helper()
	switch part := part.(type) {
	case []any:
		for _, p := range part {
			triggers += checkSchemas(t, name, p)
		}
	case map[string]any:
		if part["triggerType"] == "eventbridge" {
			config, _ := part["triggerConfig"].(map[string]any)
			sink, _ := config["eventSinkConfig"].(map[string]any)
			option, _ := sink["deliveryOption"].(map[string]any)
			if option["eventSchema"] != "CloudEvents" {
				t.Errorf("%s: %v has the schema %v", name, part["triggerName"], option["eventSchema"])
			}
			return 1
		}
		for _, p := range part {
			triggers += checkSchemas(t, name, p)
		}
	}
	return triggers
}
