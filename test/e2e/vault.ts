import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What a key is encrypted to: this and the key itself, as Vault's own ciphertexts begin. */
const PREFIX = "vault:v1:";

/**
 * As much of a Vault server as the engine asks for a stack's key (Vault: Transit secrets engine, API), on this host alone. It encrypts nothing: it is
 * for stacks that hold no secret of anybody's. A key from a passphrase takes each engine a quarter of a second of processor time.
 */
export class Vault {
  private constructor(
    private readonly server: Server,
    /** What an engine must find in its environment. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** The name of a stack's key there, as `pulumi stack init --secrets-provider` takes it. */
  readonly provider = "hashivault://rows";

  static async open(): Promise<Vault> {
    const server = createServer(async (request, response) => {
      const { plaintext = "", ciphertext = "" } = (await json(request)) as Record<string, string>;
      const data = request.url?.startsWith("/v1/transit/encrypt/")
        ? { ciphertext: PREFIX + plaintext }
        : { plaintext: ciphertext.slice(PREFIX.length) };
      response.setHeader("Content-Type", "application/json").end(JSON.stringify({ data }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return new Vault(server, { VAULT_SERVER_URL: `http://127.0.0.1:${port}`, VAULT_SERVER_TOKEN: "rows" });
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
