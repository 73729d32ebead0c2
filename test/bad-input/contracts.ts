import * as pulumi from "@pulumi/pulumi";
import { siteContract } from "../../components";
import { type Row, wrong } from "./ground";

const PUBLISHED: Row[] = [
  [
    "a stack that publishes nothing",
    () => siteContract.parse("o/site/dev", undefined, undefined),
    ['Stack "o/site/dev"', "publishes no contract", "bring up the site stack"],
  ],
  [
    "a contract of another layer",
    () => siteContract.parse("s", { layer: "swarm", version: 1 }, {}),
    ['it publishes the contract "swarm", and "site" is needed'],
  ],
  [
    "a contract of another version",
    () => siteContract.parse("s", { layer: "site", version: 9 }, {}),
    ["has version 9, and this program reads version 3"],
  ],
  [
    "a half-up stack",
    () => siteContract.parse("s", { layer: "site", version: 3, site: "dev" }, {}),
    ["contract.transit is missing", "secrets.privateKey is missing", "half up"],
  ],
];

const NAMES = ["dev", "", "hybrid-vnf-site/dev", "a/b/c/d", "a//c", "a/b/ c", undefined, 7, pulumi.output("a/b/c")];
const UNREADABLE = NAMES.map(
  (name): Row => [
    `a stack named ${typeof name === "object" ? "by an output" : JSON.stringify(name)} is read`,
    () => siteContract.read(wrong(name)),
    ["it must be named with organization and project"],
  ],
);

export const CONTRACTS: Row[] = [...PUBLISHED, ...UNREADABLE];
