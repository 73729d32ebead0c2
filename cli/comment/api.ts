import { setTimeout as pause } from "node:timers/promises";

/** A code host that did not do what it was asked; `message` is one sentence. */
export class CodeHostError extends Error {
  override readonly name = "CodeHostError";
  constructor(
    message: string,
    /** The status that it answered with; undefined where it did not answer. */
    readonly status?: number,
  ) {
    super(message);
  }
}

export interface ApiOptions {
  /** Its base address, without a slash at its end. */
  readonly url: string;
  /** Headers of every request, its credentials among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends waiting and asking. @default nothing does */
  readonly signal?: AbortSignal;
  /** Waits so many milliseconds. @default by the clock */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/** How often something is asked. */
const ATTEMPTS = 4;
/** Longest that an answer is waited for, and that waiting before the next attempt may take, in milliseconds. */
const [ANSWER, LONGEST] = [30_000, 60_000];

export interface Answer {
  readonly body: unknown;
  /** Whether there is another page. */
  readonly more: boolean;
}

/** How long an answer asks to wait, in milliseconds; undefined where it does not say. */
function asked(headers: Headers, now: number): number | undefined {
  const after = headers.get("retry-after");
  if (after !== null) {
    const milliseconds = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
    if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  }
  const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset") ?? Number.NaN);
  const spent = (headers.get("x-ratelimit-remaining") ?? headers.get("ratelimit-remaining")) === "0";
  return spent && Number.isFinite(reset) ? Math.max(0, reset * 1000 - now) : undefined;
}

/** Whether an answer asks to come back later: it is overloaded, fails, or has been asked too often. */
function later(status: number, headers: Headers): boolean {
  if (status === 429 || status === 408 || status >= 500) return true;
  // GitHub says 403 to who has asked too often as well as to who may not.
  return status === 403 && asked(headers, 0) !== undefined;
}

/** What an answer gives as its reason, on one line. */
function reasonOf(body: string): string {
  try {
    const { message, error } = JSON.parse(body) as { message?: unknown; error?: unknown };
    const said = message ?? error;
    if (said !== undefined)
      return (typeof said === "string" ? said : JSON.stringify(said)).slice(0, 200).replace(/\s+/g, " ");
  } catch {
    // Something on the way answered in place of the API.
  }
  return "";
}

/** A REST API of JSON that is asked again, a few times, when it asks for that. */
export class Api {
  constructor(
    private readonly host: string,
    private readonly options: ApiOptions,
  ) {}

  /** @throws CodeHostError when it refuses, or still does not answer at the last attempt */
  async ask(method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: object): Promise<Answer> {
    const { url, headers, signal, wait = (time: number) => pause(time, undefined, { signal }) } = this.options;
    const doing = `${this.host} (${new URL(url).host})`;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const limits = [AbortSignal.timeout(ANSWER), ...(signal ? [signal] : [])];
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { accept: "application/json", ...headers, ...(body ? { "content-type": "application/json" } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        // Credentials go to nobody but who they are for.
        redirect: "manual",
        signal: AbortSignal.any(limits),
      })
        .then(async (one) => ({ status: one.status, headers: one.headers, text: await one.text() }))
        .catch((error: Error & { cause?: { code?: string } }) => {
          signal?.throwIfAborted();
          return { failure: error.cause?.code ?? error.name };
        });
      if ("failure" in answer) {
        if (attempt === ATTEMPTS)
          throw new CodeHostError(`${doing} does not answer (${answer.failure}; asked ${ATTEMPTS} times).`);
        await wait(1000 * 2 ** (attempt - 1));
        continue;
      }
      const { status, text } = answer;
      if (status >= 200 && status < 300) {
        return {
          body: text === "" ? undefined : this.parse(text, doing),
          more: /\brel="?next"?/.test(answer.headers.get("link") ?? ""),
        };
      }
      const reason = reasonOf(text);
      const said = `${doing} answered ${method} ${path.split("?")[0]} with ${status}${reason === "" ? "" : ` (${reason})`}`;
      if (!later(status, answer.headers)) throw new CodeHostError(`${said}.`, status);
      const time = asked(answer.headers, Date.now()) ?? 1000 * 2 ** (attempt - 1);
      if (time > LONGEST) {
        throw new CodeHostError(
          `${said} and asks to come back in ${Math.ceil(time / 60_000)} minutes, which is not waited for.`,
          status,
        );
      }
      if (attempt === ATTEMPTS) throw new CodeHostError(`${said}; asked ${ATTEMPTS} times.`, status);
      await wait(time);
    }
  }

  private parse(text: string, doing: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new CodeHostError(`${doing} answered with something that is not JSON: is its address right?`);
    }
  }
}
