package main

import (
	"context"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// These tests ask the plugin what the engine asks it, without a daemon.

func newServer(t *testing.T) pulumirpc.ResourceProviderServer {
	t.Helper()
	info, err := providerInfo()
	if err != nil {
		t.Fatal(err)
	}
	server := tfbridge.NewProvider(context.Background(), nil, packageName, version, info.P, info, schema)
	args, err := plugin.MarshalProperties(resource.PropertyMap{
		"disableDockerDaemonCheck": resource.NewProperty("true"),
	}, plugin.MarshalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Configure(context.Background(), &pulumirpc.ConfigureRequest{
		Args: args, AcceptSecrets: true, AcceptResources: true,
	}); err != nil {
		t.Fatal(err)
	}
	return server
}

func urn(kind, name string) string {
	return "urn:pulumi:dev::test::docker:index/" + strings.ToLower(kind[:1]) + kind[1:] + ":" + kind + "::" + name
}

func check(t *testing.T, kind string, inputs resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	t.Helper()
	news, err := plugin.MarshalProperties(inputs, plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newServer(t).Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: urn(kind, "front"), News: news, RandomSeed: []byte("0123456789abcdef0123456789abcdef"),
	})
	if err != nil {
		t.Fatal(err)
	}
	checked, err := plugin.UnmarshalProperties(answer.Inputs, plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	if err != nil {
		t.Fatal(err)
	}
	return checked, answer.Failures
}

func diff(t *testing.T, kind string, olds, found, news resource.PropertyMap) *pulumirpc.DiffResponse {
	t.Helper()
	options := plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}
	inputs, err := plugin.MarshalProperties(olds, options)
	if err != nil {
		t.Fatal(err)
	}
	// What the daemon filled in where the program said nothing.
	state := maps.Clone(found)
	maps.Copy(state, olds)
	old, err := plugin.MarshalProperties(state, options)
	if err != nil {
		t.Fatal(err)
	}
	new, err := plugin.MarshalProperties(news, options)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newServer(t).Diff(context.Background(), &pulumirpc.DiffRequest{
		Id: "1", Urn: urn(kind, "front"), Olds: old, OldInputs: inputs, News: new,
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestSchemaIsServed(t *testing.T) {
	answer, err := newServer(t).GetSchema(context.Background(), &pulumirpc.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer.Schema, `"docker:index/container:Container"`) {
		t.Fatal("GetSchema does not tell of docker:index/container:Container.")
	}
}

func TestNamesLeftOutAreMade(t *testing.T) {
	made := regexp.MustCompile(`^front-[0-9a-f]{7}$`)
	for kind, inputs := range map[string]resource.PropertyMap{
		"Container":     {"image": resource.NewProperty("debian")},
		"Network":       {},
		"Volume":        {},
		"Secret":        {"data": resource.NewProperty("c2VjcmV0")},
		"ServiceConfig": {"data": resource.NewProperty("Y29uZmln")},
		"Service": {"taskSpec": resource.NewProperty(resource.PropertyMap{
			"containerSpec": resource.NewProperty(resource.PropertyMap{"image": resource.NewProperty("debian")}),
		})},
	} {
		t.Run(kind, func(t *testing.T) {
			checked, failures := check(t, kind, inputs)
			if len(failures) > 0 {
				t.Fatalf("%v", failures)
			}
			name := checked["name"]
			for name.IsSecret() {
				name = name.SecretValue().Element
			}
			if !name.IsString() || !made.MatchString(name.StringValue()) {
				t.Fatalf("the name is %v, not the resource's with a suffix", name)
			}

			given := maps.Clone(inputs)
			given["name"] = resource.NewProperty("mine")
			checked, _ = check(t, kind, given)
			if checked["name"].StringValue() != "mine" {
				t.Fatalf("the program's name became %v", checked["name"])
			}
		})
	}
}

func TestAnImageHasNoMadeUpName(t *testing.T) {
	checked, failures := check(t, "RemoteImage", resource.PropertyMap{})
	if len(failures) == 0 {
		t.Fatalf("an image without a name passed as %v", checked)
	}
}

func TestBadInputIsRefusedAtPreview(t *testing.T) {
	_, failures := check(t, "Container", resource.PropertyMap{
		"image":   resource.NewProperty("debian"),
		"restart": resource.NewProperty("sometimes"),
	})
	if len(failures) != 1 || !strings.Contains(failures[0].Reason, "sometimes") {
		t.Fatalf("a restart policy that Docker does not have gave %v", failures)
	}
}

// TestContainersGoBeforeTheirReplacementComes: both cannot hold one name, address or port.
func TestContainersGoBeforeTheirReplacementComes(t *testing.T) {
	// The name is made up here: with one of the program's own the bridge deletes first anyway.
	olds, _ := check(t, "Container", resource.PropertyMap{"image": resource.NewProperty("one")})
	none := resource.NewProperty([]resource.PropertyValue{})
	no := resource.NewProperty(false)
	found := resource.PropertyMap{
		"command": none, "entrypoints": none, "envs": none, "securityOpts": none, "readOnly": no, "stdinOpen": no, "tty": no,
	}
	news := maps.Clone(olds)
	news["image"] = resource.NewProperty("two")
	answer := diff(t, "Container", olds, found, news)
	if answer.Changes != pulumirpc.DiffResponse_DIFF_SOME || len(answer.Replaces) == 0 || !answer.DeleteBeforeReplace {
		t.Fatalf("another image gave %v, replacing %q, delete first: %v", answer.Changes, answer.Replaces, answer.DeleteBeforeReplace)
	}

	news = maps.Clone(olds)
	news["restart"] = resource.NewProperty("always")
	answer = diff(t, "Container", olds, found, news)
	if answer.Changes != pulumirpc.DiffResponse_DIFF_SOME || len(answer.Replaces) != 0 {
		t.Fatalf("another restart policy gave %v, replacing %q: it is an update in place", answer.Changes, answer.Replaces)
	}
}

func TestDefaultHost(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	host, err := defaultHost(context.Background(), tfbridge.ComputeDefaultOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if host != "unix:///var/run/docker.sock" {
		t.Fatalf("without any other socket the daemon is looked for at %v", host)
	}
}
