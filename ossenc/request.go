package ossenc

import "context"

type (
	requestIDKey  struct{}
	retryCountKey struct{}
)

// WithRetryCount returns a context that carries how often the platform has repeated
// the invocation; 0 is the first try.
func WithRetryCount(ctx context.Context, n int) context.Context {
	if n == 0 {
		return ctx
	}
	return context.WithValue(ctx, retryCountKey{}, n)
}

// RetryCountFrom returns the retry count that ctx carries, or 0.
func RetryCountFrom(ctx context.Context) int {
	n, _ := ctx.Value(retryCountKey{}).(int)
	return n
}

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
