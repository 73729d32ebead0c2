import { z } from "zod";

/**
 * A machine's public host key in OpenSSH's format, as settings give it.
 * @internal
 */
export const hostKey = z
  .string({ error: "it must be the host's public key" })
  .regex(/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+/, 'it must be a public host key, such as "ssh-ed25519 AAAA…"');
