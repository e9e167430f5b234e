package ossenc

import "context"

type requestIDKey struct{}

// WithRequestID returns a context that carries the platform's ID of the
// invocation, which logs and answers repeat.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestIDFrom returns the request ID that ctx carries, or "".
func RequestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
