import type { types } from "@pulumi/kubernetes";
import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** A machine that is well answers HTTP with 200 to 399. */
export interface HttpCheck {
  /** What it is asked for. */
  http: {
    /** One of the machine's ports. */
    port: number;
    /** What comes after the port. @default "/" */
    path?: string;
  };
}

/** In a machine that is well, a command ends with 0: its guest agent (qemu-guest-agent) runs it. */
export interface ExecCheck {
  /** A program's absolute path in the machine, and its arguments. @example ["/usr/bin/systemctl", "is-system-running"] */
  exec: readonly string[];
}

/**
 * What shows that a machine is well, as seen from inside it. That a port can be connected to shows nothing, for the connection is QEMU's own until
 * the machine takes it.
 */
export type GuestCheck = HttpCheck | ExecCheck;

/** Notes what is wrong with a check. */
export function checkGuestCheck(
  problems: Problems,
  name: string,
  check: GuestCheck | undefined,
  ports: readonly number[],
): void {
  if (check === undefined) return;
  const one: unknown = check;
  const isHttp = typeof one === "object" && one !== null && "http" in one;
  const isExec = typeof one === "object" && one !== null && "exec" in one;
  if (
    !problems.require(
      isHttp !== isExec,
      `${name} is ${describe(check)}: it must be { http: { port, path } } or { exec: [program, …] }; a port that can be connected to shows nothing, for the connection is QEMU's own`,
    )
  )
    return;
  if ("exec" in check) {
    const { exec } = check;
    problems.require(
      Array.isArray(exec) &&
        exec.length > 0 &&
        exec.every((word) => typeof word === "string") &&
        /^\//.test(exec[0] ?? ""),
      `${name} runs ${describe(exec)}: it must be a list of texts, of which the first is a program's absolute path in the machine`,
    );
    return;
  }
  const { port, path } = check.http ?? {};
  problems.require(
    ports.includes(port),
    `${name} asks port ${describe(port)}, which is none of its ports (${ports.join(", ") || "it has none"}): name it there too`,
  );
  problems.require(
    path === undefined || (typeof path === "string" && /^\/\S*$/.test(path)),
    `${name} asks for ${describe(path)}: it must be a path, such as "/healthy"`,
  );
}

/** As a probe of its pod does it. */
export function probeOf(check: GuestCheck): types.input.core.v1.Probe {
  return "exec" in check
    ? { exec: { command: ["/start.sh", "exec", ...check.exec] } }
    : { httpGet: { port: check.http.port, path: check.http.path ?? "/" } };
}
