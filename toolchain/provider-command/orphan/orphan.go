// Package orphan ends what a provider is doing when the engine that started it
// is gone: killed, it can tell nobody to stop, and the next engine would run
// the same commands beside the old ones.
package orphan

import (
	"context"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
)

// Guard wraps a provider so that its operations are known, and returns what
// ends them: it cancels them and waits until they have stopped.
func Guard(provider p.Provider) (p.Provider, func()) {
	var running sync.WaitGroup
	create, update, remove, invoke := provider.Create, provider.Update, provider.Delete, provider.Invoke
	provider.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		running.Add(1)
		defer running.Done()
		return create(ctx, req)
	}
	provider.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		running.Add(1)
		defer running.Done()
		return update(ctx, req)
	}
	provider.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		running.Add(1)
		defer running.Done()
		return remove(ctx, req)
	}
	provider.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		running.Add(1)
		defer running.Done()
		return invoke(ctx, req)
	}
	return provider, func() {
		_ = provider.Cancel(context.Background())
		running.Wait()
	}
}
