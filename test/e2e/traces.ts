import { expect } from "vitest";
import { MACHINE_IMAGE } from "../../components/release";
import { inShell } from "./operator";

/** What a host, a container here, has that could be ours: packages, programs, interfaces, routes, settings, keys, and its packet filter as a machine with the tools sees it. */
export function tracesOf(host: string): Record<string, string> {
  const said = (...args: string[]) => inShell("docker", ["exec", host, ...args]).output.trim();
  // nft warns on stderr of tables that iptables made, in the middle of its answer.
  const filter = inShell("docker", [
    ...["run", "--rm", "--network", `container:${host}`, "--cap-add", "NET_ADMIN", "--entrypoint", "bash"],
    ...[MACHINE_IMAGE, "-c", "nft --stateless list ruleset 2>/dev/null"],
  ]);
  expect(filter.status, filter.output).toBe(0);
  return {
    packages: said("dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n"),
    programs: said(
      "bash",
      "-c",
      "ls -d /usr/bin/kube* /opt/cni /etc/kubernetes /var/lib/kubelet /etc/hybrid-vnf/* 2>/dev/null",
    ),
    interfaces: said("ls", "/sys/class/net"),
    routes: said("ip", "route", "show"),
    redirects: said("bash", "-c", "cd /proc/sys/net/ipv4/conf && grep . {all,eth*}/send_redirects"),
    keys: said("cat", "/root/.ssh/authorized_keys"),
    // Tables and chains may stay, in another order; a rule, or a policy that drops, may not.
    filter: filter.output
      .split("\n")
      .filter((line) => /policy drop|^\t\t(?!type )/.test(line))
      .sort()
      .join("\n"),
  };
}
