import { z } from "zod";
import { Api, type ApiOptions, CodeHostError } from "./api";

/** A comment of our own on a pull request. */
export interface Comment {
  readonly id: number;
  readonly body: string;
}

/** The comments of one pull request. */
export interface PullRequest {
  /** All comments by those who may write to the repository, the oldest first. */
  comments(): Promise<readonly Comment[]>;
  create(body: string): Promise<Comment>;
  /** @throws CodeHostError with the status 404 when it is not there any more */
  edit(id: number, body: string): Promise<void>;
  remove(id: number): Promise<void>;
}

/** No pull request has more pages of comments, a hundred on each. */
const PAGES = 100;

const oldestFirst = <T extends { readonly id: number }>(comments: T[]): T[] =>
  comments.sort((one, other) => one.id - other.id);

/** What an answer holds, checked. */
function read<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new CodeHostError(`The code host answered with something that is not ${what}: is its address right?`);
}

/** Everything of a list that comes in pages. */
async function allPages<T>(api: Api, path: string, schema: z.ZodType<T[]>): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; page <= PAGES; page++) {
    const { body, more } = await api.ask("GET", `${path}${path.includes("?") ? "&" : "?"}per_page=100&page=${page}`);
    all.push(...read(schema, body, "a list of comments"));
    if (!more) break;
  }
  return all;
}

type Access = Pick<ApiOptions, "url" | "signal" | "wait"> & {
  readonly token: string;
};

export interface GitHubAccess extends Access {
  /** `OWNER/NAME` */
  readonly repository: string;
  readonly number: number;
}

const githubComment = z.object({
  id: z.number(),
  body: z.string().nullish(),
  user: z.object({ type: z.string() }).nullish(),
  author_association: z.string().optional(),
});

/** A pull request on GitHub: https://docs.github.com/en/rest/issues/comments, version 2022-11-28. */
export function githubPullRequest({ token, repository, number, ...access }: GitHubAccess): PullRequest {
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${token}`,
    "user-agent": "hybrid-vnf",
    "x-github-api-version": "2022-11-28",
  };
  const api = new Api("GitHub", { ...access, headers });
  const path = `/repos/${repository.split("/").map(encodeURIComponent).join("/")}/issues`;
  const toComment = ({ id, body }: z.infer<typeof githubComment>): Comment => ({ id, body: body ?? "" });
  return {
    async comments() {
      const all = await allPages(api, `${path}/${number}/comments`, z.array(githubComment));
      // Who reads only may comment too, and must not put a comment in the place of ours: its author could change it afterwards.
      const trusted = all.filter(
        ({ user, author_association: association = "" }) =>
          user?.type === "Bot" || ["OWNER", "MEMBER", "COLLABORATOR"].includes(association),
      );
      return oldestFirst(trusted.map(toComment));
    },
    async create(body) {
      const made = await api.ask("POST", `${path}/${number}/comments`, { body });
      return toComment(read(githubComment, made.body, "a comment"));
    },
    async edit(id, body) {
      await api.ask("PATCH", `${path}/comments/${id}`, { body });
    },
    async remove(id) {
      await api.ask("DELETE", `${path}/comments/${id}`);
    },
  };
}

export interface GitLabAccess extends Access {
  /** The project's number or path. */
  readonly project: string;
  /** The merge request's number within the project. */
  readonly number: number;
}

const gitlabNote = z.object({ id: z.number(), body: z.string(), author: z.object({ id: z.number() }) });

/** A merge request on GitLab: https://docs.gitlab.com/api/notes. */
export function gitlabMergeRequest({ token, project, number, ...access }: GitLabAccess): PullRequest {
  const api = new Api("GitLab", { ...access, headers: { "private-token": token, "user-agent": "hybrid-vnf" } });
  const path = `/projects/${encodeURIComponent(project)}/merge_requests/${number}/notes`;
  return {
    async comments() {
      const self = read(z.object({ id: z.number() }), (await api.ask("GET", "/user")).body, "a user");
      const all = await allPages(api, `${path}?sort=asc&order_by=created_at`, z.array(gitlabNote));
      return oldestFirst(all.filter(({ author }) => author.id === self.id).map(({ id, body }) => ({ id, body })));
    },
    async create(body) {
      const { id } = read(gitlabNote, (await api.ask("POST", path, { body })).body, "a note");
      return { id, body };
    },
    async edit(id, body) {
      await api.ask("PUT", `${path}/${id}`, { body });
    },
    async remove(id) {
      await api.ask("DELETE", `${path}/${id}`);
    },
  };
}
