import type { System } from "../system.ts";
import { spatiafi } from "./spatiafi.ts";

/** Every system of the sandbox, in the order of their ports. */
export const registry: readonly System[] = [spatiafi];
