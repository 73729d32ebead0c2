package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/csaupgrade"
)

// creators are the field managers under which the official provider makes
// objects; what they own is taken over before an update.
var creators = sets.New(managerPrefix, "pulumi-resource-kubernetes", "pulumi-kubernetes.exe")

const (
	managerPrefix = "pulumi-kubernetes"

	// waitForPrerequisite bounds how long an object waits for its namespace or
	// its definition, made beside it.
	waitForPrerequisite = 30 * time.Second
)

// create applies a new object and waits until it is ready. In a preview the
// server is asked what it would make of it.
func (k *provider) create(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
	object := inputObject(req.Properties)
	gvk, err := gvkOf(req.Urn, object)
	if err != nil {
		return p.CreateResponse{}, err
	}
	manager, err := newFieldManager(req.Properties)
	if err != nil {
		return p.CreateResponse{}, err
	}
	if req.DryRun {
		return p.CreateResponse{Properties: k.previewCreate(ctx, gvk, object, req.Properties, manager, &err)}, err
	}
	live, err := k.make(ctx, gvk, object, req.Properties, manager)
	if err != nil {
		return p.CreateResponse{}, k.failure(req.Urn, "was not successfully created by the Kubernetes API server", err)
	}
	ready, err := k.await(ctx, gvk, live, req.Properties, req.Timeout)
	response := p.CreateResponse{
		ID:         idOf(ready),
		Properties: checkpoint(ready, req.Properties, ready.GetAPIVersion(), manager),
	}
	if err != nil {
		err = k.failure(req.Urn, "was successfully created, but the Kubernetes API server reported that it failed to "+
			"fully initialize or become live", err)
		response.PartialState = &p.InitializationFailed{Reasons: []string{err.Error()}}
	}
	return response, err
}

// previewCreate returns what the object would become, or the inputs where that
// cannot be known. Only what the server finds wrong with the object is an
// error.
func (k *provider) previewCreate(
	ctx context.Context, gvk schema.GroupVersionKind, object *unstructured.Unstructured,
	inputs property.Map, manager string, failed *error,
) property.Map {
	if property.New(inputs).HasComputed() {
		return inputs
	}
	if _, err := k.cluster.kind(gvk, false); err != nil {
		return inputs
	}
	client, err := k.cluster.client(gvk, object.GetNamespace())
	if err != nil {
		return inputs
	}
	if _, err := client.Get(ctx, object.GetName(), metav1.GetOptions{}); err == nil && !k.settings.upsertExisting {
		// A replacement of the same name, which goes before this one comes.
		return inputs
	}
	live, err := k.send(ctx, client, object, manager, true, true)
	if err != nil {
		if !tolerable(err) {
			*failed = err
		}
		return inputs
	}
	unstructured.RemoveNestedField(live.Object, "status")
	return checkpoint(live, inputs, object.GetAPIVersion(), manager)
}

// tolerable are the errors of a dry run that say nothing about the object: no
// right to it, no namespace yet, no answer, an admission webhook that has side
// effects.
func tolerable(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || !isStatus(err) ||
		apierrors.IsBadRequest(err)
}

// make creates the object. Its namespace, or its kind's definition, may be made
// at the same time.
func (k *provider) make(
	ctx context.Context, gvk schema.GroupVersionKind, object *unstructured.Unstructured, inputs property.Map, manager string,
) (*unstructured.Unstructured, error) {
	patient, cancel := context.WithTimeout(ctx, waitForPrerequisite)
	defer cancel()
	for length := 250 * time.Millisecond; ; length = min(length*3/2, 3*time.Second) {
		live, err := k.makeOnce(ctx, gvk, object, inputs, manager)
		if err == nil || !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
			return live, err
		}
		p.GetLogger(ctx).InfoStatusf("Retrying; creation failed: %v", err)
		if pause(patient, length) != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("stopped, %w: %w", context.Cause(ctx), err)
			}
			return nil, err
		}
	}
}

func (k *provider) makeOnce(
	ctx context.Context, gvk schema.GroupVersionKind, object *unstructured.Unstructured, inputs property.Map, manager string,
) (*unstructured.Unstructured, error) {
	client, err := k.cluster.client(gvk, object.GetNamespace())
	if err != nil {
		return nil, err
	}
	if !k.settings.upsertExisting {
		switch _, err := client.Get(ctx, object.GetName(), metav1.GetOptions{}); {
		case err == nil:
			served, _ := k.cluster.kind(gvk, false)
			exists := apierrors.NewAlreadyExists(schema.GroupResource{Group: gvk.Group, Resource: served.Name}, object.GetName())
			return nil, fmt.Errorf("%w: import it (the import option, or `pulumi import`), rename it, or set "+
				"upsertExistingObjects on the provider to take it over", exists)
		case !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err):
			return nil, err
		}
	}
	return k.send(ctx, client, object, manager, k.forces(inputs), false)
}

// forces tells whether fields are taken from other managers.
func (k *provider) forces(inputs property.Map) bool {
	return k.settings.patchForce || annotation(inputs, annotationPatchForce) == "true"
}

// send applies the object under its field manager.
func (k *provider) send(
	ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured,
	manager string, force, dryRun bool,
) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: manager, Force: &force}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	live, err := client.Patch(ctx, object.GetName(), types.ApplyPatchType, body, options)
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("server-side apply field conflict detected: %w; another field manager owns the field: "+
			"drop it from the inputs, or set the annotation %s: \"true\" to take it over", err, annotationPatchForce)
	}
	return live, err
}

func newFieldManager(inputs property.Map) (string, error) {
	if chosen := annotation(inputs, annotationFieldManager); chosen != "" {
		return chosen, nil
	}
	return resource.NewUniqueName(nil, managerPrefix+"-", 8, 0, nil)
}

// savedFieldManager is the one that the state's object is applied under.
func savedFieldManager(state, inputs property.Map) (string, error) {
	if chosen := annotation(inputs, annotationFieldManager); chosen != "" {
		return chosen, nil
	}
	if saved := str(state, keyFieldManager); saved != "" {
		return saved, nil
	}
	return newFieldManager(inputs)
}

func (k *provider) update(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
	object := inputObject(req.Inputs)
	gvk, err := gvkOf(req.Urn, object)
	if err != nil {
		return p.UpdateResponse{}, err
	}
	manager, err := savedFieldManager(req.State, req.Inputs)
	if err != nil {
		return p.UpdateResponse{}, err
	}
	if req.DryRun {
		_, known := k.cluster.kind(gvk, false)
		if known != nil || property.New(req.Inputs).HasComputed() {
			return p.UpdateResponse{Properties: req.Inputs}, nil
		}
	}
	client, err := k.cluster.client(gvk, object.GetNamespace())
	if err != nil {
		return p.UpdateResponse{}, k.failure(req.Urn, "was not successfully updated by the Kubernetes API server", err)
	}
	force, err := takeOver(ctx, client, object.GetName(), manager, req.DryRun)
	var live *unstructured.Unstructured
	if err == nil {
		live, err = k.send(ctx, client, object, manager, force || k.forces(req.Inputs), req.DryRun)
	}
	if err != nil {
		if req.DryRun && tolerable(err) {
			return p.UpdateResponse{Properties: req.Inputs}, nil
		}
		return p.UpdateResponse{}, k.failure(req.Urn, "was not successfully updated by the Kubernetes API server", err)
	}
	apiVersion := str(req.State, keyAPIVersion)
	if apiVersion == "" {
		apiVersion = object.GetAPIVersion()
	}
	if req.DryRun {
		unstructured.RemoveNestedField(live.Object, "status")
		return p.UpdateResponse{Properties: checkpoint(live, req.Inputs, apiVersion, manager)}, nil
	}
	ready, err := k.await(ctx, gvk, live, req.Inputs, req.Timeout)
	response := p.UpdateResponse{Properties: checkpoint(ready, req.Inputs, apiVersion, manager)}
	if err != nil {
		err = k.failure(req.Urn, "was successfully updated, but the Kubernetes API server reported that it failed to "+
			"fully initialize or become live", err)
		response.PartialState = &p.InitializationFailed{Reasons: []string{err.Error()}}
	}
	return response, err
}

// takeOver moves what was set by a plain create under the name of the manager
// that applies from now on; else a field dropped from the inputs would stay. It
// tells whether the apply must be forced: in a dry run nothing is moved, and an
// object from before managed fields belongs to nobody.
func takeOver(
	ctx context.Context, client dynamic.ResourceInterface, name, manager string, dryRun bool,
) (force bool, err error) {
	live, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	if len(live.GetManagedFields()) == 0 {
		return true, nil
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, creators, manager)
	if err != nil || len(patch) == 0 {
		return false, err
	}
	if dryRun {
		return true, nil
	}
	_, err = client.Patch(ctx, name, types.JSONPatchType, patch, metav1.PatchOptions{})
	return false, err
}

// failure says which resource failed how, and what the server said.
func (k *provider) failure(urn resource.URN, how string, err error) error {
	if errors.Is(err, errUnreachable) {
		return fmt.Errorf("configured Kubernetes cluster is unreachable: %w", err)
	}
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("resource %q %s: the server does not know this kind; verify that any required CRDs "+
			"have been created: %w", urn, how, err)
	}
	return fmt.Errorf("resource %q %s: %w", urn, how, err)
}
