package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

const password = "open sesame"

// cloud answers as Keystone and Neutron do, as far as one network goes.
type cloud struct {
	server *httptest.Server

	mutex    sync.Mutex
	networks map[string]map[string]any
	// refusal is what Neutron says to the next request for a network, if anything.
	refusal string
	// asked is each request's method and path.
	asked []string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	made := &cloud{networks: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/auth/tokens", made.authenticate)
	mux.HandleFunc("POST /neutron/v2.0/networks", made.create)
	mux.HandleFunc("GET /neutron/v2.0/networks/{id}", made.show)
	mux.HandleFunc("PUT /neutron/v2.0/networks/{id}", made.update)
	mux.HandleFunc("DELETE /neutron/v2.0/networks/{id}", made.remove)
	made.server = httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		made.mutex.Lock()
		defer made.mutex.Unlock()
		made.asked = append(made.asked, request.Method+" "+request.URL.Path)
		mux.ServeHTTP(response, request)
	}))
	t.Cleanup(made.server.Close)
	return made
}

func answer(response http.ResponseWriter, status int, body any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	_ = json.NewEncoder(response).Encode(body)
}

func (c *cloud) authenticate(response http.ResponseWriter, request *http.Request) {
	var wanted struct {
		Auth struct {
			Identity struct {
				Password struct {
					User struct{ Password string }
				}
			}
		}
	}
	if err := json.NewDecoder(request.Body).Decode(&wanted); err != nil || wanted.Auth.Identity.Password.User.Password != password {
		answer(response, http.StatusUnauthorized, map[string]any{"error": map[string]any{
			"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication.",
		}})
		return
	}
	response.Header().Set("X-Subject-Token", "token")
	endpoint := func(region string) map[string]any {
		return map[string]any{"interface": "public", "region": region, "region_id": region, "url": c.server.URL + "/neutron/"}
	}
	answer(response, http.StatusCreated, map[string]any{"token": map[string]any{
		"expires_at": "2099-01-01T00:00:00.000000Z",
		"catalog": []any{map[string]any{
			"type": "network", "name": "neutron", "endpoints": []any{endpoint("RegionOne"), endpoint("RegionTwo")},
		}},
	}})
}

func (c *cloud) refuses(response http.ResponseWriter) bool {
	if c.refusal == "" {
		return false
	}
	answer(response, http.StatusConflict, map[string]any{"NeutronError": map[string]any{
		"type": "OverQuota", "message": c.refusal, "detail": "",
	}})
	c.refusal = ""
	return true
}

func (c *cloud) create(response http.ResponseWriter, request *http.Request) {
	if c.refuses(response) {
		return
	}
	var body struct{ Network map[string]any }
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		answer(response, http.StatusBadRequest, err.Error())
		return
	}
	id := fmt.Sprintf("00000000-0000-0000-0000-%012d", len(c.networks)+1)
	// What Neutron fills in where the request says nothing.
	network := map[string]any{
		"id": id, "status": "ACTIVE", "admin_state_up": true, "shared": false, "router:external": false, "mtu": 1450,
		"port_security_enabled": true, "tenant_id": "1234", "project_id": "1234", "description": "", "tags": []any{},
		"availability_zone_hints": []any{}, "dns_domain": "", "subnets": []any{},
	}
	for name, value := range body.Network {
		network[name] = value
	}
	c.networks[id] = network
	answer(response, http.StatusCreated, map[string]any{"network": network})
}

func (c *cloud) find(response http.ResponseWriter, request *http.Request) map[string]any {
	id := request.PathValue("id")
	network, there := c.networks[id]
	if !there {
		answer(response, http.StatusNotFound, map[string]any{"NeutronError": map[string]any{
			"type": "NetworkNotFound", "message": "Network " + id + " could not be found.", "detail": "",
		}})
	}
	return network
}

func (c *cloud) show(response http.ResponseWriter, request *http.Request) {
	if network := c.find(response, request); network != nil {
		answer(response, http.StatusOK, map[string]any{"network": network})
	}
}

func (c *cloud) update(response http.ResponseWriter, request *http.Request) {
	network := c.find(response, request)
	if network == nil || c.refuses(response) {
		return
	}
	var body struct{ Network map[string]any }
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		answer(response, http.StatusBadRequest, err.Error())
		return
	}
	for name, value := range body.Network {
		network[name] = value
	}
	answer(response, http.StatusOK, map[string]any{"network": network})
}

func (c *cloud) remove(response http.ResponseWriter, request *http.Request) {
	if network := c.find(response, request); network != nil {
		delete(c.networks, request.PathValue("id"))
		response.WriteHeader(http.StatusNoContent)
	}
}

// only is the one network in the cloud.
func (c *cloud) only(t *testing.T) map[string]any {
	t.Helper()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.networks) != 1 {
		t.Fatalf("the cloud has %d networks, not one", len(c.networks))
	}
	for _, network := range c.networks {
		return network
	}
	return nil
}

// times is how often requests with this beginning have come.
func (c *cloud) times(beginning string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	count := 0
	for _, request := range c.asked {
		if strings.HasPrefix(request, beginning) {
			count++
		}
	}
	return count
}
