package main

import (
	"context"
	"errors"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// read looks at the live object: for a refresh, an import or a lookup. An
// empty id in the answer says that there is none.
func (k *provider) read(ctx context.Context, req p.ReadRequest) (p.ReadResponse, error) {
	gvk, err := gvkOf(req.Urn, inputObject(req.Properties))
	if err != nil {
		return p.ReadResponse{}, err
	}
	namespace, name := parseID(req.ID)
	if name == "" {
		return p.ReadResponse{}, fmt.Errorf("id %q names no object; it must be <namespace>/<name>, or <name> for a kind without namespaces", req.ID)
	}
	client, err := k.cluster.client(gvk, namespace)
	if meta.IsNoMatchError(err) {
		// With its definition gone, so is the object.
		return p.ReadResponse{}, nil
	}
	var live *unstructured.Unstructured
	if err == nil {
		live, err = client.Get(ctx, name, metav1.GetOptions{})
	}
	switch {
	case apierrors.IsNotFound(err):
		return p.ReadResponse{}, nil
	case err != nil && (errors.Is(err, errUnreachable) || !isStatus(err)):
		p.GetLogger(ctx).Warningf("configured Kubernetes cluster is unreachable: %v", err)
		if k.settings.deleteUnreachable {
			return p.ReadResponse{}, nil
		}
		if k.settings.skipUpdateUnreachable {
			return p.ReadResponse{ID: req.ID, Properties: req.Properties, Inputs: req.Inputs}, nil
		}
		return p.ReadResponse{}, errReadNothing
	case err != nil:
		return p.ReadResponse{}, fmt.Errorf("%s cannot be read: %w", req.ID, err)
	}

	manager, err := savedFieldManager(req.Properties, req.Inputs)
	if err != nil {
		return p.ReadResponse{}, err
	}
	apiVersion := str(req.Properties, keyAPIVersion)
	if apiVersion == "" {
		apiVersion = live.GetAPIVersion()
	}
	inputs := req.Inputs
	if inputs.Len() == 0 {
		inputs = savedInputs(req.Properties)
	}
	if inputs.Len() == 0 {
		inputs = importedInputs(live)
	} else {
		now := fromObject(live.Object)
		inputs = drift(property.New(inputs), property.New(req.Properties), now).AsMap()
	}
	return p.ReadResponse{ID: req.ID, Properties: checkpoint(live, inputs, apiVersion, manager), Inputs: inputs}, nil
}

// drift puts into the inputs what changed on the cluster since the state was
// taken. What did not change stays as it was written: the server's spelling of
// it (1 for 1000m) is no change.
func drift(input, before, now property.Value) property.Value {
	switch {
	case input.IsMap() && before.IsMap() && now.IsMap():
		fields := input.AsMap()
		for key, value := range input.AsMap().All {
			was, is := before.AsMap().Get(key), now.AsMap().Get(key)
			if is.IsNull() && !was.IsNull() {
				fields = fields.Delete(key)
				continue
			}
			fields = fields.Set(key, drift(value, was, is))
		}
		return property.WithGoValue(input, fields)
	case input.IsArray() && before.IsArray() && now.IsArray() &&
		input.AsArray().Len() == before.AsArray().Len() && before.AsArray().Len() == now.AsArray().Len():
		elements := input.AsArray().AsSlice()
		for i := range elements {
			elements[i] = drift(elements[i], before.AsArray().Get(i), now.AsArray().Get(i))
		}
		return property.WithGoValue(input, property.NewArray(elements))
	case before.IsNull() && now.IsNull(), reveal(before).Equals(reveal(now)):
		return input
	}
	return now.WithSecret(input.HasSecrets() || before.HasSecrets())
}

// importedInputs are the inputs that would make an object as it is found.
func importedInputs(live *unstructured.Unstructured) property.Map {
	object := live.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "status")
	for _, server := range []string{
		"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields",
		"resourceVersion", "selfLink", "uid",
	} {
		unstructured.RemoveNestedField(object.Object, "metadata", server)
	}
	for _, server := range []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"} {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations", server)
	}
	if len(object.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	}
	return conceal(fromObject(object.Object), property.Value{}).AsMap()
}
