/** The name on the cloud of what a site has: a machine, a network, a group. */
export function physicalName(site: string, name: string): string {
  return `hybrid-vnf-${site}-${name}`;
}
