import type * as pulumi from "@pulumi/pulumi";

/** An SSH key pair: both halves in OpenSSH's format, the private one secret. */
export interface KeyPair {
  /** Whoever holds it gets into every machine that lets the public one in. */
  readonly privateKey: pulumi.Input<string>;
  /** One line: type, key and perhaps a comment, such as "ssh-ed25519 AAAA…". */
  readonly publicKey: pulumi.Input<string>;
}

/** A host that SSH connections go through; it lets in the same key as the machines behind it. */
export interface JumpHost {
  /** Where SSH reaches it: an address or a name. */
  readonly host: string;
  /** TCP port of its SSH server. */
  readonly port: number;
  /** The user that logs in. */
  readonly user: string;
  /** Its public host key. */
  readonly hostKey: string;
}

/** How to reach a machine by SSH. */
export interface SshAccess {
  /** The address that the operator reaches the machine at, for its cluster's API too; it need not be one that the machine itself has. */
  readonly host: pulumi.Input<string>;
  /** TCP port of its SSH server. */
  readonly port: number;
  /** The user that logs in; what is set up on machines needs root. */
  readonly user: string;
  /** OpenSSH private key (secret). */
  readonly privateKey: pulumi.Input<string>;
  /** The machine's public host key, known before the first connection. */
  readonly hostKey: pulumi.Input<string>;
  /** The host that connections to it go through. @default none: it is reached directly */
  readonly jump?: JumpHost;
}
