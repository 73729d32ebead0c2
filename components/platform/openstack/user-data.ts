import type { KeyPair } from "../../machine/access";

/** What a machine is told at its first boot. */
export interface FirstBoot {
  readonly hostname: string;
  /** The key that root lets in. */
  readonly authorizedKey: string;
  /** The machine's own key, made here, so that it is known before the first connection. */
  readonly hostKey: { readonly [half in keyof KeyPair]: string };
}

/**
 * The user data of a machine (cloud-init: Cloud config, in JSON, which is YAML too). Root logs in by key, since what is set up over SSH are
 * packages' services, routes and kernel settings; there is no other user and no password. Interfaces need nothing here: cloud-init learns all
 * of them, by MAC address, from the cloud, and each gets its fixed address by DHCP.
 */
export function userData({ hostname, authorizedKey, hostKey }: FirstBoot): string {
  const config = {
    hostname,
    manage_etc_hosts: "localhost",
    // No other user than root; and its password, which it has none of, stays as it is: sshd lets nobody in whose password is locked (UsePAM no).
    users: [{ name: "root", lock_passwd: false }],
    disable_root: false,
    ssh_pwauth: false,
    ssh_authorized_keys: [authorizedKey],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
  };
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}
