import { SECRET } from "../plan";

/** What is a secret by its form, wherever it stands. */
const FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
  // Pulumi's ciphertext, a Swarm's and kubeadm's join tokens, a JSON web token.
  /\bv1:[A-Za-z0-9+/]{8,}={0,2}:[A-Za-z0-9+/]{8,}={0,2}/g,
  /\bSWMTKN-[A-Za-z0-9-]{20,}/g,
  /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  // Tokens of code hosts, of Pulumi's service, of clouds.
  /\b(?:gh[a-z]_|github_pat_|glpat-|pul-)[A-Za-z0-9_-]{16,}/g,
  /\bA(?:KIA|SIA)[A-Z0-9]{16}\b/g,
];

/** What stands before a secret, which stays. */
const AFTER = /(:\/\/[^\s/:@]*:|\bBearer |\b(?:password|passphrase|secret|token|client-key-data)=)[^\s@"',;]+/gi;

/** Properties whose value is no one's business, however it got into a plan. */
const NAMES =
  /(?:password|passwd|passphrase|secrets?|tokens?|private_?keys?|kube_?config|credentials?|client_?key(?:_?data)?|ca_?key)$/i;

/** The key by which Pulumi marks an object as a secret in its state. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Values of the environment that are secrets by their names: whatever is printed, they are not. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value.length >= 6 && /(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|KEY)(?:_(?!FILE$)|$)/.test(name)
      ? [value]
      : [],
  );
}

/** A text without the secrets that are known, and without what has the form of one. */
function clean(text: string, secrets: readonly string[]): string {
  let cleaned = text;
  for (const secret of secrets) if (cleaned.includes(secret)) cleaned = cleaned.replaceAll(secret, SECRET);
  if (cleaned.length < 12) return cleaned;
  for (const form of FORMS) cleaned = cleaned.replace(form, SECRET);
  return cleaned.replace(AFTER, `$1${SECRET}`);
}

const lastOf = (path: string): string =>
  path
    .split(/[.[\]"]+/)
    .filter((part) => part !== "" && !/^\d+$/.test(part))
    .at(-1) ?? "";

/**
 * A value that came as JSON without secrets. Plans name none; this sees that it stays so where a provider, an error or a hand-made plan does.
 * @param secrets values that are known to be secrets, the longest first
 */
export function withoutSecrets<T>(value: T, secrets: readonly string[] = []): T {
  const longestFirst = secrets.filter((one) => one !== "").sort((one, other) => other.length - one.length);
  const walk = (one: unknown): unknown => {
    if (typeof one === "string") return clean(one, longestFirst);
    if (Array.isArray(one)) return one.map(walk);
    if (typeof one !== "object" || one === null) return one;
    if (SIGNATURE in one) return SECRET;
    const { path } = one as { path?: unknown };
    const property = typeof path === "string" && NAMES.test(lastOf(path));
    return Object.fromEntries(
      Object.entries(one).map(([key, inner]) => {
        const hidden = NAMES.test(key) || (property && (key === "before" || key === "after"));
        return [clean(key, longestFirst), hidden && inner !== undefined && inner !== null ? SECRET : walk(inner)];
      }),
    );
  };
  return walk(value) as T;
}
