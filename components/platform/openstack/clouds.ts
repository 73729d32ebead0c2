import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as yaml from "js-yaml";
import { InvalidInput } from "../../problem/problem";
import type { Credentials } from "./session";

type Entry = Readonly<Record<string, unknown>>;
/** Variables by name, as process.env has them. */
type Environment = Readonly<Record<string, string | undefined>>;

/** An entry of clouds.yaml (openstacksdk: configuration), or the OS_* variables in the same words. */
interface Cloud {
  readonly name: string;
  /** Where it was read, for the reader. */
  readonly source: string;
  readonly auth: Entry;
  readonly rest: Entry;
}

/**
 * The credentials that OpenStack's own clients would take: of the entry in clouds.yaml that is named here or by OS_CLOUD, else of the OS_* variables.
 * @param named the entry; OS_CLOUD's, or the OS_* variables themselves, unless it is given
 * @param region the entry's own unless it is given
 * @throws InvalidInput with everything that is wrong with them.
 * @example
 * const catalog = await vnf.readCatalog(vnf.credentials("mycloud", "RegionOne"));
 */
export function credentials(named?: string, region?: string, environment: Environment = process.env): Credentials {
  const name = named ?? environment.OS_CLOUD;
  const { source, auth, rest, ...cloud } = name ? entry(name, environment) : variables(environment);
  const text = (...keys: string[]) => {
    const value = keys.map((key) => auth[key]).find((one) => one !== undefined && one !== "");
    return value === undefined ? undefined : String(value);
  };
  const authUrl = text("auth_url");
  const lacks: string[] = [];
  if (!authUrl) lacks.push("auth_url");
  const either = (what: string, id: string | undefined, named: string | undefined, ...domain: string[]) => {
    if (id) return { id };
    if (!named) lacks.push(what);
    const domainId = text(...domain.map((key) => `${key}_id`), "domain_id", "default_domain_id");
    const domainName = text(
      ...domain.map((key) => `${key}_name`),
      "domain_name",
      "default_domain_name",
      "default_domain",
    );
    return { name: named, domain: domainId ? { id: domainId } : { name: domainName ?? "Default" } };
  };
  const user = () => either("username", text("user_id"), text("username", "user_name"), "user_domain");
  const project = () =>
    either("project_name", text("project_id", "tenant_id"), text("project_name", "tenant_name"), "project_domain");

  let given: Credentials["auth"];
  const applicationCredential = text("application_credential_id");
  const applicationName = text("application_credential_name");
  const token = text("token");
  if (applicationCredential || applicationName) {
    const secret = text("application_credential_secret");
    if (!secret) lacks.push("application_credential_secret");
    const which = applicationCredential ? { id: applicationCredential } : { name: applicationName, user: user() };
    given = { identity: { methods: ["application_credential"], application_credential: { ...which, secret } } };
  } else if (token) {
    given = { identity: { methods: ["token"], token: { id: token } }, scope: { project: project() } };
  } else {
    const password = text("password");
    if (!password) lacks.push("password");
    given = {
      identity: { methods: ["password"], password: { user: { ...user(), password } } },
      scope: { project: project() },
    };
  }
  if (lacks.length > 0)
    throw new InvalidInput(`Cloud "${cloud.name}"`, [`${source} lacks ${lacks.join(", ")}: add what is missing there`]);

  const certificates = rest.cacert === undefined ? undefined : String(rest.cacert);
  return {
    cloud: cloud.name,
    authUrl: authUrl ?? "",
    region: region ?? (rest.region_name === undefined ? undefined : String(rest.region_name)),
    interface: String(rest.interface ?? rest.endpoint_type ?? "public").replace(/URL$/, ""),
    auth: given,
    ...(certificates ? { ca: read(certificates, cloud.name) } : {}),
    insecure: rest.verify === false || /^(1|true|yes)$/i.test(String(rest.insecure ?? "")),
  };
}

function entry(name: string, environment: Environment): Cloud {
  const subject = `Cloud "${name}"`;
  const folders = [process.cwd(), path.join(os.homedir(), ".config/openstack"), "/etc/openstack"];
  const candidates = [
    ...(environment.OS_CLIENT_CONFIG_FILE ? [environment.OS_CLIENT_CONFIG_FILE] : []),
    ...folders.flatMap((folder) => ["clouds.yaml", "clouds.yml"].map((file) => path.join(folder, file))),
  ];
  const source = candidates.find((file) => fs.existsSync(file));
  if (!source)
    throw new InvalidInput(subject, [
      `there is no clouds.yaml (looked for in OS_CLIENT_CONFIG_FILE and ${folders.join(", ")}): put one there, or set the OS_* variables and name no cloud`,
    ]);
  const clouds = cloudsIn(source, name);
  const found = clouds[name];
  if (!found)
    throw new InvalidInput(subject, [
      `it is not in ${source} (which has: ${Object.keys(clouds).sort().join(", ") || "none"}): name one of those, or add it`,
    ]);
  // Secrets may be in a file of their own beside it.
  const secure = path.join(path.dirname(source), "secure.yaml");
  const more = fs.existsSync(secure) ? (cloudsIn(secure, name)[name] ?? {}) : {};
  const auth = { ...(found.auth as Entry | undefined), ...(more.auth as Entry | undefined) };
  return { name, source, auth, rest: { ...found, ...more } };
}

function cloudsIn(file: string, name: string): Record<string, Entry> {
  let content: unknown;
  try {
    content = yaml.safeLoad(read(file, name));
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`Cloud "${name}"`, [`${file} is not YAML (${(error as Error).message.split("\n")[0]})`]);
  }
  return ((content as { clouds?: Record<string, Entry> } | undefined)?.clouds ?? {}) as Record<string, Entry>;
}

function read(file: string, name: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidInput(`Cloud "${name}"`, [`${file} can't be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}

/** The variables, as an entry: OS_PROJECT_NAME is project_name. */
function variables(environment: Environment): Cloud {
  const all = Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) =>
      key.startsWith("OS_") && value ? [[key.slice(3).toLowerCase(), value]] : [],
    ),
  );
  if (!all.auth_url)
    throw new InvalidInput("OpenStack", [
      "no cloud is named: set `cloud` to an entry of clouds.yaml, or OS_CLOUD, or the OS_* variables (OS_AUTH_URL and the rest)",
    ]);
  return { name: all.auth_url, source: "the environment (OS_*)", auth: all, rest: all };
}
