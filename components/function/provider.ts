import type * as pulumi from "@pulumi/pulumi";

/** The provider of a kind that a caller names in a component's own options; undefined where it names none. */
export function providerFrom<P extends pulumi.ProviderResource>(
  opts: pulumi.ComponentResourceOptions | undefined,
  kind: { isInstance(value: unknown): value is P },
): P | undefined {
  const named = opts?.providers ?? [];
  const all = [...(opts?.provider ? [opts.provider] : []), ...(Array.isArray(named) ? named : Object.values(named))];
  return all.find((provider) => kind.isInstance(provider)) as P | undefined;
}
