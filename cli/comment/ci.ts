import { z } from "zod";
import type { ApiOptions } from "./api";
import { githubPullRequest, gitlabMergeRequest, type PullRequest } from "./hosts";
import type { About } from "./render";

/** Where the command runs, as far as a comment is concerned. */
export interface Surroundings {
  /** What the comment says of its run. */
  readonly about: About;
  /** The pull request that the run is for. @default none that may be written to: `because` says why */
  readonly pullRequest?: PullRequest;
  /** Why there is no pull request to write to. */
  readonly because?: string;
  /** File that the code host shows as the job's summary. */
  readonly summary?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Options = Pick<ApiOptions, "signal" | "wait">;

const githubEvent = z.object({
  pull_request: z
    .object({
      number: z.number(),
      head: z.object({ sha: z.string(), repo: z.object({ full_name: z.string() }).nullish() }),
    })
    .optional(),
});

function github(env: Environment, event: string, options: Options): Surroundings {
  const { GITHUB_API_URL: url, GITHUB_REPOSITORY: repository = "", GITHUB_TOKEN: token } = env;
  const { GITHUB_SERVER_URL: server, GITHUB_RUN_ID: id, GITHUB_STEP_SUMMARY: summary } = env;
  const parsed = githubEvent.safeParse(JSON.parse(event));
  const change = parsed.success ? parsed.data.pull_request : undefined;
  const forked = change !== undefined && change.head.repo?.full_name !== repository;
  const about: About = {
    commit: change?.head.sha ?? env.GITHUB_SHA,
    forked,
    ...(server && id ? { run: `${server}/${repository}/actions/runs/${id}` } : {}),
  };
  const because =
    change === undefined
      ? "the run is for no pull request"
      : forked
        ? "the pull request comes from a fork, whose runs may not write"
        : !token || !url
          ? "GITHUB_TOKEN is not set: give the step `env: { GITHUB_TOKEN: ${{ github.token }} }`"
          : undefined;
  if (because !== undefined || change === undefined || !token || !url) return { about, because, summary };
  const access = { ...options, url: url.replace(/\/+$/, ""), token, repository, number: change.number };
  return { about, pullRequest: githubPullRequest(access), summary };
}

function gitlab(env: Environment, options: Options): Surroundings {
  const { CI_API_V4_URL: url, CI_MERGE_REQUEST_IID: number, GITLAB_TOKEN: token } = env;
  const { CI_MERGE_REQUEST_PROJECT_ID: project, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: source } = env;
  const forked = number !== undefined && source !== project;
  const commit = env.CI_MERGE_REQUEST_SOURCE_BRANCH_SHA || env.CI_COMMIT_SHA;
  const about: About = { commit, forked, ...(env.CI_JOB_URL ? { run: env.CI_JOB_URL } : {}) };
  const because =
    number === undefined || project === undefined
      ? "the run is for no merge request"
      : forked
        ? "the merge request comes from a fork, whose runs may not write"
        : !token || !url
          ? "GITLAB_TOKEN is not set: give the project an access token with the scope 'api' as a masked variable of that name (a job's own token may not write notes)"
          : undefined;
  if (because !== undefined || project === undefined || !token || !url) return { about, because };
  const access = { ...options, url: url.replace(/\/+$/, ""), token, project, number: Number(number) };
  return { about, pullRequest: gitlabMergeRequest(access) };
}

/**
 * Where the command runs, by the variables that GitHub Actions and GitLab CI set, those of hosts of one's own among them.
 * @param read gives the text of a file
 */
export function surroundings(env: Environment, read: (file: string) => string, options: Options = {}): Surroundings {
  if (env.GITHUB_ACTIONS === "true") {
    return github(env, env.GITHUB_EVENT_PATH ? read(env.GITHUB_EVENT_PATH) : "{}", options);
  }
  if (env.GITLAB_CI === "true") return gitlab(env, options);
  return { about: {}, because: "this is no run of GitHub Actions or GitLab CI" };
}
