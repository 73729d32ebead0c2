import * as http from "node:http";
import * as https from "node:https";
import { InvalidInput } from "../../problem/problem";

/** How to log in to a cloud: a password, an application credential or a token (Identity API v3). */
export interface Credentials {
  /** How the cloud is named to its reader: its entry in clouds.yaml, or its address. */
  readonly cloud: string;
  /** Address of the Identity service (Keystone), with or without `/v3`. */
  readonly authUrl: string;
  /** Region whose services are used. @default the first that the cloud names for each service */
  readonly region?: string;
  /** Which of a service's addresses is used. @default "public" */
  readonly interface?: string;
  /** The request's `identity` and, where it isn't implied, `scope`. */
  readonly auth: {
    /** Method and secret (Identity API: `identity` of POST /v3/auth/tokens). */
    readonly identity: object;
    /** The project; an application credential implies it. */
    readonly scope?: object;
  };
  /** Certificates of the authorities that are trusted, PEM. @default Node's own */
  readonly ca?: string;
  /** Trusts any certificate. @default false */
  readonly insecure?: boolean;
}

interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}
interface Endpoint {
  readonly interface: string;
  readonly region_id: string;
  readonly url: string;
}
interface Token {
  readonly project?: { readonly id: string };
  readonly catalog?: readonly { readonly type: string; readonly endpoints: readonly Endpoint[] }[];
}

/** Milliseconds that an answer of a cloud may take, from the connection to its last byte. */
const TIMEOUT = 30_000;

/** OpenStack's services that are asked, with the part of the address that names the version. */
const VERSIONS = { compute: "/v2", image: "/v2", network: "/v2.0" } as const;
export type Service = keyof typeof VERSIONS;

/** A project on a cloud, logged in to. */
export class Session {
  private constructor(
    private readonly credentials: Credentials,
    private readonly id: string,
    private readonly token: Token,
    /** The project's ID. */
    readonly project: string,
  ) {}

  /** @throws InvalidInput in one sentence when the cloud doesn't answer or refuses the credentials. */
  static async open(credentials: Credentials): Promise<Session> {
    const refuse = refusalOf(credentials);
    if (!URL.canParse(credentials.authUrl)) refuse(`its auth_url is "${credentials.authUrl}": it must be a URL`);
    const root = credentials.authUrl.replace(/\/+$/, "").replace(/\/v3$/, "");
    const login = await ask(credentials, "POST", `${root}/v3/auth/tokens`, {}, { auth: credentials.auth });
    if (login.status === 401)
      refuse("it refuses these credentials: see to the user, password, project and domains, or make a new credential");
    const token = (login.body as { token?: Token } | undefined)?.token;
    const id = login.headers["x-subject-token"];
    if (login.status !== 201 || typeof id !== "string" || !token)
      return refuse(
        `${root}/v3 answers a login with status ${login.status}: see that auth_url names the Identity API, version 3`,
      );
    const project = token.project?.id;
    if (!project) return refuse("the credentials name no project: name one (project_name)");
    return new Session(credentials, id, token, project);
  }

  private addressOf(service: Service): string {
    const { region, interface: wanted = "public" } = this.credentials;
    const all = this.token.catalog?.find(({ type }) => type === service)?.endpoints ?? [];
    const found = all.find((one) => one.interface === wanted && (region === undefined || one.region_id === region));
    const regions = [...new Set(all.map((one) => one.region_id))].join(", ") || "none";
    const base =
      found?.url.replace(/\/+$/, "") ??
      refusalOf(this.credentials)(
        `it has no ${service} service in region "${region ?? ""}" (regions that have one: ${regions}): name one of those`,
      );
    return base.includes(VERSIONS[service]) ? base : `${base}${VERSIONS[service]}`;
  }

  /** @throws InvalidInput when the service doesn't answer. */
  ask(method: "GET" | "PUT" | "DELETE", service: Service, path: string, body?: object): Promise<Reply> {
    const url = path.startsWith("http") ? path : `${this.addressOf(service)}${path}`;
    return ask(this.credentials, method, url, { "X-Auth-Token": this.id }, body);
  }

  /** A whole list, page by page; `key` is its name in each page. */
  async all<T>(service: Service, path: string, key: string): Promise<T[]> {
    const found: T[] = [];
    let next: string | undefined = `${this.addressOf(service)}${path}`;
    while (next) {
      const { status, body } = await this.ask("GET", service, next);
      if (status !== 200)
        return refusalOf(this.credentials)(`its ${service} service answers ${path} with status ${status}`);
      const page = body as Record<string, unknown>;
      found.push(...((page[key] ?? []) as T[]));
      const links = page[`${key}_links`] as { rel: string; href: string }[] | undefined;
      const href: string | undefined =
        links?.find((link) => link.rel === "next")?.href ?? (page.next as string | undefined);
      next = href === undefined ? undefined : new URL(href, next).toString();
    }
    return found;
  }
}

function refusalOf({ cloud }: Credentials): (reason: string) => never {
  return (reason) => {
    throw new InvalidInput(`Cloud "${cloud}"`, [reason]);
  };
}

async function ask(
  credentials: Credentials,
  method: string,
  url: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Reply> {
  try {
    return await request(method, url, headers, body, credentials);
  } catch (error) {
    return refusalOf(credentials)(
      `${new URL(url).origin} does not answer (${(error as Error).message}): see that it is up, that its address is right, and that this machine reaches it`,
    );
  }
}

function request(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: object | undefined,
  { ca, insecure }: Credentials,
): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const limit = AbortSignal.timeout(TIMEOUT);
  return new Promise((resolve, fail) => {
    const reject = (error: Error) => fail(limit.aborted ? new Error(`no answer in ${TIMEOUT / 1000} s`) : error);
    const options: https.RequestOptions = {
      method,
      headers: { Accept: "application/json", ...(text ? { "Content-Type": "application/json" } : {}), ...headers },
      signal: limit,
      ...(ca ? { ca } : {}),
      rejectUnauthorized: !insecure,
    };
    const sent = (url.startsWith("https:") ? https : http).request(url, options, (reply) => {
      let said = "";
      reply.setEncoding("utf8").on("data", (part: string) => {
        said += part;
      });
      reply.on("error", reject).on("end", () => {
        const { statusCode = 0 } = reply;
        try {
          resolve({ status: statusCode, headers: reply.headers, body: said === "" ? undefined : JSON.parse(said) });
        } catch {
          resolve({ status: statusCode, headers: reply.headers, body: undefined });
        }
      });
    });
    sent.on("error", reject).end(text);
  });
}
