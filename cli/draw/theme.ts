/** Colours by what they are for. Text stands out from what it stands on by 4.5 : 1 at least, lines by 3 : 1 (WCAG 2.2: 1.4.3, 1.4.11). */
interface Palette {
  readonly page: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly path: string;
  readonly machine: string;
  readonly outside: string;
  readonly chip: string;
  readonly network: string;
  readonly networkLine: string;
  readonly kubernetes: string;
  readonly kubernetesLine: string;
  readonly swarm: string;
  readonly swarmLine: string;
  readonly added: string;
  readonly removed: string;
  readonly replaced: string;
  readonly changed: string;
  /** Around a machine that does not answer. */
  readonly silent: string;
  /** Text on a badge of the path's colour, or of a change's. */
  readonly onColour: string;
}

export const LIGHT: Palette = {
  page: "#ffffff",
  text: "#1f2328",
  quiet: "#57606a",
  line: "#848d97",
  path: "#b93a00",
  machine: "#ffffff",
  outside: "#f6f8fa",
  chip: "#f3f0ea",
  network: "#ddf4ff",
  networkLine: "#2a7ab8",
  kubernetes: "#f0f2ff",
  kubernetesLine: "#5566d6",
  swarm: "#e9f8f4",
  swarmLine: "#1a8271",
  added: "#187735",
  removed: "#c21e2b",
  replaced: "#7a45d6",
  changed: "#8f5c00",
  silent: "#c21e2b",
  onColour: "#ffffff",
};

export const DARK: Palette = {
  page: "#0d1117",
  text: "#e6edf3",
  quiet: "#a3acb6",
  line: "#747d88",
  path: "#ff9e5e",
  machine: "#161b22",
  outside: "#0d1117",
  chip: "#2a2620",
  network: "#0f2d47",
  networkLine: "#4c9fdd",
  kubernetes: "#171a33",
  kubernetesLine: "#8492f5",
  swarm: "#0d2722",
  swarmLine: "#3fae9a",
  added: "#4bc566",
  removed: "#ff8a80",
  replaced: "#c49bff",
  changed: "#e0a93b",
  silent: "#ff8a80",
  onColour: "#0d1117",
};

/** In which colours a picture is: `auto` follows whoever looks at it. */
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Rules for the names of colours that a picture has: `fill-text`, `stroke-path`. */
function rules(names: readonly string[], palette: Readonly<Record<string, string>>): string {
  return names
    .map((name) => {
      const [attribute = "", colour = ""] = name.split("-");
      return `.${name}{${attribute}:${palette[colour]}}`;
    })
    .join("");
}

const CLASS = /class="([\w -]+)"/g;

/** A picture, drawn with colours by their names, in the colours of a theme. */
export function coloured(svg: string, theme: Theme): string {
  if (theme === "auto") {
    const names = [...new Set([...svg.matchAll(CLASS)].flatMap(([, all = ""]) => all.split(" ")))].sort();
    const style = `${rules(names, { ...LIGHT })}@media (prefers-color-scheme:dark){${rules(names, { ...DARK })}}`;
    return svg.replace("</desc>", `</desc>\n<style>${style}</style>`);
  }
  // As attributes: not every renderer knows style sheets, and those that do are slower with them. No text has a quotation mark (escaped).
  const palette: Readonly<Record<string, string>> = { ...(theme === "dark" ? DARK : LIGHT) };
  return svg.replace(CLASS, (_, names: string) =>
    names
      .split(" ")
      .map((name) => name.split("-") as [string, string])
      .map(([attribute, colour]) => `${attribute}="${palette[colour]}"`)
      .join(" "),
  );
}
