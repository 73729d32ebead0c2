import { parseUsableAddress } from "../network/cidr";
import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** Whether a proxy can open connections to each of these, `ADDRESS` or `ADDRESS:PORT`; what is wrong goes to `problems`. */
export function checkBackends(problems: Problems, backends: readonly string[]): void {
  if (!problems.require(Array.isArray(backends), `backends is ${describe(backends)}: it must be a list of addresses`))
    return;
  problems.require(backends.length > 0, "backends is empty: name at least one address to balance over");
  const named = new Map<string, string>();
  for (const backend of backends) {
    if (!problems.require(typeof backend === "string", `a backend is ${describe(backend)}: it must be a plain text`))
      continue;
    const [address = "", ...ports] = backend.split(":");
    const port = ports.length > 0 ? ports.join(":") : undefined;
    problems.gather(() => parseUsableAddress(address));
    problems.require(
      port === undefined || (/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535),
      `"${backend}": the port "${port}" must be a number from 1 to 65535`,
    );
    const target = `${address}:${port ?? 80}`;
    const same = named.get(target);
    problems.require(
      same === undefined,
      `backends names ${target} twice ("${same}" and "${backend}"): name each of them once`,
    );
    named.set(target, backend);
  }
}
