package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/middleware/cancel"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// provider serves one cluster. Nothing is asked of the cluster before an
// object needs it.
type provider struct {
	settings settings
	cluster  *cluster
	warn     sync.Once
}

func newProvider() p.Provider {
	return cancel.Wrap(newPlainProvider(&provider{}))
}

func newPlainProvider(k *provider) p.Provider {
	return p.Provider{
		CheckConfig: k.checkConfig,
		DiffConfig:  k.diffConfig,
		Configure:   k.configure,
		Check:       k.check,
		Diff:        k.diff,
		Create:      k.create,
		Read:        k.read,
		Update:      k.update,
		Delete:      k.delete,
		Invoke: func(_ context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
			return p.InvokeResponse{}, fmt.Errorf(
				"function %s is not part of this provider; Helm and Kustomize need the official plugin", req.Token)
		},
	}
}

func (k *provider) configure(_ context.Context, req p.ConfigureRequest) error {
	settings, err := readSettings(req.Args)
	if err != nil {
		return err
	}
	k.settings = settings
	k.cluster = newCluster(settings)
	return nil
}

// unreachable tells once that previews know less than they could.
func (k *provider) unreachable(ctx context.Context, err error) {
	k.warn.Do(func() {
		p.GetLogger(ctx).Warningf("configured Kubernetes cluster is unreachable: %v", err)
	})
}

var errReadNothing = errors.New("failed to read resource state due to unreachable cluster. " +
	"If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation " +
	"with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\"")

// plain drops secretness, which takes no part in comparisons.
func plain(m property.Map) resource.PropertyMap {
	return resource.ToResourcePropertyMap(reveal(property.New(m)).AsMap())
}

func reveal(v property.Value) property.Value {
	switch {
	case v.IsMap():
		fields := map[string]property.Value{}
		for key, value := range v.AsMap().All {
			fields[key] = reveal(value)
		}
		return property.New(property.NewMap(fields))
	case v.IsArray():
		elements := []property.Value{}
		for _, element := range v.AsArray().All {
			elements = append(elements, reveal(element))
		}
		return property.New(elements)
	}
	return v.WithSecret(false).WithDependencies(nil)
}
