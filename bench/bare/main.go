// Command bare is the least that the runtime SDK can be: a function that answers
// every event and does nothing. What it costs, every Go function costs.
package main

import (
	"context"
	"encoding/json"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
)

func main() {
	fc.Start(func(context.Context, []byte) (json.RawMessage, error) { return json.RawMessage(`"done"`), nil })
}
