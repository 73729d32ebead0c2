package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// delete deletes the object with what it owns, and waits until it is gone.
func (k *provider) delete(ctx context.Context, req p.DeleteRequest) error {
	inputs := savedInputs(req.Properties)
	gvk, err := gvkOf(req.Urn, inputObject(req.Properties))
	if err != nil {
		return err
	}
	namespace, name := parseID(req.ID)
	client, err := k.cluster.client(gvk, namespace)
	if meta.IsNoMatchError(err) {
		return nil
	}
	var live *unstructured.Unstructured
	if err == nil {
		live, err = client.Get(ctx, name, metav1.GetOptions{})
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil && (errors.Is(err, errUnreachable) || !isStatus(err)):
		p.GetLogger(ctx).Warningf("configured Kubernetes cluster is unreachable: %v", err)
		if k.settings.deleteUnreachable {
			return nil
		}
		return errors.New("configured Kubernetes cluster is unreachable. If the cluster was deleted, you can remove this " +
			"resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment " +
			"variable set to \"true\"")
	case err != nil:
		return fmt.Errorf("%s cannot be deleted: %w", req.ID, err)
	}
	propagation, err := propagation(inputs)
	if err != nil {
		return err
	}
	uid := live.GetUID()
	err = client.Delete(ctx, name, metav1.DeleteOptions{
		PropagationPolicy: &propagation, Preconditions: &metav1.Preconditions{UID: &uid},
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s cannot be deleted: %w", req.ID, err)
	}
	if skipsAwait(inputs) {
		return nil
	}
	limit, err := patience(inputs, req.Timeout)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it was not gone within %s", limit))
	defer cancel()
	var last *unstructured.Unstructured
	err = observe(ctx, client, live, func(seen *unstructured.Unstructured) (bool, error) {
		if seen != nil {
			last = seen
		}
		return seen == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s is being deleted, but %w%s", req.ID, err, holding(last))
	}
	return nil
}

func propagation(inputs property.Map) (metav1.DeletionPropagation, error) {
	switch text := annotation(inputs, annotationPropagation); strings.ToLower(text) {
	case "", "foreground":
		return metav1.DeletePropagationForeground, nil
	case "background":
		return metav1.DeletePropagationBackground, nil
	case "orphan":
		return metav1.DeletePropagationOrphan, nil
	default:
		return "", fmt.Errorf("annotation %s is %q; it must be foreground, background or orphan", annotationPropagation, text)
	}
}

// holding names the finalizers that keep an object from going.
func holding(live *unstructured.Unstructured) string {
	if live == nil || len(live.GetFinalizers()) == 0 {
		return ""
	}
	return "; it is held by its finalizers " + strings.Join(live.GetFinalizers(), ", ")
}
