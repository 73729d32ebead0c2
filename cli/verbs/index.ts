import type { Verb } from "../verb";
import { comment } from "./comment";
import { down } from "./down";
import { drift } from "./drift";
import { env } from "./env";
import { graph } from "./graph";
import { images } from "./images";
import { preview } from "./preview";
import { report } from "./report";
import { status } from "./status";
import { up } from "./up";
import { verify } from "./verify";

/** Everything that the command can be asked for, in the order that help lists it. */
export const verbs: readonly Verb[] = [up, down, preview, verify, status, images, env, comment, graph, report, drift];
