import * as pulumi from "@pulumi/pulumi";
import { publishSite, siteContract, swarmContract } from "../../components";
import { ground, type Row, wrong } from "./ground";

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
  [
    "a stack with fields of another kind",
    () =>
      siteContract.parse(
        "s",
        {
          layer: "site",
          version: 3,
          siteName: 7,
          platform: "lab",
          transit: { id: "", name: "transit" },
          publicKey: [],
        },
        { privateKey: 7 },
      ),
    [
      "contract.siteName is a number: it must be a text that is not empty",
      "contract.platform is another text: it must be an object",
      "contract.transit.id is an empty text: it must be a text that is not empty",
      "contract.transit.cidr is missing",
      "contract.publicKey is an empty list: it must be a text",
      "secrets.privateKey is a number: it must be a text",
    ],
  ],
  [
    "TLS material that is none",
    () =>
      swarmContract.parse(
        "s",
        { layer: "swarm", version: swarmContract.version },
        { ca: "/etc/ca.pem", cert: "-----BEGIN CERT", key: "-----BEGIN KEY", privateKey: "KEY" },
      ),
    ["contract.clients is missing", "secrets.ca is another text: it must be PEM, which begins with -----BEGIN"],
  ],
  [
    "a network that is not transit, published as the site's",
    () => publishSite(ground().servers),
    ['publishSite: transit is the network "servers" 10.100.102.0/24: it must be the site\'s own transit network'],
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
