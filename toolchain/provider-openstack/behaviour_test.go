package main

import (
	"context"
	"maps"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// These tests ask the plugin what the engine asks it. Where a cloud is needed, it is one of the test's own
// (cloud_test.go): they show what the plugin sends and makes of answers, not that a real cloud agrees.

// TestMain takes the credentials of whoever runs the tests out of their sight.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OS_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

var keepAll = plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}

func marshal(t *testing.T, properties resource.PropertyMap) *structpb.Struct {
	t.Helper()
	sent, err := plugin.MarshalProperties(properties, keepAll)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

func unmarshal(t *testing.T, sent *structpb.Struct) resource.PropertyMap {
	t.Helper()
	properties, err := plugin.UnmarshalProperties(sent, keepAll)
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

// engine is as much of Pulumi's engine as takes what the plugin has to say.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	mutex sync.Mutex
	said  []string
}

func (e *engine) Log(_ context.Context, request *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.said = append(e.said, request.Message)
	return &emptypb.Empty{}, nil
}

// newHost connects the plugin to an engine of the test's own.
func newHost(t *testing.T) (*provider.HostClient, *engine) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listening, made := grpc.NewServer(), &engine{}
	pulumirpc.RegisterEngineServer(listening, made)
	go func() { _ = listening.Serve(listener) }()
	t.Cleanup(listening.Stop)
	host, err := provider.NewHostClient(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	return host, made
}

// newServer is the plugin, configured for a cloud at this address.
func newServer(t *testing.T, address, password string) pulumirpc.ResourceProviderServer {
	t.Helper()
	info, err := providerInfo()
	if err != nil {
		t.Fatal(err)
	}
	server := tfbridge.NewProvider(context.Background(), nil, packageName, version, info.P, info, schema)
	settings := marshal(t, resource.PropertyMap{
		"authUrl":    resource.NewProperty(address + "/v3"),
		"userName":   resource.NewProperty("admin"),
		"password":   resource.NewProperty(password),
		"tenantName": resource.NewProperty("admin"),
		"region":     resource.NewProperty("RegionOne"),
	})
	if _, err := server.Configure(context.Background(), &pulumirpc.ConfigureRequest{
		Args: settings, AcceptSecrets: true, AcceptResources: true,
	}); err != nil {
		t.Fatal(err)
	}
	return server
}

// nowhere is for tests that must not ask a cloud.
const nowhere = "http://127.0.0.1:1"

func urn(token string) string {
	file, name, _ := strings.Cut(token, "/")
	full := file + "/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
	return "urn:pulumi:dev::test::openstack:" + full + "::front"
}

func check(
	t *testing.T, server pulumirpc.ResourceProviderServer, kind string, inputs resource.PropertyMap,
) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	t.Helper()
	answer, err := server.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: urn(kind), News: marshal(t, inputs), RandomSeed: []byte("0123456789abcdef0123456789abcdef"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return unmarshal(t, answer.Inputs), answer.Failures
}

func checked(t *testing.T, server pulumirpc.ResourceProviderServer, kind string, inputs resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	result, failures := check(t, server, kind, inputs)
	if len(failures) > 0 {
		t.Fatalf("%v", failures)
	}
	return result
}

func diff(
	t *testing.T, server pulumirpc.ResourceProviderServer, kind, id string, state, olds, news resource.PropertyMap,
) *pulumirpc.DiffResponse {
	t.Helper()
	answer, err := server.Diff(context.Background(), &pulumirpc.DiffRequest{
		Id: id, Urn: urn(kind), Olds: marshal(t, state), OldInputs: marshal(t, olds), News: marshal(t, news),
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestSchemaIsServed(t *testing.T) {
	answer, err := newServer(t, nowhere, password).GetSchema(context.Background(), &pulumirpc.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer.Schema, `"openstack:networking/network:Network"`) {
		t.Fatal("GetSchema does not tell of openstack:networking/network:Network.")
	}
}

func TestNamesLeftOutAreMade(t *testing.T) {
	text := resource.NewProperty[string]
	made := regexp.MustCompile(`^front-[0-9a-f]{7}$`)
	server := newServer(t, nowhere, password)
	for kind, inputs := range map[string]resource.PropertyMap{
		"networking/Network":  {},
		"networking/Subnet":   {"networkId": text("1"), "cidr": text("10.0.0.0/24")},
		"networking/Port":     {"networkId": text("1")},
		"networking/Router":   {},
		"networking/SecGroup": {},
		"compute/Instance":    {"flavorName": text("small"), "imageName": text("debian")},
		"compute/Keypair":     {},
		"compute/ServerGroup": {},
		"compute/Flavor": {
			"ram": resource.NewProperty(64.0), "vcpus": resource.NewProperty(1.0), "disk": resource.NewProperty(1.0),
		},
		"images/Image":        {"containerFormat": text("bare"), "diskFormat": text("raw"), "localFilePath": text("x")},
		"blockstorage/Volume": {"size": resource.NewProperty(1.0)},
	} {
		t.Run(kind, func(t *testing.T) {
			name := checked(t, server, kind, inputs)["name"]
			if !name.IsString() || !made.MatchString(name.StringValue()) {
				t.Fatalf("the name is %v, not the resource's with a suffix", name)
			}

			given := maps.Clone(inputs)
			given["name"] = text("mine")
			if name := checked(t, server, kind, given)["name"]; name.StringValue() != "mine" {
				t.Fatalf("the program's name became %v", name)
			}
		})
	}
}

func TestBadInputIsRefusedAtPreview(t *testing.T) {
	server := newServer(t, nowhere, password)
	for _, one := range []struct {
		kind, said string
		inputs     resource.PropertyMap
	}{
		{"networking/Subnet", "ip_version", resource.PropertyMap{
			"networkId": resource.NewProperty("1"), "cidr": resource.NewProperty("10.0.0.0/24"), "ipVersion": resource.NewProperty(5.0),
		}},
		{"networking/Port", "networkId", resource.PropertyMap{}},
		{"compute/Instance", "asleep", resource.PropertyMap{
			"flavorName": resource.NewProperty("small"), "imageName": resource.NewProperty("debian"),
			"powerState": resource.NewProperty("asleep"),
		}},
	} {
		_, failures := check(t, server, one.kind, one.inputs)
		if len(failures) != 1 || !strings.Contains(failures[0].Reason, one.said) {
			t.Errorf("%s: %v, nothing about %s", one.kind, failures, one.said)
		}
	}
}

// TestPreviewAsksNoCloud: what is not there yet is previewed from the inputs alone, before the cloud can be reached.
func TestPreviewAsksNoCloud(t *testing.T) {
	server := newServer(t, nowhere, password)
	unknown := resource.MakeComputed(resource.NewProperty(""))
	inputs := checked(t, server, "networking/Port", resource.PropertyMap{
		"networkId": unknown,
		"fixedIps": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{
			"subnetId": unknown, "ipAddress": resource.NewProperty("10.0.0.5"),
		})}),
		"allowedAddressPairs": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{
			"ipAddress": resource.NewProperty("0.0.0.0/0"),
		})}),
	})
	answer, err := server.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: urn("networking/Port"), Properties: marshal(t, inputs), Preview: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	planned := unmarshal(t, answer.Properties)
	pairs := planned["allowedAddressPairs"]
	if !planned["networkId"].IsComputed() || !planned["macAddress"].IsComputed() || !pairs.IsArray() || len(pairs.ArrayValue()) != 1 {
		t.Fatalf("a preview of a port gave %v", planned)
	}
}

// TestNetworkLives goes once through everything that is done to a resource.
func TestNetworkLives(t *testing.T) {
	const kind = "networking/Network"
	cloud := newCloud(t)
	server := newServer(t, cloud.server.URL, password)
	ctx := context.Background()

	inputs := checked(t, server, kind, resource.PropertyMap{
		"adminStateUp": resource.NewProperty(true),
		// The package's types let anything into such a map; Neutron is sent strings.
		"valueSpecs": resource.NewProperty(resource.PropertyMap{"number": resource.NewProperty(7.0), "word": resource.NewProperty("x")}),
	})
	created, err := server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn(kind), Properties: marshal(t, inputs)})
	if err != nil {
		t.Fatal(err)
	}
	found := cloud.only(t)
	if created.Id != found["id"] || found["name"] != inputs["name"].StringValue() || found["number"] != "7" || found["word"] != "x" {
		t.Fatalf("made as %q, the network in the cloud is %v", created.Id, found)
	}
	state := unmarshal(t, created.Properties)
	if state["region"].StringValue() != "RegionOne" || state["mtu"].NumberValue() != 1450 {
		t.Fatalf("the state is %v", state)
	}

	read, err := server.Read(ctx, &pulumirpc.ReadRequest{
		Id: created.Id, Urn: urn(kind), Properties: created.Properties, Inputs: marshal(t, inputs),
	})
	if err != nil || read.Id != created.Id {
		t.Fatalf("a refresh found %q: %v", read.GetId(), err)
	}
	refreshed := unmarshal(t, read.Properties)
	if answer := diff(t, server, kind, created.Id, refreshed, unmarshal(t, read.Inputs), inputs); answer.Changes == pulumirpc.DiffResponse_DIFF_SOME {
		t.Fatalf("nothing has changed, but the preview says %v", answer.Diffs)
	}

	renamed := maps.Clone(inputs)
	renamed["name"] = resource.NewProperty("other")
	answer := diff(t, server, kind, created.Id, state, inputs, renamed)
	if answer.Changes != pulumirpc.DiffResponse_DIFF_SOME || len(answer.Replaces) > 0 {
		t.Fatalf("another name gave %v, replacing %q: it is an update in place", answer.Changes, answer.Replaces)
	}
	if _, err := server.Update(ctx, &pulumirpc.UpdateRequest{
		Id: created.Id, Urn: urn(kind), Olds: created.Properties, OldInputs: marshal(t, inputs), News: marshal(t, renamed),
	}); err != nil {
		t.Fatal(err)
	}
	if name := cloud.only(t)["name"]; name != "other" {
		t.Fatalf("the network is called %v after the update", name)
	}

	moved := maps.Clone(inputs)
	moved["region"] = resource.NewProperty("RegionTwo")
	if answer := diff(t, server, kind, created.Id, state, inputs, moved); len(answer.Replaces) == 0 || answer.DeleteBeforeReplace {
		t.Fatalf("another region gave %v, replacing %q, delete first: %v", answer.Changes, answer.Replaces, answer.DeleteBeforeReplace)
	}
	// Two networks of one name, the program's own, would be hard to tell apart.
	named := checked(t, server, kind, resource.PropertyMap{"name": resource.NewProperty("mine")})
	called := maps.Clone(state)
	called["name"] = named["name"]
	moved = maps.Clone(named)
	moved["region"] = resource.NewProperty("RegionTwo")
	if answer := diff(t, server, kind, created.Id, called, named, moved); len(answer.Replaces) == 0 || !answer.DeleteBeforeReplace {
		t.Fatalf("another region gave %v, replacing %q, delete first: %v", answer.Changes, answer.Replaces, answer.DeleteBeforeReplace)
	}

	remove := &pulumirpc.DeleteRequest{Id: created.Id, Urn: urn(kind), Properties: created.Properties}
	for range 2 { // The second time it is gone already, which is no error.
		if _, err := server.Delete(ctx, remove); err != nil {
			t.Fatal(err)
		}
	}
	read, err = server.Read(ctx, &pulumirpc.ReadRequest{Id: created.Id, Urn: urn(kind), Properties: created.Properties})
	if err != nil || read.Id != "" {
		t.Fatalf("a refresh found %q after the deletion: %v", read.GetId(), err)
	}
}

func TestRefusalOfTheCloudIsToldWhole(t *testing.T) {
	const kind, refusal = "networking/Network", "Quota exceeded for resources: ['network']."
	cloud := newCloud(t)
	cloud.refusal = refusal
	server := newServer(t, cloud.server.URL, password)
	inputs := checked(t, server, kind, resource.PropertyMap{})
	_, err := server.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: marshal(t, inputs)})
	if err == nil || !strings.Contains(err.Error(), refusal) {
		t.Fatalf("the cloud's refusal came as: %v", err)
	}
	if times := cloud.times("POST /neutron"); times != 1 {
		t.Fatalf("a network was asked for %d times", times)
	}
}

func TestWrongPasswordIsSaid(t *testing.T) {
	const kind = "networking/Network"
	cloud := newCloud(t)
	server := newServer(t, cloud.server.URL, "wrong one")
	inputs := checked(t, server, kind, resource.PropertyMap{})
	_, err := server.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: marshal(t, inputs)})
	if err == nil || !strings.Contains(err.Error(), "Authentication failed") {
		t.Fatalf("a wrong password gave: %v", err)
	}
	if strings.Contains(err.Error(), "wrong one") {
		t.Fatalf("the error tells the password: %v", err)
	}
	if times := cloud.times("POST /v3/auth/tokens"); times != 1 {
		t.Fatalf("the wrong password was tried %d times", times)
	}
}

// TestConfigurationWithoutACloudIsRefused before anything is made.
func TestSilenceOfTheCloudIsSaid(t *testing.T) {
	usual := patience
	patience = 200 * time.Millisecond
	t.Cleanup(func() { patience = usual })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	server := newServer(t, "http://"+listener.Addr().String(), password)
	const kind = "networking/Network"
	inputs := checked(t, server, kind, resource.PropertyMap{})
	_, err = server.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: marshal(t, inputs)})
	if want := "the cloud does not answer: nothing heard from " + listener.Addr().String(); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want %q", err, want)
	}
}

func TestConfigurationWithoutACloudIsRefused(t *testing.T) {
	info, err := providerInfo()
	if err != nil {
		t.Fatal(err)
	}
	server := tfbridge.NewProvider(context.Background(), nil, packageName, version, info.P, info, schema)
	_, err = server.Configure(context.Background(), &pulumirpc.ConfigureRequest{
		Args: marshal(t, resource.PropertyMap{}), AcceptSecrets: true, AcceptResources: true,
	})
	if err == nil || !strings.Contains(err.Error(), "auth_url") {
		t.Fatalf("a configuration without an address gave: %v", err)
	}
}

// TestConfigurationComesFromTheEnvironment as far as the Terraform provider reads it by itself.
func TestConfigurationComesFromTheEnvironment(t *testing.T) {
	cloud := newCloud(t)
	for name, value := range map[string]string{
		"OS_AUTH_URL": cloud.server.URL + "/v3", "OS_USERNAME": "admin", "OS_PASSWORD": password, "OS_PROJECT_NAME": "admin",
		"OS_REGION_NAME": "RegionTwo",
	} {
		t.Setenv(name, value)
	}
	info, err := providerInfo()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	host, engine := newHost(t)
	server := tfbridge.NewProvider(ctx, host, packageName, version, info.P, info, schema)
	settings, err := server.CheckConfig(ctx, &pulumirpc.CheckRequest{
		Urn: "urn:pulumi:dev::test::pulumi:providers:openstack::default", News: marshal(t, resource.PropertyMap{}),
	})
	if err != nil || len(settings.Failures) > 0 {
		t.Fatalf("%v %v", settings.GetFailures(), err)
	}
	if len(engine.said) > 0 {
		t.Fatalf("a configuration with nothing wrong is met with: %q", engine.said)
	}
	if strings.Contains(settings.Inputs.String(), password) {
		t.Fatalf("the password would be written to the state: %v", settings.Inputs)
	}
	if _, err := server.Configure(ctx, &pulumirpc.ConfigureRequest{Args: settings.Inputs, AcceptSecrets: true, AcceptResources: true}); err != nil {
		t.Fatal(err)
	}
	const kind = "networking/Network"
	inputs := checked(t, server, kind, resource.PropertyMap{})
	created, err := server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn(kind), Properties: marshal(t, inputs)})
	if err != nil {
		t.Fatal(err)
	}
	if region := unmarshal(t, created.Properties)["region"]; region.StringValue() != "RegionTwo" {
		t.Fatalf("the network is in %v", region)
	}
}
