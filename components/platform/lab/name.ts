/** The name on the Docker engine of what a site has: a machine, its volume, a network. */
export function physicalName(site: string, name: string): string {
  return `hybrid-vnf-${site}-${name}`;
}
