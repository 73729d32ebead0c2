package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// defaultPatience is how long an object may take to become ready, or to go.
const defaultPatience = 10 * time.Minute

// awaited are the kinds whose readiness is waited for; others are ready as
// soon as they are, unless PULUMI_K8S_AWAIT_ALL is true.
var awaited = map[schema.GroupKind]bool{
	{Group: "apps", Kind: "Deployment"}:                               true,
	{Group: "apps", Kind: "DaemonSet"}:                                true,
	{Group: "apps", Kind: "StatefulSet"}:                              true,
	{Group: "apps", Kind: "ReplicaSet"}:                               true,
	{Group: "batch", Kind: "Job"}:                                     true,
	{Group: "networking.k8s.io", Kind: "Ingress"}:                     true,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: true,
	{Kind: "Namespace"}:                                               true,
	{Kind: "PersistentVolumeClaim"}:                                   true,
	{Kind: "Pod"}:                                                     true,
	{Kind: "Service"}:                                                 true,
}

// patience reads how long to wait: customTimeouts, the annotation, ten minutes.
func patience(inputs property.Map, seconds float64) (time.Duration, error) {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	text := annotation(inputs, annotationTimeout)
	if text == "" {
		return defaultPatience, nil
	}
	whole, err := strconv.Atoi(text)
	if err != nil || whole <= 0 {
		return 0, fmt.Errorf("annotation %s is %q; it must be a number of seconds above 0", annotationTimeout, text)
	}
	return time.Duration(whole) * time.Second, nil
}

func skipsAwait(inputs property.Map) bool { return annotation(inputs, annotationSkipAwait) == "true" }

// await waits until the object is ready, and returns how it was last seen.
func (k *provider) await(
	ctx context.Context, gvk schema.GroupVersionKind, live *unstructured.Unstructured, inputs property.Map, seconds float64,
) (*unstructured.Unstructured, error) {
	all, _ := strconv.ParseBool(os.Getenv("PULUMI_K8S_AWAIT_ALL"))
	if skipsAwait(inputs) || !awaited[gvk.GroupKind()] && !all {
		return live, nil
	}
	limit, err := patience(inputs, seconds)
	if err != nil {
		return live, err
	}
	client, err := k.cluster.client(gvk, live.GetNamespace())
	if err != nil {
		return live, err
	}
	// A watch of this object alone must not outlive the wait.
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it was not ready within %s", limit))
	defer cancel()
	said := ""
	err = observe(ctx, client, live, func(seen *unstructured.Unstructured) (bool, error) {
		if seen == nil {
			return false, fmt.Errorf("it was deleted while it was waited for")
		}
		live = seen
		ready, message, err := k.ready(ctx, gvk, seen)
		if !ready && err == nil && message != said {
			p.GetLogger(ctx).InfoStatus(message)
			said = message
		}
		return ready, err
	})
	if said != "" {
		// The last word must not stay beside an object that is done.
		defer p.GetLogger(ctx).InfoStatus("")
	}
	if err != nil {
		background, cancel := context.WithTimeout(context.WithoutCancel(ctx), connecting)
		defer cancel()
		reasons := append([]string{said}, k.troubles(background, live)...)
		reasons = slices.DeleteFunc(reasons, func(reason string) bool { return reason == "" })
		if len(reasons) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.Join(reasons, "; "))
		}
	}
	return live, err
}

// ready judges an object by its status, as kstatus does, but for three kinds.
func (k *provider) ready(ctx context.Context, gvk schema.GroupVersionKind, live *unstructured.Unstructured) (bool, string, error) {
	switch gvk.GroupKind() {
	case schema.GroupKind{Group: "batch", Kind: "Job"}:
		// To kstatus a job that has begun is ready; here, one that is done.
		if condition(live, "Complete") == "True" {
			return true, "", nil
		}
		if condition(live, "Failed") == "True" {
			return false, "", fmt.Errorf("the job failed: %s", conditionMessage(live, "Failed"))
		}
		return false, "Waiting for the job to complete", nil
	case schema.GroupKind{Kind: "PersistentVolumeClaim"}:
		if k.bindsLate(ctx, live) {
			return true, "", nil
		}
	case schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}:
		addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
		return len(addresses) > 0, "Waiting for the ingress to get an address", nil
	}
	result, err := status.Compute(live)
	if err != nil {
		return false, "", err
	}
	switch result.Status {
	case status.CurrentStatus:
		return true, "", nil
	case status.FailedStatus:
		return false, "", errors.New(result.Message)
	}
	return false, result.Message, nil
}

// bindsLate tells whether a claim waits for a pod that wants it.
func (k *provider) bindsLate(ctx context.Context, claim *unstructured.Unstructured) bool {
	class, _, _ := unstructured.NestedString(claim.Object, "spec", "storageClassName")
	client, err := k.cluster.client(schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}, "")
	if class == "" || err != nil {
		return false
	}
	found, err := client.Get(ctx, class, metav1.GetOptions{})
	if err != nil {
		return false
	}
	mode, _, _ := unstructured.NestedString(found.Object, "volumeBindingMode")
	return mode == "WaitForFirstConsumer"
}

func conditionOf(live *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == kind {
			return fields
		}
	}
	return nil
}

func condition(live *unstructured.Unstructured, kind string) string {
	text, _ := conditionOf(live, kind)["status"].(string)
	return text
}

func conditionMessage(live *unstructured.Unstructured, kind string) string {
	text, _ := conditionOf(live, kind)["message"].(string)
	return text
}

// observe shows how an object changes, nil when it is gone, until decide says
// enough. The given object is the first one shown.
func observe(
	ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured,
	decide func(*unstructured.Unstructured) (bool, error),
) error {
	name, uid := live.GetName(), live.GetUID()
	current := live
	for length := 250 * time.Millisecond; ; length = min(length*2, 5*time.Second) {
		if current != nil && current.GetUID() != uid {
			current = nil
		}
		done, err := decide(current)
		if done || err != nil {
			return err
		}
		if current != nil {
			done, err = follow(ctx, client, current, decide)
			if done || err != nil {
				return err
			}
		}
		if err := pause(ctx, length); err != nil {
			return err
		}
		seen, err := client.Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			current = nil
		case err == nil:
			current = seen
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isStatus(err) && !apierrors.IsTooManyRequests(err) && !apierrors.IsServerTimeout(err) &&
			!apierrors.IsInternalError(err) && !apierrors.IsServiceUnavailable(err):
			return err
		}
	}
}

// follow watches from how the object was last seen until the watch ends.
func follow(
	ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured,
	decide func(*unstructured.Unstructured) (bool, error),
) (bool, error) {
	events, err := client.Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("metadata.name", live.GetName()).String(),
		ResourceVersion: live.GetResourceVersion(),
	})
	if err != nil {
		// The next look at the object tells what is wrong.
		return false, nil
	}
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case event, open := <-events.ResultChan():
			if !open {
				return false, nil
			}
			seen, ok := event.Object.(*unstructured.Unstructured)
			switch {
			case !ok || event.Type == watch.Error:
				return false, nil
			case event.Type == watch.Bookmark || seen.GetName() != live.GetName():
				continue
			case event.Type == watch.Deleted || seen.GetUID() != live.GetUID():
				seen = nil
			}
			if done, err := decide(seen); done || err != nil {
				return done, err
			}
		}
	}
}

// troubles tells what keeps a workload's pods from running, and the warnings
// about the object.
func (k *provider) troubles(ctx context.Context, live *unstructured.Unstructured) []string {
	var found []string
	involved := map[types.UID]bool{live.GetUID(): true}
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels")
	pods := k.list(ctx, "Pod", live.GetNamespace(), metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: selector}))
	if len(selector) == 0 {
		pods = nil
		if live.GetKind() == "Pod" {
			pods = []unstructured.Unstructured{*live}
		}
	}
	for _, pod := range pods {
		involved[pod.GetUID()] = true
		if message := conditionMessage(&pod, "PodScheduled"); message != "" && condition(&pod, "PodScheduled") == "False" {
			found = append(found, fmt.Sprintf("pod %s: %s", pod.GetName(), message))
		}
		for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
			containers, _, _ := unstructured.NestedSlice(pod.Object, "status", list)
			for _, container := range containers {
				if reason := containerTrouble(container); reason != "" {
					found = append(found, fmt.Sprintf("pod %s: %s", pod.GetName(), reason))
				}
			}
		}
	}
	for _, event := range k.list(ctx, "Event", live.GetNamespace(), "") {
		uid, _, _ := unstructured.NestedString(event.Object, "involvedObject", "uid")
		kind, _, _ := unstructured.NestedString(event.Object, "type")
		message, _, _ := unstructured.NestedString(event.Object, "message")
		if kind == "Warning" && involved[types.UID(uid)] {
			found = append(found, message)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return found[:min(len(found), 10)]
}

func containerTrouble(container any) string {
	fields, _ := container.(map[string]any)
	for _, state := range []string{"waiting", "terminated"} {
		reason, _, _ := unstructured.NestedString(fields, "state", state, "reason")
		message, _, _ := unstructured.NestedString(fields, "state", state, "message")
		if reason == "" || reason == "ContainerCreating" || reason == "PodInitializing" || reason == "Completed" {
			continue
		}
		return strings.TrimSuffix(fmt.Sprintf("container %v %s: %s", fields["name"], reason, message), ": ")
	}
	return ""
}

func (k *provider) list(ctx context.Context, kind, namespace, labels string) []unstructured.Unstructured {
	client, err := k.cluster.client(schema.GroupVersionKind{Version: "v1", Kind: kind}, namespace)
	if err != nil {
		return nil
	}
	found, err := client.List(ctx, metav1.ListOptions{LabelSelector: labels})
	if err != nil {
		return nil
	}
	return found.Items
}
