import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CodeHostError } from "../../cli/comment/api";
import { surroundings } from "../../cli/comment/ci";
import { githubPullRequest, gitlabMergeRequest, type PullRequest } from "../../cli/comment/hosts";
import { keepComment } from "../../cli/comment/keep";
import { BOT, type Call, CodeHost } from "../code-host";

let host: CodeHost;
let waited: number[];

beforeEach(async () => {
  host = await CodeHost.start();
  waited = [];
});
afterEach(() => host.stop());

const wait = async (milliseconds: number): Promise<void> => void waited.push(milliseconds);
const TOKEN = "token-of-the-job";
const hosts: Readonly<Record<string, () => PullRequest>> = {
  GitHub: () =>
    githubPullRequest({ url: `${host.url}/api/v3`, token: TOKEN, repository: "team/chain", number: 7, wait }),
  GitLab: () => gitlabMergeRequest({ url: `${host.url}/api/v4`, token: TOKEN, project: "42", number: 7, wait }),
};
const MARKER = "<!-- hybrid-vnf preview dev -->";
const first = `${MARKER}\nfirst`;
const second = `${MARKER}\nsecond`;
/** Methods of the calls that change something. */
const writes = (): string[] => host.calls.map(({ method }) => method).filter((method) => method !== "GET");

describe.each(Object.keys(hosts))("on %s", (name) => {
  const pullRequest = (): PullRequest => (hosts[name] as () => PullRequest)();
  const edits = name === "GitHub" ? "PATCH" : "PUT";

  test("a comment is created once, and edited after that", async () => {
    host.comment("somebody", "looks good");
    expect(await keepComment(pullRequest(), first)).toBe("created");
    expect(await keepComment(pullRequest(), second)).toBe("edited");
    expect(await keepComment(pullRequest(), second)).toBe("unchanged");
    expect(host.comments.map(({ body }) => body)).toEqual(["looks good", second]);
    expect(writes()).toEqual(["POST", edits]);
  });

  test("another stack's comment is another one", async () => {
    const other = "<!-- hybrid-vnf preview dev2 -->\nother";
    for (const body of [first, other, second]) await keepComment(pullRequest(), body);
    expect(host.comments.map(({ body }) => body)).toEqual([second, other]);
  });

  test("it is found on the third page", async () => {
    for (let number = 0; number < 250; number++) host.comment("somebody", `comment ${number}`);
    await keepComment(pullRequest(), first);
    host.calls.length = 0;
    expect(await keepComment(pullRequest(), second)).toBe("edited");
    const pages = host.calls.map(({ path }) => new URL(path, host.url).searchParams.get("page")).filter(Boolean);
    expect(pages).toEqual(["1", "2", "3"]);
    expect(host.comments).toHaveLength(251);
  });

  test("somebody else's that begins alike is left alone", async () => {
    host.comment("outsider", `${MARKER}\nnothing changes, trust me`);
    expect(await keepComment(pullRequest(), first)).toBe("created");
    expect(host.comments.map(({ author }) => author)).toEqual(["outsider", BOT]);
    expect(host.comments[0]?.body).toContain("trust me");
  });

  test("two runs at once end with one comment", async () => {
    // Neither hears of the other before both have looked, found nothing, and written.
    let [looked, written] = [0, 0];
    const released: (() => void)[] = [];
    const gate = (ready: () => boolean) =>
      new Promise<void>((resolve) => {
        released.push(resolve);
        if (ready()) for (const release of released.splice(0)) release();
      });
    host.before = ({ method, path }) => {
      if (method === "GET" && !path.endsWith("/user") && looked < 2) return gate(() => ++looked === 2);
      if (method === "POST") return gate(() => ++written === 2);
      return undefined;
    };
    const ended = await Promise.all([keepComment(pullRequest(), first), keepComment(pullRequest(), second)]);
    expect(ended).toEqual(["created", "created"]);
    expect(host.comments).toHaveLength(1);
    expect([first, second]).toContain(host.comments[0]?.body);
  });

  test("what earlier runs left over goes", async () => {
    for (const body of [first, second, first]) host.comment(BOT, body);
    expect(await keepComment(pullRequest(), second)).toBe("edited");
    expect(host.comments).toMatchObject([{ id: 1, body: second }]);
  });

  test("one that is deleted while it is edited is created again", async () => {
    const id = host.comment(BOT, first);
    host.before = ({ method }) => {
      if (method === edits) host.comments = host.comments.filter((one) => one.id !== id);
    };
    expect(await keepComment(pullRequest(), second)).toBe("created");
    expect(host.comments.map(({ body }) => body)).toEqual([second]);
  });

  test("a host that is down is asked four times, and told of in one sentence", async () => {
    host.interfere = () => ({ status: 503 });
    await expect(keepComment(pullRequest(), first)).rejects.toThrow(
      /^(GitHub|GitLab) \(127\.0\.0\.1:\d+\) answered GET \/\S+ with 503; asked 4 times\.$/,
    );
    expect(host.calls).toHaveLength(4);
    expect(waited).toEqual([1000, 2000, 4000]);
  });

  test("a host that hangs up likewise", async () => {
    host.interfere = () => "hang up";
    const refused = keepComment(pullRequest(), first);
    await expect(refused).rejects.toThrow(CodeHostError);
    await expect(refused).rejects.toThrow(
      /^(GitHub|GitLab) \(127\.0\.0\.1:\d+\) does not answer \(\w+; asked 4 times\)\.$/,
    );
  });

  test("a connection that breaks once is made again", async () => {
    host.interfere = (_, number) => (number === 1 ? "hang up" : undefined);
    expect(await keepComment(pullRequest(), first)).toBe("created");
    expect(waited).toEqual([1000]);
  });

  test("a creation whose answer was lost does not make two", async () => {
    // The host has it, and says that it failed.
    host.interfere = ({ method, body }, number) => {
      if (method !== "POST" || waited.length > 0 || number > 4) return undefined;
      host.comment(BOT, (body as { body: string }).body);
      return { status: 502 };
    };
    expect(await keepComment(pullRequest(), first)).toBe("created");
    expect(host.comments).toHaveLength(1);
  });

  test("a limit is waited for as long as the host says", async () => {
    host.interfere = (_, number) => (number === 1 ? { status: 429, headers: { "retry-after": "7" } } : undefined);
    expect(await keepComment(pullRequest(), first)).toBe("created");
    expect(waited).toEqual([7000]);
  });

  test("one that is too far away is not", async () => {
    host.interfere = () => ({
      status: 429,
      headers: { "retry-after": "1800" },
      body: JSON.stringify({ message: "slow\ndown" }),
    });
    await expect(keepComment(pullRequest(), first)).rejects.toThrow(
      /with 429 \(slow down\) and asks to come back in 30 minutes, which is not waited for\.$/,
    );
    expect(waited).toEqual([]);
  });

  test("what may not be written is not asked for again", async () => {
    host.interfere = ({ method }) =>
      method === "POST" ? { status: 403, body: JSON.stringify({ message: "Resource not accessible" }) } : undefined;
    await expect(keepComment(pullRequest(), first)).rejects.toThrow(/with 403 \(Resource not accessible\)\.$/);
    expect(writes()).toEqual(["POST"]);
  });

  test("an answer of something else is not taken for the host's", async () => {
    host.interfere = () => ({ status: 200, body: "<html>sign in</html>" });
    await expect(keepComment(pullRequest(), first)).rejects.toThrow(
      "something that is not JSON: is its address right?",
    );
    host.interfere = () => ({ status: 200, body: '{"sign": "in"}' });
    await expect(keepComment(pullRequest(), first)).rejects.toThrow("is its address right?");
  });

  test("its credentials are sent nowhere else", async () => {
    host.interfere = (_, number) =>
      number === 1 ? { status: 302, headers: { location: `${host.url}/elsewhere` } } : undefined;
    await expect(keepComment(pullRequest(), first)).rejects.toThrow(/with 302\.$/);
    expect(host.calls).toHaveLength(1);
  });

  test("an interrupt ends it", async () => {
    const stop = new AbortController();
    host.before = () => stop.abort();
    const asked = githubPullRequest({
      url: `${host.url}/api/v3`,
      token: TOKEN,
      repository: "team/chain",
      number: 7,
      signal: stop.signal,
    });
    await expect(keepComment(asked, first)).rejects.toThrow("aborted");
  });
});

describe("calls", () => {
  const headersOf = ({ headers }: Call) => ({
    authorization: headers.authorization,
    token: headers["private-token"],
    accept: headers.accept,
    version: headers["x-github-api-version"],
    type: headers["content-type"],
    agent: headers["user-agent"],
  });

  test("of GitHub", async () => {
    for (const body of [first, second]) await keepComment(hosts.GitHub?.() as PullRequest, body);
    host.comment(BOT, first);
    await keepComment(hosts.GitHub?.() as PullRequest, second);
    const list = "GET /api/v3/repos/team/chain/issues/7/comments?per_page=100&page=1";
    expect(host.told).toEqual([
      list,
      "POST /api/v3/repos/team/chain/issues/7/comments",
      list,
      list,
      "PATCH /api/v3/repos/team/chain/issues/comments/1",
      list,
      "DELETE /api/v3/repos/team/chain/issues/comments/2",
    ]);
    const common = {
      authorization: `Bearer ${TOKEN}`,
      token: undefined,
      accept: "application/vnd.github+json",
      version: "2022-11-28",
      agent: "hybrid-vnf",
    };
    for (const call of host.calls) {
      expect(headersOf(call)).toEqual({ ...common, type: call.body === undefined ? undefined : "application/json" });
    }
    expect(host.calls[1]?.body).toEqual({ body: first });
    expect(host.calls[4]?.body).toEqual({ body: second });
  });

  test("of GitLab", async () => {
    for (const body of [first, second]) await keepComment(hosts.GitLab?.() as PullRequest, body);
    host.comment(BOT, first);
    await keepComment(hosts.GitLab?.() as PullRequest, second);
    const look = [
      "GET /api/v4/user",
      "GET /api/v4/projects/42/merge_requests/7/notes?sort=asc&order_by=created_at&per_page=100&page=1",
    ];
    expect(host.told).toEqual([
      ...look,
      "POST /api/v4/projects/42/merge_requests/7/notes",
      ...look,
      ...look,
      "PUT /api/v4/projects/42/merge_requests/7/notes/1",
      ...look,
      "DELETE /api/v4/projects/42/merge_requests/7/notes/2",
    ]);
    const common = {
      authorization: undefined,
      token: TOKEN,
      accept: "application/json",
      version: undefined,
      agent: "hybrid-vnf",
    };
    for (const call of host.calls) {
      expect(headersOf(call)).toEqual({ ...common, type: call.body === undefined ? undefined : "application/json" });
    }
  });

  test("of GitHub: a 403 that is a limit is waited for until it ends", async () => {
    const reset = Math.ceil(Date.now() / 1000) + 30;
    host.interfere = (_, number) =>
      number === 1
        ? { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${reset}` } }
        : undefined;
    expect(await keepComment(hosts.GitHub?.() as PullRequest, first)).toBe("created");
    expect(waited).toHaveLength(1);
    expect(waited[0]).toBeGreaterThan(20_000);
    expect(waited[0]).toBeLessThanOrEqual(31_000);
  });
});

describe("a run's surroundings", () => {
  const event = (repository: string | undefined) =>
    JSON.stringify({
      pull_request: {
        number: 7,
        head: { sha: "abc", repo: repository === undefined ? null : { full_name: repository } },
      },
    });
  const github = () => ({
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: `${host.url}/api/v3/`,
    GITHUB_REPOSITORY: "team/chain",
    GITHUB_TOKEN: TOKEN,
    GITHUB_EVENT_PATH: "/event.json",
    GITHUB_SERVER_URL: "https://code.example",
    GITHUB_RUN_ID: "99",
    GITHUB_STEP_SUMMARY: "/summary.md",
    GITHUB_SHA: "merge",
  });
  const gitlab = () => ({
    GITLAB_CI: "true",
    CI_API_V4_URL: `${host.url}/api/v4`,
    CI_MERGE_REQUEST_IID: "7",
    CI_MERGE_REQUEST_PROJECT_ID: "42",
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "42",
    CI_COMMIT_SHA: "def",
    CI_JOB_URL: "https://lab.example/team/chain/-/jobs/5",
    GITLAB_TOKEN: TOKEN,
  });

  test("of GitHub Actions", async () => {
    const found = surroundings(github(), () => event("team/chain"), { wait });
    expect(found).toMatchObject({
      about: { commit: "abc", forked: false, run: "https://code.example/team/chain/actions/runs/99" },
      summary: "/summary.md",
    });
    expect(await keepComment(found.pullRequest as PullRequest, first)).toBe("created");
  });

  test("of GitLab CI", async () => {
    const found = surroundings(gitlab(), () => "", { wait });
    expect(found.about).toEqual({ commit: "def", forked: false, run: "https://lab.example/team/chain/-/jobs/5" });
    expect(await keepComment(found.pullRequest as PullRequest, first)).toBe("created");
  });

  test.each<[string, Record<string, string | undefined>, string | undefined, string]>([
    ["a fork", {}, "stranger/chain", "the pull request comes from a fork, whose runs may not write"],
    ["a fork that is gone", {}, undefined, "the pull request comes from a fork, whose runs may not write"],
    ["no token", { GITHUB_TOKEN: "" }, "team/chain", "GITHUB_TOKEN is not set: give the step"],
  ])("of GitHub Actions: %s", (_, over, repository, because) => {
    const found = surroundings({ ...github(), ...over }, () => event(repository));
    expect(found.pullRequest).toBeUndefined();
    expect(found.because).toContain(because);
    expect(found.summary).toBe("/summary.md");
    expect(found.about.forked).toBe(repository !== "team/chain");
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    [
      "a fork",
      { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "43" },
      "the merge request comes from a fork, whose runs may not write",
    ],
    ["no merge request", { CI_MERGE_REQUEST_IID: undefined }, "the run is for no merge request"],
    ["no token", { GITLAB_TOKEN: undefined }, "GITLAB_TOKEN is not set"],
  ])("of GitLab CI: %s", (_, over, because) => {
    const found = surroundings({ ...gitlab(), ...over }, () => "");
    expect(found.pullRequest).toBeUndefined();
    expect(found.because).toContain(because);
  });

  test("of a push, and of somebody's own machine", () => {
    expect(surroundings(github(), () => "{}").because).toBe("the run is for no pull request");
    expect(surroundings({}, () => "").because).toBe("this is no run of GitHub Actions or GitLab CI");
  });
});
