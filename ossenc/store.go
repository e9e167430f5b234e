package ossenc

import (
	"context"
	"iter"
)

// Bucket addresses one bucket.
type Bucket struct {
	Name string
	// Account is the ID of the account that owns it; empty for the function's own.
	Account string
	// Region is a hint, such as cn-hangzhou, until OSS has answered from it;
	// empty for the function's own region.
	Region string
	// Public and Internal are the region's endpoints as the account's list names
	// them, such as oss-cn-hangzhou.aliyuncs.com; empty if the bucket was not
	// found in the list. Some regions do not follow the usual form.
	Public, Internal string
}

// Observation is what OSS said about one bucket.
type Observation struct {
	Rule      Rule
	Region    string // the region that the answer came from
	RequestID string // OSS's request ID
	// Public and Internal are the hosts that answered, where they are not the region's
	// usual ones, as in [Bucket]. A write goes where the rule was read.
	Public, Internal string
}

// Store reads and writes the rule of a bucket. [Client] is the one for OSS. Its
// errors are *[Error]; a bucket without a rule is not an error.
type Store interface {
	Get(ctx context.Context, b Bucket) (Observation, error)
	Put(ctx context.Context, b Bucket, r Rule) (Observation, error)
	Delete(ctx context.Context, b Bucket) (Observation, error)
}

// Lister goes through the buckets of the account, in the order of their names.
// [Client] is the one for OSS. It ends after the first error.
type Lister interface {
	List(ctx context.Context, prefix, after string) iter.Seq2[Bucket, error]
}
