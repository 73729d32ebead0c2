package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error lacks %q:\n%v", part, err)
		}
	}
}

// program is one engine's view of the provider.
type program struct {
	t      *testing.T
	server integration.Server
}

func start(t *testing.T, config map[string]property.Value) *program {
	t.Helper()
	server, err := integration.NewServer(context.Background(), name, semver.MustParse(version),
		integration.WithProvider(newProvider()))
	check(t, err)
	checked, err := server.CheckConfig(p.CheckRequest{Inputs: property.NewMap(config)})
	check(t, err)
	if len(checked.Failures) > 0 {
		t.Fatalf("config: %v", checked.Failures)
	}
	check(t, server.Configure(p.ConfigureRequest{Args: checked.Inputs}))
	return &program{t, server}
}

func startOn(t *testing.T) *program {
	t.Helper()
	return start(t, map[string]property.Value{"kubeconfig": property.New(testCluster(t)).WithSecret(true)})
}

// inputs reads an object as a program would write it.
func inputs(t *testing.T, text string) property.Map {
	t.Helper()
	var object map[string]any
	check(t, yaml.Unmarshal([]byte(text), &object))
	return fromObject(object).AsMap()
}

func urn(token string) resource.URN {
	return resource.NewURN("dev", "test", "", tokens.Type(token), "it")
}

func (g *program) check(token string, old, new property.Map) property.Map {
	g.t.Helper()
	response, err := g.server.Check(p.CheckRequest{Urn: urn(token), State: old, Inputs: new, RandomSeed: []byte(g.t.Name() + time.Now().String())})
	check(g.t, err)
	if len(response.Failures) > 0 {
		g.t.Fatalf("check: %v", response.Failures)
	}
	return response.Inputs
}

type made struct {
	id     string
	inputs property.Map
	state  property.Map
}

func (g *program) create(token, text string) made {
	g.t.Helper()
	object := g.check(token, property.Map{}, inputs(g.t, text))
	response, err := g.server.Create(p.CreateRequest{Urn: urn(token), Properties: object})
	check(g.t, err)
	result := made{response.ID, object, response.Properties}
	g.t.Cleanup(func() { _ = g.server.Delete(p.DeleteRequest{ID: result.id, Urn: urn(token), Properties: result.state}) })
	return result
}

func (g *program) diff(token string, m made, text string) (property.Map, p.DiffResponse) {
	g.t.Helper()
	object := g.check(token, m.inputs, inputs(g.t, text))
	response, err := g.server.Diff(p.DiffRequest{ID: m.id, Urn: urn(token), State: m.state, OldInputs: m.inputs, Inputs: object})
	check(g.t, err)
	return object, response
}

func get(t *testing.T, m property.Map, path ...string) property.Value {
	t.Helper()
	v := property.New(m)
	for _, key := range path {
		v = field(v, key)
	}
	return v
}

const (
	configMap  = "kubernetes:core/v1:ConfigMap"
	secret     = "kubernetes:core/v1:Secret"
	deployment = "kubernetes:apps/v1:Deployment"
	pod        = "kubernetes:core/v1:Pod"
)

func TestObjectLives(t *testing.T) {
	g := startOn(t)
	m := g.create(configMap, "{metadata: {labels: {a: b}}, data: {x: w}}")
	if !strings.HasPrefix(m.id, "default/it-") || len(m.id) != len("default/it-")+8 {
		t.Errorf("id %q is not default/it- and eight digits", m.id)
	}
	if get(t, m.state, "metadata", "uid").IsNull() || get(t, m.state, "kind").AsString() != "ConfigMap" {
		t.Errorf("the state is not the live object: %#v", m.state)
	}
	if _, diff := g.diff(configMap, m, "{metadata: {labels: {a: b}}, data: {x: w}}"); diff.HasChanges {
		t.Errorf("a change without a change: %+v", diff)
	}

	object, diff := g.diff(configMap, m, "{metadata: {labels: {a: c}}, data: {x: w}}")
	if diff.DetailedDiff["metadata.labels.a"].Kind != p.Update || len(diff.DetailedDiff) != 1 {
		t.Errorf("diff: %+v", diff)
	}
	updated, err := g.server.Update(p.UpdateRequest{ID: m.id, Urn: urn(configMap), State: m.state, OldInputs: m.inputs, Inputs: object})
	check(t, err)
	if got := get(t, updated.Properties, "metadata", "labels", "a"); got.AsString() != "c" {
		t.Errorf("label a is %#v", got)
	}
	// A field that goes from the inputs goes from the object.
	object = g.check(configMap, object, inputs(t, "{data: {x: w}}"))
	updated, err = g.server.Update(p.UpdateRequest{ID: m.id, Urn: urn(configMap), State: updated.Properties, Inputs: object})
	check(t, err)
	if got := get(t, updated.Properties, "metadata", "labels"); !got.IsNull() {
		t.Errorf("labels are %#v", got)
	}

	check(t, g.server.Delete(p.DeleteRequest{ID: m.id, Urn: urn(configMap), Properties: updated.Properties}))
	read, err := g.server.Read(p.ReadRequest{ID: m.id, Urn: urn(configMap), Properties: updated.Properties, Inputs: object})
	check(t, err)
	if read.ID != "" {
		t.Errorf("a deleted object is read as %q", read.ID)
	}
	check(t, g.server.Delete(p.DeleteRequest{ID: m.id, Urn: urn(configMap), Properties: updated.Properties}))
}

func TestWhatReplaces(t *testing.T) {
	g := startOn(t)
	autonamed := g.create(configMap, "{data: {x: w}}")
	_, diff := g.diff(configMap, autonamed, "{data: {x: z}}")
	if diff.DetailedDiff["data.x"].Kind != p.UpdateReplace || diff.DeleteBeforeReplace {
		t.Errorf("data of an autonamed ConfigMap: %+v", diff)
	}
	named := g.create(configMap, "{metadata: {name: fixed}, data: {x: w}}")
	if _, diff = g.diff(configMap, named, "{metadata: {name: fixed}, data: {x: z}}"); !diff.DeleteBeforeReplace {
		t.Errorf("data of a named ConfigMap: %+v", diff)
	}
	_, diff = g.diff(configMap, named, "{metadata: {name: other}, data: {x: w}}")
	if diff.DetailedDiff["metadata.name"].Kind != p.UpdateReplace || diff.DeleteBeforeReplace {
		t.Errorf("another name: %+v", diff)
	}
	_, diff = g.diff(configMap, named, "{metadata: {name: fixed, namespace: kube-public}, data: {x: w}}")
	if diff.DetailedDiff["metadata.namespace"].Kind != p.UpdateReplace || diff.DeleteBeforeReplace {
		t.Errorf("another namespace: %+v", diff)
	}
	if _, diff = g.diff(configMap, named, "{metadata: {name: fixed, namespace: default}, data: {x: w}}"); diff.HasChanges {
		t.Errorf("the default namespace, written out: %+v", diff)
	}

	mutable := start(t, map[string]property.Value{
		"kubeconfig": property.New(testCluster(t)), "enableConfigMapMutable": property.New("true"),
	})
	if _, diff = mutable.diff(configMap, named, "{metadata: {name: fixed}, data: {x: z}}"); diff.DetailedDiff["data.x"].Kind != p.Update {
		t.Errorf("data of a mutable ConfigMap: %+v", diff)
	}

	d := g.create(deployment, none("x"))
	_, diff = g.diff(deployment, d, none("y"))
	if diff.DetailedDiff["spec.selector.matchLabels.app"].Kind != p.UpdateReplace || !diff.DeleteBeforeReplace ||
		diff.DetailedDiff["spec.template.metadata.labels.app"].Kind != p.Update {
		t.Errorf("another selector: %+v", diff)
	}
}

func none(app string) string { return workload(app, 0) }

func workload(app string, replicas int) string {
	return strings.NewReplacer("APP", app, "REPLICAS", string(rune('0'+replicas))).Replace(`
metadata: {name: work, annotations: {pulumi.com/timeoutSeconds: "20"}}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: APP}}
  template:
    metadata: {labels: {app: APP}}
    spec: {containers: [{name: c, image: "none:1", resources: {limits: {cpu: 1000m}}}]}
`)
}

func TestSecretsStaySecret(t *testing.T) {
	g := startOn(t)
	m := g.create(secret, "{stringData: {password: hush}}")
	for _, path := range [][]string{{"data"}, {"stringData"}, {"__inputs", "stringData"}} {
		if v := get(t, m.state, path...); !v.IsNull() && !v.Secret() {
			t.Errorf("%v is not secret", path)
		}
	}
	if get(t, m.state, "data", "password").AsString() != "aHVzaA==" {
		t.Error("the live data is not in the state")
	}
	// A secret in any other kind stays one, in the state and in its inputs.
	object := g.check(configMap, property.Map{}, property.NewMap(map[string]property.Value{
		"data": property.New(property.NewMap(map[string]property.Value{
			"a": property.New("open"), "b": property.New("closed").WithSecret(true),
		})),
	}))
	response, err := g.server.Create(p.CreateRequest{Urn: urn(configMap), Properties: object})
	check(t, err)
	defer func() {
		check(t, g.server.Delete(p.DeleteRequest{ID: response.ID, Urn: urn(configMap), Properties: response.Properties}))
	}()
	for _, path := range [][]string{{"data", "b"}, {"__inputs", "data", "b"}} {
		if !get(t, response.Properties, path...).Secret() {
			t.Errorf("%v is not secret", path)
		}
	}
	if get(t, response.Properties, "data", "a").Secret() {
		t.Error("data.a is secret")
	}
	// Nor does an import tell the data.
	read, err := g.server.Read(p.ReadRequest{ID: m.id, Urn: urn(secret)})
	check(t, err)
	if !get(t, read.Inputs, "data").Secret() || !get(t, read.Properties, "data").Secret() {
		t.Error("imported data is not secret")
	}
}

func TestPreviewAsksTheServer(t *testing.T) {
	g := startOn(t)
	preview := func(token, text string) (p.CreateResponse, error) {
		return g.server.Create(p.CreateRequest{
			Urn: urn(token), DryRun: true, Properties: g.check(token, property.Map{}, inputs(t, text)),
		})
	}
	got, err := preview(deployment, none("x"))
	check(t, err)
	if get(t, got.Properties, "spec", "revisionHistoryLimit").IsNull() {
		t.Error("the server's defaults are not in the preview")
	}
	if !get(t, got.Properties, "status").IsNull() || got.ID != "" {
		t.Error("the preview knows a status or an id")
	}
	_, err = preview(deployment, "{spec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c, image: i}]}}}}")
	wantError(t, err, "selector` does not match template `labels`")
	if _, err = preview(configMap, "{metadata: {namespace: not-yet}, data: {x: w}}"); err != nil {
		t.Errorf("a namespace that is not there yet: %v", err)
	}
	if _, err = preview("kubernetes:example.org/v1:Thing", "{apiVersion: example.org/v1, kind: Thing, spec: {}}"); err != nil {
		t.Errorf("a kind that is not there yet: %v", err)
	}
	unknown := inputs(t, "{data: {x: w}}").Set("data", property.New(property.Computed))
	computed, err := g.server.Create(p.CreateRequest{
		Urn: urn(configMap), DryRun: true, Properties: g.check(configMap, property.Map{}, unknown),
	})
	check(t, err)
	if !get(t, computed.Properties, "data").IsComputed() {
		t.Error("unknown data becomes known")
	}
	list, err := typedClient(t).CoreV1().ConfigMaps("default").List(context.Background(), metav1.ListOptions{})
	check(t, err)
	for _, item := range list.Items {
		if strings.HasPrefix(item.Name, "it-") {
			t.Errorf("a preview made %s", item.Name)
		}
	}
}

func TestErrorsAreTheServers(t *testing.T) {
	g := startOn(t)
	fails := func(token, text string, parts ...string) {
		t.Helper()
		_, err := g.server.Create(p.CreateRequest{Urn: urn(token), Properties: g.check(token, property.Map{}, inputs(t, text))})
		wantError(t, err, parts...)
	}
	fails(configMap, "{metadata: {name: Not_A_Name}}", "not successfully created", "Invalid value", "Not_A_Name")
	fails(deployment, "{spec: {nonsense: true}}", "nonsense")
	m := g.create(configMap, "{metadata: {name: taken}, data: {x: w}}")
	fails(configMap, "{metadata: {name: taken}, data: {x: z}}", `"taken" already exists`, "upsertExistingObjects")

	upsert := start(t, map[string]property.Value{
		"kubeconfig": property.New(testCluster(t)), "upsertExistingObjects": property.New(true), "enablePatchForce": property.New(true),
	})
	adopted, err := upsert.server.Create(p.CreateRequest{
		Urn: urn(configMap), Properties: upsert.check(configMap, property.Map{}, inputs(t, "{metadata: {name: taken}, data: {x: z}}")),
	})
	check(t, err)
	if !get(t, adopted.Properties, "metadata", "uid").Equals(get(t, m.state, "metadata", "uid")) {
		t.Error("the object was not taken over")
	}
}

func TestForeignChangesConflict(t *testing.T) {
	g := startOn(t)
	m := g.create(configMap, "{metadata: {name: shared}, data: {x: w}}")
	_, err := typedClient(t).CoreV1().ConfigMaps("default").Patch(context.Background(), "shared",
		types.MergePatchType, []byte(`{"data":{"x":"theirs"}}`), metav1.PatchOptions{FieldManager: "someone"})
	check(t, err)
	object := g.check(configMap, m.inputs, inputs(t, "{metadata: {name: shared}, data: {x: z}}"))
	_, err = g.server.Update(p.UpdateRequest{ID: m.id, Urn: urn(configMap), State: m.state, Inputs: object})
	wantError(t, err, "conflict", `"someone"`, "pulumi.com/patchForce")

	object = g.check(configMap, m.inputs, inputs(t, `{metadata: {name: shared, annotations: {pulumi.com/patchForce: "true"}}, data: {x: z}}`))
	_, err = g.server.Update(p.UpdateRequest{ID: m.id, Urn: urn(configMap), State: m.state, Inputs: object})
	check(t, err)
}

func TestObjectsMadeByTheOfficialProvider(t *testing.T) {
	g := startOn(t)
	client := typedClient(t).CoreV1().ConfigMaps("default")
	_, err := client.Create(context.Background(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "theirs"}, Data: map[string]string{"a": "1", "b": "2"},
	}, metav1.CreateOptions{FieldManager: "pulumi-kubernetes"})
	check(t, err)
	defer func() { check(t, client.Delete(context.Background(), "theirs", metav1.DeleteOptions{})) }()
	state := inputs(t, "{apiVersion: v1, kind: ConfigMap, __fieldManager: pulumi-kubernetes-12345678, __initialApiVersion: v1}")
	object := g.check(configMap, property.Map{}, inputs(t, `{metadata: {name: theirs}, data: {a: "3"}}`))
	for _, dryRun := range []bool{true, false} {
		updated, err := g.server.Update(p.UpdateRequest{
			ID: "default/theirs", Urn: urn(configMap), State: state, Inputs: object, DryRun: dryRun,
		})
		check(t, err)
		if got := get(t, updated.Properties, "data", "a"); got.AsString() != "3" {
			t.Errorf("dry run %v: data.a is %#v", dryRun, got)
		}
	}
	live, err := client.Get(context.Background(), "theirs", metav1.GetOptions{})
	check(t, err)
	if _, left := live.Data["b"]; left {
		t.Error("a field that the inputs dropped is still there")
	}
}

func TestRefreshSeesDriftAndNothingElse(t *testing.T) {
	g := startOn(t)
	m := g.create(deployment, none("x"))
	read, err := g.server.Read(p.ReadRequest{ID: m.id, Urn: urn(deployment), Properties: m.state, Inputs: m.inputs})
	check(t, err)
	// The server writes 1000m as 1; that is no drift.
	if !property.New(read.Inputs).Equals(property.New(m.inputs)) {
		t.Errorf("inputs drifted by themselves:\n%#v\n%#v", m.inputs, read.Inputs)
	}
	_, err = typedClient(t).AppsV1().Deployments("default").Patch(context.Background(), "work", types.StrategicMergePatchType,
		[]byte(`{"spec":{"minReadySeconds":7,"template":{"spec":{"containers":[{"name":"c","image":"hacked:1"}]}}}}`), metav1.PatchOptions{})
	check(t, err)
	read, err = g.server.Read(p.ReadRequest{ID: m.id, Urn: urn(deployment), Properties: m.state, Inputs: m.inputs})
	check(t, err)
	_, diff := g.diff(deployment, made{m.id, read.Inputs, read.Properties}, none("x"))
	if len(diff.DetailedDiff) != 1 || diff.DetailedDiff["spec.template.spec.containers[0].image"].Kind != p.Update {
		t.Errorf("diff after drift: %+v", diff)
	}
}

func TestImport(t *testing.T) {
	g := startOn(t)
	g.create(configMap, "{metadata: {name: found}, data: {x: w}}")
	read, err := g.server.Read(p.ReadRequest{ID: "default/found", Urn: urn(configMap)})
	check(t, err)
	_, diff := g.diff(configMap, made{"default/found", read.Inputs, read.Properties}, "{apiVersion: v1, kind: ConfigMap, metadata: {name: found}, data: {x: w}}")
	if diff.HasChanges {
		t.Errorf("inputs as imported differ: %+v", diff)
	}
	missing, err := g.server.Read(p.ReadRequest{ID: "default/missing", Urn: urn(configMap)})
	check(t, err)
	if missing.ID != "" {
		t.Errorf("a missing object is read as %q", missing.ID)
	}
}

const onePod = `{metadata: {name: POD, annotations: {ANNOTATIONS}}, spec: {containers: [{name: c, image: "none:1"}]}}`

func onePodNamed(name, annotations string) string {
	return strings.NewReplacer("POD", name, "ANNOTATIONS", annotations).Replace(onePod)
}

// makeReady does what the kubelet does once a pod's containers run.
func makeReady(t *testing.T, selector string) {
	t.Helper()
	client := typedClient(t).CoreV1().Pods("default")
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		pods, err := client.List(context.Background(), metav1.ListOptions{FieldSelector: selector})
		if err != nil || len(pods.Items) == 0 {
			continue
		}
		for _, pod := range pods.Items {
			pod.Status.Phase = corev1.PodRunning
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			if _, err := client.UpdateStatus(context.Background(), &pod, metav1.UpdateOptions{}); err != nil && !apierrors.IsConflict(err) {
				t.Error(err)
			}
		}
		return
	}
	t.Error("no pod came")
}

func removePods(t *testing.T) {
	t.Helper()
	now := int64(0)
	check(t, typedClient(t).CoreV1().Pods("default").DeleteCollection(context.Background(),
		metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{}))
}

func TestReadinessIsAwaited(t *testing.T) {
	g := startOn(t)
	defer removePods(t)
	go makeReady(t, "metadata.name=slow")
	m := g.create(pod, onePodNamed("slow", ""))
	if get(t, m.state, "status", "phase").AsString() != "Running" {
		t.Errorf("status: %#v", get(t, m.state, "status"))
	}
	removePods(t)

	go makeReady(t, "status.phase=Pending")
	d := g.create(deployment, workload("ready", 1))
	if get(t, d.state, "status", "availableReplicas").AsNumber() != 1 {
		t.Errorf("status: %#v", get(t, d.state, "status"))
	}

	begun := time.Now()
	g.create(pod, onePodNamed("skipped", `pulumi.com/skipAwait: "true"`))
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("skipAwait took %s", took)
	}
}

func TestTimeoutKeepsThePartialObject(t *testing.T) {
	plain := newPlainProvider(&provider{settings: settings{}, cluster: newCluster(settings{kubeconfig: testCluster(t), qps: 50, burst: 100})})
	defer removePods(t)
	object := inputs(t, onePodNamed("never", `pulumi.com/timeoutSeconds: "1"`)).Set("apiVersion", property.New("v1")).Set("kind", property.New("Pod"))
	begun := time.Now()
	response, err := plain.Create(context.Background(), p.CreateRequest{Urn: urn(pod), Properties: object})
	wantError(t, err, "failed to fully initialize", "not ready within 1s")
	if response.PartialState == nil || response.ID != "default/never" {
		t.Errorf("no partial state: %+v", response)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("one second took %s", took)
	}
	bad := inputs(t, onePodNamed("bad", "pulumi.com/timeoutSeconds: soon")).Set("apiVersion", property.New("v1")).Set("kind", property.New("Pod"))
	_, err = plain.Create(context.Background(), p.CreateRequest{Urn: urn(pod), Properties: bad})
	wantError(t, err, `"soon"`, "number of seconds")
}

func TestCancelStopsWaiting(t *testing.T) {
	g := startOn(t)
	defer removePods(t)
	object := g.check(pod, property.Map{}, inputs(t, onePodNamed("stuck", "")))
	ended := make(chan error, 1)
	go func() {
		_, err := g.server.Create(p.CreateRequest{Urn: urn(pod), Properties: object})
		ended <- err
	}()
	client := typedClient(t).CoreV1().Pods("default")
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := client.Get(context.Background(), "stuck", metav1.GetOptions{}); err == nil {
			break
		}
	}
	check(t, g.server.Cancel())
	select {
	case err := <-ended:
		wantError(t, err, "canceled")
	case <-time.After(30 * time.Second):
		t.Fatal("still waiting after Cancel")
	}
}

func TestDeleteWaitsUntilGone(t *testing.T) {
	g := startOn(t)
	m := g.create(configMap, `{metadata: {name: held, finalizers: [example.org/hold], annotations: {pulumi.com/timeoutSeconds: "1"}}}`)
	err := g.server.Delete(p.DeleteRequest{ID: m.id, Urn: urn(configMap), Properties: m.state})
	wantError(t, err, "not gone within 1s", "example.org/hold")
	go func() {
		_, _ = typedClient(t).CoreV1().ConfigMaps("default").Patch(context.Background(), "held", types.MergePatchType,
			[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	}()
	check(t, g.server.Delete(p.DeleteRequest{ID: m.id, Urn: urn(configMap), Properties: m.state, Timeout: 20}))
}

func TestDefinitionAndItsObjects(t *testing.T) {
	g := startOn(t)
	const crd = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	const tab = "kubernetes:example.com/v1:Tab"
	object := g.check(tab, property.Map{}, inputs(t, `
apiVersion: example.com/v1
kind: Tab
# The garbage collector looks for new kinds every half minute only.
metadata: {annotations: {pulumi.com/deletionPropagationPolicy: background}}
spec: {size: 3}
`))
	if get(t, object, "metadata", "namespace").IsNull() {
		t.Error("an unknown kind is taken for a cluster-wide one")
	}
	g.create(crd, `
metadata: {name: tabs.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: tabs, kind: Tab}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x_kubernetes_preserve_unknown_fields: true}}}}}]
`)
	response, err := g.server.Create(p.CreateRequest{Urn: urn(tab), Properties: object})
	check(t, err)
	if get(t, response.Properties, "spec", "size").AsNumber() != 3 {
		t.Errorf("%#v", response.Properties)
	}
	check(t, g.server.Delete(p.DeleteRequest{ID: response.ID, Urn: urn(tab), Properties: response.Properties}))
}

func TestClusterWideKindsHaveNoNamespace(t *testing.T) {
	g := startOn(t)
	m := g.create("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
		"{metadata: {namespace: mistaken}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}")
	if strings.Contains(m.id, "/") {
		t.Errorf("id %q", m.id)
	}
}

const nowhere = `{"apiVersion": "v1", "kind": "Config", "current-context": "c",
  "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
  "users": [{"name": "c", "user": {"token": "token-8842"}}],
  "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c", "namespace": "there"}}]}`

func TestUnreachableCluster(t *testing.T) {
	g := start(t, map[string]property.Value{"kubeconfig": property.New(nowhere)})
	object := g.check(configMap, property.Map{}, inputs(t, "{data: {x: w}}"))
	if get(t, object, "metadata", "namespace").AsString() != "there" {
		t.Errorf("namespace: %#v", object)
	}
	space := g.check("kubernetes:core/v1:Namespace", property.Map{}, property.Map{})
	if !get(t, space, "metadata", "namespace").IsNull() {
		t.Error("a namespace in a namespace")
	}
	preview, err := g.server.Create(p.CreateRequest{Urn: urn(configMap), Properties: object, DryRun: true})
	check(t, err)
	if !property.New(preview.Properties).Equals(property.New(object)) {
		t.Errorf("preview: %#v", preview.Properties)
	}
	_, err = g.server.Create(p.CreateRequest{Urn: urn(configMap), Properties: object})
	wantError(t, err, "configured Kubernetes cluster is unreachable", "connection refused")
	_, err = g.server.Read(p.ReadRequest{ID: "there/x", Urn: urn(configMap)})
	wantError(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")
	err = g.server.Delete(p.DeleteRequest{ID: "there/x", Urn: urn(configMap)})
	wantError(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")

	g = start(t, map[string]property.Value{"kubeconfig": property.New(nowhere), "deleteUnreachable": property.New("true")})
	check(t, g.server.Delete(p.DeleteRequest{ID: "there/x", Urn: urn(configMap)}))
}

func TestKubeconfigForms(t *testing.T) {
	file := t.TempDir() + "/config"
	check(t, os.WriteFile(file, []byte(nowhere), 0o600))
	for _, form := range []property.Value{property.New(nowhere), property.New(file), fromText(t, nowhere)} {
		g := start(t, map[string]property.Value{"kubeconfig": form})
		object := g.check(configMap, property.Map{}, property.Map{})
		if get(t, object, "metadata", "namespace").AsString() != "there" {
			t.Errorf("%#v is not read", form)
		}
	}
	g := start(t, map[string]property.Value{"kubeconfig": property.New("no-such-file")})
	_, err := g.server.Create(p.CreateRequest{Urn: urn(configMap), Properties: g.check(configMap, property.Map{}, property.Map{})})
	wantError(t, err, "no-such-file", "path or the contents")
	_, err = loadKubeconfig("clusters: {token-8842\n")
	wantError(t, err, "neither valid YAML nor JSON")
	if strings.Contains(err.Error(), "token-8842") {
		t.Errorf("the error tells the kubeconfig: %v", err)
	}
}

func fromText(t *testing.T, text string) property.Value {
	return property.New(inputs(t, text))
}

func TestProviderIsReplacedByAnotherClusterOnly(t *testing.T) {
	g := start(t, map[string]property.Value{"kubeconfig": property.New(nowhere)})
	kind := func(changed string) p.DiffKind {
		was := property.NewMap(map[string]property.Value{"kubeconfig": property.New(nowhere)})
		is := property.NewMap(map[string]property.Value{"kubeconfig": property.New(changed)})
		response, err := g.server.DiffConfig(p.DiffRequest{State: was, OldInputs: was, Inputs: is})
		check(t, err)
		return response.DetailedDiff["kubeconfig"].Kind
	}
	if got := kind(strings.ReplaceAll(nowhere, "token-8842", "another")); got != p.Update {
		t.Errorf("another token: %s", got)
	}
	if got := kind(strings.ReplaceAll(nowhere, "127.0.0.1:1", "127.0.0.1:2")); got != p.UpdateReplace {
		t.Errorf("another server: %s", got)
	}
	if got := kind(nowhere); got != "" {
		t.Errorf("the same: %s", got)
	}
}

func TestBadConfig(t *testing.T) {
	server, err := integration.NewServer(context.Background(), name, semver.MustParse(version), integration.WithProvider(newProvider()))
	check(t, err)
	response, err := server.CheckConfig(p.CheckRequest{Inputs: property.NewMap(map[string]property.Value{
		"deleteUnreachable": property.New("perhaps"), "renderYamlToDirectory": property.New("out"),
	})})
	check(t, err)
	var all []error
	for _, failure := range response.Failures {
		all = append(all, errors.New(failure.Property+": "+failure.Reason))
	}
	wantError(t, errors.Join(all...), `deleteUnreachable is "perhaps"; it must be true or false`, "renderYamlToDirectory")
}
