import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../machine/access";
import { withInput } from "../script/script";

/**
 * An ed25519 key pair, made once and kept as a secret; a later version of this library does not make it anew.
 * @example
 * const { publicKey } = new vnf.SshKey("operations-key");
 */
export class SshKey extends pulumi.ComponentResource implements KeyPair {
  public readonly privateKey: pulumi.Output<string>;
  public readonly publicKey: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:ssh:SshKey", name, {}, opts);
    const made = new command.local.Command(
      `${name}-keygen`,
      {
        create: "bash -s -- create",
        stdin: withInput(path.join(__dirname, "keygen.sh")),
        addPreviousOutputInEnv: false,
        logging: "none",
      },
      { parent: this, additionalSecretOutputs: ["stdout"], ignoreChanges: ["create", "stdin"] },
    );
    const pair = made.stdout.apply((text) => JSON.parse(text) as { privateKey: string; publicKey: string });
    this.privateKey = pulumi.secret(pair.privateKey);
    this.publicKey = pulumi.unsecret(pair.publicKey);
    this.registerOutputs({ privateKey: this.privateKey, publicKey: this.publicKey });
  }
}
