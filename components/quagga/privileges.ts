/**
 * The least that FRR starts and forwards with, in its node's network. zebra and its kin ask the kernel for NET_ADMIN, NET_RAW and SYS_ADMIN, and do
 * not run without; RIP and BGP have ports below 1024. The rest lets its scripts hand files to FRR's own user, and end what runs as that.
 */
const CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "KILL",
  "NET_ADMIN",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SYS_ADMIN",
];
/** Where it writes. */
const WRITABLE = ["/etc/frr", "/run", "/tmp", "/var/log/frr", "/var/tmp"];
const volumeOf = (folder: string) => folder.slice(1).replaceAll("/", "-");

/** What a router may do on its node: no more than FRR forwards with, or all. */
export const ROUTER_PRIVILEGES = ["least", "all"] as const;
/** `least`: the capabilities that FRR forwards with, and a root file system that it can't write; `all`: a privileged container. */
export type RouterPrivileges = (typeof ROUTER_PRIVILEGES)[number];

/** What a router's pod may do: all (a privileged container), or the least; of the least, nothing of its image is written. */
export function privilegesOf(privileged: boolean) {
  const folders = privileged ? [] : WRITABLE;
  return {
    securityContext: privileged
      ? { privileged: true }
      : {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"], add: CAPABILITIES },
          privileged: false,
          readOnlyRootFilesystem: true,
          seccompProfile: { type: "RuntimeDefault" },
        },
    volumes: folders.map((folder) => ({ name: volumeOf(folder), emptyDir: {} })),
    mounts: folders.map((folder) => ({ name: volumeOf(folder), mountPath: folder })),
  };
}
