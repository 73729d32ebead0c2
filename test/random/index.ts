import * as pulumi from "@pulumi/pulumi";
import { make } from "./program";
import type { ProgramSpec } from "./spec";

/** Where each chain of the program answers, by its name. */
export const urls = Object.fromEntries(
  make(new pulumi.Config().requireObject<ProgramSpec>("program")).chains.map((chain) => [chain.name, chain.url]),
);
