/** What `up` says that it has done, as "updated NAME". */
export function stepsIn(output: string): readonly string[] {
  const lines = output.matchAll(/^\w+ +(created anew|deleted the old|created|updated|deleted|imported) (\S+) \S+/gm);
  return [...lines].map(([, did, name]) => `${did} ${name}`);
}
