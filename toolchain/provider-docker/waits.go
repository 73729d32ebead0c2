package main

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	terraform "github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// The Terraform provider waits two seconds before it first looks at a network that it made or refreshes, and before it
// first tries to remove a network or a volume. The daemon has answered by then: a bridge is there when the daemon says
// so, and has all its properties. What may take time is left to the provider and its waits: networks of a swarm, and
// what cannot be removed at the first attempt.

// shortenWaits has networks and volumes asked for at once.
func shortenWaits(resources map[string]*terraform.Resource) {
	networks, volumes := resources["docker_network"], resources["docker_volume"]
	networks.CreateContext = bridges(createBridge, networks.CreateContext)
	networks.ReadContext = bridges(readBridge, networks.ReadContext)
	networks.DeleteContext = removeAtOnce(networks.DeleteContext, func(ctx context.Context, daemon *client.Client, id string) error {
		return daemon.NetworkRemove(ctx, id)
	})
	volumes.DeleteContext = removeAtOnce(volumes.DeleteContext, func(ctx context.Context, daemon *client.Client, id string) error {
		return daemon.VolumeRemove(ctx, id, true)
	})
}

// operation is what a resource does to create, read or delete itself.
type operation = func(context.Context, *terraform.ResourceData, any) diag.Diagnostics

func daemonOf(ctx context.Context, d *terraform.ResourceData, meta any) (*client.Client, diag.Diagnostics) {
	daemon, err := meta.(*provider.ProviderConfig).MakeClient(ctx, d)
	if err != nil {
		return nil, diag.Errorf("failed to create Docker client: %v", err)
	}
	return daemon, nil
}

// removeAtOnce tries to remove the resource, and leaves what does not succeed at once to the provider.
func removeAtOnce(provider operation, remove func(context.Context, *client.Client, string) error) operation {
	return func(ctx context.Context, d *terraform.ResourceData, meta any) diag.Diagnostics {
		daemon, problems := daemonOf(ctx, d, meta)
		if problems != nil {
			return problems
		}
		if err := remove(ctx, daemon, d.Id()); err != nil {
			return provider(ctx, d, meta)
		}
		d.SetId("")
		return nil
	}
}

// bridges does this to bridge networks, and leaves all others to the provider.
func bridges(own, provider operation) operation {
	return func(ctx context.Context, d *terraform.ResourceData, meta any) diag.Diagnostics {
		if d.Get("driver") == "bridge" && !d.Get("ingress").(bool) {
			return own(ctx, d, meta)
		}
		return provider(ctx, d, meta)
	}
}

func createBridge(ctx context.Context, d *terraform.ResourceData, meta any) diag.Diagnostics {
	daemon, problems := daemonOf(ctx, d, meta)
	if problems != nil {
		return problems
	}
	options := network.CreateOptions{
		Driver:     "bridge",
		Internal:   d.Get("internal").(bool),
		Attachable: d.Get("attachable").(bool),
		Options:    texts(d.Get("options")),
		IPAM: &network.IPAM{
			Driver:  d.Get("ipam_driver").(string),
			Options: texts(d.Get("ipam_options")),
		},
	}
	if ipv6, ok := d.GetOk("ipv6"); ok {
		enabled := ipv6.(bool)
		options.EnableIPv6 = &enabled
	}
	labels := d.Get("labels").(*terraform.Set).List()
	if len(labels) > 0 {
		options.Labels = map[string]string{}
	}
	for _, each := range labels {
		label := texts(each)
		options.Labels[label["label"]] = label["value"]
	}
	for _, each := range d.Get("ipam_config").(*terraform.Set).List() {
		config := each.(map[string]any)
		options.IPAM.Config = append(options.IPAM.Config, network.IPAMConfig{
			Subnet:     config["subnet"].(string),
			IPRange:    config["ip_range"].(string),
			Gateway:    config["gateway"].(string),
			AuxAddress: texts(config["aux_address"]),
		})
	}
	made, err := daemon.NetworkCreate(ctx, d.Get("name").(string), options)
	if err != nil {
		return diag.Errorf("Unable to create network: %s", err)
	}
	d.SetId(made.ID)
	return readBridge(ctx, d, meta)
}

func readBridge(ctx context.Context, d *terraform.ResourceData, meta any) diag.Diagnostics {
	daemon, problems := daemonOf(ctx, d, meta)
	if problems != nil {
		return problems
	}
	found, err := daemon.NetworkInspect(ctx, d.Id(), network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		d.SetId("")
		return nil
	}
	if err != nil {
		return diag.Errorf("Unable to read network: %s", err)
	}
	labels := []any{}
	for name, value := range found.Labels {
		labels = append(labels, map[string]any{"label": name, "value": value})
	}
	configs := []any{}
	for _, config := range found.IPAM.Config {
		configs = append(configs, map[string]any{
			"subnet":      config.Subnet,
			"ip_range":    config.IPRange,
			"gateway":     config.Gateway,
			"aux_address": config.AuxAddress,
		})
	}
	for name, value := range map[string]any{
		"name":         found.Name,
		"labels":       labels,
		"driver":       found.Driver,
		"scope":        found.Scope,
		"options":      found.Options,
		"internal":     found.Internal,
		"attachable":   found.Attachable,
		"ingress":      found.Ingress,
		"ipv6":         found.EnableIPv6,
		"ipam_driver":  found.IPAM.Driver,
		"ipam_options": found.IPAM.Options,
		"ipam_config":  configs,
	} {
		if err := d.Set(name, value); err != nil {
			return diag.Errorf("Network %s: %s is not of the expected form: %s", d.Id(), name, err)
		}
	}
	return nil
}

// texts is a map of Terraform's as one of strings, nil when it is empty.
func texts(values any) map[string]string {
	var out map[string]string
	for name, value := range values.(map[string]any) {
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value.(string)
	}
	return out
}
