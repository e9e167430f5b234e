package ossenc_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc"
)

// keyStub answers as told and remembers what it was asked.
type keyStub struct {
	mu     sync.Mutex
	asked  []string
	answer func(ctx context.Context, n int) (ossenc.Key, error)
}

func (k *keyStub) Describe(ctx context.Context, region, keyID string) (ossenc.Key, error) {
	k.mu.Lock()
	k.asked = append(k.asked, ossenc.IdentityFrom(ctx).AccountID+" "+region+" "+keyID)
	n := len(k.asked)
	k.mu.Unlock()
	return k.answer(ctx, n)
}

func usable(context.Context, int) (ossenc.Key, error) {
	return ossenc.Key{ID: "key-1", Usable: true}, nil
}

func inAccount(ctx context.Context, id string) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{AccountID: id})
}

func TestSameKey(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"key-1", "key-1", true}, {"key-1", "key-2", false}, {"", "", false}, {"", "key-1", false}} {
		if got := ossenc.SameKey(ossenc.Key{ID: c.a, Usable: true}, ossenc.Key{ID: c.b, Reason: "disabled"}); got != c.want {
			t.Errorf("%q and %q: %t", c.a, c.b, got)
		}
	}
	const mine, theirs = "acs:kms:cn-hangzhou:1:key/key-1", "acs:kms:cn-hangzhou:2:key/key-1"
	for _, c := range []struct {
		a, b ossenc.Key
		want bool
	}{
		{ossenc.Key{ID: "key-1", ARN: mine}, ossenc.Key{ID: "key-1", ARN: mine}, true},
		{ossenc.Key{ID: "key-1", ARN: mine}, ossenc.Key{ID: "key-1", ARN: theirs}, false},
		{ossenc.Key{ID: "key-1", ARN: mine}, ossenc.Key{ID: mine, ARN: mine}, true}, // told with and without its account
		{ossenc.Key{ID: "key-1", ARN: mine}, ossenc.Key{ID: "key-1"}, true},
	} {
		if ossenc.SameKey(c.a, c.b) != c.want || ossenc.SameKey(c.b, c.a) != c.want {
			t.Errorf("%+v and %+v: want %t", c.a, c.b, c.want)
		}
	}
}

func TestCacheKeys_AsksOnceForEachAccountRegionAndName(t *testing.T) {
	stub := &keyStub{answer: usable}
	var keys ossenc.Keys
	ask := func(ctx context.Context, region, keyID string) {
		t.Helper()
		if got, err := keys.Describe(ctx, region, keyID); err != nil || got.ID != "key-1" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	warden := &ossenc.Warden{Keys: stub}
	keys = warden.ForInvocation().Keys
	for range 2 {
		ask(inAccount(t.Context(), "1"), "cn-hangzhou", "alias/a")
		ask(inAccount(t.Context(), "1"), "cn-beijing", "alias/a")
		ask(inAccount(t.Context(), "1"), "cn-hangzhou", "key-1")
		ask(inAccount(t.Context(), "2"), "cn-hangzhou", "alias/a")
	}
	for range 2 {
		keys = warden.ForInvocation().Keys
		ask(inAccount(t.Context(), "1"), "cn-hangzhou", "alias/a")
	}
	want := []string{
		"1 cn-hangzhou alias/a", "1 cn-beijing alias/a", "1 cn-hangzhou key-1", "2 cn-hangzhou alias/a",
		"1 cn-hangzhou alias/a", "1 cn-hangzhou alias/a",
	}
	if !slices.Equal(stub.asked, want) {
		t.Errorf("asked for %q", stub.asked)
	}
}

func TestCacheKeys_LetsAllWaitForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := &keyStub{answer: func(context.Context, int) (ossenc.Key, error) {
			time.Sleep(time.Second)
			return ossenc.Key{ID: "key-1"}, nil
		}}
		keys, ctx := ossenc.CacheKeys(stub), t.Context()
		begun := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if got, err := keys.Describe(ctx, "cn-hangzhou", "key-1"); err != nil || got.ID != "key-1" {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begun); len(stub.asked) != 1 || took != time.Second {
			t.Errorf("%d lookups in %s", len(stub.asked), took)
		}
	})
}

func TestCacheKeys_RemembersOnlyFailuresThatStay(t *testing.T) {
	for code, lookups := range map[ossenc.Code]int{ossenc.Denied: 1, ossenc.Invalid: 1, ossenc.Throttled: 2, ossenc.Unavailable: 2, ossenc.Deadline: 2} {
		stub := &keyStub{answer: func(context.Context, int) (ossenc.Key, error) { return ossenc.Key{}, &ossenc.Error{Code: code} }}
		keys, ctx := ossenc.CacheKeys(stub), t.Context()
		for range 2 {
			if _, err := keys.Describe(ctx, "cn-hangzhou", "key-1"); ossenc.CodeOf(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		if len(stub.asked) != lookups {
			t.Errorf("%s: %d lookups", code, len(stub.asked))
		}
	}
}

func TestCacheKeys_OneCallersDeadlineIsNotAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := &keyStub{answer: func(ctx context.Context, n int) (ossenc.Key, error) {
			if n > 1 {
				return ossenc.Key{ID: "key-1"}, nil
			}
			<-ctx.Done()
			return ossenc.Key{}, &ossenc.Error{Code: ossenc.Deadline, Err: ctx.Err()}
		}}
		keys, ctx := ossenc.CacheKeys(stub), t.Context()
		limited := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			_, err := keys.Describe(ctx, "cn-hangzhou", "key-1")
			return err
		}
		var all sync.WaitGroup
		all.Go(func() {
			if err := limited(2 * time.Second); ossenc.CodeOf(err) != ossenc.Deadline {
				t.Errorf("who asked: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if err := limited(time.Second); ossenc.CodeOf(err) != ossenc.Deadline || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who waited and had less time: %v", err)
			}
		})
		all.Go(func() {
			if err := limited(time.Hour); err != nil {
				t.Errorf("who waited and had more time: %v", err)
			}
		})
		all.Wait()
	})
}

func TestCacheKeys_APanicLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := &keyStub{answer: func(_ context.Context, n int) (ossenc.Key, error) {
			time.Sleep(time.Second)
			if n == 1 {
				panic("a bug")
			}
			return ossenc.Key{ID: "key-1"}, nil
		}}
		keys, ctx := ossenc.CacheKeys(stub), t.Context()
		var all sync.WaitGroup
		all.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is gone")
				}
			}()
			keys.Describe(ctx, "cn-hangzhou", "key-1")
		})
		synctest.Wait()
		if _, err := keys.Describe(ctx, "cn-hangzhou", "key-1"); ossenc.CodeOf(err) != ossenc.Internal {
			t.Errorf("who waited: %v", err)
		}
		all.Wait()
		if got, err := keys.Describe(ctx, "cn-hangzhou", "key-1"); err != nil || got.ID != "key-1" {
			t.Errorf("who came later: %+v, %v", got, err)
		}
	})
}
