/** What functions of this program have taken on a cluster or a machine, by what they would meet there. */
const taken = new WeakMap<object, Map<string, string>>();

/**
 * Takes something on a cluster or machine for a function or chain, unless another one has it. What stands there by other programs is not known.
 * @param owner the cluster or machine
 * @param what such as "port 80"
 * @param by the name of who takes it
 * @returns who has it already; undefined when it is free, and taken now
 */
export function claim(owner: object, what: string, by: string): string | undefined {
  const own = taken.get(owner) ?? new Map<string, string>();
  taken.set(owner, own);
  const holder = own.get(what);
  if (holder === undefined) own.set(what, by);
  return holder;
}
