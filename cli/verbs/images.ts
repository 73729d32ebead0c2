import type { PlainVerb } from "../verb";

export const images: PlainVerb = {
  name: "images",
  summary: "make the images that lab machines start from",
  options: {},
  examples: [["images", "on this machine's Docker engine, once"]],
  changes: true,
  needsHost: true,
  needsStacks: false,
  run: async ({ progress, images: make }) => {
    await make(undefined);
    progress.line("the images are ready");
    return 0;
  },
};
