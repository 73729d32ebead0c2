import { describe } from "../problem/describe";
import { Address } from "./address";

/** Ranges that no network of machines can have (RFC 6890). */
const RESERVED: readonly (readonly [string, string])[] = [
  ["0.0.0.0/8", "stands for this very network"],
  ["127.0.0.0/8", "is each machine's own loopback"],
  ["169.254.0.0/16", "is for addresses that machines give themselves (link-local)"],
  ["224.0.0.0/4", "is for multicast"],
  ["240.0.0.0/4", "is reserved, and holds the broadcast address"],
];

/** An IPv4 network in CIDR notation (RFC 4632): its address has no host bits set. */
export class Cidr {
  private constructor(
    /** The network's own address, the first one of the range. */
    readonly base: Address,
    /** How many bits all its addresses share, from 0 to 32. */
    readonly prefix: number,
  ) {}

  /**
   * Reads `ADDRESS/PREFIX`.
   * @throws RangeError naming the text, what is allowed and, for set host bits, the network that was meant.
   * @example
   * const third = vnf.Cidr.parse("10.110.101.0/24").host(3).toString(); // "10.110.101.3"
   */
  static parse(text: string): Cidr {
    if (typeof text !== "string") throw new RangeError(`a range is ${describe(text)}: it must be a plain text`);
    const [address = "", prefixText, ...rest] = text.split("/");
    if (prefixText === undefined || rest.length > 0) {
      throw new RangeError(`"${text}" is not a CIDR: its prefix length is missing; did you mean "${address}/24"?`);
    }
    if (!/^(0|[1-9]\d?)$/.test(prefixText) || Number(prefixText) > 32) {
      throw new RangeError(
        `"${text}" is not a CIDR: its prefix length must be a number from 0 to 32, not "${prefixText}"`,
      );
    }
    const prefix = Number(prefixText);
    const size = 2 ** (32 - prefix);
    const given = Address.parse(address);
    const base = Address.of(given.value - (given.value % size));
    if (base.value !== given.value) {
      throw new RangeError(`"${text}" is not a CIDR: it has host bits set; did you mean "${base}/${prefix}"?`);
    }
    return new Cidr(base, prefix);
  }

  /** A range that packets can be sent to. @throws RangeError when it is malformed, reserved or larger than any network */
  static parseDestination(text: string): Cidr {
    const cidr = Cidr.parse(text);
    if (cidr.prefix < 8) throw new RangeError(`the range ${cidr} is larger than any network: take one from /8 on`);
    const why = whyReserved(cidr);
    if (why) throw new RangeError(`the range ${cidr} can't be reached, since it ${why}: name a network`);
    return cidr;
  }

  /** A range that machines can have addresses in. @throws RangeError when it is malformed, reserved or too large */
  static parseUsable(text: string): Cidr {
    const cidr = Cidr.parse(text);
    if (cidr.prefix < 8) throw new RangeError(`the range ${cidr} is larger than any network: take one from /8 to /30`);
    if (cidr.prefix > 30)
      throw new RangeError(`the range ${cidr} has no room for two machines: take one from /8 to /30`);
    const why = whyReserved(cidr);
    if (why)
      throw new RangeError(
        `the range ${cidr} can't be used, since it ${why}: take a private one, such as 10.100.101.0/24`,
      );
    return cidr;
  }

  /** How many addresses the network spans, network and broadcast address included. */
  get size(): number {
    return 2 ** (32 - this.prefix);
  }

  /** Whether the address is in the range; the network and broadcast addresses are. */
  contains(address: Address): boolean {
    return address.value >= this.base.value && address.value < this.base.value + this.size;
  }

  /** Whether there is an address that is in both. */
  overlaps(other: Cidr): boolean {
    return this.contains(other.base) || other.contains(this.base);
  }

  /** Whether a machine may have this address: inside, and neither the network's nor the broadcast address. */
  admits(address: Address): boolean {
    return (
      this.contains(address) && address.value !== this.base.value && address.value !== this.base.value + this.size - 1
    );
  }

  /** The `number`-th address of the network: 1 is the first that a machine may have. @throws RangeError past the end. */
  host(number: number): Address {
    if (!Number.isInteger(number))
      throw new RangeError(
        `a host number is ${describe(number)}: it must be a whole number from 1 to ${this.size - 2}`,
      );
    const address = Address.of(this.base.value + number);
    if (!this.admits(address)) {
      throw new RangeError(`${this} has no host number ${number}: it has room for 1 to ${this.size - 2}`);
    }
    return address;
  }

  /** In CIDR notation: what `parse` reads. */
  toString(): string {
    return `${this.base}/${this.prefix}`;
  }
}

/** Why no machine has an address in a range; undefined when machines may. */
function whyReserved(cidr: Cidr): string | undefined {
  return RESERVED.find(([range]) => Cidr.parse(range).overlaps(cidr))?.[1];
}

/** An address that a machine can have. @throws RangeError when it is malformed or reserved */
export function parseUsableAddress(text: string): Address {
  const address = Address.parse(text);
  const why = whyReserved(Cidr.parse(`${address}/32`));
  if (why) throw new RangeError(`the address ${address} is no machine's, since its range ${why}: take another one`);
  return address;
}
