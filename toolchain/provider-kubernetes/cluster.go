package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// connecting bounds one attempt to reach the API server.
const connecting = 10 * time.Second

// errUnreachable marks an API server that gave no answer at all.
var errUnreachable = errors.New("the Kubernetes API server gives no answer")

// cluster is the API server, asked for what it serves version by version.
type cluster struct {
	settings  settings
	discovery func() (discovery.ServerResourcesInterface, error)
	dynamic   func() (dynamic.Interface, error)

	mutex     sync.Mutex
	served    map[schema.GroupVersion][]metav1.APIResource
	lost      error
	namespace string
}

func newCluster(s settings) *cluster {
	config := sync.OnceValues(func() (*rest.Config, error) {
		loaded, err := s.clientConfig()
		if err != nil {
			return nil, err
		}
		config, err := loaded.ClientConfig()
		if err != nil {
			return nil, err
		}
		config.QPS, config.Burst = float32(s.qps), s.burst
		config.Timeout = time.Duration(s.timeout) * time.Second
		config.WarningHandler = rest.NoWarnings{}
		config.UserAgent = "hybrid-vnf-pulumi-kubernetes/" + version
		config.Dial = (&net.Dialer{Timeout: connecting, KeepAlive: 30 * time.Second}).DialContext
		return config, nil
	})
	return &cluster{
		settings:  s,
		namespace: defaultNamespace(s),
		served:    map[schema.GroupVersion][]metav1.APIResource{},
		discovery: sync.OnceValues(func() (discovery.ServerResourcesInterface, error) {
			loaded, err := config()
			if err != nil {
				return nil, err
			}
			return discovery.NewDiscoveryClientForConfig(loaded)
		}),
		dynamic: sync.OnceValues(func() (dynamic.Interface, error) {
			loaded, err := config()
			if err != nil {
				return nil, err
			}
			return dynamic.NewForConfig(loaded)
		}),
	}
}

// defaultNamespace is the one for objects that name none: the provider's, the
// kubeconfig context's, "default".
func defaultNamespace(s settings) string {
	if s.namespace != "" {
		return s.namespace
	}
	if loaded, err := s.clientConfig(); err == nil {
		if namespace, _, err := loaded.Namespace(); err == nil && namespace != "" {
			return namespace
		}
	}
	return metav1.NamespaceDefault
}

// kind finds how the server serves a kind. A cluster that was lost in this run
// is not waited for again unless retry says so.
func (c *cluster) kind(gvk schema.GroupVersionKind, retry bool) (metav1.APIResource, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.lost != nil && !retry {
		return metav1.APIResource{}, c.lost
	}
	gv := gvk.GroupVersion()
	if resource, found := find(c.served[gv], gvk.Kind); found {
		return resource, nil
	}
	// What was seen before may have changed: a definition made meanwhile.
	client, err := c.discovery()
	if err != nil {
		c.lost = fmt.Errorf("%w: %w", errUnreachable, err)
		return metav1.APIResource{}, c.lost
	}
	list, err := client.ServerResourcesForGroupVersion(gv.String())
	switch {
	case apierrors.IsNotFound(err):
		list = &metav1.APIResourceList{}
	case err != nil && isStatus(err):
		return metav1.APIResource{}, fmt.Errorf("the API server does not say what %s holds: %w", gv, err)
	case err != nil:
		c.lost = fmt.Errorf("%w: %w", errUnreachable, err)
		return metav1.APIResource{}, c.lost
	}
	c.lost = nil
	c.served[gv] = list.APIResources
	if resource, found := find(list.APIResources, gvk.Kind); found {
		return resource, nil
	}
	return metav1.APIResource{}, &meta.NoKindMatchError{GroupKind: gvk.GroupKind(), SearchedVersions: []string{gvk.Version}}
}

func find(resources []metav1.APIResource, kind string) (metav1.APIResource, bool) {
	for _, resource := range resources {
		if resource.Kind == kind && !strings.Contains(resource.Name, "/") {
			return resource, true
		}
	}
	return metav1.APIResource{}, false
}

func isStatus(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status)
}

// client talks about the objects of one kind in one namespace.
func (c *cluster) client(gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	served, err := c.kind(gvk, true)
	if err != nil {
		return nil, err
	}
	client, err := c.dynamic()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	resource := client.Resource(gvk.GroupVersion().WithResource(served.Name))
	if !served.Namespaced {
		return resource, nil
	}
	if namespace == "" {
		namespace = c.namespace
	}
	return resource.Namespace(namespace), nil
}

// namespaced tells whether objects of a kind live in namespaces. Where the
// server cannot be asked, well-known kinds are known, and others likely do.
func (c *cluster) namespaced(gvk schema.GroupVersionKind) bool {
	served, err := c.kind(gvk, false)
	if err == nil {
		return served.Namespaced
	}
	return !clusterWide[gvk.GroupKind()]
}

var clusterWide = func() map[schema.GroupKind]bool {
	kinds := map[schema.GroupKind]bool{}
	for group, names := range map[string][]string{
		"":                             {"Namespace", "Node", "PersistentVolume"},
		"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
		"apiextensions.k8s.io":         {"CustomResourceDefinition"},
		"apiregistration.k8s.io":       {"APIService"},
		"scheduling.k8s.io":            {"PriorityClass"},
		"storage.k8s.io":               {"StorageClass", "CSIDriver", "CSINode", "VolumeAttachment"},
		"node.k8s.io":                  {"RuntimeClass"},
		"networking.k8s.io":            {"IngressClass", "IPAddress", "ServiceCIDR"},
		"admissionregistration.k8s.io": {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
		"certificates.k8s.io":          {"CertificateSigningRequest"},
		"flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
	} {
		for _, name := range names {
			kinds[schema.GroupKind{Group: group, Kind: name}] = true
		}
	}
	return kinds
}()

// pause waits, or ends early with the reason why ctx ended.
func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-time.After(length):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
