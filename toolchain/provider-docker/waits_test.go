package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	terraform "github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// These tests hold what waits.go does by itself to what the provider does, against a daemon that only remembers what it
// was asked. They do not prove what a real one answers.

// daemon remembers the networks and volumes that it was asked for.
type daemon struct {
	asked   []string       // methods and paths, without the API's version
	created map[string]any // what the network was asked to be
	found   map[string]any // what the network is; nil: it is not there
	refuses int            // how many removals it refuses
}

func (one *daemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path[strings.Index(r.URL.Path[1:], "/")+1:]
	answer := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	if r.URL.Path == "/_ping" {
		w.Header().Set("Api-Version", "1.41")
		answer(http.StatusOK, "OK")
		return
	}
	one.asked = append(one.asked, r.Method+" "+path)
	switch {
	case path == "/networks/create":
		_ = json.NewDecoder(r.Body).Decode(&one.created)
		answer(http.StatusCreated, map[string]any{"Id": "4f"})
	case r.Method == http.MethodDelete && one.refuses > 0:
		one.refuses--
		answer(http.StatusForbidden, map[string]any{"message": "error while removing network: it has active endpoints"})
	case r.Method == http.MethodDelete:
		answer(http.StatusNoContent, nil)
	case one.found == nil:
		answer(http.StatusNotFound, map[string]any{"message": "network 4f not found"})
	default:
		answer(http.StatusOK, one.found)
	}
}

// run does one thing to a resource, and tells the state after it and how long it took.
func run(
	t *testing.T, one *daemon, kind *terraform.Resource, do func(*terraform.Resource) operation, input map[string]any, id string,
) (map[string]string, time.Duration) {
	t.Helper()
	server := httptest.NewServer(one)
	defer server.Close()
	meta := &provider.ProviderConfig{DefaultConfig: &provider.Config{
		Host: "tcp://" + server.Listener.Addr().String(), DisableDockerDaemonCheck: true,
	}}
	d := terraform.TestResourceDataRaw(t, kind.Schema, input)
	d.SetId(id)
	began := time.Now()
	problems := do(kind)(context.Background(), d, meta)
	took := time.Since(began)
	if problems.HasError() {
		t.Fatalf("%v", problems)
	}
	if d.Id() == "" {
		return nil, took
	}
	return d.State().Attributes, took
}

func resourceOf(t *testing.T, name string, shortened bool) *terraform.Resource {
	t.Helper()
	resources := provider.New(version)().ResourcesMap
	if shortened {
		shortenWaits(resources)
	}
	return resources[name]
}

// noWait is less than any of the provider's waits, which are of two seconds.
const noWait = 1900 * time.Millisecond

func creation(kind *terraform.Resource) operation { return kind.CreateContext }
func reading(kind *terraform.Resource) operation  { return kind.ReadContext }
func removal(kind *terraform.Resource) operation  { return kind.DeleteContext }

var (
	least = map[string]any{"name": "plain", "driver": "bridge"}
	whole = map[string]any{
		"name": "whole", "driver": "bridge", "internal": true, "attachable": true, "ipv6": true,
		"options":      map[string]any{"com.docker.network.bridge.name": "br0"},
		"labels":       []any{map[string]any{"label": "a", "value": "1"}, map[string]any{"label": "b", "value": "2"}},
		"ipam_options": map[string]any{"key": "value"},
		"ipam_config": []any{
			map[string]any{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1", "aux_address": map[string]any{"host": "10.1.0.9"}},
			map[string]any{"subnet": "10.2.0.0/16", "ip_range": "10.2.3.0/24"},
		},
	}
	found = map[string]any{
		"Id": "4f", "Name": "found", "Driver": "bridge", "Scope": "local", "Internal": true, "Attachable": true, "EnableIPv6": true,
		"Options": map[string]any{"mtu": "1400"},
		"Labels":  map[string]any{"a": "1", "b": "2"},
		"IPAM": map[string]any{
			"Driver": "default", "Options": map[string]any{"key": "value"},
			"Config": []any{map[string]any{
				"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1", "IPRange": "10.1.0.128/25",
				"AuxiliaryAddresses": map[string]any{"host": "10.1.0.9"},
			}, map[string]any{"Subnet": "10.2.0.0/16"}},
		},
	}
)

func TestBridgesAreMadeAsByTheProvider(t *testing.T) {
	for name, input := range map[string]map[string]any{"plain": least, "whole": whole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, ours := &daemon{found: found}, &daemon{found: found}
			want, _ := run(t, theirs, resourceOf(t, "docker_network", false), creation, input, "")
			got, took := run(t, ours, resourceOf(t, "docker_network", true), creation, input, "")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the state is\n%v, the provider's is\n%v", got, want)
			}
			if !reflect.DeepEqual(ours.created, theirs.created) {
				t.Errorf("the daemon was asked for\n%v, by the provider for\n%v", ours.created, theirs.created)
			}
			if took > noWait {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestBridgesAreReadAsByTheProvider(t *testing.T) {
	for name, there := range map[string]map[string]any{"there": found, "gone": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, _ := run(t, &daemon{found: there}, resourceOf(t, "docker_network", false), reading, whole, "4f")
			got, took := run(t, &daemon{found: there}, resourceOf(t, "docker_network", true), reading, whole, "4f")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the state is\n%v, the provider's is\n%v", got, want)
			}
			if took > noWait {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestADaemonThatFailsIsNoMissingNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer server.Close()
	kind := resourceOf(t, "docker_network", true)
	d := terraform.TestResourceDataRaw(t, kind.Schema, least)
	d.SetId("4f")
	problems := kind.ReadContext(context.Background(), d, &provider.ProviderConfig{
		DefaultConfig: &provider.Config{Host: "tcp://" + server.Listener.Addr().String(), DisableDockerDaemonCheck: true},
	})
	if !problems.HasError() || d.Id() != "4f" {
		t.Fatalf("a daemon that fails gave %v, and the network %q", problems, d.Id())
	}
}

func TestWhatCanGoGoesAtOnce(t *testing.T) {
	for name, input := range map[string]map[string]any{"docker_network": least, "docker_volume": {"name": "v"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := &daemon{found: found}
			state, took := run(t, one, resourceOf(t, name, true), removal, input, "4f")
			if state != nil || took > noWait || len(one.asked) != 1 || !strings.HasPrefix(one.asked[0], "DELETE ") {
				t.Fatalf("left %v after %s; the daemon was asked %q", state, took, one.asked)
			}
		})
	}
}

// TestWhatIsInUseIsWaitedFor: the provider waits, and tries again.
func TestWhatIsInUseIsWaitedFor(t *testing.T) {
	t.Parallel()
	one := &daemon{found: found, refuses: 1}
	state, took := run(t, one, resourceOf(t, "docker_network", true), removal, least, "4f")
	if state != nil || took < noWait {
		t.Fatalf("left %v after %s; the daemon was asked %q", state, took, one.asked)
	}
}
