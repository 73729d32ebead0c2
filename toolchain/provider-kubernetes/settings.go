package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// settings are the provider's inputs that mean something here.
type settings struct {
	kubeconfig, context, cluster, namespace string

	deleteUnreachable, skipUpdateUnreachable bool
	upsertExisting, patchForce               bool
	configMapMutable, secretMutable          bool
	qps                                      float64
	burst                                    int
	timeout                                  int
}

// accepted are all inputs of the provider resource.
var accepted = []string{
	"alwaysRender", "cluster", "clusterIdentifier", "context", "deleteUnreachable", "enableConfigMapMutable",
	"enablePatchForce", "enableSecretMutable", "enableServerSideApply", "helmReleaseSettings", "kubeClientSettings",
	"kubeconfig", "namespace", "renderYamlToDirectory", "skipUpdateUnreachable", "suppressDeprecationWarnings",
	"suppressHelmHookWarnings", "upsertExistingObjects",
}

// flags are those that are true or false, with the variable that sets them for
// a provider that the program did not make itself.
var flags = map[string]string{
	"deleteUnreachable":      "PULUMI_K8S_DELETE_UNREACHABLE",
	"enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
	"enablePatchForce":       "PULUMI_K8S_ENABLE_PATCH_FORCE",
	"enableSecretMutable":    "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
	"enableServerSideApply":  "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
	"skipUpdateUnreachable":  "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
	"upsertExistingObjects":  "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}

func str(m property.Map, key string) string {
	if v := m.Get(key); v.IsString() {
		return v.AsString()
	}
	return ""
}

// flag reads a boolean, which travels as itself or as text.
func flag(m property.Map, key string) (bool, error) {
	v := m.Get(key)
	text := os.Getenv(flags[key])
	switch {
	case v.IsBool():
		return v.AsBool(), nil
	case v.IsString():
		text = v.AsString()
	}
	if text == "" {
		return false, nil
	}
	set, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s is %q; it must be true or false", key, text)
	}
	return set, nil
}

func readSettings(args property.Map) (settings, error) {
	s := settings{
		kubeconfig: str(args, "kubeconfig"),
		context:    str(args, "context"),
		cluster:    str(args, "cluster"),
		namespace:  str(args, "namespace"),
		// The client's own 5 and 10 are made for controllers.
		qps: 50, burst: 120,
	}
	for key, target := range map[string]*bool{
		"deleteUnreachable":      &s.deleteUnreachable,
		"skipUpdateUnreachable":  &s.skipUpdateUnreachable,
		"upsertExistingObjects":  &s.upsertExisting,
		"enablePatchForce":       &s.patchForce,
		"enableConfigMapMutable": &s.configMapMutable,
		"enableSecretMutable":    &s.secretMutable,
	} {
		var err error
		if *target, err = flag(args, key); err != nil {
			return s, err
		}
	}
	return s, s.readClient(args.Get("kubeClientSettings"))
}

// readClient takes rates and the request timeout, an object or its JSON.
func (s *settings) readClient(v property.Value) error {
	var client struct {
		QPS     *float64 `json:"qps"`
		Burst   *int     `json:"burst"`
		Timeout *int     `json:"timeout"`
	}
	text := []byte("{}")
	switch {
	case v.IsString() && v.AsString() != "":
		text = []byte(v.AsString())
	case v.IsMap():
		var err error
		if text, err = json.Marshal(toObject(v)); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(text, &client); err != nil {
		return fmt.Errorf("kubeClientSettings must be an object with the numbers qps, burst and timeout: %w", err)
	}
	if client.QPS != nil {
		s.qps = *client.QPS
	}
	if client.Burst != nil {
		s.burst = *client.Burst
	}
	if client.Timeout != nil {
		s.timeout = *client.Timeout
	}
	return nil
}

func (s *settings) overrides() *clientcmd.ConfigOverrides {
	return &clientcmd.ConfigOverrides{
		Context: api.Context{Cluster: s.cluster, Namespace: s.namespace}, CurrentContext: s.context,
	}
}

// clientConfig loads the kubeconfig: its contents, or the path of one or more
// files, or else what kubectl would take.
func (s *settings) clientConfig() (clientcmd.ClientConfig, error) {
	if s.kubeconfig == "" {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		rules.DefaultClientConfig = &clientcmd.DefaultClientConfig
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, s.overrides()), nil
	}
	loaded, err := loadKubeconfig(s.kubeconfig)
	if err != nil {
		return nil, err
	}
	return clientcmd.NewDefaultClientConfig(*loaded, s.overrides()), nil
}

func loadKubeconfig(pathOrContents string) (*api.Config, error) {
	trimmed := strings.TrimSpace(pathOrContents)
	if strings.ContainsAny(trimmed, "\n{") {
		loaded, err := clientcmd.Load([]byte(trimmed))
		if err != nil {
			// The text holds keys: it is not repeated.
			return nil, fmt.Errorf("kubeconfig holds neither valid YAML nor JSON of a kubeconfig: %w", err)
		}
		return loaded, nil
	}
	paths := filepath.SplitList(trimmed)
	for i, path := range paths {
		if rest, found := strings.CutPrefix(path, "~/"); found {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, err
			}
			paths[i] = filepath.Join(home, rest)
		}
		if _, err := os.Stat(paths[i]); err != nil {
			return nil, fmt.Errorf("kubeconfig %s cannot be read; give the path or the contents of a kubeconfig: %w", path, err)
		}
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: paths}
	loaded, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s is not valid: %w", trimmed, err)
	}
	return loaded, nil
}

// checkConfig turns a kubeconfig given as an object into text, and refuses
// what this provider cannot do.
func (k *provider) checkConfig(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
	inputs := req.Inputs
	var failures []p.CheckFailure
	refuse := func(key, reason string) {
		failures = append(failures, p.CheckFailure{Property: key, Reason: reason})
	}
	if config := inputs.Get("kubeconfig"); config.IsMap() {
		text, err := json.Marshal(toObject(config))
		if err != nil {
			return p.CheckResponse{}, err
		}
		inputs = inputs.Set("kubeconfig", property.New(string(text)).WithSecret(config.HasSecrets()))
	}
	for key := range flags {
		if inputs.Get(key).IsComputed() {
			continue
		}
		if _, err := flag(inputs, key); err != nil {
			refuse(key, err.Error())
		}
	}
	if directory := inputs.Get("renderYamlToDirectory"); directory.IsComputed() || str(inputs, "renderYamlToDirectory") != "" {
		refuse("renderYamlToDirectory", "this provider writes no YAML files; use the official plugin for that")
	}
	if v := inputs.Get("enableServerSideApply"); !v.IsNull() && !v.IsComputed() {
		if on, err := flag(inputs, "enableServerSideApply"); err == nil && !on {
			p.GetLogger(ctx).Warning("enableServerSideApply is false, but this provider applies on the server side always.")
		}
	}
	return p.CheckResponse{Inputs: inputs, Failures: failures}, nil
}

// diffConfig replaces the provider, and with it every object, only when it
// leads to another cluster. A kubeconfig has no identity of its own; the
// active cluster's entry stands for it.
func (k *provider) diffConfig(_ context.Context, req p.DiffRequest) (p.DiffResponse, error) {
	before, after := plain(req.State), plain(req.Inputs)
	if req.OldInputs.Len() > 0 {
		before = plain(req.OldInputs)
	}
	changes := before.Diff(after)
	if changes == nil {
		return p.DiffResponse{}, nil
	}
	response := p.DiffResponse{HasChanges: true, DetailedDiff: map[string]p.PropertyDiff{}}
	for _, key := range changes.ChangedKeys() {
		kind := p.Update
		switch {
		case !before.HasValue(key):
			kind = p.Add
		case !after.HasValue(key):
			kind = p.Delete
		}
		response.DetailedDiff[string(key)] = p.PropertyDiff{Kind: kind, InputDiff: true}
	}
	identified := after.HasValue("clusterIdentifier")
	if identified && before.HasValue("clusterIdentifier") {
		if changes.Updated("clusterIdentifier") {
			response.DetailedDiff["clusterIdentifier"] = p.PropertyDiff{Kind: p.UpdateReplace, InputDiff: true}
		}
		return response, nil
	}
	elsewhere := false
	for _, key := range []string{"kubeconfig", "context", "cluster"} {
		elsewhere = elsewhere || req.Inputs.Get(key).IsComputed()
	}
	if !elsewhere {
		was, known := activeCluster(req.State)
		is, knownNow := activeCluster(req.Inputs)
		elsewhere = known && knownNow && !reflect.DeepEqual(was, is)
	}
	for _, key := range []string{"kubeconfig", "context", "cluster"} {
		if change, changed := response.DetailedDiff[key]; changed && elsewhere {
			change.Kind = asReplace(change.Kind)
			response.DetailedDiff[key] = change
		}
	}
	return response, nil
}

func activeCluster(config property.Map) (api.Cluster, bool) {
	s := settings{kubeconfig: str(config, "kubeconfig"), context: str(config, "context"), cluster: str(config, "cluster")}
	if s.kubeconfig == "" {
		return api.Cluster{}, false
	}
	loaded, err := loadKubeconfig(s.kubeconfig)
	if err != nil {
		return api.Cluster{}, false
	}
	name := s.cluster
	if name == "" {
		context := s.context
		if context == "" {
			context = loaded.CurrentContext
		}
		if found := loaded.Contexts[context]; found != nil {
			name = found.Cluster
		}
	}
	found := loaded.Clusters[name]
	if found == nil {
		return api.Cluster{}, false
	}
	active := *found
	active.LocationOfOrigin, active.Extensions = "", nil
	return active, true
}

func asReplace(kind p.DiffKind) p.DiffKind {
	switch kind {
	case p.Add:
		return p.AddReplace
	case p.Delete:
		return p.DeleteReplace
	}
	return p.UpdateReplace
}
