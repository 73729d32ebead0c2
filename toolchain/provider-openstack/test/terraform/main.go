// Command terraform-provider-openstack serves, to Terraform itself, the provider that the plugin in ../.. wraps: what
// the bench compares the plugin with.
package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/openstack"
)

func main() {
	plugin.Serve(&plugin.ServeOpts{ProviderFunc: openstack.Provider})
}
