import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A call that a stub of a code host has seen. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body?: unknown;
}

interface Stored {
  /** The pull request that it is on. */
  readonly on: number;
  readonly id: number;
  body: string;
  readonly author: string;
}

/** What is answered in place of the API's own answer; undefined lets it be. */
export type Interference = (
  call: Call,
  number: number,
) =>
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | "hang up"
  | undefined;

/** A stub of the APIs of GitHub and GitLab: it keeps comments as they do, and notes each call. */
export class CodeHost {
  readonly calls: Call[] = [];
  comments: Stored[] = [];
  /** Called before a call is answered. */
  interfere: Interference = () => undefined;
  /** Waited for before a call is answered. */
  before: (call: Call) => Promise<void> | void = () => undefined;
  private next = 1;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<CodeHost> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = new CodeHost(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request, response) => void host.answer(request, response));
    return host;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  /** Puts a comment there, as somebody else would. */
  comment(author: string, body: string, on = 7): number {
    const id = this.next++;
    this.comments.push({ on, id, body, author });
    return id;
  }

  /** The calls so far, in short. */
  get told(): readonly string[] {
    return this.calls.map(({ method, path }) => `${method} ${path}`);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method = "", url: path = "", headers } = request;
    const call: Call = { method, path, headers, ...(text === "" ? {} : { body: JSON.parse(text) as unknown }) };
    const number = this.calls.push(call);
    await this.before(call);
    const instead = this.interfere(call, number);
    if (instead === "hang up") {
      request.socket.destroy();
      return;
    }
    const own = instead ?? this.own(call);
    response.writeHead(own.status, { "content-type": "application/json", ...own.headers });
    response.end(own.body);
  }

  private own({ method, path, body }: Call): { status: number; headers?: Record<string, string>; body?: string } {
    const json = (status: number, value: unknown, headers?: Record<string, string>) => ({
      status,
      headers,
      body: JSON.stringify(value),
    });
    const gitlab = path.startsWith("/api/v4");
    const shown = ({ id, body: text, author }: Stored) =>
      gitlab
        ? { id, body: text, author: { id: author.length, username: author } }
        : {
            id,
            body: text,
            user: { login: author, type: author.endsWith("[bot]") ? "Bot" : "User" },
            author_association: author === "owner" ? "OWNER" : "NONE",
          };
    const { pathname, searchParams } = new URL(path, this.url);
    if (gitlab && pathname === "/api/v4/user") return json(200, { id: BOT.length, username: BOT });
    const base = gitlab ? "/api/v4/projects/42/merge_requests" : "/api/v3/repos/team/chain/issues";
    const on = Number(/\/(\d+)\/(?:notes|comments)/.exec(pathname)?.[1]);
    const list = `${base}/${on}/${gitlab ? "notes" : "comments"}`;
    const one = gitlab ? `${list}/` : `${base}/comments/`;
    const comments = this.comments.filter((comment) => comment.on === on);
    if (pathname === list && method === "GET") {
      const [page, size] = [Number(searchParams.get("page") ?? 1), Number(searchParams.get("per_page") ?? 30)];
      const more = comments.length > page * size;
      const links = [
        ...(more ? [`<${this.url}${pathname}?page=${page + 1}>; rel="next"`] : []),
        `<${this.url}>; rel="first"`,
      ];
      return json(200, comments.slice((page - 1) * size, page * size).map(shown), { link: links.join(", ") });
    }
    const { body: text = "" } = (body ?? {}) as { body?: string };
    if (pathname === list && method === "POST") {
      const id = this.comment(BOT, text, on);
      return json(201, shown({ on, id, body: text, author: BOT }));
    }
    const found = this.comments.find(({ id }) => pathname === `${one}${id}`);
    if (found === undefined) return json(404, { message: gitlab ? "404 Not found" : "Not Found" });
    if (method === (gitlab ? "PUT" : "PATCH")) {
      found.body = text;
      return json(200, shown(found));
    }
    if (method !== "DELETE") return json(405, {});
    this.comments = this.comments.filter((other) => other !== found);
    return { status: 204 };
  }
}

/** Who the token belongs to. */
export const BOT = "chain-bot[bot]";
