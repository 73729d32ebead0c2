import { quote } from "../components/script/text";
import { NAMES, type Names, type Verb } from "./verb";

/** A shell that can complete the command's lines. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What can follow a word: options by the verb that they go with. */
interface Words {
  readonly verbs: readonly { readonly name: string; readonly summary: string; readonly options: readonly Word[] }[];
}

interface Word {
  readonly name: string;
  readonly meaning: string;
  /** What follows: a file, one of some words, names that the command tells, or something else; undefined where nothing does. */
  readonly value?: "file" | "other" | readonly string[] | Names;
}

/** The words of the verbs. */
export function wordsOf(verbs: readonly Verb[], optionsOf: (verb: Verb) => Verb["options"]): Words {
  return {
    verbs: verbs.map((verb) => ({
      name: verb.name,
      summary: verb.summary,
      options: Object.entries(optionsOf(verb)).map(([option, { value, meaning, words }]) => ({
        name: `--${option}`,
        meaning,
        value: value === undefined ? undefined : (words ?? (/FILE|FOLDER/.test(value) ? "file" : "other")),
      })),
    })),
  };
}

/** A shell's words for what an option's value can be: these, or those that the command tells; undefined for a file or anything else. */
function choices(value: Word["value"], told: (names: Names) => string): string | undefined {
  if (typeof value === "object") return value.join(" ");
  const names = NAMES.find((one) => one === value);
  return names && told(names);
}

const bash = ({ verbs }: Words): string => `# bash completion of hybrid-vnf
_hybrid_vnf() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words list
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words=${quote([...verbs.map(({ name }) => name), "completion", "help"].join(" "))}
  else
    case \${COMP_WORDS[1]}:$before in
${verbs
  .flatMap(({ name, options }) =>
    options.flatMap((one) =>
      one.value === undefined ? [] : [`      ${name}:${one.name}) ${offer(one.value)}; return ;;`],
    ),
  )
  .join("\n")}
    esac
    case \${COMP_WORDS[1]} in
${verbs.map(({ name, options }) => `      ${name}) words=${quote([...options.map((one) => one.name), "--help"].join(" "))} ;;`).join("\n")}
      completion) words=${quote(SHELLS.join(" "))} ;;
      help) words=${quote(verbs.map(({ name }) => name).join(" "))} ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "\${words-}" -- "$word")
}
complete -F _hybrid_vnf hybrid-vnf`;

/** What zsh offers where a value is typed. */
function zshValue(value: Word["value"]): string {
  if (value === undefined) return "";
  if (value === "file") return ":file:_files";
  if (value === "layers") return quote(`:stacks:_values -s , stack $(hybrid-vnf completion layers 2>/dev/null)`);
  const words = choices(value, (names) => `$(hybrid-vnf completion ${names} 2>/dev/null)`);
  return words === undefined
    ? ":value:"
    : quote(typeof value === "object" ? `:value:(${words})` : `:value:compadd ${words}`);
}

/** What bash offers where a value is typed; of a list with commas, what its last part can be. */
function offer(value: Word["value"]): string {
  if (value === "file") return 'mapfile -t COMPREPLY < <(compgen -f -- "$word")';
  const words = choices(value, (names) => `$("\${COMP_WORDS[0]}" completion ${names} 2>/dev/null)`);
  if (words === undefined) return ":";
  const part =
    value === "layers"
      ? 'list=${word%"${word##*,}"} && mapfile -t COMPREPLY < <(compgen -P "$list" '
      : "mapfile -t COMPREPLY < <(compgen ";
  return `${part}-W "${words}" -- "${value === "layers" ? "${word##*,}" : "$word"}")`;
}

const zsh = ({ verbs }: Words): string => {
  const explained = (name: string, meaning: string): string => quote(`${name}[${meaning.replaceAll(/[[\]]/g, "")}]`);
  const described = (name: string, summary: string): string => quote(`${name}:${summary.replaceAll(":", "\\:")}`);
  return `#compdef hybrid-vnf
_hybrid_vnf() {
  local -a verbs=(
${verbs.map(({ name, summary }) => `    ${described(name, summary)}`).join("\n")}
    ${described("completion", "print this")}
    ${described("help", "explain a verb")}
  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  ((CURRENT--))
  case $verb in
${verbs
  .map(
    ({ name, options }) =>
      `    ${name}) _arguments ${options.map((one) => `${explained(one.name, one.meaning)}${zshValue(one.value)}`).join(" ")} ${explained("--help", "explain it")} ;;`,
  )
  .join("\n")}
    completion) _arguments ${quote(`1:shell:(${SHELLS.join(" ")})`)} ;;
    help) _describe verb verbs ;;
  esac
}
# Read from a file in $fpath it completes at once; sourced, it registers itself.
if [[ \${funcstack[1]-} == _hybrid-vnf ]]; then _hybrid_vnf "$@"; else compdef _hybrid_vnf hybrid-vnf; fi`;
};

/** What fish offers where a value is typed. */
function fishValue(value: Word["value"]): string {
  if (value === undefined) return "";
  if (value === "file") return " --require-parameter --force-files";
  if (value === "layers")
    return ` --exclusive --arguments ${quote("(__fish_complete_list , 'hybrid-vnf completion layers 2>/dev/null')")}`;
  const words = choices(value, (names) => `(hybrid-vnf completion ${names} 2>/dev/null)`);
  return ` --exclusive${words === undefined ? "" : ` --arguments ${quote(words)}`}`;
}

const fish = ({ verbs }: Words): string =>
  [
    "complete --command hybrid-vnf --no-files",
    ...[...verbs, { name: "completion", summary: "print this" }, { name: "help", summary: "explain a verb" }].map(
      ({ name, summary }) =>
        `complete --command hybrid-vnf --condition __fish_use_subcommand --arguments ${name} --description ${quote(summary)}`,
    ),
    ...verbs.flatMap(({ name, options }) =>
      options.map(
        (one) =>
          `complete --command hybrid-vnf --condition '__fish_seen_subcommand_from ${name}' --long-option ${one.name.slice(2)}${fishValue(one.value)} --description ${quote(one.meaning)}`,
      ),
    ),
    `complete --command hybrid-vnf --condition '__fish_seen_subcommand_from completion' --arguments ${quote(SHELLS.join(" "))}`,
    `complete --command hybrid-vnf --condition '__fish_seen_subcommand_from help' --arguments ${quote(verbs.map(({ name }) => name).join(" "))}`,
  ].join("\n");

/**
 * What a shell reads to complete the command's lines.
 * @param own the words that call the command, where no program of its name is installed: the shell gets a function of that name
 */
export function completion(shell: Shell, words: Words, own?: readonly string[]): string {
  const call = own?.map(quote).join(" ");
  const named = shell === "fish" ? `function hybrid-vnf; ${call} $argv; end` : `hybrid-vnf() { ${call} "$@"; }`;
  return `${{ bash, zsh, fish }[shell](words)}${call === undefined ? "" : `\n${named}`}`;
}
