package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gophercloud/utils/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	terraform "github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/openstack"
)

// patience is how long a cloud may take to begin its answer once it has the whole request. Without a bound, a service that
// hangs would hang the update with it: the Terraform provider's own timeouts are for resources, not for requests.
var patience = 2 * time.Minute

// boundRequests makes requests that nobody answers end with an error that says so.
func boundRequests(provider *terraform.Provider) {
	configure := provider.ConfigureContextFunc
	provider.ConfigureContextFunc = func(ctx context.Context, data *terraform.ResourceData) (any, diag.Diagnostics) {
		meta, diagnostics := configure(ctx, data)
		config, ok := meta.(*openstack.Config)
		if !ok || config.OsClient == nil {
			return meta, diagnostics
		}
		if outer, ok := config.OsClient.HTTPClient.Transport.(*client.RoundTripper); ok {
			if inner, ok := outer.Rt.(*http.Transport); ok {
				inner.DialContext = (&net.Dialer{Timeout: patience}).DialContext
				inner.TLSHandshakeTimeout = patience
				inner.ResponseHeaderTimeout = patience
				outer.Rt = patient{inner}
			}
		}
		return meta, diagnostics
	}
}

// patient says of a request that nobody answered what the standard library says in its own terms.
type patient struct{ http.RoundTripper }

func (p patient) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.RoundTripper.RoundTrip(request)
	if late, ok := err.(net.Error); ok && late.Timeout() {
		return nil, fmt.Errorf("the cloud does not answer: nothing heard from %s in %s", request.URL.Host, patience)
	}
	return response, err
}
