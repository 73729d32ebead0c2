import { ATTACHMENTS } from "./attachments";
import { COMPOSE } from "./compose";
import { CONTRACTS } from "./contracts";
import { FIELDS } from "./fields";
import { FILTERS } from "./filters";
import type { Row } from "./ground";
import { KINDS } from "./kinds";
import { MANIFESTS } from "./manifests";
import { NETWORKS_OF_PODS } from "./networks";
import { PROGRAMS } from "./programs";
import { RANGES } from "./ranges";
import { ROUTING } from "./routing";
import { VALUES } from "./values";
import { VIRTUAL_MACHINES } from "./virtual-machines";

/** Every mistake of the tables, each in a program that makes no other. */
export const ROWS: Row[] = [
  ...PROGRAMS,
  ...RANGES,
  ...KINDS,
  ...NETWORKS_OF_PODS,
  ...ROUTING,
  ...ATTACHMENTS,
  ...VALUES,
  ...CONTRACTS,
  ...FIELDS,
  ...FILTERS,
  ...MANIFESTS,
  ...COMPOSE,
  ...VIRTUAL_MACHINES,
];
