import { CONTRACTS } from "./contracts";
import type { Row } from "./ground";
import { KINDS } from "./kinds";
import { PROGRAMS } from "./programs";
import { VALUES } from "./values";

/** Every mistake of the tables, each in a program that makes no other. */
export const ROWS: Row[] = [...PROGRAMS, ...KINDS, ...VALUES, ...CONTRACTS];
