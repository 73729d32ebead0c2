import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair, SshAccess } from "../machine/access";
import { MachineScript } from "../script/script";

/**
 * Authorizes a key on hosts, beside the keys that each lets in already, and takes it out again when its resource goes. What comes back is the
 * same key, known once all of them let it in.
 * @param hosts by a name of each; `privateKey` (secret) is one that opens it already
 */
export function authorize(
  name: string,
  key: KeyPair,
  hosts: Readonly<Record<string, SshAccess>>,
  opts: pulumi.ComponentResourceOptions,
): KeyPair {
  const authorized = Object.entries(hosts).map(
    ([host, ssh]) =>
      new MachineScript(
        `${name}-on-${host}`,
        {
          machine: { id: host, name: host, legs: [], ssh, identity: ssh.hostKey },
          file: path.join(__dirname, "authorize.sh"),
          input: { PUBLIC_KEY: key.publicKey },
          replaceOnChanges: [key.publicKey],
        },
        opts,
      ),
  );
  const known = pulumi.all([key.privateKey, ...authorized.map((one) => one.id)]).apply(([text]) => text as string);
  return { publicKey: key.publicKey, privateKey: pulumi.secret(known) };
}
