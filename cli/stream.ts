import { join } from "node:path";
import type { PlannedPath } from "./plan";
import { type Access, runScript } from "./remote";
import { entriesOf } from "./verify";

/** Requests that one stream sends each second, the seconds that each may take, and how many are sent at most: half an hour of them. */
const RATE = 20;
const MAX_SECONDS = 5;
const COUNT = RATE * 60 * 30;

/** The requests by which a share is reckoned: the last ones, so that a long good time does not hide a bad moment. */
export const WINDOW = 100;

/** What became of the requests of a stream so far. */
export interface Answers {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** The longest that one took, in seconds; of those that were answered. */
  readonly slowest: number;
  /** When the first and the last one were lost, in milliseconds since 1970. */
  readonly firstLost?: number;
  readonly lastLost?: number;
}

/** Counts what stream.sh prints. */
export class Count {
  private readonly last: boolean[] = [];
  private readonly waiting: { after: number; readonly tell: () => void }[] = [];
  answers: Answers = { sent: 0, answered: 0, lost: 0, slowest: 0 };

  /** @param heard is called after each request that has ended */
  constructor(
    private readonly heard: (count: Count) => void = () => {},
    private readonly now: () => number = Date.now,
  ) {}

  readonly line = (text: string): void => {
    const [first = "", status = "", seconds = ""] = text.split(" ");
    if (first === "sent") {
      this.answers = { ...this.answers, sent: Number(status) };
      return;
    }
    const isAnswered = /^2\d\d$/.test(status);
    const { answered, lost, slowest, firstLost = this.now() } = this.answers;
    this.answers = isAnswered
      ? { ...this.answers, answered: answered + 1, slowest: Math.max(slowest, Number(seconds)) }
      : { ...this.answers, lost: lost + 1, firstLost, lastLost: this.now() };
    this.last.push(isAnswered);
    if (this.last.length > WINDOW) this.last.shift();
    this.heard(this);
    for (const one of this.waiting.splice(0)) {
      one.after--;
      if (one.after > 0) this.waiting.push(one);
      else one.tell();
    }
  };

  /** The share of the last requests that were lost, in percent. */
  get lostPercent(): number {
    return (100 * this.lostOfLast) / WINDOW;
  }

  /** How many of the last requests were lost: of several streams, those that are ahead have sent more. */
  get lostOfLast(): number {
    return this.last.filter((one) => !one).length;
  }

  /** Once so many more requests have ended. */
  ended(more: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ after: more, tell: resolve });
    });
  }

  /** What was counted until now is not to count any more. */
  restart(): void {
    this.last.length = 0;
    this.answers = { sent: this.answers.sent, answered: 0, lost: 0, slowest: 0 };
  }
}

/** A stream of requests from the client machine through the chain, until it is stopped. */
export class Stream {
  private readonly stopping = new AbortController();
  /** Rejects when the stream ends by itself: nobody watches then. */
  readonly broken: Promise<never>;
  private readonly over: Promise<unknown>;

  constructor(
    facts: PlannedPath,
    privateKey: string,
    readonly count: Count,
  ) {
    const [client] = facts.clients;
    if (!client)
      throw new Error("The chain publishes no client machine to send requests from (ServiceChain, clients).");
    const access: Access = { ...client.ssh, privateKey };
    const input = {
      URLS: entriesOf(facts)
        .map(({ url }) => url)
        .join(" "),
      INTERVAL: 1 / RATE,
      COUNT,
      MAX_SECONDS,
    };
    const run = runScript(access, join(__dirname, "stream.sh"), input, this.stopping.signal, { output: count.line });
    this.over = run.catch(() => undefined);
    this.broken = run.then(
      () => {
        throw new Error(
          `The client machine has sent all ${COUNT} requests that a stream has, and nobody watches any more.`,
        );
      },
      (error: Error) => {
        throw new Error(`The client machine sends no more requests: ${error.message.replace(/\.$/, "")}.`);
      },
    );
    this.broken.catch(() => undefined);
  }

  /** Once so many more requests have ended; rejects where the stream does before. */
  ended(more: number): Promise<void> {
    return Promise.race([this.count.ended(more), this.broken]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.over;
  }
}
