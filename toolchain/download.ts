import { createHash } from "node:crypto";
import { lookup } from "node:dns/promises";
import { createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError, run } from "./command";
import type { Checksum, Download, ImageFile, Source } from "./tools";

/** A download that failed or was refused; `message` is one sentence. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Called about once a second with the bytes received so far and, where known, the bytes to come. */
  readonly progress?: (received: number, total: number | undefined) => void;
}

/** How long a host may take to accept a connection before it counts as out of reach. */
export const connectTimeout = 2500;

/** How long a server may stay silent in the middle of a download. */
const silence = 30_000;

/** The server's address (scheme, host, port) that a source is fetched from. */
export function origins(source: Source): readonly string[] {
  if (source.kind === "image") return [source.registry];
  const { checksum } = source;
  const urls = [source.url, checksum.kind === "file" ? checksum.url : checksum.release];
  return [...new Set(urls.map((url) => new URL(url).origin))];
}

/** Why a server cannot be reached, or undefined if it accepts connections. Nothing is sent to it. */
export async function unreachable(origin: string, timeout: number = connectTimeout): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(origin);
  const attempt = async (): Promise<string | undefined> => {
    try {
      await lookup(hostname);
    } catch (error) {
      return `${hostname} has no address here (${(error as NodeJS.ErrnoException).code})`;
    }
    return new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port) || (protocol === "http:" ? 80 : 443), timeout });
      const end = (reason: string | undefined): void => {
        socket.destroy();
        resolve(reason);
      };
      socket.on("connect", () => end(undefined));
      socket.on("timeout", () => end(`${hostname} did not answer within ${timeout / 1000} s`));
      socket.on("error", (error: NodeJS.ErrnoException) =>
        end(`${hostname} cannot be reached (${error.code ?? error.message})`),
      );
    });
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${hostname} did not answer within ${timeout / 1000} s`), timeout);
  });
  try {
    return await Promise.race([attempt(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function get(url: string, options: DownloadOptions & { headers?: Record<string, string> }): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers: options.headers, signal: options.signal, redirect: "follow" });
  } catch (error) {
    options.signal?.throwIfAborted();
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    throw new DownloadError(
      `${url} could not be fetched: ${cause?.code ?? cause?.message ?? (error as Error).message}.`,
    );
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new DownloadError(`${url} answered ${response.status} ${response.statusText}.`);
  }
  return response;
}

/** The SHA-256 that a tool's makers publish for a file. */
export async function publishedChecksum(
  url: string,
  checksum: Checksum,
  options: DownloadOptions = {},
): Promise<string> {
  if (checksum.kind === "file") {
    const text = await (await get(checksum.url, options)).text();
    return checksumIn(text, basename(new URL(url).pathname), checksum.url);
  }
  const release = (await (
    await get(checksum.release, { ...options, headers: { accept: "application/vnd.github+json" } })
  ).json()) as { assets?: { name?: string; digest?: string | null }[] };
  const digest = release.assets?.find((asset) => asset.name === checksum.asset)?.digest;
  const found = /^sha256:([0-9a-f]{64})$/.exec(digest ?? "")?.[1];
  if (found === undefined)
    throw new DownloadError(`${checksum.release} lists no SHA-256 digest for '${checksum.asset}'.`);
  return found;
}

/** Finds a file's SHA-256 in a text of one bare hash or of lines `hash  name`. */
export function checksumIn(text: string, file: string, where: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  for (const line of lines) {
    const match = /^([0-9a-fA-F]{64})(?:\s+\*?(\S+))?$/.exec(line);
    if (match?.[1] === undefined) continue;
    const name = match[2];
    if (name === undefined ? lines.length === 1 : basename(name) === file) return match[1].toLowerCase();
  }
  throw new DownloadError(`${where} lists no SHA-256 for '${file}'.`);
}

/** Fetches a file and refuses it if its SHA-256 is another one. Leaves nothing behind when it fails. */
export async function fetchFile(
  url: string,
  sha256: string,
  target: string,
  options: DownloadOptions & { headers?: Record<string, string> } = {},
): Promise<void> {
  const response = await get(url, options);
  if (response.body === null) throw new DownloadError(`${url} answered with nothing.`);
  const total = Number(response.headers.get("content-length")) || undefined;
  const hash = createHash("sha256");
  let received = 0;
  let told = Date.now();
  const watch = new AbortController();
  let timer = setTimeout(() => watch.abort(), silence);
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      received += chunk.length;
      clearTimeout(timer);
      timer = setTimeout(() => watch.abort(), silence);
      if (Date.now() - told > 1000) {
        told = Date.now();
        options.progress?.(received, total);
      }
      done(null, chunk);
    },
  });
  mkdirSync(dirname(target), { recursive: true });
  const part = `${target}.part`;
  try {
    const signal = options.signal ? AbortSignal.any([options.signal, watch.signal]) : watch.signal;
    // The web stream's type differs between Node's own declarations and the library's; it is the same object.
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(body, counter, createWriteStream(part), { signal });
    const actual = hash.digest("hex");
    if (actual !== sha256) {
      throw new DownloadError(
        `${url} was refused: its SHA-256 is ${actual}, its makers publish ${sha256}; something between here and there changes files.`,
      );
    }
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    options.signal?.throwIfAborted();
    if (error instanceof DownloadError) throw error;
    const reason = watch.signal.aborted ? `the server was silent for ${silence / 1000} s` : (error as Error).message;
    throw new DownloadError(`${url} broke off after ${received} bytes: ${reason}.`);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes members out of a tar archive, whatever its compression, and names each as its binary. */
async function unpack(archive: string, members: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const unpacked = mkdtempSync(join(folder, "unpacked-"));
  try {
    const listed = (await run("tar", ["-tf", archive])).split("\n");
    const bare = (name: string): string => name.replace(/^\.\//, "");
    for (const [binary, member] of Object.entries(members)) {
      const name = listed.find((one) => bare(one) === bare(member));
      if (name === undefined) throw new DownloadError(`'${basename(archive)}' has no member '${member}'.`);
      await run("tar", ["-xf", archive, "-C", unpacked, "--no-same-owner", name]);
      renameSync(join(unpacked, name), join(folder, binary));
    }
  } catch (error) {
    if (error instanceof CommandError)
      throw new DownloadError(`'${basename(archive)}' cannot be unpacked: ${error.message}`);
    throw error;
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

async function download(source: Download, folder: string, options: DownloadOptions): Promise<void> {
  const sha256 = await publishedChecksum(source.url, source.checksum, options);
  const file = join(folder, basename(new URL(source.url).pathname));
  await fetchFile(source.url, sha256, file, options);
  if (source.members !== undefined) {
    await unpack(file, source.members, folder);
    rmSync(file);
  } else if (source.binary !== undefined && source.binary !== basename(file)) {
    renameSync(file, join(folder, source.binary));
  }
}

interface Manifest {
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly os: string; readonly architecture: string };
  }[];
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Takes files out of an image in a registry that lets anyone read. Manifests and layers are checked against their digests. */
async function fromImage(source: ImageFile, folder: string, arch: string, options: DownloadOptions): Promise<void> {
  const base = `${source.registry}/v2/${source.repository}`;
  const manifest = async (reference: string): Promise<Manifest> => {
    const url = `${base}/manifests/${reference}`;
    const text = await (await get(url, { ...options, headers: { accept: manifestTypes } })).text();
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    if (reference.startsWith("sha256:") && digest !== reference) {
      throw new DownloadError(`${url} was refused: its digest is ${digest}.`);
    }
    return JSON.parse(text) as Manifest;
  };
  let top = await manifest(source.tag);
  if (top.manifests !== undefined) {
    const ours = top.manifests.find((one) => one.platform?.os === "linux" && one.platform.architecture === arch);
    if (ours === undefined) throw new DownloadError(`${base} has no image '${source.tag}' for linux/${arch}.`);
    top = await manifest(ours.digest);
  }
  const wanted = new Map(Object.entries(source.members));
  for (const layer of [...(top.layers ?? [])].reverse()) {
    if (wanted.size === 0) break;
    const sha256 = /^sha256:([0-9a-f]{64})$/.exec(layer.digest)?.[1];
    if (sha256 === undefined)
      throw new DownloadError(`${base} names a layer by '${layer.digest}', which is no SHA-256.`);
    const file = join(folder, "layer.tar");
    await fetchFile(`${base}/blobs/${layer.digest}`, sha256, file, options);
    const listed = new Set((await run("tar", ["-tf", file])).split("\n").map((name) => name.replace(/^\.\//, "")));
    for (const [binary, member] of [...wanted]) {
      if (!listed.has(member)) continue;
      await unpack(file, { [binary]: member }, folder);
      wanted.delete(binary);
    }
    rmSync(file);
  }
  if (wanted.size > 0) {
    throw new DownloadError(`The image ${base}:${source.tag} has no file '${[...wanted.values()].join("', '")}'.`);
  }
}

/** Fetches everything of one source into a folder. */
export async function obtain(
  source: Source,
  folder: string,
  arch: string,
  options: DownloadOptions = {},
): Promise<void> {
  if (source.kind === "image") await fromImage(source, folder, arch, options);
  else await download(source, folder, options);
}
