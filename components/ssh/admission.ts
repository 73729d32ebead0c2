import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../machine/machine";
import { MachineScript } from "../machine/script";
import type { KeyPair } from "./key";

/**
 * Lets a key in on hosts, beside the keys that each lets in already, and shuts it out again when it is given up. What comes back is the same
 * key, known once all of them let it in.
 * @param hosts by a name of each; `privateKey` (secret) is one that opens it already
 */
export function letIn(
  name: string,
  key: KeyPair,
  hosts: Readonly<Record<string, SshAccess>>,
  opts: pulumi.ComponentResourceOptions,
): KeyPair {
  const admitted = Object.entries(hosts).map(
    ([host, ssh]) =>
      new MachineScript(
        `${name}-on-${host}`,
        {
          machine: { name: host, legs: [], ssh, identity: ssh.hostKey },
          file: path.join(__dirname, "admit.sh"),
          input: { PUBLIC_KEY: key.publicKey },
          replaceOn: [key.publicKey],
        },
        opts,
      ),
  );
  const known = pulumi.all([key.privateKey, ...admitted.map((one) => one.id)]).apply(([text]) => text as string);
  return { publicKey: key.publicKey, privateKey: pulumi.secret(known) };
}
